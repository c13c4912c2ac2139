"""Pictures of a case: checked by content, drawn anew without their hidden data, stored under an id of the
case.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from PIL import ExifTags, Image, ImageFile

from jingwei.kernel import ids
from jingwei.kernel.away import is_away, is_outcome_unknown
from jingwei.kernel.models import Attachment
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONG_SIDE, SMALL_SIDE = 2048, 360
MOST_SCANS = 100
FORMATS = ("JPEG", "PNG", "WEBP")
_OURS = (".jpg", ".pdf", ".part")

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# whoever opens a picture in this process: from twice as many on the library refuses by itself
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def take_picture(case: UUID, upload: BinaryIO, *, field: str = "photo") -> Attachment:
    """Store one picture of a case and return its row, saved. The same bytes again return the same row.

    Raises ``Refused`` for what is too large, not a picture, a script, truncated, or a bomb of pixels; nothing
    is kept then.
    """
    raw = upload.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise Refused(Reason("file-too-large", field, {"most": MOST_BYTES // 1024 // 1024}))
    digest = hashlib.sha256(raw).digest()
    if there := Attachment.objects.filter(case=case, digest=digest).first():
        return there
    picture = _decoded(raw, field)
    row = Attachment(
        id=ids.new_id(),
        case=case,
        kind="picture",
        digest=digest,
        media_type="image/jpeg",
        added_at=now(),
        width=picture.width,
        height=picture.height,
    )
    try:
        row.size = _store(path_of(row), picture, quality=82)
        small = picture.copy()
        small.thumbnail((SMALL_SIDE, SMALL_SIDE))
        _store(path_of(row, small=True), small, quality=76)
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # the same picture, sent twice at once: the other one is there by now
        _remove_bytes(row)
        return Attachment.objects.get(case=case, digest=digest)
    except BaseException:
        if not is_outcome_unknown():  # else the row may stand, and what no row names is swept up later
            _remove_bytes(row)
        raise
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
        _remove_bytes(row)
        row.delete()


def remove_all(case: UUID) -> int:
    """Delete every file of a case, rows, bytes and what a crash left half written; return how many."""
    count = Attachment.objects.filter(case=case).delete()[0]
    with suppress(FileNotFoundError):
        shutil.rmtree(folder_of(case))
    return count


def remove_nameless(spread: str, *, before: float) -> int:
    """Delete files older than `before` (seconds since 1970) that no row names, in one of the 4,096 folders.

    A process that was killed between writing a picture and its row leaves such files. Return how many.
    """
    gone = 0
    cases = [case for case in Path(settings.CITY.files, spread).glob("*") if case.is_dir()]
    rows = Attachment.objects.filter(case__in=[case.name for case in cases])
    named = {str(attachment) for attachment in rows.values_list("id", flat=True)}
    for case in cases:
        old = [
            file
            for file in case.iterdir()
            if file.name[:36] not in named and file.suffix in _OURS and file.stat().st_mtime < before
        ]
        for file in old:
            file.unlink()
        gone += len(old)
        if old:  # an empty folder without old files may be waiting for a picture at this moment
            with suppress(OSError):  # not empty: it stays
                case.rmdir()
    return gone


def _remove_bytes(row: Attachment) -> None:
    path_of(row).unlink(missing_ok=True)
    path_of(row, small=True).unlink(missing_ok=True)


def _decoded(raw: bytes, field: str) -> Image.Image:
    """Look at the head first: a bomb is refused before its pixels are made.

    Of a moving picture the first one counts.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = (
        False  # a library that makes PDFs lets half pictures through, for all of us
    )
    try:
        picture = Image.open(io.BytesIO(raw), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS or _has_too_many_scans(picture, raw):
            raise Image.DecompressionBombError
        picture.draft("RGB", (LONG_SIDE, LONG_SIDE))
        upright = _plain(picture)
        if (turn := _UPRIGHT.get(_orientation(picture))) is not None:
            upright = upright.transpose(turn)
    except _BOMBS as bomb:
        raise Refused(Reason("picture-too-large", field, {"most": MOST_PIXELS // 1_000_000})) from bomb
    except Exception as broken:  # whatever the decoders make of hostile bytes
        raise Refused(Reason("not-a-picture", field)) from broken
    upright.thumbnail((LONG_SIDE, LONG_SIDE))
    # a fresh image: no EXIF, no ICC comment, no thumbnail of the thumbnail survives
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    return clean


def _has_too_many_scans(picture: Image.Image, raw: bytes) -> bool:
    """A JPEG drawn in thousands of passes is a bomb of time; the mark of a pass stands nowhere else."""
    return picture.format in ("JPEG", "MPO") and raw.count(b"\xff\xda") > MOST_SCANS


def _plain(picture: Image.Image) -> Image.Image:
    """As eight bits a colour: deep greys are scaled, not cut; what is transparent lies on white."""
    if picture.mode.startswith("I"):
        return picture.point(lambda grey: grey * (1 / 256)).convert("L").convert("RGB")
    if picture.has_transparency_data:
        over = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    return picture.convert("RGB")


def _orientation(picture: Image.Image) -> int:
    """How the camera was held. A picture whose notes are damaged is still a picture."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


def _store(path: Path, picture: Image.Image, *, quality: int) -> int:
    """Write and rename, so that a file is there whole or not at all.

    Drawn in memory first: the encoder does not notice when a disk takes only a part of what it writes.
    """
    draft = path.with_suffix(f".{os.getpid()}.part")
    drawn = io.BytesIO()
    picture.save(drawn, "JPEG", quality=quality, optimize=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as out:
            out.write(drawn.getbuffer())
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
        _see_on_disk(path.parent)
    except OSError as full:
        draft.unlink(missing_ok=True)
        if is_away(full):
            raise Refused("disk-full") from full
        raise
    return path.stat().st_size


def _see_on_disk(folder: Path) -> None:
    """A name is on the disk when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
