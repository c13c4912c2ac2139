"""From a file somebody sent to sheets of raw cells: what it really is, whether it may be opened, its rows.

What a file is, its first bytes say; its name is only used in sentences. Nothing hostile or broken gets past
here as anything but a `TableError`.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast

import orjson

from jingwei.kernel.tables.cells import Cell, letters
from jingwei.kernel.tables.problems import TableError, clip

MB = 1024 * 1024
DELIMITERS = ",\t;"
_READER = Path(__file__).with_name("workbook_reader.py")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost: ``unpacked`` and ``memory`` once it is open, ``seconds`` for opening it."""

    bytes: int = 30 * MB
    rows: int = 1_000_000
    columns: int = 1_000
    cell: int = 32_767
    problems: int = 100_000
    unpacked: int = 1024 * MB
    ratio: int = 100
    entries: int = 2_000
    memory: int = 3072 * MB
    seconds: int = 120


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that hold anything, by line from 1; merged ranges as (top, left, bottom, right) from 0."""

    name: str
    rows: Sequence[tuple[int, list[Cell]]]
    merged: Sequence[tuple[int, int, int, int]] = ()


def bytes_of(file: Path | str | bytes, limits: Limits) -> bytes:
    """Read a file whole, or refuse one that is too large before reading it."""
    if isinstance(file, bytes):
        data = file
    else:
        try:
            with Path(file).open("rb") as stream:
                data = stream.read(limits.bytes + 1)
                size = stream.seek(0, io.SEEK_END)
        except (OSError, ValueError):
            raise TableError("not-found") from None
        if size > limits.bytes:
            raise _too_large(size, limits)
    if len(data) > limits.bytes:
        raise _too_large(len(data), limits)
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise TableError("empty")
    return data


def _too_large(size: int, limits: Limits) -> TableError:
    return TableError("too-many-bytes", size=f"{size / MB:.1f}", most=f"{limits.bytes / MB:g}")


# ---------------------------------------------------------------- what it is

_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "PDF文件", "a PDF"),
    (b"\xff\xd8\xff", "图片", "a picture"),
    (b"\x89PNG", "图片", "a picture"),
    (b"GIF8", "图片", "a picture"),
    (b"BM", "图片", "a picture"),
    (b"Rar!", "压缩包，请先解压", "an archive (unpack it first)"),
    (b"7z\xbc\xaf", "压缩包，请先解压", "an archive (unpack it first)"),
    (b"\x1f\x8b", "压缩包，请先解压", "an archive (unpack it first)"),
    (b"{\\rtf", "Word文档（RTF）", "a Word document (RTF)"),
    (
        b"\x09\x00\x04\x00",
        "Excel 2的旧格式，请另存为.xlsx",
        "in the old format of Excel 2 (save it as .xlsx)",
    ),
    (
        b"\x09\x02\x06\x00",
        "Excel 3的旧格式，请另存为.xlsx",
        "in the old format of Excel 3 (save it as .xlsx)",
    ),
    (
        b"\x09\x04\x06\x00",
        "Excel 4的旧格式，请另存为.xlsx",
        "in the old format of Excel 4 (save it as .xlsx)",
    ),
)
_ZIPS: tuple[tuple[str, str, str], ...] = (
    (
        "xl/workbook.bin",
        "二进制工作簿（.xlsb），请另存为.xlsx",
        "a binary workbook (.xlsb; save it as .xlsx)",
    ),
    ("word/document.xml", "Word文档", "a Word document"),
    ("ppt/presentation.xml", "演示文稿", "a presentation"),
    ("content.xml", "OpenDocument文件，请另存为.xlsx", "an OpenDocument file (save it as .xlsx)"),
    ("", "压缩包，请先解压", "an archive (unpack it first)"),
)
_JSON_ZH = "JSON数据（区域边界请用“边界”导入）"
_JSON_EN = "JSON (borders of areas are imported as borders)"
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_HTML = re.compile(rb"<(?:!doctype html|html|head|meta|body|table|style|div|script|center)\b", re.IGNORECASE)
_WORKBOOK_NAMES = (".xls", ".xlsx", ".xlsm", ".xlt", ".xltx", ".et", ".ett")


def kind_of(data: bytes, filename: str) -> str:
    """Say ``workbook`` or ``text``, or raise ``TableError`` with what it is instead and what to do."""
    name = _safe(filename)
    if data.startswith(b"PK\x03\x04"):
        return "workbook"
    if data.startswith(_OLE):
        _check_ole(data, name)
        return "workbook"
    for start, kind_zh, kind_en in _KINDS:
        if data.startswith(start) and not (start == b"BM" and data[6:10] != b"\0\0\0\0"):
            raise TableError("wrong-type", filename=name, kind_zh=kind_zh, kind_en=kind_en)
    # UTF-16 without its zeros is enough to look for tags in
    head = data[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if _HTML.match(head) or (head.startswith((b"<?xml", b"<!--", b"mime-version:")) and b"<html" in head):
        raise TableError("html-inside", filename=name)
    if head.startswith(b"<?xml"):
        raise TableError("xml-inside", filename=name)
    if head.startswith((b"{", b"[{")):
        raise TableError("wrong-type", filename=name, kind_zh=_JSON_ZH, kind_en=_JSON_EN)
    if head.startswith(b"mime-version:"):
        raise TableError("html-inside", filename=name)
    if name.lower().endswith(_WORKBOOK_NAMES):
        raise TableError("text-inside" if _is_text(data[:4096]) else "broken", filename=name)
    return "text"


def _safe(filename: str) -> str:
    return clip(re.split(r"[/\\]", filename)[-1].encode("utf-8", "replace").decode())


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head)


def _check_ole(data: bytes, name: str) -> None:
    """An old workbook, or one of the other things that Office has kept in the same wrapper."""

    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") in data

    if holds("EncryptedPackage"):
        raise TableError("encrypted")
    if not holds("Workbook") and not holds("Book"):
        if holds("WordDocument"):
            raise TableError("wrong-type", filename=name, kind_zh="Word文档", kind_en="a Word document")
        if holds("PowerPoint Document"):
            raise TableError("wrong-type", filename=name, kind_zh="演示文稿", kind_en="a presentation")
        raise TableError("broken")
    # The record FILEPASS among the first of a BIFF8 stream means that everything after it is scrambled.
    place = data.find(bytes.fromhex("0908100000060500"))
    for _ in range(3 if place >= 0 else 0):
        if data[place : place + 2] == b"\x2f\x00":
            raise TableError("encrypted")
        place += 4 + int.from_bytes(data[place + 2 : place + 4], "little")


def _check_zip(data: bytes, filename: str, limits: Limits) -> None:
    """Judge a zip by its directory, before anything in it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except Exception:  # zipfile raises half a dozen kinds of error over a crafted directory
        raise TableError("broken") from None
    unpacked = sum(entry.file_size for entry in entries)
    if any(entry.flag_bits & 1 for entry in entries):
        raise TableError("encrypted")
    if unpacked > limits.unpacked or len(entries) > limits.entries:
        raise TableError("too-much-inside")
    ratio = unpacked // len(data)
    overlapping = sum(entry.compress_size for entry in entries) > len(data)
    if overlapping or (ratio > limits.ratio and unpacked > 20 * MB):
        raise TableError("zip-bomb", ratio=max(ratio, 1))
    names = {entry.filename.replace("\\", "/").lstrip("/").lower() for entry in entries}
    if "xl/workbook.xml" not in names:
        _, kind_zh, kind_en = next(kind for kind in _ZIPS if not kind[0] or kind[0] in names)
        raise TableError("wrong-type", filename=_safe(filename), kind_zh=kind_zh, kind_en=kind_en)


