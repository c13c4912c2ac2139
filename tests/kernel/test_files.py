"""Pictures: what is no picture is refused, what is one is drawn anew, and nothing is ever half stored."""

from __future__ import annotations

import errno
import io
import os
import resource
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from jingwei.city import City
from jingwei.kernel import files, ids
from jingwei.kernel.models import Attachment
from jingwei.kernel.refusals import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

GREEN = (30, 160, 60)


def encoded(picture: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def plain(width: int = 64, height: int = 48, colour: Any = GREEN, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), colour)


def take(raw: bytes, case: UUID | None = None) -> Attachment:
    return files.take_picture(case or ids.new_id(), io.BytesIO(raw))


def shown(row: Attachment, *, small: bool = False) -> Image.Image:
    """The stored picture, as anybody sees it."""
    return Image.open(io.BytesIO(files.path_of(row, small=small).read_bytes()))


def near(colour: Any, wanted: tuple[int, int, int], by: int = 6) -> bool:
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=True))


def answer_to(raw: bytes) -> str:
    """`stored`, when what was stored can be looked at; else the reason why it was not."""
    try:
        shown(take(raw)).load()
    except Refused as no:
        return no.codes[0]
    return "stored"


def nothing_kept(city: City) -> bool:
    return Attachment.objects.count() == 0 and not [p for p in city.files.rglob("*") if p.is_file()]


# ---------------------------------------------------------------- what is stored


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_stored_as_jpeg_in_two_sizes(form: str) -> None:
    case = ids.new_id()
    row = take(encoded(plain(3000, 1500), form), case)
    assert (row.case, row.media_type, row.width, row.height) == (case, "image/jpeg", 2048, 1024)
    assert shown(row).format == shown(row, small=True).format == "JPEG"
    assert shown(row).size == (2048, 1024)
    assert shown(row, small=True).size == (360, 180)
    assert near(shown(row).getpixel((100, 100)), GREEN)
    assert row.size == files.path_of(row).stat().st_size


def test_a_small_picture_stays_as_small_as_it_is() -> None:
    row = take(encoded(plain(2, 1)))
    assert shown(row).size == shown(row, small=True).size == (2, 1)


@pytest.mark.parametrize(
    ("picture", "form", "wanted"),
    [
        (plain(colour=(0, 255, 255, 0), mode="CMYK"), "JPEG", (255, 0, 0)),
        (plain().quantize(8), "PNG", GREEN),
        (plain(colour=128, mode="L"), "JPEG", (128, 128, 128)),
        (plain(colour=1, mode="1"), "PNG", (255, 255, 255)),
        (plain(colour=(0, 0, 0, 0), mode="RGBA"), "PNG", (255, 255, 255)),
        (plain(colour=(0, 0, 0, 128), mode="RGBA"), "WEBP", (127, 127, 127)),
        (plain(colour=(0, 0), mode="LA"), "PNG", (255, 255, 255)),
        (plain(colour=0x4000, mode="I;16"), "PNG", (64, 64, 64)),
        (plain(colour=0xFFFF, mode="I;16"), "PNG", (255, 255, 255)),
    ],
    ids=[
        "cmyk",
        "palette",
        "grey",
        "black-and-white",
        "transparent",
        "half",
        "grey-alpha",
        "16-bit",
        "16-bit-white",
    ],
)
def test_every_kind_of_picture_shows_what_it_shows(
    picture: Image.Image, form: str, wanted: tuple[int, int, int]
) -> None:
    row = take(encoded(picture, form))
    assert shown(row).mode == "RGB"
    assert near(shown(row).getpixel((20, 20)), wanted)


def test_a_transparent_colour_of_a_palette_lies_on_white() -> None:
    picture = Image.new("P", (20, 20), 0)
    picture.putpalette([200, 0, 0, 0, 0, 200])
    row = take(encoded(picture, "PNG", transparency=0))
    assert near(shown(row).getpixel((5, 5)), (255, 255, 255))


def test_of_a_moving_picture_the_first_one_counts() -> None:
    frames = [plain(colour=colour) for colour in (GREEN, (200, 0, 0), (0, 0, 200))]
    for form in ("WEBP", "PNG"):
        row = take(
            encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=50, lossless=True)
        )
        assert near(shown(row).getpixel((5, 5)), GREEN)
    row = take(
        encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    )  # as many telephones take them
    assert near(shown(row).getpixel((5, 5)), GREEN)


