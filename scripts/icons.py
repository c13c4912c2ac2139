"""Draw `static/lib/icons.svg` from the icons of Tabler Icons (MIT) that `jingwei/web/icons.txt` names."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SOURCE = TOP / "node_modules/@tabler/icons/icons/outline"
NAMES = TOP / "jingwei/web/icons.txt"
TARGET = TOP / "jingwei/web/static/lib/icons.svg"

#: the frame that every Tabler drawing carries and nobody sees
INVISIBLE = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'


def main() -> None:
    """Each line of icons.txt is `our-name tabler-name`; the stroke comes from our stylesheet."""
    symbols = []
    for line in NAMES.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, file = line.split()
        drawing = (SOURCE / f"{file}.svg").read_text()
        _head, inside, _tail = re.split(r"<svg[^>]*>|</svg>", drawing)
        shapes = (
            re.sub(r"\s+", " ", inside)
            .strip()
            .replace(INVISIBLE, "")
            .replace(" />", "/>")
            .replace("> <", "><")
            .strip()
        )
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    TARGET.write_text('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n")


if __name__ == "__main__":
    main()
