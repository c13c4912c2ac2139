"""Pictures: sent before or beside a case, seen by whoever may see what they were entered in."""

from __future__ import annotations

import hashlib
from typing import Annotated, BinaryIO, cast
from uuid import UUID

from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from ninja import File, Router, UploadedFile

from jingwei.engine import library, queries
from jingwei.engine.models import Case, CaseAction
from jingwei.engine.rules import shown_to
from jingwei.engine.standing import Standing
from jingwei.kernel import files, requests
from jingwei.kernel.models import Attachment
from jingwei.kernel.refusals import Reason, Refused
from jingwei.web.api import answers
from jingwei.web.api.showing import sent
from jingwei.web.api.token import ApiRequest, Key, bound_to, visible

router = Router(tags=["pictures"], by_alias=True)

MOST_PER_CASE = 60


@router.post("cases/{uuid:case_id}/attachments", response={201: answers.Picture})
def send_picture(
    request: ApiRequest,
    case_id: UUID,
    picture: Annotated[UploadedFile, File(..., description="JPEG, PNG or WebP, at most 20 MB")],
    key: Key = None,
) -> HttpResponse:
    """Send a picture of a case, or of one about to begin under this id. Its id is then entered with an act.

    It is drawn anew without hidden data. Where the case never comes, it is deleted after a day.
    """
    _refuse_unless_open(request, case_id)
    upload = cast("BinaryIO", picture.file)
    if key is not None:
        _note(request, case_id, key, upload, only_look=True)
    if Attachment.objects.filter(case=case_id).count() >= MOST_PER_CASE:
        raise Refused(Reason("too-many", "picture", {"most": MOST_PER_CASE}))
    row = files.take_picture(case_id, upload, field="picture")
    if key is not None:
        _note(request, case_id, key, upload)
    body = {
        "id": row.pk,
        "case": row.case,
        "media_type": row.media_type,
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "added_at": row.added_at,
    }
    return sent(body, status=201)


@router.get("attachments/{uuid:attachment_id}")
def see_picture(request: ApiRequest, attachment_id: UUID, small: bool = False) -> HttpResponse | FileResponse:
    """A picture that was entered in a field you may see; `small`: at most 360 pixels wide."""
    row = Attachment.objects.filter(pk=attachment_id).first()
    if row is None or not _may_see(visible(request, row.case), str(attachment_id), request):
        raise Http404
    try:
        content = files.path_of(row, small=small).open("rb")
    except FileNotFoundError as gone:  # erased at this moment
        raise Http404 from gone
    answer = FileResponse(content, content_type=row.media_type)
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def _refuse_unless_open(request: ApiRequest, case_id: UUID) -> None:
    """A case that is there must be one of theirs; pictures may come before their case."""
    case = queries.visible_case(request.auth, case_id)
    if case is None and Case.objects.filter(pk=case_id).exists():
        raise Http404
    if case is not None and case.erased_at is not None:
        raise Refused("erased")


def _note(
    request: ApiRequest, case_id: UUID, key: UUID, upload: BinaryIO, *, only_look: bool = False
) -> None:
    """Note the key, or only look whether it came with another picture: drawing one takes too long inside."""
    upload.seek(0)
    content = hashlib.sha256(upload.read()).digest() + case_id.bytes
    upload.seek(0)
    with transaction.atomic():
        requests.seen_before(key, bound_to=bound_to(request), content=content, answer={})
        transaction.set_rollback(only_look)


def _may_see(case: Case, picture: str, request: ApiRequest) -> bool:
    procedure = library.version(case.version_id).procedure
    roles = Standing(case, procedure).roles_of(request.auth)
    for entered in CaseAction.objects.filter(case=case).values_list("values", flat=True):
        for name, value in entered.items():
            rule = procedure.fields.get(name)
            if rule and rule.type == "picture" and picture in (value if isinstance(value, list) else [value]):
                return shown_to(rule, roles=roles, is_participant=True)
    return False
