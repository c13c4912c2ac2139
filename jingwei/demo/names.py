"""Invented names and numbers: places, roads, estates, people, telephones.

Place words are pairs of quiet characters; pairs that are well-known places are left out. Given names always
have two characters from two short pools that keep clear of the names of office holders. Telephone numbers
cannot be real: no mobile range begins with 100, and 6213 has no area code.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

COUNTIES = (
    "澄湖区",
    "青屿区",
    "云河区",
    "望川区",
    "漪园区",
    "白浦县",
    "桐岭县",
    "禾丰县",
    "芦汀县",
    "松泊县",
    "沙渚县",
)
ANCHOR_STREETS = ("建国路街道", "仓前街道", "河沿街道", "望河街道", "桐岭路街道")
ANCHOR_COMMUNITIES = ("仓后社区", "槐安社区", "柳荫社区", "河沿社区", "钟楼巷社区", "建国路社区", "织坊社区")
ANCHOR_ROADS = ("槐安路", "建国路", "柳荫巷", "仓前街", "河沿街", "澄湖东路")
ANCHOR_ESTATES = ("槐安路12号院", "河沿街5号院", "柳荫家园", "建国路41号院")

_FIRST = tuple("槐柳桐松杏桃梅荷兰芦榆枫桂竹云霞澄清碧青白翠锦银秋晴晨朝和惠瑞祥裕丰康宁望听印映知怀沐盈嘉景")
_SECOND = tuple("安荫岸溪泉湖河浦汀洲湾桥渡坊园苑圃亭台岭坡坪原田禾风月晖明映和乐怡馨宁悦居里塘")
# Counties and towns people know, and the words this city already uses for itself.
_FAMOUS_TEXT = (
    "丰台 云和 云安 云溪 兰亭 兰溪 印台 和田 嘉禾 嘉荫 宁安 宁明 宁河 康乐 康桥 怀宁 "
    "怀安 惠安 望月 松原 松岭 松溪 枫桥 柳河 桃园 桐岭 梅河 槐安 槐荫 清原 清明 清河 "
    "清溪 清苑 澄湖 瑞安 白河 白浦 祥和 秋浦 竹溪 芦溪 荷塘 裕安 银湾 锦溪 霞浦 青原 "
    "青河 青浦 青田 "
)
_FAMOUS = frozenset(_FAMOUS_TEXT.split())
_VILLAGE_FAMILIES = tuple("王李张刘陈杨赵黄周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余")
_VILLAGE_ENDS = tuple("庄楼集洼圩湾窑桥店寨堂营坊沟园")
_VILLAGE_STARTS = ("", "大", "小", "前", "后", "东", "西")
_ROAD_ENDS = ("路", "路", "街", "巷", "东路", "西路", "南路", "北街")
_ESTATE_ENDS = ("花园", "家园", "小区", "新村", "雅居", "公寓", "里", "名苑")

_SURNAMES = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_GIVEN_FIRST = tuple("秋立文建雅静晓思雨若春芳淑桂巧丽美冬玉彩佳素兰梅慧月云凤荣昌茂树善守传友宝金银海")
_GIVEN_SECOND = tuple("霞冬岚鸣芸竹荷苓枝柏桐椿萍莲菊槐杉禾苗穗禄栋梁田川溪泉舟桥岭石松榆桂蓉薇棠芹茹")


def dice(*seed: object) -> Random:
    """Return a generator of chance that is the same for the same seed on every machine."""
    return Random("/".join(map(str, seed)))  # noqa: S311 - a demo city must repeat itself, it keeps no secret


def number_in_chinese(number: int) -> str:
    """Return 1 … 999 as people write it: 三, 十二, 二十, 一百零五."""
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    words = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        words += "十" if tens == 1 and not hundreds else f"{digits[tens]}十"
    elif hundreds and ones:
        words += "零"
    return words + (digits[ones] if ones else "")


def place_words(chance: Random) -> Iterator[str]:
    """Return all two-character place words in random order, none twice."""
    words = [a + b for a, b in product(_FIRST, _SECOND) if a != b and a + b not in _FAMOUS]
    chance.shuffle(words)
    return iter(words)


def village_words(chance: Random) -> Iterator[str]:
    """Return all village words (王庄, 后李楼 …), none twice; plain ones tend to come first."""
    words = [
        start + family + end
        for start in _VILLAGE_STARTS
        for family in _VILLAGE_FAMILIES
        for end in _VILLAGE_ENDS
    ]
    chance.shuffle(words)
    return iter(sorted(words, key=lambda word: len(word) + chance.random() * 1.5))


def roads_in(street_code: str) -> tuple[str, ...]:
    """Return the road names of a street or town, always the same for its code."""
    if street_code == "991103001":
        return ANCHOR_ROADS
    chance = dice("roads", street_code)
    words = place_words(chance)
    return tuple(next(words) + end for end in chance.sample(_ROAD_ENDS, 6))


def estates_in(community_code: str) -> tuple[str, ...]:
    """Return the names of a community's housing estates, always the same for its code."""
    if community_code == "991103001002":
        return ANCHOR_ESTATES
    chance = dice("estates", community_code)
    words = place_words(chance)
    roads = roads_in(community_code[:9])
    named = [next(words) + end for end in chance.sample(_ESTATE_ENDS, 3)]
    return (*named, f"{chance.choice(roads)}{chance.randint(1, 120)}号院")


def person_name(chance: Random) -> str:
    """Return a surname and a two-character given name."""
    # Common surnames stand first in the list; the square makes them common here too.
    surname = _SURNAMES[int(chance.random() ** 2 * len(_SURNAMES))]
    return surname + chance.choice(_GIVEN_FIRST) + chance.choice(_GIVEN_SECOND)


def landline(number: int) -> str:
    """Return office number 0 … 9999 as 6213 xxxx."""
    return f"6213 {number % 10000:04d}"


def mobile(number: int) -> str:
    """Return an eleven-digit number in the range 100, which no carrier has."""
    return f"100{number % 10**8:08d}"
