"""The cache: a report is given again as long as nothing has changed that it was made from."""
