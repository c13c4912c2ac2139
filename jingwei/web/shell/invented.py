"""Invented persons, streets and numbers for the gallery. Nothing here is anybody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from django import forms

from jingwei.web import words

NOW = datetime(2026, 11, 20, 6, 50, tzinfo=UTC)  # 14:50 in Shanghai

Data = dict[str, object]


def picture(*, fixed: bool) -> str:
    """A drawn manhole, open or put right, as an address."""
    lid = "translate(120 94)" if fixed else "translate(138 83) rotate(-9)"
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 180">'
        '<rect width="240" height="180" fill="#b9b4a8"/><path stroke="#a59f92" '
        'd="M0 30h240M0 66h240M0 104h240M0 142h240M40 0v30M150 30v36M70 66v38M190 104v38"/>'
        '<ellipse cx="118" cy="96" rx="63" ry="44" fill="#7d776b"/>'
        '<ellipse cx="118" cy="96" rx="58" ry="40" fill="#24211d"/>'
        f'<g transform="{lid}"><ellipse rx="58" ry="40" fill="#6d6960"/>'
        '<g fill="none" stroke="#514d46" stroke-width="3"><ellipse rx="46" ry="32"/>'
        '<path d="M-35 0h70M-26-16h52M-26 16h52"/></g></g></svg>'
    )
    return "data:image/svg+xml," + quote(drawing)


def photos() -> list[Data]:
    return [
        {"url": picture(fixed=False), "words": "井盖翘起，露出井口", "caption": "居民 09:12"},
        {"url": picture(fixed=False), "words": "井盖翘起，近景", "caption": "核实 10:02"},
        {"url": picture(fixed=True), "words": "新井盖与路面齐平", "caption": "办理后 15:08"},
    ]


def clocks() -> list[words.Clock]:
    def one(label: str, hours: float, limit: float, note: str) -> words.Clock:
        began = NOW - timedelta(hours=hours)
        return words.clock(label, began=began, due=began + timedelta(hours=limit), now=NOW, note=note)

    return [
        one("处置", 1.5, 4, "限4工作时，签收起算"),
        one("处置", 3.4, 4, "用到80%起变色"),
        one("协办：围挡", 4.83, 4, "建国路街道城管中队，14:00前"),
        words.Clock("总时限", words.working_days_left(3), "off", 26, note="已挂账，停表，11月25日前复看"),
    ]


def story() -> list[Data]:
    def back(minutes: int) -> datetime:
        return NOW - timedelta(minutes=minutes)

    return [
        {"kind": "next", "at": "15:31前", "text": "下一步：反馈结果", "aside": "由您的单位"},
        {
            "kind": "now",
            "at": back(50),
            "text": "协办超时，自动催办",
            "note": "建国路街道城管中队·围挡并设警示灯",
        },
        {"at": back(75), "text": "吴建峰：新井盖已领，14:40到场"},
        {
            "kind": "ask",
            "at": back(250),
            "text": "给城管中队派协办任务",
            "note": "围挡并设警示灯，14:00前答复",
        },
        {"at": back(259), "text": "吴建峰签收", "aside": "用时21分，限4工作时"},
        {"at": back(338), "text": "居民上报", "note": "附2张照片，留了电话", "photos": photos()[:2]},
    ]


def refusals() -> list[Data]:
    return [
        {
            "label": "反馈结果",
            "reasons": [{"text": "还差协办答复：城管中队的围挡任务。", "help": "催一下", "url": "#ask"}],
        },
        {
            "label": "申请退回",
            "reasons": [
                {"text": "签收前才能退回，您10:31已签收。要换单位，请", "help": "上升一级", "url": "#up"}
            ],
        },
        {"label": "结案", "reasons": [{"text": "核查通过后，由值班长罗启明结案。"}]},
    ]


def reasons() -> list[Data]:
    return [
        {"text": "城管中队的协办任务还没答复。", "help": "催一下", "url": "#ask"},
        {"text": "还缺办理后的远景照片。", "help": "去补", "url": "#photos"},
        {"text": "办理结果已写好", "met": True},
    ]


def units() -> Data:
    return {
        "caption": "按期处置，本月",
        "columns": [
            {"label": "单位"},
            {"label": "应处置", "number": True},
            {"label": "按期", "number": True},
            {"label": "率", "number": True},
        ],
        "rows": [
            [{"text": "云河区", "url": "#yunhe"}, 1289, 1204, words.share(1204, 1289)],
            [{"text": "青屿区", "url": "#qingyu"}, 661, 640, words.share(640, 661)],
        ],
        "total": ["合计", 1950, 1844, words.share(1844, 1950)],
    }


class Report(forms.Form):
    """A form with everything a form can show, wrong in two places."""

    what = forms.CharField(
        label="什么问题？",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写不方便，可用输入法的话筒说。",
    )
    danger = forms.ChoiceField(
        label="现在会不会伤到人？",
        choices=[("yes", "会，很危险"), ("no", "暂时不会")],
        widget=forms.RadioSelect,
    )
    phone = forms.RegexField(
        r"^\d{11}$",
        label="手机号",
        required=False,
        help_text="只用来告诉您结果，办结90天后删除。",
        error_messages={"invalid": "手机号是11位，现在只有10位。不想留可以清空。"},
    )
    agree = forms.BooleanField(label="结果出来后，请打电话告诉我", required=False)


def wrong_report() -> Report:
    form = Report(
        {
            "what": "槐安路12号院北门口的井盖翘起来了，晚上没灯，昨天有位老人差点绊倒。",
            "phone": "1000000062",
            "agree": "on",
        }
    )
    form.fields["danger"].error_messages["required"] = "请选一项。选“会”将按紧急办理，10分钟内受理。"
    return form


def rows() -> list[Data]:
    made = [
        (
            "late",
            "active",
            "已立案",
            "仓前街燃气井口有异味",
            "紧急",
            "仓前街道·第一网格",
            "水电气热",
            "经州燃气抢修",
            66,
            60,
        ),
        (
            "soon",
            "active",
            "已立案",
            "小学西门护学岗标线看不清",
            "第二次争议",
            "建国路街道·第二网格",
            "道路交通",
            "交警云河大队",
            52,
            60,
        ),
        ("soon", "active", "已立案", "河沿街夜市油烟直排", "", "河沿街道·第五网格", "生态环境", "", 49, 60),
        (
            "ok",
            "active",
            "已立案",
            "12号院南门围墙开裂",
            "3人报过",
            "建国路街道·第三网格",
            "市容环卫",
            "市政养护中心",
            26,
            60,
        ),
        (
            "ok",
            "new",
            "已上报",
            "7号楼电梯困人后仍异响",
            "",
            "建国路街道·第三网格",
            "物业小区",
            "安居物业",
            24,
            60,
        ),
        (
            "ok",
            "waiting",
            "已挂账",
            "护坡裂缝等雨季后施工",
            "30天复看",
            "桐岭路街道·第八网格",
            "自然灾害",
            "应急管理局",
            10,
            60,
        ),
    ]
    names = ("group", "kind", "state", "title", "tag", "where", "class", "unit")
    return [
        {
            **dict(zip(names, row[:8], strict=True)),
            "at": NOW - timedelta(minutes=float(row[8])),
            "clock": words.clock(
                "",
                began=NOW - timedelta(minutes=float(row[8])),
                due=NOW + timedelta(minutes=float(row[9]) - float(row[8])),
                now=NOW,
            ),
        }
        for row in made
    ]


def queues() -> list[Data]:
    def queue(icon: str, label: str, count: int | None, kind: str = "", *, here: bool = False) -> Data:
        return {"icon": icon, "label": label, "url": "#" + icon, "count": count, "kind": kind, "here": here}

    return [
        {
            "name": "队列",
            "queues": [
                queue("user", "我的", 12, here=True),
                queue("send", "待派遣", 9),
                queue("help", "等我决定", 5, "soon"),
                queue("undo", "被退回", 2),
                queue("unpin", "没定位", 4),
            ],
        },
        {
            "name": "看时限",
            "queues": [
                queue("alert", "已超时", 3, "late"),
                queue("clock", "快到期", 7, "soon"),
                queue("pause", "已挂账", 11),
            ],
        },
        {"name": "我存的筛选", "queues": [queue("star", "井盖·夜间", 8), queue("star", "河沿街一带", 15)]},
    ]


def desk() -> Data:
    me = {
        "name": "方一鸣",
        "post": "派遣员",
        "unit": "云河区网格中心",
        "posts": [
            {"id": 1, "label": "派遣员·云河区网格中心", "here": True},
            {"id": 2, "label": "值班长·云河区网格中心"},
        ],
    }
    return {"me": me, "queues": queues(), "reminders": 4, "takes_calls": True}


def admin() -> Data:
    links = [
        {
            "name": "底数",
            "links": [
                {"icon": "map", "label": "区域与网格", "url": "#areas", "count": 2418, "here": True},
                {"icon": "users", "label": "人员与岗位", "url": "#people", "count": None},
                {"icon": "ban", "label": "空岗", "url": "#empty", "count": 7, "kind": "soon"},
            ],
        },
        {
            "name": "流程",
            "links": [
                {"icon": "split", "label": "流程与版本", "url": "#procedures", "count": 31},
                {"icon": "upload", "label": "导入", "url": "#imports", "count": None},
                {"icon": "history", "label": "审计", "url": "#audit", "count": None},
            ],
        },
    ]
    return {**desk(), "nav": links, "units": units()}


def parts() -> Data:
    return {
        "clocks": clocks(),
        "story": story(),
        "photos": photos(),
        "refusals": refusals(),
        "reasons": reasons(),
        "units": units(),
        "form": wrong_report(),
        "moments": [
            NOW,
            NOW - timedelta(days=1, hours=5),
            NOW - timedelta(days=40),
            NOW - timedelta(days=400),
        ],
        "numbers": [1284, 14402, 128_400_000],
        "tokens": [
            "paper",
            "sheet",
            "well",
            "ink",
            "main",
            "accent-wash",
            "q1",
            "q2",
            "q3",
            "q4",
            "q5",
            "m-green",
        ],
        "areas": [{"id": 1, "name": "建国路街道"}, {"id": 2, "name": "仓前街道"}],
    }


def tasks() -> Data:
    def task(kind: str, sort: str, left: str, title: str, place: str) -> Data:
        return {"kind": kind, "sort": sort, "left": left, "title": title, "place": place}

    return {
        "late": [
            task("late", "核实", words.left(-25), "河沿街5号院堆放旧家具", "河沿街5号院东侧·步行约350米")
        ],
        "due": [
            task("soon", "核查", words.left(40), "柳荫巷路灯是否已亮", "柳荫巷与仓前街路口·约600米"),
            task("ok", "核实", words.left(130), "建国路41号楼前积水", "建国路41号楼北·约820米"),
            task("ok", "走访", "17:30前", "独居老人走访 还有2户", "槐安路12号院·今日5户，已访3户"),
        ],
    }


def case() -> Data:
    shown = {"clocks": clocks()[:3], "story": story(), "photos": photos(), "refusals": refusals(), "now": NOW}
    return {**desk(), **shown}


def board() -> Data:
    return {
        "area_name": "经州市",
        "now": NOW,
        "hours": [
            (x * 21 + 3, h, h * 2 // 3)
            for x, h in enumerate([3, 2, 2, 1, 2, 3, 6, 14, 26, 29, 27, 20, 12, 18, 9])
        ],
        "rates": [
            ("响应率", 9412, 9546, "升0.4", "up"),
            ("解决率", 6870, 7525, "升1.1", "up"),
            ("满意率", 7126, 7525, "降0.3", "dn"),
        ],
        "classes": [
            ("物业小区", 412, 100, "升6%"),
            ("市容环卫", 388, 94, "降3%"),
            ("消防安全", 241, 58, "升18%"),
            ("道路交通", 176, 43, "降1%"),
        ],
        "areas": [
            ("云河区", 3, 320, 180, 1204, 1289),
            ("青屿区", 5, 320, 20, 640, 661),
            ("澄湖区", 2, 600, 20, 733, 804),
            ("桐岭县", 1, 600, 180, 377, 425),
            ("望川区", 4, 40, 20, 861, 905),
            ("禾丰县", 5, 40, 180, 481, 495),
        ],
    }


def wall() -> Data:
    return {**board(), "wall": True}


def queue() -> Data:
    return {**desk(), "rows": rows()}


def call() -> Data:
    return {**desk(), "clock": clocks()[1]}


def refusal() -> Data:
    return {"what": "还不能反馈结果", "reasons": reasons()}


def conflict() -> Data:
    return {
        "who": "方一鸣",
        "at": NOW - timedelta(minutes=28),
        "changes": [{"field": "承办单位", "before": "市政养护中心", "after": "排水管理所"}],
        "mine": "请一并查看雨水口是否堵塞。",
        "action": "#note",
        "fields": [("note", "请一并查看雨水口是否堵塞。")],
        "url": "#new",
    }


def grids() -> Data:
    """Four grids round a crossing, and the one that is meant."""
    west, south = 118.7321, 32.0412

    def grid(name: str, column: int, row: int, *, here: bool = False) -> Data:
        x, y, wide, high = west + column * 0.006, south + row * 0.004, 0.0058, 0.0038
        ring = [[x, y], [x + wide, y], [x + wide, y + high], [x, y + high], [x, y]]
        return {
            "type": "Feature",
            "properties": {"name": name, "here": here},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }

    around = [grid("第一网格", 0, 1), grid("第二网格", 1, 1), grid("第四网格", 1, 0)]
    return {"type": "FeatureCollection", "features": [grid("第三网格", 0, 0, here=True), *around]}
