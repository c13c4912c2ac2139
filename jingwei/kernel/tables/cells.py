"""From what people type into a cell to a value: full-width digits, 3月4日, √, 3人, a phone made a number.

Pure functions. `read_cell` returns the value or raises `Unreadable` with a code that `problems` can say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

Kind = Literal["text", "code", "phone", "integer", "number", "date", "time", "moment", "boolean", "choice"]
Cell = str | float | int | bool | date | datetime | time | timedelta
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a table may have, by every name its header may go by.

    ``width`` is the length of a code (shorter ones get leading zeros) and the most characters of a text.
    ``choices`` are the values themselves, or value → the words people write for it. A ``time`` is a time of
    day, a ``moment`` a date and time. Numbers are `Decimal`, in ``unit`` when it is given (3人, 1.2万元).
    """

    name: str
    labels: tuple[str, ...]
    kind: Kind = "text"
    required: bool = False
    width: int | None = None
    choices: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()
    unit: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not self.labels:
            raise ValueError(f"column {self.name}: needs a label and a kind of {', '.join(KINDS)}")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError(f"column {self.name}: choices belong to the kind choice, and it needs them")

    def label(self, language: str = "zh-hans") -> str:
        """What the header says in this language: the first label with, or without, Chinese characters."""
        chinese = language.startswith("zh")
        return next((label for label in self.labels if label.isascii() != chinese), self.labels[0])

    def options(self, language: str = "zh-hans") -> list[str]:
        """The words to choose from, one for every value."""
        if not isinstance(self.choices, Mapping):
            return list(self.choices)
        chinese = language.startswith("zh")
        return [
            next((word for word in words if word.isascii() != chinese), words[0] if words else value)
            for value, words in self.choices.items()
        ]


class Unreadable(ValueError):
    """A cell that does not hold what its column wants."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code)


# ---------------------------------------------------------------- words

# Free text keeps its Chinese punctuation, its ① and its ㎡ (NFKC would turn "①施工" into "1施工"), so only
# letters, digits and blanks become plain.
_FREE: dict[int, str | None] = {
    **{0xFF10 + i: chr(0x30 + i) for i in range(10)},
    **{0xFF21 + i: chr(0x41 + i) for i in range(26)},
    **{0xFF41 + i: chr(0x61 + i) for i in range(26)},
    **dict.fromkeys((0x3000, 0xA0, 0x202F, *range(0x2000, 0x200B)), " "),
    **dict.fromkeys((0x200B, 0x2060, 0xFEFF, 0xAD)),
    **dict.fromkeys(c for c in (*range(0x20), *range(0x7F, 0xA0)) if c not in (0x09, 0x0A)),
}

# The traditional signs of header words, sign for sign: 電話 網格 社區 鄉鎮 備註 聯繫人 單位 編號 經緯度 …
_TRADITIONAL = str.maketrans(
    "電話網區鄉鎮備註聯繫單位編號碼經緯時間數狀態處負責證戶門樓棟職務崗類別內標題來稱級屬縣層總計領導員組織機構"
    "體積費額價開關業務專長實際發現辦結報檢驗車輛場館環衛園圖說審積極幹部隊學歷歲齡個萬億兩幾終點線隱傷險廣東黨團"
    "議決對應參與種產預測監護婦兒兵歸檔會請選寫見係連絡傳郵遞號際聲訴調動續項頻幣資訊條復複協緊無視頁驗",
    "电话网区乡镇备注联系单位编号码经纬时间数状态处负责证户门楼栋职务岗类别内标题来称级属县层总计领导员组织机构"
    "体积费额价开关业务专长实际发现办结报检验车辆场馆环卫园图说审积极干部队学历岁龄个万亿两几终点线隐伤险广东党团"
    "议决对应参与种产预测监护妇儿兵归档会请选写见系连络传邮递号际声诉调动续项频币资讯条复复协紧无视页验",
)
_FORMULA_MARK = re.compile(r"'+[=+\-@\t\r＝＋－＠]")


def tidy(text: str) -> str:
    """Free text without control signs and full-width letters; Chinese punctuation stays.

    The mark that `sheets.disarm` puts before a formula is taken off again.
    """
    if _FORMULA_MARK.match(text):
        text = text[1:]
    if text.isascii() and text.isprintable():
        return text.strip()
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_FREE)
    return unicodedata.normalize("NFC", text).strip()


def plain(text: str) -> str:
    """A short value by NFKC: full-width signs of every kind become ASCII, blanks at the ends go."""
    text = tidy(text)
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def word(text: str) -> str:
    """A word to compare by: no blanks, no case, no traditional signs, no colon or star around it."""
    squeezed = "".join(plain(text).translate(_TRADITIONAL).split())
    return squeezed.casefold().strip("*:;。.、")


def shown(cell: Cell) -> str:
    """A cell as text, the way the sheet shows it; long numbers are written out."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float | int):
        return _digits(cell)
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()


