"""Who works in the field, and what stands around each of its pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404

from jingwei.engine import queries
from jingwei.engine.models import Case
from jingwei.web.shell.login import OUTSIDE
from jingwei.web.shell.who import StaffRequest, roles_only

field_only = roles_only(*OUTSIDE)


def frame(request: StaffRequest) -> dict[str, Any]:
    """The context of field/base.html: only a post of an area has a grid to show."""
    return {"me": request.staff, "has_grid": request.staff.area is not None}


def visible(request: StaffRequest, case_id: UUID) -> Case:
    """The case, if this assignment may see it; otherwise it does not exist."""
    case = queries.visible_case(request.staff, case_id)
    if case is None:
        raise Http404
    return case
