"""While the database is away, whatever is sent is taken in and answered with 503, never with a fault."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from jingwei.kernel import away

BROKEN = b"--x\r\nno part at all"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    def gone() -> None:
        raise OperationalError("the database is not there")

    monkeypatch.setattr(away, "look", gone)
    return Client(raise_request_exception=False)


def test_a_picture_alone_a_form_and_a_program_are_told_the_same(client: Client) -> None:
    picture = SimpleUploadedFile("lamp.jpg", b"\xff\xd8" + b"0" * 200_000)
    assert client.post("/report", {"photo": picture}).status_code == 503
    assert client.post("/report", {"description": "路灯不亮"}).status_code == 503
    assert client.post("/api/v1/cases", "{", content_type="application/json").status_code == 503


def test_what_cannot_be_read_is_told_it_too(client: Client) -> None:
    answer = client.post("/report", BROKEN, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