def _digits(number: float) -> str:
    if number == int(number):
        return str(int(number))
    return format(Decimal(format(number, ".15g")), "f")  # the 15 digits that Excel keeps


def letters(place: int) -> str:
    """A column as Excel names it: 0 is A, 26 is AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


# ---------------------------------------------------------------- one cell


_LONGEST = 200  # of anything but free text
# how tables say "not known"
_NOTHING = frozenset(["/", "\\", "-", "—", "——", "–", "无", "n/a", "#n/a", "null", "none"])


@dataclass(frozen=True, slots=True)
class Reading:
    """How a column is read in one file: the year of 3月4日, the unit of its header, its choices' words."""

    column: Column
    default_year: int | None = None
    unit: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


def reading_of(column: Column, *, default_year: int | None = None, unit: str = "") -> Reading:
    """Prepare to read a column."""
    choices = column.choices
    said = choices if isinstance(choices, Mapping) else dict.fromkeys(choices, ())
    words = {word(one): value for value, ones in said.items() for one in (value, *ones)}
    return Reading(column, default_year, column.unit or unit, words)


def read_cell(cell: Cell, how: Reading) -> object:
    """Return the value of a cell, None when it is blank, or raise ``Unreadable``."""
    kind = how.column.kind
    if isinstance(cell, str):
        if not cell or cell.isspace():
            return None
        if kind != "text":
            if len(cell) > _LONGEST:
                raise Unreadable("text-too-long", length=len(cell), most=_LONGEST)
            if kind not in ("choice", "boolean") and plain(cell).casefold() in _NOTHING:
                return None
    return _READERS[kind](cell, how)


def _text(cell: Cell, how: Reading) -> object:
    text = tidy(shown(cell))
    if how.column.width and len(text) > how.column.width:
        raise Unreadable("text-too-long", length=len(text), most=how.column.width)
    return text or None


_ROUNDED_OFF = re.compile(r"\d\.\d+[eE]\+\d+")
_POINT_ZERO = re.compile(r"(\d{3,})\.0+")


def _code(cell: Cell, how: Reading) -> object:
    text = _joined(_as_code(cell))
    width = how.column.width
    if width and len(text) < width and text.isascii() and text.isdigit():
        text = text.zfill(width)
    if width and text and len(text) != width:
        raise Unreadable("code-length", has=len(text), want=width)
    return text or None


def _as_code(cell: Cell) -> str:
    """The signs of a code or phone, however the sheet holds them."""
    if isinstance(cell, str):
        text = plain(cell)
        if text.startswith('="') and text.endswith('"'):  # the trick that keeps zeros in a csv file
            text = text[2:-1]
        if text.startswith("'"):  # Excel's mark for text, leaked into the value
            text = text[1:]
        if _ROUNDED_OFF.fullmatch(text):
            raise Unreadable("digits-lost")
        return whole.group(1) if (whole := _POINT_ZERO.fullmatch(text)) else text
    if isinstance(cell, date | time | timedelta):  # 3-1 typed into a general cell has become 1 March
        raise Unreadable("became-date", value=shown(cell))
    if (
        not isinstance(cell, bool) and abs(cell) >= 1e15
    ):  # Excel keeps 15 digits: an 18-digit number is ruined
        raise Unreadable("digits-lost")
    return shown(cell)


