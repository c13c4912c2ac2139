"""Sealed values: a box opens with its own key, at its own place, and never again once its case is erased."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from jingwei.city import City
from jingwei.kernel import ids, sealed
from jingwei.kernel.models import CaseKey, SealedValue
from jingwei.kernel.refusals import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

PHONE = "10000000621"


def a_box(value: str = PHONE, *, field: str = "contact", seq: int = 1) -> SealedValue:
    """A sealed value of a case of its own."""
    case = ids.new_id()
    row, key = sealed.new_case_key(case)
    row.save(force_insert=True)
    box = sealed.seal(case, key, seq, [sealed.ToSeal(field, "L2", value, findable=True)])[0]
    box.save(force_insert=True)
    return box


def opened(box: SealedValue) -> str:
    return sealed.unseal(box, sealed.case_key(box.case))


@pytest.mark.parametrize("value", [PHONE, "", "𠮷野家 · 经纬\n", "x" * 100_000])
def test_what_was_sealed_comes_out_again(value: str) -> None:
    box = a_box(value)
    box.refresh_from_db()
    assert opened(box) == value


def test_nothing_of_a_value_lies_in_the_database() -> None:
    box = a_box()
    stored = bytes(box.box) + bytes(box.blind or b"") + bytes(CaseKey.objects.get().wrapped)
    assert PHONE.encode() not in stored
    other = a_box()
    assert bytes(other.box) != bytes(box.box)  # the same number twice looks different


def test_a_wrong_key_opens_nothing() -> None:
    box, other = a_box(), a_box()
    with pytest.raises(Refused, match="sealed-value-damaged"):
        sealed.unseal(box, sealed.case_key(other.case))
    with pytest.raises(Refused, match="sealed-value-damaged"):
        sealed.unseal(box, b"\0" * 32)


@pytest.mark.parametrize("moved", [{"field": "other"}, {"seq": 2}, {"case": UUID(int=5)}])
def test_a_box_opens_only_where_it_was_sealed(moved: dict[str, object]) -> None:
    box = a_box()
    key = sealed.case_key(box.case)
    for name, value in moved.items():
        setattr(box, name, value)
    with pytest.raises(Refused, match="sealed-value-damaged"):
        sealed.unseal(box, key)


def test_an_old_number_does_not_open_in_place_of_a_new_one() -> None:
    case = ids.new_id()
    row, key = sealed.new_case_key(case)
    row.save(force_insert=True)
    old, new = (
        sealed.seal(case, key, seq, [sealed.ToSeal("contact", "L2", value)])[0]
        for seq, value in ((1, "1"), (4, "2"))
    )
    new.box = old.box
    with pytest.raises(Refused, match="sealed-value-damaged"):
        sealed.unseal(new, key)


def test_every_changed_byte_is_noticed() -> None:
    box = a_box()
    whole = bytes(box.box)
    for place in range(len(whole)):
        box.box = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        with pytest.raises(Refused, match="sealed-value-damaged"):
            opened(box)
    for short in (b"", whole[:5], whole[:12], whole[:-1]):
        box.box = short
        with pytest.raises(Refused, match="sealed-value-damaged"):
            opened(box)


def test_a_case_key_of_another_case_does_not_unwrap() -> None:
    one, two = a_box(), a_box()
    CaseKey.objects.filter(case=one.case).update(wrapped=CaseKey.objects.get(case=two.case).wrapped)
    with pytest.raises(Refused, match="sealed-value-damaged"):
        sealed.case_key(one.case)


def test_what_was_erased_stays_erased() -> None:
    box = a_box()
    CaseKey.objects.filter(case=box.case).delete()
    with pytest.raises(Refused, match="erased"):
        opened(box)


# ---------------------------------------------------------------- the ring


def ring(city: City, **keys: str) -> None:
    """Write the ring; the first key named is the current one."""
    (city.keys / "ring.json").write_text(json.dumps({"current": next(iter(keys)), "keys": keys}))
    sealed._ring.cache_clear()


def first_key(city: City) -> str:
    return str(json.loads((city.keys / "ring.json").read_text())["keys"]["k1"])


def test_a_new_city_gets_a_ring_that_only_its_owner_can_read(city: City) -> None:
    a_box()
    assert (city.keys / "ring.json").stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(first_key(city))) == 32


def test_old_boxes_open_after_the_ring_got_another_key(city: City) -> None:
    old = a_box()
    ring(city, k2="ab" * 32, k1=first_key(city))
    new = a_box()
    assert [row.ring for row in CaseKey.objects.order_by("case")] == ["k1", "k2"]
    assert opened(old) == opened(new) == PHONE
    ring(city, k2="ab" * 32)
    assert opened(new) == PHONE
    with pytest.raises(Refused, match="key-ring-incomplete"):
        opened(old)


def test_another_ring_key_of_the_same_name_opens_nothing(city: City) -> None:
    box = a_box()
    ring(city, k1="cd" * 32)
    with pytest.raises(Refused, match="sealed-value-damaged"):
        opened(box)


def test_a_ring_key_with_too_long_a_name_is_refused_before_it_seals_anything(city: City) -> None:
    a_box()
    ring(city, too_long_a_name="ab" * 32)
    with pytest.raises(Refused, match="key-ring-incomplete"):
        sealed.lock_apart("totp", "mei", "SECRET")


def test_a_secret_without_a_case_opens_for_its_owner_only(city: City) -> None:
    box = sealed.lock_apart("totp", "mei", "SECRET")
    ring(city, k2="ab" * 32, k1=first_key(city))
    assert sealed.unlock_apart("totp", "mei", box) == "SECRET"
    for kind, name in (("totp", "otto"), ("token", "mei")):
        with pytest.raises(Refused, match="sealed-value-damaged"):
            sealed.unlock_apart(kind, name, box)


# ---------------------------------------------------------------- finding


def test_a_value_is_found_without_opening_any_and_only_with_the_key(city: City) -> None:
    box, other = a_box(), a_box("10000000622")
    assert list(SealedValue.objects.filter(blind=sealed.blind(PHONE))) == [box]
    assert sealed.blind(PHONE) != sealed.blind("10000000622")
    assert bytes(other.blind or b"") == sealed.blind("10000000622")
    first = sealed.blind(PHONE)
    (city.keys / "blind").unlink()
    sealed.cities.key.cache_clear()  # type: ignore[attr-defined]
    assert sealed.blind(PHONE) != first


def test_what_need_not_be_found_has_no_index() -> None:
    row, key = sealed.new_case_key(ids.new_id())
    assert sealed.seal(row.case, key, 1, [sealed.ToSeal("note", "L3", "text")])[0].blind is None
