"""Install what the project needs, once; later calls see that nothing changed and return at once.

Runs on the system's Python before there is an environment, so it uses the standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
VENV = TOP / ".venv"
LIBRARIES = TOP / "jingwei/web/static/lib"

#: Debian package -> how we can tell that it is there
DEBIAN_TO_RUN = {
    "python3-venv": "module ensurepip",
    "libpango-1.0-0": "libpango-1.0.so.0",
    "libpangoft2-1.0-0": "libpangoft2-1.0.so.0",
    "libharfbuzz-subset0": "libharfbuzz-subset.so.0",
    "fonts-noto-cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
}
DEBIAN_TO_TEST = {
    "chromium": "/usr/bin/chromium",
    "postgresql": "/usr/lib/postgresql",
}

#: file in node_modules -> name in the static folder
FRONT_END = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "maplibre-gl/dist/maplibre-gl.mjs": "maplibre-gl.mjs",
    "maplibre-gl/dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre-gl.css",
    "echarts/dist/echarts.common.min.js": "echarts.js",
}
FRONT_END_TO_TEST = {"axe-core/axe.min.js": "axe.js"}


def main() -> None:
    """Bring the machine, the environment and the front-end libraries to what the lock files say."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--test", action="store_true", help="also what tests, benchmarks and pictures need")
    for_tests = options.parse_args().test
    if sys.version_info[:2] != (3, 11):
        sys.exit(
            f"Jingwei runs on Python 3.11; this is {sys.version.split()[0]}."
            " On Debian 12: apt-get install python3"
        )
    install_debian_packages(DEBIAN_TO_RUN | (DEBIAN_TO_TEST if for_tests else {}))
    install_python_packages("test" if for_tests else "base")
    install_front_end()
    compile_texts()


def install_debian_packages(wanted: dict[str, str]) -> None:
    """Install the missing ones as root; without root, say the one line that would."""
    missing = [name for name, sign in wanted.items() if not is_there(sign)]
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            "Some packages of the distribution are missing. Please run, then try again:\n  sudo "
            + " ".join(install)
        )
    say("installing " + ", ".join(missing))
    quiet = {"DEBIAN_FRONTEND": "noninteractive", **os.environ}
    run(["apt-get", "update", "-qq"], env=quiet)
    run([*install, "-qq"], env=quiet)


def is_there(sign: str) -> bool:
    """A path, a module of this Python, or the name of a shared library that the linker knows."""
    if sign.startswith("module "):
        return importlib.util.find_spec(sign.removeprefix("module ")) is not None
    if sign.startswith("/"):
        return Path(sign).exists()
    folders = ["/usr/lib", "/usr/local/lib", *map(str, Path("/usr/lib").glob("*-linux-gnu"))]
    return any((Path(folder) / sign).exists() for folder in folders)


def install_python_packages(which: str) -> None:
    """One environment; what is installed is exactly what the lock file names, by hash."""
    python = VENV / "bin/python"
    if not python.exists():
        say("creating .venv")
        run([sys.executable, "-m", "venv", str(VENV)])
    locks = ["base"] if which == "base" else ["base", "test"]
    stamp = VENV / f".{which}"
    mark = fingerprint(*(TOP / f"requirements/{name}.txt" for name in locks), TOP / "pyproject.toml")
    if stamp.exists() and stamp.read_text() == mark:
        return
    say(f"installing the Python packages of requirements/{which}.txt")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run([*pip, "--require-hashes", "-r", str(TOP / f"requirements/{which}.txt")])
    run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(TOP)])
    stamp.write_text(mark)
    if which == "test":
        (VENV / ".base").write_text(fingerprint(TOP / "requirements/base.txt", TOP / "pyproject.toml"))


def install_front_end() -> None:
    """Fetch the locked libraries with npm and copy their distribution files; no bundler."""
    stamp = LIBRARIES / ".installed"
    mark = fingerprint(TOP / "package-lock.json", Path(__file__))
    if stamp.exists() and stamp.read_text() == mark:
        return
    say("installing the front-end libraries of package-lock.json")
    run(
        [*npm(), "ci", "--ignore-scripts", "--silent"],
        env={**os.environ, "PATH": f"{VENV}/bin:{os.environ['PATH']}"},
    )
    LIBRARIES.mkdir(parents=True, exist_ok=True)
    for source, target in (FRONT_END | FRONT_END_TO_TEST).items():
        shutil.copyfile(TOP / "node_modules" / source, LIBRARIES / target)
    run([str(VENV / "bin/python"), str(TOP / "scripts/icons.py")])
    stamp.write_text(mark)


def npm() -> list[str]:
    """The machine's npm, or the one that comes as a Python wheel."""
    if found := shutil.which("npm"):
        return [found]
    pip = [str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run([*pip, "--require-hashes", "-r", str(TOP / "requirements/node.txt")])
    return [str(VENV / "bin/npm")]


def compile_texts() -> None:
    """Turn the translation catalogues into the form that gettext reads, where they changed."""
    for source in sorted((TOP / "jingwei/web/locale").glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            run([str(VENV / "bin/pybabel"), "-q", "compile", "-i", str(source), "-o", str(target)])


def fingerprint(*paths: Path) -> str:
    """One hash over the contents of files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def run(command: list[str], env: dict[str, str] | None = None) -> None:
    """Run a command in the project's folder; end with its message when it fails."""
    done = subprocess.run(command, cwd=TOP, env=env, check=False)
    if done.returncode:
        sys.exit(f"failed ({done.returncode}): {' '.join(command)}")


def say(line: str) -> None:
    print(f"· {line}", flush=True)


if __name__ == "__main__":
    main()