def _joined(text: str) -> str:
    return "".join(text.split())


_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(010|02\d|0[3-9]\d{2})(\d{7,8})")
_SERVICE = re.compile(r"1[12]\d|1[0-2]\d{3}|9[56]\d{3}|[48]00\d{7}")
_EXTENSION = re.compile(r"(?:转|-|ext\.?|#)(\d{1,6})", re.IGNORECASE)


def _phone(cell: Cell, how: Reading) -> object:
    text = _as_code(cell)
    if re.search(r"\d{7,}\s*[、,;/|\n]\s*\d{7,}|\d{11}\s+\d{11}", text):
        raise Unreadable("phone-several")
    text = _joined(text).translate(_DASHES)
    if re.search(r"\d[*xX×]{2,}", text):
        raise Unreadable("phone-masked")
    if text.startswith("+") and not text.startswith("+86"):
        if re.fullmatch(r"\+\d{8,15}", abroad := text.replace("-", "")):
            return abroad
        raise Unreadable("phone-wrong")
    digits = re.sub(r"[-()]", "", text)
    digits = re.sub(r"^(?:\+86|0086|86(?=1[3-9]\d{9}$))", "", digits)
    if not isinstance(cell, str) and _LANDLINE.fullmatch("0" + digits):
        text = digits = "0" + digits  # a landline kept as a number has lost its zero
    if _MOBILE.fullmatch(digits) or _SERVICE.fullmatch(digits):
        return digits
    if digits.isdigit() and digits.startswith("1") and len(digits) > 2 and len(digits) != 11:
        raise Unreadable("phone-short" if len(digits) < 11 else "phone-long", has=len(digits), want=11)
    return _landline(text)


def _landline(text: str) -> str:
    """0531-88886666, with its extension as -801; 7 or 8 digits without an area code stay as they are."""
    bare = re.sub(r"^(?:\+86|0086)-?", "", text).replace("(", "").replace(")", "-")
    extension = ""
    if found := re.search(_EXTENSION.pattern + "$", bare, re.IGNORECASE):
        head = bare[: found.start()].replace("-", "")
        if _LANDLINE.fullmatch(head) or re.fullmatch(r"[2-8]\d{6,7}", head):
            bare, extension = head, "-" + found.group(1)
    digits = bare.replace("-", "")
    if there := _LANDLINE.fullmatch(digits):
        return f"{there.group(1)}-{there.group(2)}{extension}"
    if re.fullmatch(r"[2-8]\d{6,7}", digits):
        return digits + extension
    raise Unreadable("phone-wrong")


_DASHES = str.maketrans("—–‐‑－―_", "-------")
_NUMBER = re.compile(r"[¥￥$]?\s*([+-]?)\s*(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?\s*([^\d\s,.].{0,5})?")
_EXPONENT = re.compile(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,2}")
_SCALES = {"万": Decimal(10_000), "亿": Decimal(100_000_000)}
_SAME_UNIT = (
    frozenset(["人", "名", "位", "口"]),
    frozenset(["m2", "m²", "平方米", "平米", "平方"]),
    frozenset(["km", "公里", "千米"]),
    frozenset(["m", "米"]),
    frozenset(["元", "块", "圆", "元整"]),
)


