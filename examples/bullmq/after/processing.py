"""The heavy operation: the key of a vault, stretched from a passphrase."""

from __future__ import annotations

from hashlib import pbkdf2_hmac

ROUNDS = 5_000_000


def stretch_key(passphrase: str) -> str:
    """Compute for some seconds, as an attacker would have to for every guess."""
    return pbkdf2_hmac("sha256", passphrase.encode(), b"the salt of this vault", ROUNDS).hex()