# ---------------------------------------------------------------- hidden data


def test_nothing_hidden_in_a_picture_survives() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretMaker"
    exif[ExifTags.Base.Artist] = "Mei Shen"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (36.0, 40.0, 1.0), 3: "E", 4: (117.0, 0.0, 1.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    raw = encoded(plain(), exif=exif, icc_profile=profile, comment=b"SecretComment", xmp=b"<x>SecretXmp</x>")
    assert b"SecretMaker" in raw
    assert b"SecretComment" in raw
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "SecretAuthor", zip=False)
    for sent in (raw, encoded(plain(), "PNG", pnginfo=text, exif=exif)):
        row = take(sent)
        for small in (False, True):
            stored = files.path_of(row, small=small).read_bytes()
            assert b"Secret" not in stored
            assert b"Exif" not in stored
            assert b"ICC_PROFILE" not in stored
            again = shown(row, small=small)
            assert dict(again.getexif()) == {}
            assert "icc_profile" not in again.info


#: what a camera does to the picture that is held so
HELD = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_stands_upright_however_the_camera_was_held(orientation: int, form: str) -> None:
    upright = Image.new("RGB", (40, 20), "white")
    upright.paste((220, 0, 0), (0, 0, 20, 10))  # the corner at the top left
    picture = upright if orientation == 1 else upright.transpose(HELD[orientation])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exact: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True},
    }
    options = exact.get(form, {})
    row = take(encoded(picture, form, exif=exif, **options))
    assert shown(row).size == (40, 20)
    assert near(shown(row).getpixel((5, 4)), (220, 0, 0), by=40)
    assert near(shown(row).getpixel((35, 15)), (255, 255, 255), by=40)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_picture_whose_notes_are_damaged_is_still_a_picture() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Maker"
    raw = encoded(plain(), exif=exif)
    start = raw.index(b"Exif\0\0") + 6
    for damage in (b"\xff" * 20, b"II*\0\xff\xff\xff\x7f", b"MM\0*" + b"\0" * 16):
        row = take(raw[:start] + damage + raw[start + len(damage) :])
        assert near(shown(row).getpixel((5, 5)), GREEN)


# ---------------------------------------------------------------- what is refused


