"""Pictures of staff for grid boards: taken with consent, deleted when it is withdrawn or its owner leaves."""

from __future__ import annotations

from typing import BinaryIO
from uuid import UUID, uuid5

from django.db import transaction

from jingwei.kernel import files, journal
from jingwei.kernel.actors import Actor
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Person

#: files lie in folders by case; a person's picture has a folder of its own that no case can have
_FOLDERS = UUID("8d3e1f1c-6f0a-5b52-9c58-3f6e0f2a7c41")


def folder_of(person: Person) -> UUID:
    """Where somebody's picture lies."""
    return uuid5(_FOLDERS, f"person/{person.pk}")


def set_photo(person: Person, upload: BinaryIO, *, consent: bool, by: Actor) -> Person:
    """Keep a picture in place of the one before.

    Without consent none is kept; the journal says that, not how it looks.
    """
    if not consent:
        raise Refused(Reason("consent-needed", "consent"))
    if person.left_at is not None:
        raise Refused(Reason("person-left", "person"))
    before = person.photo
    row = files.take_picture(folder_of(person), upload)
    with transaction.atomic():
        journal.record(person, "photo-set", by=by, photo=row.pk, photo_consent_at=now())
    if before is not None and before != row.pk:
        files.remove_one(before)
    return person


def withdraw_photo(person: Person, *, by: Actor) -> Person:
    """Consent ends: boards show the first letter of the name again, and the file is gone."""
    with transaction.atomic():
        journal.record(person, "photo-withdrawn", by=by, photo=None, photo_consent_at=None)
        remove(person)
    return person


def remove(person: Person) -> None:
    """Delete the picture of somebody when the caller's transaction has gone through."""
    folder = folder_of(person)

    def gone() -> None:
        files.remove_all(folder)

    transaction.on_commit(gone)
