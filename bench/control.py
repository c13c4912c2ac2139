"""The control: a bare Django view that inserts three rows in one transaction.

Nothing else: no middleware, no templates, no models.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from uuid import uuid4

from django.conf import settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("JINGWEI_CITY", os.environ.get("JINGWEI_CITY", "bench"))

if not settings.configured:
    from jingwei.settings import DATABASES

    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        DATABASES=DATABASES,
        SECRET_KEY="control",  # noqa: S106  (keeps no secret)
        MIDDLEWARE=[],
        INSTALLED_APPS=[],
        USE_TZ=True,
    )

import django
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

django.setup()

TABLE = "CREATE TABLE IF NOT EXISTS control_row (id {key}, a varchar(40), b varchar(200), c integer)"


def make_table() -> None:
    """The control's own table."""
    key = (
        "bigserial PRIMARY KEY" if connection.vendor == "postgresql" else "integer PRIMARY KEY AUTOINCREMENT"
    )
    with connection.cursor() as cursor:
        cursor.execute(TABLE.format(key=key))


def insert(request: HttpRequest) -> HttpResponse:
    """Insert three rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        for number in range(3):
            cursor.execute(
                "INSERT INTO control_row (a, b, c) VALUES (%s, %s, %s)",
                [str(uuid4()), "槐安路12号院北门口的井盖翘起来了", number],
            )
    return HttpResponse(b'{"ok": true}', content_type="application/json")


urlpatterns = [path("insert", insert)]
application = get_wsgi_application()
