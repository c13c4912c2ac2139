"""Theme, elder version and language: cookies of the reader, nothing on the server. And the city's mark."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from jingwei.web.shell import who

_A_YEAR = 365 * 24 * 3600
_CHOICES = {"theme": {"light", "dark", "auto"}, "elder": {"0", "1"}, "hotkeys": {"on", "off"}}


@csrf_exempt  # changes nothing but the look, and works before any cookie is set
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Remember how somebody wants to read."""
    answer = redirect(who.safe_next(request, "/"))
    choices = {**_CHOICES, "language": {code for code, _ in settings.LANGUAGES}}
    for name, allowed in choices.items():
        if request.POST.get(name) in allowed:
            answer.set_cookie(
                name, request.POST[name], max_age=_A_YEAR, samesite="Lax", secure=settings.CITY.secure
            )
    return answer


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """Where the mark is: browsers ask here for it beside what names none, like a PDF or an answer in JSON."""
    return redirect(static("jingwei/mark.svg"), permanent=True)
