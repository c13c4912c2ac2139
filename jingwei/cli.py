"""The `jingwei` command: Django's commands and ours, for the city named by --city (or JINGWEI_CITY)."""

from __future__ import annotations

import os
import sys
from importlib import metadata

from django.core.management import execute_from_command_line

from jingwei import city as cities

#: what people need, in the order they need it: (command, English, Chinese)
COMMANDS = (
    ("demo", "create the demo city 经州市 if it is not there, and serve it", "建好演示城市并启动"),
    ("init", "make an empty city of your own", "新建自己的空城市"),
    ("serve", "serve a city: pages and worker", "启动网页和后台任务"),
    ("import", "bring in areas, borders, people, classes, cases", "导入区域、边界、人员、分类、案件"),
    ("worker", "run the worker alone (large cities)", "单独运行后台任务"),
    ("migrate", "bring the database up to the program", "升级数据库结构"),
    ("backup", "copy the city while it runs", "备份"),
    ("restore", "make a city of a backup, and verify it", "从备份恢复并校验"),
    ("account", "let somebody in again who lost phone or password", "丢失手机或密码时重新开通"),
    ("audit", "verify the journal, or seal it now", "校验日志，或立即加封"),
    ("check", "are the playbooks sound?", "检查流程文件"),
    ("rows", "the 172 practices and what stands of each", "172项做法的现状"),
)
#: commands of ours that only other commands call
HIDDEN = ("build_demo",)

#: these make a city
_MAKERS = {"demo", "init", "restore"}
#: these read or write files of the project and no city
_WITHOUT_CITY = {
    "check", "rows", "help", "diffsettings", "makemigrations", "makemessages", "compilemessages",
    "findstatic",
}  # fmt: skip


def main() -> None:
    """`jingwei [--city NAME] COMMAND …`; NAME is a folder under var/, or a path."""
    named, arguments = take_city(sys.argv[1:])
    if named is not None:
        os.environ["JINGWEI_CITY"] = named
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jingwei.settings")
    if arguments[:1] == ["help"] and len(arguments) > 1:
        arguments = [arguments[1], "--help"]
    if not arguments or arguments[0] in ("help", "--help", "-h"):
        sys.stdout.write(overview())
    elif arguments[0] in ("version", "--version"):
        sys.stdout.write(f"jingwei {metadata.version('jingwei')}\n")
    else:
        _run(arguments, is_named=named is not None)


def take_city(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Take `--city NAME` or `--city=NAME` out, wherever it stands; ends the program where no name follows."""
    named, rest, waiting = None, [], iter(arguments)
    for argument in waiting:
        if argument == "--city":
            named = next(waiting, "")
        elif argument.startswith("--city="):
            named = argument.removeprefix("--city=")
        else:
            rest.append(argument)
            continue
        if not named or named.startswith("-"):
            sys.exit("--city wants a name, like --city jinan, or a path, like --city /srv/jingwei/city/")
    return named, rest


def overview() -> str:
    """What can be done, a line each."""
    lines = [
        "jingwei [--city NAME|PATH] COMMAND …",
        "",
        *(f"  {name:9} {english} · {chinese}" for name, english, chinese in COMMANDS),
        "",
        "  --city    which city: a name is a folder under var/, anything with a slash is a path;",
        f"            JINGWEI_CITY says it too; the demo city ({cities.home_of('demo')}) when left out",
        "            哪座城市：名称即 var/ 下的文件夹，也可写路径；不写就是演示城市",
        "",
        "jingwei COMMAND --help says more of one · 查看某个命令的用法",
    ]
    return "\n".join(lines) + "\n"


def _run(arguments: list[str], *, is_named: bool) -> None:
    home, command = cities.current_home(), arguments[0]
    is_harmless = command in _MAKERS or {"--help", "-h"} & set(arguments)
    if not is_harmless and (is_named or command not in _WITHOUT_CITY) and not cities.is_born(home):
        made_by = "demo" if home == cities.home_of("demo") else "init"
        sys.exit(f"There is no city in {home}. Make one: {cities.called(home)} {made_by}")
    try:
        execute_from_command_line(["jingwei", *arguments])
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell says it; what was under way was rolled back or is thrown away


if __name__ == "__main__":
    main()
