"""What the rights ledger forbids, looked for in a playbook's names and in its texts, Chinese and English.

Names alone would be easy to go round: a field called `remark_2` that is labelled “身份证号”. So everything that
people read is looked at too. The list errs on the strict side: whoever means something harmless finds another
word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from jingwei.engine.checking.texts import LANGUAGES, leaves
from jingwei.engine.definition import FieldRule, Procedure
from jingwei.engine.library import Playbook, Problem
from jingwei.kernel import strict_yaml
from jingwei.kernel.privacy import DENIED

Says = tuple[tuple[str | int, ...], str]

#: kinds of what must not be asked, kept or listed, in words as forms use them; compared without blanks and
#: signs
_FORBIDDEN_ZH: dict[str, str] = {
    "identity papers": "身份证|身分证|身份號|身份證|证件号|证件照|證件號|护照|護照|户口簿|户口本|社保卡号|银行卡号",
    "ethnicity": "民族|族别|族裔",
    "religion and belief": "宗教|信仰|教派|教会|信教|思想动态|思想状况|意识形态",
    "political views": "政治面貌|政治倾向|政治观点|党派|言论|舆情对象",
    "health readings": "体温|體溫|血压|血型|症状|发热|病史|病情|诊断|核酸|抗原|健康码|心理状况|精神状况|用药",
    "marks of the body": "指纹|人脸|面容|虹膜|声纹|基因|步态",
    "where a person was": "轨迹|軌跡|行踪|行蹤|行程|去过哪|到过哪|定位记录|位置记录|出入记录|扫码记录|活动范围|途经",
    "vehicles of a person": "车牌|号牌",
    "relatives": "亲属|親屬|家属|家庭成员|家庭关系|家庭情况|配偶|子女|父母|婚姻|同住人|社会关系",
    "speakers and accounts": "发帖人|发布人|发言人|造谣|传谣|账号|帐号|賬號|帳號|微信号|微信名|微博|抖音|网名|昵称|主页链接|截图来源",
    "lists of persons": "重点人|重点人员|重点人群|重点对象|特殊人群|管控对象|稳控|黑名单|白名单|布控|监控对象|涉稳|前科|犯罪记录|违法记录|吸毒|上访人员",
    "scores of persons": "信用分|诚信分|积分|评分|打分|信用等级|文明户|个人得分|家庭得分",
    "affairs of the bed": "性取向|性别认同|性生活|避孕",
}
_FORBIDDEN_EN: dict[str, str] = {
    "identity papers": r"\b(id|identity|identification) ?(no|num|number|card|paper|document)s?\b|passport|social security n|bank card",
    "ethnicity": r"ethnic|\brace\b|\bnationality",
    "religion and belief": r"religio|\bfaith|\bbelief|\bchurch|\bideolog",
    "political views": r"politic|party membership|\bopinions? of (the )?(person|resident)",
    "health readings": r"temperature|\bfever|symptom|diagnos|blood|\btest result|health (code|status|reading)|medication|medical history|mental (state|health)",
    "marks of the body": r"fingerprint|\bfac(e|ial) (scan|recog|image)|biometric|\biris\b|voice ?print|genetic|\bdna\b",
    "where a person was": r"\btrack(s|ed|ing)?\b|trajector|whereabouts|movements?\b|\btrips?\b|places? (visited|been)|location history|scan (log|history)|itinerar",
    "vehicles of a person": r"(licen[cs]e|number) ?plate|plate (no|num)",
    "relatives": r"relatives?\b|family (member|relation|situation)|household member|spouse|\bhusband|\bwife\b|\bchildren\b|\bparents?\b|marital|next of kin",
    "speakers and accounts": r"\bspeaker|\bposter\b|posted by|\baccounts?\b|user ?name|nick ?name|wechat|weibo|tiktok|profile (link|url)|who (said|spread)|rumou?r",
    "lists of persons": r"watch ?list|black ?list|key (person|people|individual)|special (population|group|person)|persons? of interest|criminal record|surveill|petitioners?\b",
    "scores of persons": r"credit (score|rating)|\bscores?\b|\bpoints\b|trust (score|level)",
    "affairs of the bed": r"sexual|gender identity|contracepti",
}

#: what reaches or names a person: a free value of such a label is L2, for the roles that need it
_PERSONAL_ZH = re.compile(
    "电话|手机|联系方式|姓名|名字|住址|家庭地址|门牌号码|邮箱|出生|生日|年龄|性别|工作单位"
)
_PERSONAL_EN = re.compile(
    r"\b(tele)?phone|\bmobile|\bcell\b|e-?mail|(full|first|last|family|person'?s?|your) name|^name$|home address|date of birth|birthday|\bage\b|\bsex\b|gender|employer"
)
_FREE = ("text", "line", "number")

#: the same in names that are Chinese spelt out
_PINYIN = (
    "shenfenzheng", "zhengjianhao", "minzu", "zongjiao", "xinyang", "zhengzhimianmao", "tiwen", "zhengzhuang",
    "zhiwen", "renlian",
    "guiji", "xingcheng", "xingzong", "chepai", "qinshu", "jiashu", "zhanghao", "weixinhao", "zhongdianren",
    "heimingdan", "pingfen",
)  # fmt: skip
#: alphabets whose letters look like ours
_LOOKALIKES = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


def forbidden(text: str) -> str:
    """Why a name or label cannot be; empty when it can."""
    word = _forbidden(text)
    return _because(f"'{text}'", word) if word else ""


def names(p: Procedure) -> Iterator[Says]:
    """Names and purposes in the procedure that mean what is forbidden."""
    for part in ("fields", "states", "roles", "moves", "asks", "tasks", "clocks", "documents", "links"):
        for name in getattr(p, part):
            if word := _denied(name):
                yield (part, name), _because(f"'{name}'", word)
    for name, field in p.fields.items():
        for code in field.of if isinstance(field.of, tuple) else ():
            if word := _denied(code):
                yield ("fields", name, "of"), _because(f"'{code}'", word)
        if isinstance(field.of, str) and (word := _denied(field.of)):
            yield ("fields", name, "of"), _because(f"'{field.of}'", word)
        if word := _forbidden(field.purpose) or _forbidden(field.basis):
            yield ("fields", name), _because("its purpose", word)
    yield from _other_words(p)


def _other_words(p: Procedure) -> Iterator[Says]:
    """Words that count or list: outcomes, sources, and the objects of effects."""
    said: list[Says] = [(("sources",), source) for source in p.sources]
    said += [(("states", name), state.outcome) for name, state in p.states.items() if state.outcome]
    for name, move in p.moves.items():
        said += [(("moves", name), move.outcome)] if move.outcome else []
        said += [(("moves", name, "then"), verb.what) for verb in move.then]
    for name, ask in p.asks.items():
        said += [(("asks", name), verb.what) for d in (ask.granted, ask.refused) for verb in d.then]
    for where, name in said:
        if word := _denied(name):
            yield where, _because(f"'{name}'", word)


def texts(playbook: Playbook) -> Iterator[Problem]:
    """Texts that ask for what is forbidden, or ask openly for what reaches a person."""
    for language in LANGUAGES:
        file = f"texts/{language}.yaml"
        if file not in playbook.files:
            continue
        document = strict_yaml.read(playbook.files[file])
        for path, text in leaves(playbook.texts[language].words):
            why = ""
            if word := _forbidden(text):
                why = _because(f"'{text}'", word)
            elif path[0] == "codes" and (word := _denied(path[-1])):
                why = _because(f"'{path[-1]}'", word)
            elif letter := _lookalike(text):
                why = f"the letter '{letter}' is of another alphabet and looks like one of ours: write ours"
            elif path[0] == "fields" and _asks_openly(playbook.procedure.fields.get(path[1]), text):
                why = f"'{text}' reaches or names a person: declare level L2 and the roles that need it"
            if why:
                yield Problem(file, document.line(path), f"{'.'.join(path)}: {why}")


def _asks_openly(field: FieldRule | None, text: str) -> bool:
    """Does a free value of less than L2 ask for somebody's number, name, address or age?"""
    if field is None or field.level in ("L2", "L3") or field.type not in _FREE:
        return False
    return bool(_PERSONAL_ZH.search(_squeezed(text)) or _PERSONAL_EN.search(_plain(text)))