def _number(cell: Cell, how: Reading) -> object:
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return Decimal(_digits(cell))
    if not isinstance(cell, str):
        raise Unreadable("not-a-number")
    text = plain(cell).translate(_DASHES).removeprefix("'")
    if _EXPONENT.fullmatch(text):
        return Decimal(text)
    found = _NUMBER.fullmatch(text)
    if not found or not (found.group(2) or found.group(3)):
        raise Unreadable("not-a-number")
    sign, whole, part, unit = found.groups(default="")
    value = Decimal(sign + (whole.replace(",", "") or "0") + part)
    return value * _scale(unit.strip(), how.unit) if unit else value


def _scale(said: str, wanted: str) -> Decimal:
    """What to multiply with: 万 in a column of 元, a hundredth for a per cent sign, 1 for 3人."""
    by, base = _SCALES.get(said[0], Decimal(1)), said.lstrip("万亿").casefold()
    over, wanted_base = _SCALES.get(wanted[:1], Decimal(1)), plain(wanted).lstrip("万亿").casefold()
    if base == "%" and not wanted_base:
        return by / 100
    same = any(base in group and wanted_base in group for group in _SAME_UNIT)
    if wanted_base and base and base != wanted_base and not same:
        raise Unreadable("other-unit", unit=wanted)
    if not re.fullmatch(r"[^\W\d_]*[23²³%°℃]?(?:/[^\W\d_]+)?", base):
        raise Unreadable("not-a-number")
    return by / over


def _integer(cell: Cell, how: Reading) -> object:
    try:
        value = _number(cell, how)
    except Unreadable as no:
        raise Unreadable("not-an-integer" if no.code == "not-a-number" else no.code, **no.params) from None
    if not isinstance(value, Decimal) or value != value.to_integral_value():
        raise Unreadable("not-an-integer")
    return int(value)


# ---------------------------------------------------------------- days and hours

_TIME = (
    r"(?P<half>上午|下午|晚上|早上|凌晨|中午|傍晚|早|晚|am|pm)?\s*(?P<hour>\d{1,2})\s*(?:[:时点]\s*"
    r"(?:(?P<minute>\d{1,2}|半)\s*分?)?(?::?\s*(?P<second>\d{1,2})(?:\.\d+)?秒?)?)\s*(?P<after>am|pm)?"
)
_DAY = r"(?P<year>\d{4})\s*[-./\\年。]\s*(?P<month>\d{1,2})\s*[-./\\月。]\s*(?P<day>\d{1,2})\s*[日号]?"
_SHORT_DAY = r"(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?"
_WEEKDAY = re.compile(r"\s*\(?(?:星期|周|礼拜)[一二三四五六日天]\)?\s*")
_DAY_ONLY = (
    re.compile(_DAY),
    re.compile(_SHORT_DAY),
    re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"),
)
_DAY_AND_TIME = tuple(
    re.compile(day + r"(?:\s*[T,]?\s*" + _TIME + ")?", re.IGNORECASE) for day in (_DAY, _SHORT_DAY)
)
_TIME_ONLY = re.compile(_TIME, re.IGNORECASE)
_EXCEL_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001  (what a sheet says is local time)
_SERIALS = range(1_000, 73_051)  # 1902 to the end of 2099; smaller numbers are a day typed as 3.4
_YEARS = range(1900, 2100)


def _date(cell: Cell, how: Reading) -> object:
    moment = _read_moment(cell, how, "not-a-date")
    return moment.date()


def _moment(cell: Cell, how: Reading) -> object:
    return _read_moment(cell, how, "not-a-moment")


