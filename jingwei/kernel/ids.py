"""Ids and codes. Everything a person can point at gets a UUIDv7.

Clients make them offline, and they sort by time.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

#: Crockford's 32 signs: no I, L, O, U. What people type is read kindly (`read_code`).
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_KINDLY = str.maketrans("OILU", "011V", " -")


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return uuid7()


def numbered(pk: int) -> UUID:
    """Write a row number as a UUID, for tables that point at rows of many kinds."""
    return UUID(int=pk)


def new_code(length: int = 10) -> str:
    """Return a random code, five bits a sign: ten signs are 50 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def code_of(digest: bytes, length: int = 10) -> str:
    """Return a hash as a code of so many signs, five bits each."""
    number = int.from_bytes(digest[:16], "big")
    return "".join(ALPHABET[number >> (5 * place) & 31] for place in range(length))


def read_code(typed: str) -> str:
    """Return what was typed as a code.

    Capitals, no blanks, O read as 0, I and L as 1, full-width as plain.
    """
    plain = "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in typed.strip())
    return plain.upper().translate(_KINDLY).replace("\u3000", "")


def show_code(code: str) -> str:
    """Two groups of five, as it is printed: K7QM3 XW9PA."""
    return f"{code[:5]} {code[5:]}"
