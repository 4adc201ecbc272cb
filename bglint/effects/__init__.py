"""What running a callable does: the calls it leads to, weighed by the catalogue and by the loops around them."""