def _because(what: str, word: str) -> str:
    return (
        f"the rights ledger forbids what {what} means ({word}): no person is listed, tracked or scored here"
    )


def _denied(name: str) -> str:
    """The word of the deny-list that a name contains, however it is cut up by underscores."""
    squeezed = name.replace("_", "")
    for word in (*DENIED, *_PINYIN):
        if word in name or (len(word) > 6 and word.replace("_", "") in squeezed):
            return word
    return _forbidden(name.replace("_", " "))


def _forbidden(text: str) -> str:
    """The kind of what a text asks for that must not be asked; empty when it is harmless."""
    squeezed, plain = _squeezed(text), _plain(text)
    for kind, words in _FORBIDDEN_ZH.items():
        if re.search(words, squeezed):
            return kind
    for kind, words in _FORBIDDEN_EN.items():
        if re.search(words, plain):
            return kind
    return ""


def _lookalike(text: str) -> str:
    """The first letter of an alphabet that is used to hide what a word says; empty when there is none."""
    return next((sign for sign in text if unicodedata.name(sign, "").startswith(_LOOKALIKES)), "")


def _squeezed(text: str) -> str:
    """Only letters and figures, full width made half: `身 份·证` reads 身份证."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LN")


def _plain(text: str) -> str:
    """Small letters, every run of signs and blanks one blank: `I.D.-Number` reads `i d number`."""
    shown = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")  # signs without width
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", shown).lower()).strip()
