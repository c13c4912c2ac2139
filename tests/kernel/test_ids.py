"""Codes that people type: read kindly, never ambiguous."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingwei.kernel import ids


@pytest.mark.parametrize(
    "typed",
    ["K7QM3XW9PA", "k7qm3xw9pa", " K7QM3 XW9PA ", "k7qm3-xw9pa", "Ｋ７ＱＭ３　ＸＷ９ＰＡ", "k7qm3xw9pa\n"],
)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert ids.read_code(typed) == "K7QM3XW9PA"


def test_signs_that_look_alike_are_read_as_the_one_there_is() -> None:
    assert ids.read_code("oOiIlLuU") == "001111VV"
    assert not set("OILU") & set(ids.ALPHABET)


@given(st.text(max_size=50))
def test_whatever_is_typed_is_read_as_something(typed: str) -> None:
    assert isinstance(ids.read_code(typed), str)


@given(st.binary(min_size=16, max_size=32))
def test_the_code_of_a_hash_has_the_signs_of_a_code(digest: bytes) -> None:
    code = ids.code_of(digest)
    assert len(code) == 10
    assert set(code) <= set(ids.ALPHABET)
    assert ids.read_code(ids.show_code(code).lower()) == code


def test_codes_of_many_hashes_are_all_different_and_use_every_sign() -> None:
    codes = {ids.code_of(hashlib.sha256(bytes([n % 256, n // 256])).digest()) for n in range(5000)}
    assert len(codes) == 5000
    assert {sign for code in codes for sign in code} == set(ids.ALPHABET)


def test_random_codes_have_their_length_and_do_not_repeat() -> None:
    codes = {ids.new_code(12) for _ in range(2000)}
    assert len(codes) == 2000
    assert {len(code) for code in codes} == {12}


def test_ids_sort_by_the_time_they_were_made() -> None:
    made = [ids.new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert {one.version for one in made} == {7}
    assert ids.numbered(42) == UUID("00000000-0000-0000-0000-00000000002a")