# ---------------------------------------------------------------- workbooks


def sheets_of(data: bytes, filename: str, limits: Limits, *, only: str | None = None) -> Iterator[Sheet]:
    """Yield the visible sheets of a workbook (or the one named), read in a process of its own."""
    if data.startswith(b"PK"):
        _check_zip(data, filename, limits)
    if only is not None:
        only = only.encode("utf-8", "replace").decode()
    wanted = orjson.dumps(asdict(limits) | {"sheet": only}).decode()
    try:
        # -P: this folder holds a calendar.py that must not hide the one of the standard library
        done = subprocess.run(  # noqa: S603  (our own file; the bytes go in on stdin)
            [sys.executable, "-P", str(_READER), wanted],
            input=data,
            capture_output=True,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TableError("too-much-inside") from None
    finished = b"\n" + done.stdout[-4096:].rstrip().rsplit(b"\n", 1)[-1]
    if done.returncode != 0 or not finished.startswith((b'\n{"end"', b'\n{"error"')):
        # a reader that ran out of memory has aborted; one that is confused says so itself
        raise TableError("too-much-inside" if b"memory" in done.stderr else "broken")
    return _sheets(io.BytesIO(done.stdout))


def _sheets(lines: io.BytesIO) -> Iterator[Sheet]:
    head: dict[str, Any] | None = None
    rows: list[tuple[int, list[Cell]]] = []
    for line in lines:
        said = orjson.loads(line)
        if isinstance(said, list):
            rows.append((said[0], [_cell(cell) for cell in said[1]]))
            continue
        if "error" in said:
            if place := said.get("place"):
                said["where"] = f"{letters(place - 1)}{said['line']}"
            raise TableError(said.pop("error"), **said)
        if head is not None:
            yield Sheet(head["sheet"], rows, [(*first, *last) for first, last in head["merged"]])
        head, rows = said, []


def _cell(said: Any) -> Cell:
    if not isinstance(said, dict):
        return "" if said is None else cast(Cell, said)
    if "d" in said:
        return date.fromisoformat(said["d"])
    if "m" in said:
        return datetime.fromisoformat(said["m"])
    return time.fromisoformat(said["t"]) if "t" in said else timedelta(seconds=said["s"])


# ---------------------------------------------------------------- text


def text_of(data: bytes) -> str:
    """Decode UTF-8 with or without its mark, UTF-16 with it (Excel's "Unicode text"), or GB18030 (GBK)."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as no:
            line = data[: no.start].decode("utf-16", "ignore").count("\n") + 1
            raise TableError("wrong-encoding", line=line) from None
        if "\0" in text:
            raise TableError("nul-bytes", line=text[: text.index("\0")].count("\n") + 1)
        return text
    if b"\0" in data:
        raise TableError("nul-bytes", line=_line_at(data, data.index(b"\0")))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as no:
        broken_at = _line_at(data, no.start)
    # One bad byte in a UTF-8 file would make the whole of it unreadable as GB18030, without an error.
    kindly = data.decode("utf-8", "replace")
    bad = kindly.count("\ufffd")
    if sum(1 for sign in kindly if sign > "\u07ff") - bad > 9 * bad:
        raise TableError("broken-text", line=broken_at)
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as no:
        raise TableError("wrong-encoding", line=_line_at(data, no.start)) from None


def _line_at(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def sheet_of_text(text: str, delimiter: str, limits: Limits, *, only_first: int | None = None) -> Sheet:
    """Split a text into rows, numbered as Excel shows them: a quoted cell of many lines is one row."""
    try:
        return Sheet("", list(_text_rows(text, delimiter, limits, only_first, strict=only_first is None)))
    except csv.Error:
        # Strict rules found signs after a closing quote, which people do write: once more, kindly.
        return Sheet("", list(_text_rows(text, delimiter, limits, only_first, strict=False)))


def _text_rows(
    text: str, delimiter: str, limits: Limits, only_first: int | None, *, strict: bool
) -> Iterator[tuple[int, list[Cell]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    found = line = 0
    try:
        for line, row in enumerate(islice(reader, only_first), start=1):
            if not any(row):
                continue
            found += 1
            if found > limits.rows + 50:
                raise TableError("too-many-rows", most=limits.rows)
            if len(row) > limits.columns:
                raise TableError("too-many-columns", most=limits.columns)
            if sum(map(len, row)) > limits.cell:
                _check_lengths(row, line, limits)
            yield line, [*row]
    except csv.Error as no:
        if "limit" in str(no):
            raise TableError("line-too-long", line=line + 1, most=limits.cell) from None
        if "unexpected end" in str(no):
            raise TableError("quote-open", line=line + 1) from None
        raise


def _check_lengths(row: list[str], line: int, limits: Limits) -> None:
    for place, cell in enumerate(row, start=1):
        if len(cell) > limits.cell:
            raise TableError("cell-too-long", where=f"{letters(place - 1)}{line}", most=limits.cell)
