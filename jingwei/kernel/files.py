"""Pictures of a case: checked by content, drawn anew without their hidden data, stored under an id of the case."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import warnings
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

from jingwei.kernel import ids
from jingwei.kernel.models import Attachment
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONG_SIDE, SMALL_SIDE = 2048, 360
FORMATS = ("JPEG", "PNG", "WEBP")


def take_picture(case: UUID, upload: BinaryIO, *, field: str = "photo") -> Attachment:
    """Store one picture of a case and return its row, saved. The same bytes again return the same row.

    Raises ``Refused`` for what is too large, not a picture, a script, truncated, or a bomb of pixels; nothing is kept then.
    """
    raw = upload.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise Refused(Reason("file-too-large", field, {"most": MOST_BYTES // 1024 // 1024}))
    digest = hashlib.sha256(raw).digest()
    if there := Attachment.objects.filter(case=case, digest=digest).first():
        return there
    picture = _decoded(raw, field)
    row = Attachment(
        id=ids.new_id(), case=case, kind="picture", digest=digest, media_type="image/jpeg", added_at=now(),
        width=picture.width, height=picture.height,
    )  # fmt: skip
    row.size = _store(path_of(row), picture, quality=82)
    small = picture.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    _store(path_of(row, small=True), small, quality=76)
    row.save(force_insert=True)
    return row


def path_of(row: Attachment, *, small: bool = False) -> Path:
    """Where the bytes lie. Nothing in the path comes from a user."""
    ending = ".pdf" if row.media_type == "application/pdf" else ".s.jpg" if small else ".jpg"
    return folder_of(row.case) / f"{row.id}{ending}"


def folder_of(case: UUID) -> Path:
    """One folder per case, spread over 4,096 so that none grows too large."""
    return Path(settings.CITY.files) / case.hex[-3:] / case.hex


def remove_one(attachment: UUID) -> None:
    """Delete one file, row and bytes."""
    row = Attachment.objects.filter(pk=attachment).first()
    if row is not None:
        path_of(row).unlink(missing_ok=True)
        path_of(row, small=True).unlink(missing_ok=True)
        row.delete()


def remove_all(case: UUID) -> int:
    """Delete every file of a case, rows and bytes; return how many there were."""
    rows = list(Attachment.objects.filter(case=case))
    for row in rows:
        path_of(row).unlink(missing_ok=True)
        path_of(row, small=True).unlink(missing_ok=True)
    Attachment.objects.filter(case=case).delete()
    folder = folder_of(case)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    return len(rows)


def _decoded(raw: bytes, field: str) -> Image.Image:
    """Look at the head first: a bomb is refused before its pixels are made."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(raw), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS or getattr(picture, "n_frames", 1) > 1:
            raise Refused(Reason("picture-too-large", field, {"most": MOST_PIXELS // 1_000_000}))
        picture.draft("RGB", (LONG_SIDE, LONG_SIDE))
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise Refused(Reason("picture-too-large", field, {"most": MOST_PIXELS // 1_000_000})) from bomb
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as broken:
        raise Refused(Reason("not-a-picture", field)) from broken
    upright.thumbnail((LONG_SIDE, LONG_SIDE))
    # a fresh image: no EXIF, no ICC comment, no thumbnail of the thumbnail survives
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    return clean


def _store(path: Path, picture: Image.Image, *, quality: int) -> int:
    """Write and rename, so that a file is there whole or not at all."""
    draft = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as out:
            picture.save(out, "JPEG", quality=quality, optimize=False)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except OSError as full:
        draft.unlink(missing_ok=True)
        if full.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Refused("disk-full") from full
        raise
    return path.stat().st_size
