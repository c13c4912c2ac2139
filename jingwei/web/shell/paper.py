"""PDF pages from our own templates. The library is shut in: it may open the pictures it is handed and our style sheets, nothing else."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from weasyprint import HTML
from weasyprint.urls import URLFetchingError

logging.getLogger("weasyprint").setLevel(logging.ERROR)


class Shut(URLFetchingError):  # noqa: N818  (what the library expects to be told)
    """An address that a page may not open."""


def pdf(html: str, *, pictures: Mapping[str, Path] | None = None) -> bytes:
    """Return a page as PDF. `picture:NAME` in an `src` is one of the files handed over; `style:NAME` is a style sheet of ours."""
    allowed = dict(pictures or {})

    def fetch(url: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        kind, _, name = url.partition(":")
        if kind == "picture" and name in allowed:
            return {"string": allowed[name].read_bytes(), "mime_type": "image/jpeg"}
        if kind == "style" and name.isascii() and name.replace("-", "").isalnum():
            found = finders.find(f"jingwei/{name}.css")
            if isinstance(found, str):
                return {"string": Path(found).read_bytes(), "mime_type": "text/css"}
        raise Shut(f"this page may not open {kind}:")

    document: bytes = HTML(string=html, base_url="about:blank", url_fetcher=fetch).write_pdf()
    return document