def _read_moment(cell: Cell, how: Reading, code: str) -> datetime:
    if isinstance(cell, datetime):
        return _in_our_time(cell, code)
    if isinstance(cell, date):
        return _in_our_time(datetime(cell.year, cell.month, cell.day), code)  # noqa: DTZ001
    if isinstance(cell, bool) or not isinstance(cell, str | float | int):
        raise Unreadable(code)
    if isinstance(cell, str):
        text = _WEEKDAY.sub(" ", plain(cell).translate(_DASHES).removeprefix("'")).strip()
        for pattern in (*_DAY_ONLY, *_DAY_AND_TIME):
            if found := pattern.fullmatch(text):
                return _in_our_time(_moment_of(found.groupdict(), how), code)
        if not re.fullmatch(r"\d{5}(\.\d+)?", text):
            raise Unreadable(code)
        cell = float(text)
    if 19_000_101 <= cell <= 20_991_231 and cell == int(cell):
        return _read_moment(str(int(cell)), how, code)
    if int(cell) not in _SERIALS or int(cell) in _YEARS:  # 2026 is a year, not the 18th of July 1905
        raise Unreadable(code)
    return _EXCEL_DAY_0 + timedelta(seconds=round(cell * 86_400))


def _moment_of(parts: Mapping[str, str | None], how: Reading) -> datetime:
    said = parts.get("year")
    year = int(said) if said else how.default_year
    if year is None:
        raise Unreadable("year-missing")
    try:
        day = date(year, int(parts["month"] or 0), int(parts["day"] or 0))
    except ValueError:
        raise Unreadable("no-such-day") from None
    return datetime.combine(day, _time_of(parts) if parts.get("hour") else time())


def _in_our_time(moment: datetime, code: str) -> datetime:
    if moment.year not in _YEARS:
        raise Unreadable(code)
    return moment


def _time(cell: Cell, how: Reading) -> object:
    if isinstance(cell, time):
        return cell
    if isinstance(cell, datetime) and cell.year in (1899, 1900):  # a time that Excel put on its first day
        return cell.time()
    if isinstance(cell, timedelta) and timedelta() <= cell < timedelta(days=1):
        return (_EXCEL_DAY_0 + cell).time()
    if isinstance(cell, float | int) and not isinstance(cell, bool) and 0 <= round(cell * 86_400) < 86_400:
        return (_EXCEL_DAY_0 + timedelta(seconds=round(cell * 86_400))).time()
    if isinstance(cell, str) and (found := _TIME_ONLY.fullmatch(plain(cell).removeprefix("'"))):
        return _time_of(found.groupdict())
    raise Unreadable("not-a-time")


def _time_of(parts: Mapping[str, str | None]) -> time:
    hour, half = int(parts["hour"] or 0), (parts["half"] or parts["after"] or "").lower()
    minute = 30 if parts["minute"] == "半" else int(parts["minute"] or 0)
    if (half in ("下午", "晚上", "晚", "傍晚", "pm") and hour < 12) or (half == "中午" and hour < 10):
        hour += 12
    elif half in ("am", "凌晨") and hour == 12:
        hour = 0
    try:
        return time(hour, minute, int(parts["second"] or 0))
    except ValueError:
        raise Unreadable("not-a-time") from None


# ---------------------------------------------------------------- yes, no, one of these

_YES = frozenset(["是", "√", "✓", "✔", "☑", "有", "对", "y", "yes", "t", "true", "1"])
_NO = frozenset(["否", "×", "✗", "✘", "✕", "x", "无", "没有", "不是", "n", "no", "f", "false", "0"])


def _boolean(cell: Cell, how: Reading) -> object:
    if isinstance(cell, bool):
        return cell
    said = word(shown(cell))
    if said in _YES:
        return True
    if said in _NO:
        return False
    raise Unreadable("not-a-boolean")


def _choice(cell: Cell, how: Reading) -> object:
    try:
        return how.words[word(_as_code(cell))]
    except KeyError:
        options = how.column.options()
        listed = "、".join(options[:_LISTED]) + (" …" if len(options) > _LISTED else "")
        raise Unreadable("not-a-choice", choices=listed) from None


_LISTED = 12
_READERS: dict[str, Callable[[Cell, Reading], object]] = {
    "text": _text,
    "code": _code,
    "phone": _phone,
    "integer": _integer,
    "number": _number,
    "date": _date,
    "time": _time,
    "moment": _moment,
    "boolean": _boolean,
    "choice": _choice,
}
