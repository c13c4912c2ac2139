"""Sealed values: what identifies or reaches a person (L2, L3) is encrypted under a key of its own case.

The case's key is wrapped by a key of the ring in keys/ring.json, which is never in the database. Erasing a
case destroys its key; nothing can open its values after that, in this database or in any backup whose erasure
list was replayed. AES-256-GCM throughout; the name of the ring key leaves room for another cipher.
"""

from __future__ import annotations

import hmac
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from jingwei import city as cities
from jingwei.kernel import rows
from jingwei.kernel.models import CaseKey, SealedValue
from jingwei.kernel.privacy import Level
from jingwei.kernel.refusals import Refused

_NONCE = 12
_RING_NAME = 8  # at most so many signs in the name of a ring key


@dataclass(frozen=True, slots=True)
class ToSeal:
    """A value on its way in. `findable` values get a blind index."""

    field: str
    level: Level
    value: str
    findable: bool = False


def new_case_key(case: UUID) -> tuple[CaseKey, bytes]:
    """Make a key for a case; return its row, unsaved, and the key itself."""
    key, ring = AESGCM.generate_key(256), _ring_name()
    return rows.new(CaseKey, case=case, ring=ring, wrapped=_lock(_ring_key(ring), key, case.bytes)), key


def case_key(case: UUID) -> bytes:
    """Return the key of a case, or refuse: what was erased stays erased."""
    row = CaseKey.objects.filter(case=case).first()
    if row is None:
        raise Refused("erased")
    return _unlock(_ring_key(row.ring), bytes(row.wrapped), case.bytes)


def seal(case: UUID, key: bytes, seq: int, values: list[ToSeal]) -> list[SealedValue]:
    """Return the rows of the values entered in one action, unsaved."""
    return [
        rows.new(
            SealedValue,
            case=case,
            seq=seq,
            field=one.field,
            level=one.level,
            box=_lock(key, one.value.encode(), _place(case, seq, one.field)),
            blind=blind(one.value) if one.findable else None,
        )
        for one in values
    ]


def unseal(row: SealedValue, key: bytes) -> str:
    """Open one value. Whoever calls this has written the reading into the journal."""
    return _unlock(key, bytes(row.box), _place(row.case, row.seq, row.field)).decode()


def blind(value: str) -> bytes:
    """Return the keyed hash under which a value is found without opening any."""
    return hmac.digest(cities.key(settings.CITY, "blind"), value.encode(), "sha256")[:16]


def lock_apart(kind: str, name: str, value: str) -> bytes:
    """Seal a secret that belongs to no case, such as a second factor; the first bytes name the ring key."""
    ring = _ring_name()
    return ring.ljust(_RING_NAME).encode() + _lock(_ring_key(ring), value.encode(), f"{kind}:{name}".encode())


def unlock_apart(kind: str, name: str, box: bytes) -> str:
    """Open what `lock_apart` sealed."""
    ring = box[:_RING_NAME].decode().strip()
    return _unlock(_ring_key(ring), box[_RING_NAME:], f"{kind}:{name}".encode()).decode()


def _place(case: UUID, seq: int, field: str) -> bytes:
    """A box opens only at the place it was sealed for: nobody can put an old number in place of a new one."""
    return case.bytes + f"{seq}:{field}".encode()


def _lock(key: bytes, value: bytes, place: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, value, place)


def _unlock(key: bytes, box: bytes, place: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(box[:_NONCE], box[_NONCE:], place)
    except (InvalidTag, ValueError) as wrong:  # of a box cut short not even the nonce is whole
        raise Refused("sealed-value-damaged") from wrong


def make_keys() -> None:
    """Make every key the city will need, so that they can be copied away on its first day."""
    for name in cities.KEYS:
        cities.key(settings.CITY, name)
    _ring()


def _ring_name() -> str:
    return str(_ring()["current"])


def _ring_key(name: str) -> bytes:
    keys = _ring()["keys"]
    if not isinstance(keys, dict) or name not in keys:
        raise Refused("key-ring-incomplete")
    return bytes.fromhex(keys[name])


@lru_cache(maxsize=1)
def _ring() -> dict[str, object]:
    """Read the key ring, making one with a first key for a new city."""
    file = settings.CITY.keys / "ring.json"
    if not file.exists():
        first = cities.key(settings.CITY, "ring-first").hex()
        draft = file.with_name(f"ring.{os.getpid()}")
        draft.write_text(json.dumps({"current": "k1", "keys": {"k1": first}}))
        draft.chmod(0o600)
        draft.replace(file)
    ring = dict(json.loads(file.read_text()))
    if any(len(name) > _RING_NAME for name in ring["keys"]):
        raise Refused("key-ring-incomplete")
    return ring