def png(width: int, height: int, *, data: bytes = b"", depth: int = 8, colour: int = 2) -> bytes:
    """A PNG by hand, that may claim to be as large as one likes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def webp_claiming(width: int, height: int) -> bytes:
    """A WebP whose canvas claims to be so large."""
    raw = encoded(
        plain(colour=(1, 2, 3, 4), mode="RGBA"), "WEBP", lossless=True, exif=Image.Exif(), xmp=b"<x/>"
    )
    place = raw.index(b"VP8X") + 12
    return (
        raw[:place]
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
        + raw[place + 6 :]
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    raw = bytearray(encoded(plain()))
    place = raw.index(b"\xff\xc0") + 5
    raw[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(raw)


@pytest.mark.parametrize(
    "bomb",
    [
        png(60_000, 60_000, data=b"\0" * 1000),
        png(8_000, 8_000, data=b"\0" * 8_000 * 24_001),
        png(2**31 - 1, 2**31 - 1),
        png(100_000, 501, depth=1, colour=0),
        jpeg_claiming(65_000, 65_000),
        jpeg_claiming(10_000, 5_001),
        webp_claiming(16_000, 16_000),
    ],
    ids=["png", "png-with-data", "png-largest", "png-one-bit", "jpeg", "jpeg-just-over", "webp"],
)
def test_a_bomb_of_pixels_is_refused_before_it_is_opened(bomb: bytes, city: City) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Refused) as no:
        take(bomb)
    assert no.value.codes in (("picture-too-large:photo",), ("not-a-picture:photo",))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
    assert nothing_kept(city)


def test_a_bomb_of_time_is_refused(city: City) -> None:
    raw = encoded(plain(4000, 4000), progressive=True)
    last = raw.rindex(b"\xff\xda")
    with pytest.raises(Refused, match="picture-too-large"):
        take(raw[:last] + raw[last:-2] * 3000 + raw[-2:])
    assert nothing_kept(city)


def test_the_largest_picture_that_is_allowed_is_stored() -> None:
    row = take(png(10_000, 5_000, data=b"\0" * 5_000 * 1_251, depth=1, colour=0))
    assert (row.width, row.height) == (2048, 1024)


def test_a_file_that_is_too_large_is_refused_without_reading_it_all(city: City) -> None:
    class Endless(io.RawIOBase):
        read_so_far = 0

        def read(self, size: int = -1) -> bytes:
            assert size >= 0
            self.read_so_far += size
            return b"\xff" * size

    upload = Endless()
    with pytest.raises(Refused) as no:
        files.take_picture(ids.new_id(), upload)  # type: ignore[arg-type]
    assert no.value.codes == ("file-too-large:photo",)
    assert upload.read_so_far == files.MOST_BYTES + 1
    assert nothing_kept(city)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><image href="file:///etc/passwd"/></svg>'
NO_PICTURES = {
    "empty": b"",
    "text": "井盖翘起来了".encode(),
    "html": b"<!doctype html><html><script>alert(1)</script></html>",
    "svg": SVG,
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "pdf": b"%PDF-1.7\n1 0 obj\n",
    "zip": b"PK\x03\x04" + b"\0" * 60,
    "gif": encoded(plain(), "GIF"),
    "bmp": encoded(plain(), "BMP"),
    "tiff": encoded(plain(), "TIFF"),
    "ico": encoded(plain(), "ICO"),
    "pcx": encoded(plain(), "PCX"),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "jpeg-mark-only": b"\xff\xd8\xff\xe0",
    "jpeg-then-html": b"\xff\xd8\xff\xe0<html>",
    "png-mark-only": b"\x89PNG\r\n\x1a\n",
    "riff": b"RIFF\x10\0\0\0WEBPVP8 ",
    "no-width": png(0, 10),
    "zeros": b"\0" * 10_000,
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_refused(name: str, city: City) -> None:
    with pytest.raises(Refused) as no:
        take(NO_PICTURES[name])
    assert no.value.codes == ("not-a-picture:photo",)
    assert nothing_kept(city)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_off_is_refused(form: str, city: City) -> None:
    noise = Image.frombytes("RGB", (120, 90), os.urandom(120 * 90 * 3))
    raw = encoded(noise, form)
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(Refused, match="not-a-picture"):
            take(raw[: int(len(raw) * share)])
    assert nothing_kept(city)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_whatever_is_done_to_a_picture_there_is_an_answer(city: City) -> None:
    """Bytes changed here and there: it is stored whole, or refused; never anything else."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    chance = Random(11)
    for form in ("JPEG", "PNG", "WEBP"):
        raw = encoded(plain(90, 70), form, exif=exif)
        for _ in range(60):
            changed = bytearray(raw)
            for _ in range(chance.randint(1, 12)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            answer = answer_to(bytes(changed))
            assert answer in ("stored", "not-a-picture:photo", "picture-too-large:photo")


def test_what_is_hidden_behind_a_picture_is_gone() -> None:
    row = take(encoded(plain()) + b"<script>alert(1)</script>" + b"PK\x03\x04")
    stored = files.path_of(row).read_bytes()
    assert b"script" not in stored
    assert b"PK\x03\x04" not in stored


# ---------------------------------------------------------------- the same again, and where it lies


def test_the_same_bytes_are_one_file_within_a_case_and_two_in_two() -> None:
    case, other = ids.new_id(), ids.new_id()
    raw = encoded(plain())
    first = take(raw, case)
    assert take(raw, case) == first
    elsewhere = take(raw, other)
    assert elsewhere.pk != first.pk
    assert files.path_of(elsewhere) != files.path_of(first)
    assert len(list(files.folder_of(case).iterdir())) == 2


def test_the_same_bytes_sent_twice_at_once_are_one_file(
    at_once: Callable[..., list[Any]], city: City
) -> None:
    for _ in range(4):
        case = ids.new_id()
        raw = encoded(plain())
        rows = at_once(*[lambda case=case, raw=raw: take(raw, case)] * 4)
        assert {row.pk for row in rows} == {Attachment.objects.get(case=case).pk}
        assert len(list(files.folder_of(case).iterdir())) == 2


def test_no_word_of_a_user_gets_into_a_path(city: City) -> None:
    class Upload(io.BytesIO):
        name = "../../../../etc/passwd\0.jpg"

    case = ids.new_id()
    row = files.take_picture(case, Upload(encoded(plain())), field="../../x")
    path = files.path_of(row)
    assert path.resolve().is_relative_to(city.files.resolve())
    assert path == city.files / case.hex[-3:] / case.hex / f"{row.pk}.jpg"
    assert sorted(p.name for p in city.files.rglob("*") if p.is_file()) == sorted(
        [f"{row.pk}.jpg", f"{row.pk}.s.jpg"]
    )


def test_everything_of_a_case_can_be_removed_and_nothing_of_another() -> None:
    case, other = ids.new_id(), ids.new_id()
    for colour in ((1, 2, 3), (200, 2, 3)):
        take(encoded(plain(colour=colour)), case)
    kept = take(encoded(plain()), other)
    (files.folder_of(case) / "x.123.part").write_bytes(b"left by a crash")
    assert files.remove_all(case) == 2
    assert not files.folder_of(case).exists()
    assert list(Attachment.objects.all()) == [kept]
    assert files.path_of(kept).exists()
    assert files.remove_all(case) == 0


def test_what_no_row_names_goes_after_a_day(city: City) -> None:
    """A process killed between the picture and its row leaves such files."""
    row = take(encoded(plain(60, 40)))
    kept = files.path_of(row)
    left, fresh = (kept.with_name(f"{ids.new_id()}.jpg") for _ in range(2))
    drawing = kept.with_name(f"{ids.new_id()}.4711.part")
    for file in (left, fresh, drawing):
        file.write_bytes(b"x")
    long_ago = time.time() - 2 * 86_400
    for file in (left, drawing, kept):
        os.utime(file, (long_ago, long_ago))
    spread = kept.parent.parent.name
    assert files.remove_nameless(spread, before=time.time() - 86_400) == 2
    assert sorted(kept.parent.iterdir()) == sorted([kept, files.path_of(row, small=True), fresh])
    assert files.remove_nameless("fff" if spread != "fff" else "ffe", before=time.time()) == 0


def test_one_picture_can_be_removed() -> None:
    case = ids.new_id()
    gone, kept = take(encoded(plain()), case), take(encoded(plain(colour=(9, 9, 200))), case)
    files.remove_one(gone.pk)
    files.remove_one(gone.pk)
    assert list(Attachment.objects.all()) == [kept]
    assert sorted(p.name for p in files.folder_of(case).iterdir()) == sorted(
        [f"{kept.pk}.jpg", f"{kept.pk}.s.jpg"]
    )


# ---------------------------------------------------------------- a full disk


@pytest.mark.parametrize("at", [1, 2, 3, 4])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_and_leaves_nothing_behind(
    at: int, code: int, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first picture, its folder, the small one, its folder."""
    seen = 0

    def full(handle: int) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused) as no:
        take(encoded(plain()))
    assert no.value.codes == ("disk-full",)
    assert nothing_kept(city)
    take(encoded(plain()))  # once there is room, it works


def test_a_disk_that_is_really_full(city: City, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=24k tmpfs {small} 2>/dev/null") != 0:  # noqa: S605
        pytest.skip("no small file system can be mounted here")
    try:
        city.files.symlink_to(small)
        with pytest.raises(Refused, match="disk-full"):
            take(encoded(Image.frombytes("RGB", (400, 300), os.urandom(360_000))))
        assert Attachment.objects.count() == 0
        assert not [path for path in small.rglob("*") if path.is_file()]
    finally:
        os.system(f"umount {small}")  # noqa: S605


def test_another_failure_is_not_taken_for_a_full_disk(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(handle: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="input/output"):
        take(encoded(plain()))
    assert nothing_kept(city)


def test_a_database_that_refuses_the_row_leaves_no_file(city: City) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {Attachment._meta.db_table}")
    with pytest.raises(Exception, match="kernel_attachment"):
        take(encoded(plain()))
    assert not [path for path in city.files.rglob("*") if path.is_file()]
