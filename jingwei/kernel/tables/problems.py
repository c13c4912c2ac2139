"""What is wrong with a file somebody sent, said so that they can mend it: where, and what would be right.

Codes travel and are stored; sentences are made here, in Chinese and English, when somebody reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: what is only told, and keeps no row from being taken
WARNINGS = frozenset({"other-sheet", "shape-repaired", "shape-twice"})

#: code: (Chinese, English). A cell's sentence follows "第12行 手机号：" or "Line 12, Phone: ".
CELLS: dict[str, tuple[str, str]] = {
    "required": ("必填，这里是空的", "this must be filled in, and it is empty"),
    "text-too-long": (
        "有{length}个字，最多{most}个字",
        "it has {length} characters, at most {most} are allowed",
    ),
    "code-length": (
        "‘{value}’有{has}位，应为{want}位",
        "‘{value}’ has {has} characters, it should have {want}",
    ),
    "digits-lost": (
        "‘{value}’的后几位已被Excel变成0或省略，请把这一列设为“文本”格式后重新填写",
        "Excel has dropped the last digits of ‘{value}’; format the column as text and enter it again",
    ),
    "became-date": (
        "Excel把内容变成了日期‘{value}’，请把这一列设为“文本”格式后重新填写",
        "Excel has turned this into the date ‘{value}’; format the column as text and enter it again",
    ),
    "phone-short": (
        "‘{value}’只有{has}位，应为{want}位",
        "‘{value}’ has only {has} digits, it should have {want}",
    ),
    "phone-long": (
        "‘{value}’有{has}位，应为{want}位",
        "‘{value}’ has {has} digits, it should have {want}",
    ),
    "phone-several": (
        "‘{value}’里有几个号码，只能填一个",
        "‘{value}’ holds several numbers, only one can be given",
    ),
    "phone-masked": (
        "‘{value}’是打了星号的号码，请填完整号码",
        "‘{value}’ is masked, give the whole number",
    ),
    "phone-wrong": (
        "‘{value}’不是电话号码，应为11位手机号，或带区号的座机，如0531-88886666",
        "‘{value}’ is not a phone number; give 11 digits, or a landline with its area code, such as "
        "0531-88886666",
    ),
    "not-a-number": (
        "‘{value}’不是数字，应填数字，如12.5",
        "‘{value}’ is not a number; give one such as 12.5",
    ),
    "not-an-integer": (
        "‘{value}’不是整数，应填整数，如12",
        "‘{value}’ is not a whole number; give one such as 12",
    ),
    "other-unit": (
        "‘{value}’的单位不对，应为“{unit}”",
        "‘{value}’ is in another unit, it should be in {unit}",
    ),
    "not-a-date": (
        "‘{value}’不是日期，应写成2026-03-04或2026年3月4日",
        "‘{value}’ is not a date; write 2026-03-04 or 2026年3月4日",
    ),
    "no-such-day": ("‘{value}’没有这一天", "‘{value}’: there is no such day"),
    "year-missing": ("‘{value}’没有写年份，应写成2026-03-04", "‘{value}’ names no year; write 2026-03-04"),
    "not-a-time": ("‘{value}’不是时间，应写成08:30", "‘{value}’ is not a time; write 08:30"),
    "not-a-moment": (
        "‘{value}’不是日期和时间，应写成2026-03-04 08:30",
        "‘{value}’ is not a date and time; write 2026-03-04 08:30",
    ),
    "not-a-boolean": (
        "‘{value}’看不懂，应填“是”或“否”",
        "‘{value}’ is not understood; give 是 or 否 (yes or no)",
    ),
    "not-a-choice": ("‘{value}’不在可选范围，应为：{choices}", "‘{value}’ is not one of: {choices}"),
    "column-missing": (
        "缺少必需的列，表头里应有“{wanted}”",
        "a required column is missing; the header should have {wanted}",
    ),
    "column-twice": (
        "表头重复，{places}都是这一列，只读取了第一个",
        "the header has this column more than once ({places}); only the first was read",
    ),
    "other-sheet": (
        "工作表“{sheet}”也有同样的表头，这次没有读取，请单独导入",
        "sheet “{sheet}” has the same header; it was not read this time, import it by itself",
    ),
}

#: a shape's sentence follows "第3个图形：" or "Shape 3: "
SHAPES: dict[str, tuple[str, str]] = {
    "shape-not-a-feature": ("不是Feature", "it is not a Feature"),
    "shape-missing": ("没有几何图形", "it has no geometry"),
    "shape-other-kind": (
        "类型是{kind}，应为Polygon或MultiPolygon",
        "it is a {kind}; it should be a Polygon or MultiPolygon",
    ),
    "shape-bad-coordinates": ("坐标不是数字对的列表", "its coordinates are not lists of pairs of numbers"),
    "shape-too-few-points": (
        "边界环只有{has}个点，至少要4个点（首尾相同）",
        "a ring has {has} points; it needs at least 4, the last equal to the first",
    ),
    "shape-not-closed": (
        "边界环没有闭合，最后一个点应与第一个点相同",
        "a ring is not closed; its last point should equal its first",
    ),
    "shape-out-of-range": (
        "坐标({lon}, {lat})超出范围，应为先经度（±180）后纬度（±90）的度数",
        "the point ({lon}, {lat}) is out of range; give degrees, longitude (±180) first, then latitude (±90)",
    ),
    "shape-empty": ("图形没有面积", "it has no area"),
    "shape-repaired": (
        "边界有误（{reason}），已自动修复，请核对",
        "its border was invalid ({reason}) and has been repaired; please check it",
    ),
    "shape-key-twice": (
        "{key}‘{value}’与第{first}个图形重复",
        "its {key} ‘{value}’ is already that of shape {first}",
    ),
    "shape-key-missing": ("没有{key}", "it has no {key}"),
    "shape-twice": ("与第{first}个图形完全相同", "it is the same shape as number {first}"),
    "shape-properties": ("properties应为对象", "its properties should be an object"),
}

#: why a whole file could not be read
FILES: dict[str, tuple[str, str]] = {
    "not-found": ("找不到文件，或没有权限读取", "the file is not there, or may not be read"),
    "empty": ("文件是空的，没有任何内容", "the file is empty"),
    "too-many-bytes": (
        "文件有{size}MB，最大{most}MB，请拆成几个文件",
        "the file has {size} MB, at most {most} MB are taken; split it into several files",
    ),
    "too-many-rows": (
        "表格超过{most}行，请拆成几个文件",
        "the table has more than {most} rows; split it into several files",
    ),
    "too-many-columns": (
        "表格超过{most}列，请删去右边多余的列后重新保存",
        "the table has more than {most} columns; delete the stray columns on the right and save it again",
    ),
    "too-many-problems": (
        "看不懂的单元格超过{most}个，可能选错了表格。第一个：{first}",
        "more than {most} cells cannot be read; this may be the wrong table. The first: {first}",
    ),
    "too-much-inside": (
        "文件展开后太大，无法读取。请把需要的行复制到新的工作簿，另存为.xlsx后再上传",
        "the file is too large once unpacked; copy the rows you need into a new workbook, save it as "
        ".xlsx and upload that",
    ),
    "zip-bomb": (
        "文件压缩比异常（展开后是原来的{ratio}倍），为安全起见没有打开。请用Excel或WPS打开后另存为.xlsx",
        "the file unpacks to {ratio} times its size and was not opened, to be safe; open it in Excel "
        "or WPS and save it as .xlsx",
    ),
    "encrypted": (
        "文件有打开密码，请在Excel或WPS里取消密码后重新保存再上传",
        "the file is protected by a password; remove the password in Excel or WPS, save it and "
        "upload it again",
    ),
    "broken": (
        "文件不完整或已损坏，可能没有传完。请用Excel或WPS打开检查，另存为.xlsx后再上传",
        "the file is damaged or incomplete, perhaps cut off on its way; open it in Excel or WPS, "
        "save it as .xlsx and upload that",
    ),
    "html-inside": (
        "文件名是“{filename}”，但内容是网页（HTML），不是Excel工作簿，许多系统导出时会这样。"
        "请用Excel或WPS打开，另存为.xlsx后再上传",
        "“{filename}” holds a web page (HTML), not an Excel workbook, as many systems export it; "
        "open it in Excel or WPS, save it as .xlsx and upload that",
    ),
    "xml-inside": (
        "文件“{filename}”是XML格式的表格（Excel 2003 XML），请用Excel或WPS打开，另存为.xlsx后再上传",
        "“{filename}” is an XML spreadsheet (Excel 2003 XML); open it in Excel or WPS, save it as "
        ".xlsx and upload that",
    ),
    "text-inside": (
        "文件名是“{filename}”，但内容是纯文本，不是Excel工作簿。请把扩展名改为.csv，或用Excel、"
        "WPS打开后另存为.xlsx",
        "“{filename}” holds plain text, not an Excel workbook; rename it to .csv, or open it in "
        "Excel or WPS and save it as .xlsx",
    ),
    "wrong-type": (
        "文件“{filename}”是{kind_zh}，不是表格。可以上传.xlsx、.xls或.csv",
        "“{filename}” is {kind_en}, not a table; .xlsx, .xls and .csv are taken",
    ),
    "wrong-encoding": (
        "第{line}行的文字编码看不懂，应为UTF-8或GB18030（GBK）。请用Excel或WPS打开，另存为.xlsx后再上传",
        "the encoding of line {line} is not understood; UTF-8 and GB18030 (GBK) are taken. Open the "
        "file in Excel or WPS, save it as .xlsx and upload that",
    ),
    "broken-text": (
        "文件是UTF-8文字，但第{line}行有损坏的字符，请改正后再上传",
        "the file is UTF-8 text, but line {line} has a damaged character; mend it and upload it again",
    ),
    "nul-bytes": (
        "第{line}行有空字符（NUL），文件可能已损坏或不是文本文件。请用Excel或WPS打开，另存为.xlsx后再上传",
        "line {line} has a NUL character: the file is damaged or not text. Open it in Excel or WPS, "
        "save it as .xlsx and upload that",
    ),
    "quote-open": (
        "从第{line}行开始的引号没有结束，文件可能没有传完",
        "the quotation mark opened in line {line} is never closed; the file may be cut off",
    ),
    "cell-too-long": (
        "单元格{where}的内容太长，每个单元格最多{most}个字",
        "cell {where} is too long; a cell may have at most {most} characters",
    ),
    "line-too-long": (
        "第{line}行有一个单元格的内容太长，每个单元格最多{most}个字",
        "line {line} has a cell that is too long; a cell may have at most {most} characters",
    ),
    "no-sheet": ("工作簿里没有工作表“{sheet}”", "the workbook has no sheet “{sheet}”"),
    "no-header": (
        "前10行里没有找到表头。表头应有这些列：{wanted}",
        "no header was found in the first 10 rows; it should have these columns: {wanted}",
    ),
    "not-json": (
        "不是有效的JSON（UTF-8）文件，第{line}行第{place}个字附近有错：{reason}",
        "this is not valid JSON in UTF-8; near line {line}, character {place}: {reason}",
    ),
    "not-a-collection": ("不是GeoJSON的FeatureCollection", "this is not a GeoJSON FeatureCollection"),
    "other-crs": (
        "文件声明的坐标系是{crs}，GeoJSON应为经纬度（WGS 84或CGCS2000）",
        "the file declares the coordinate system {crs}; GeoJSON should be in degrees of WGS 84 or CGCS2000",
    ),
    "too-many-points": (
        "图形超过{most}个坐标点，请简化后再上传",
        "the shapes have more than {most} points; simplify them and upload again",
    ),
}

_SHOWN = 40  # of a long value, its beginning is enough to find it again


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: line 12, column ``phone``, what stood there, and a code that says why.

    ``params["label"]`` is the column as the file's header calls it. The line of a shape is its number.
    """

    line: int
    column: str
    value: str
    message_code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_warning(self) -> bool:
        """Told to the reader, but no reason to refuse the row."""
        return self.message_code in WARNINGS


