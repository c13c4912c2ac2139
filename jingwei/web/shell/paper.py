"""PDF pages from our own templates.

The library is shut in: it may open the pictures it is handed and our style sheets, nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse, URLFetchingError

logging.getLogger("weasyprint").setLevel(logging.ERROR)


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
            found = finders.find(f"jingwei/{name}.css")
            if isinstance(found, str):
                return URLFetcherResponse(url, Path(found).read_bytes(), {"Content-Type": "text/css"})
        raise URLFetchingError(f"this page may not open {kind}:")


def pdf(html: str, *, pictures: Mapping[str, Path] | None = None) -> bytes:
    """Return a page as PDF; what its pictures and styles may be, see `Shut`."""
    document: bytes = HTML(string=html, base_url="about:blank", url_fetcher=Shut(pictures or {})).write_pdf()
    return document
