"""Makes a PDF of a page: a process of its own, started by `paper`, that knows no city and no database.

The library is shut in: it may open the pictures it is handed and our style sheets, nothing else; it gets so
much time and memory and no more, and may write no file.

Asked on standard input: `{"html": "…", "pictures": {"name": "/path"}}`. Answers with the PDF.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse, URLFetchingError

STYLES = Path(__file__).resolve().parent.parent / "static/jingwei"

MOST_SECONDS = 40
MOST_MEMORY = 2 * 1024**3


class Shut(URLFetcher):  # type: ignore[misc]  # the library has no annotations
    """Opens what it was handed: `picture:NAME` is one of the files, `style:NAME` a style sheet of ours."""

    def __init__(self, pictures: Mapping[str, Path]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self.pictures = dict(pictures)

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Return the bytes, or raise for every other address, whatever it is."""
        kind, _, name = url.partition(":")
        if kind == "picture" and name in self.pictures:
            return URLFetcherResponse(url, self.pictures[name].read_bytes(), {"Content-Type": "image/jpeg"})
        if kind == "style" and name.isascii() and name.replace("-", "").isalnum():
            style = STYLES / f"{name}.css"
            if style.is_file():
                return URLFetcherResponse(url, style.read_bytes(), {"Content-Type": "text/css"})
        raise URLFetchingError(f"this page may not open {kind}:")


def made(html: str, pictures: Mapping[str, Path]) -> bytes:
    """Return a page as PDF."""
    document: bytes = HTML(string=html, base_url="about:blank", url_fetcher=Shut(pictures)).write_pdf()
    return document


def main() -> None:
    """Answer one order."""
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    order = json.load(sys.stdin)
    pictures = {name: Path(path) for name, path in order["pictures"].items()}
    sys.stdout.buffer.write(made(order["html"], pictures))


if __name__ == "__main__":
    main()