def say_also(
    cells: Mapping[str, tuple[str, str]], shapes: Mapping[str, tuple[str, str]] | None = None
) -> None:
    """Take in the sentences of a layer above, for problems that only it can find."""
    CELLS.update(cells)
    SHAPES.update(shapes or {})


def say_of_files_also(files: Mapping[str, tuple[str, str]]) -> None:
    """Likewise for whole files."""
    FILES.update(files)


class TableError(Exception):
    """A whole file cannot be read. The reason is a code, and a sentence in Chinese or English."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{self.explain('zh-hans')} / {self.explain('en')}")

    def explain(self, language: str = "zh-hans") -> str:
        """Say why, and what to do."""
        return _say(FILES[self.code], language, self.params)


def explain(problem: Problem, language: str = "zh-hans") -> str:
    """Say one problem as a sentence: 第12行 手机号：‘1391234567’只有10位，应为11位。"""
    params = {"value": clip(problem.value), **problem.params}
    chinese = language.startswith("zh")
    label = clip(str(params.get("label", "")))
    if sentence := SHAPES.get(problem.message_code):
        if chinese:
            where = f"第{problem.line}个图形" + (f"（{label}）：" if label else "：")
        else:
            where = f"Shape {problem.line}" + (f" ({label}): " if label else ": ")
        return where + _say(sentence, language, params)
    label = label or clip(problem.column)
    if chinese:
        where = f"第{problem.line}行" + (f" {label}：" if label else "：")
    else:
        where = f"Line {problem.line}" + (f", {label}: " if label else ": ")
    return where + _say(CELLS[problem.message_code], language, params)


def reasons_by_line(problems: Iterable[Problem], language: str = "zh-hans") -> dict[int, str]:
    """The sentences of every line that cannot be taken, for the column 错误原因. Warnings are left out."""
    said: dict[int, list[str]] = {}
    for problem in problems:
        if not problem.is_warning:
            said.setdefault(problem.line, []).append(explain(problem, language))
    return {line: ("；" if language.startswith("zh") else "; ").join(all_) for line, all_ in said.items()}


def clip(text: str) -> str:
    """A value as sentences show it: one line, not too long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"


def _say(sentence: tuple[str, str], language: str, params: Mapping[str, Any]) -> str:
    return sentence[0 if language.startswith("zh") else 1].format(**params)
