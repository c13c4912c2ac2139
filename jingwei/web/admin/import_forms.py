"""Words and forms of imports: what each kind is called, what is counted, what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from jingwei.web.admin import said
from jingwei.web.admin.catalogue import lists
from jingwei.web.admin.forms import Asked
from jingwei.web.shell.fields import ManyFiles

Words = str | Promise

#: kinds that have a page; cases come by the command, which knows their mapping file
KINDS: dict[str, tuple[Words, Words]] = {
    "areas": (
        gettext_lazy("Areas"),
        gettext_lazy(
            "Counties, streets, communities, grids, one a row or as a list with all tiers in every row."
        ),
    ),
    "borders": (gettext_lazy("Borders"), gettext_lazy("A GeoJSON file; every shape finds its area by code.")),
    "people": (
        gettext_lazy("Organisations and people"),
        gettext_lazy(
            "Organisations, posts, staff and where organisations work, in one workbook or several files."
        ),
    ),
    "links": (
        gettext_lazy("Links"),
        gettext_lazy("Which organisation works in which grid; which old grid lies over which base grids."),
    ),
    "classes": (
        gettext_lazy("Class lists"),
        gettext_lazy("Classes of matters with their limits, or a tree of three levels."),
    ),
    "catalogue": (
        gettext_lazy("Dispatch catalogue"),
        gettext_lazy("Which unit a class of matters goes to, by area."),
    ),
}
NOUNS: dict[str, Words] = {
    **said.AREA_KINDS,
    "alias": gettext_lazy("Second names of areas"),
    "succession": gettext_lazy("Successions"),
    "border": gettext_lazy("Borders"),
    "organisation": gettext_lazy("Organisations"),
    "unit-alias": gettext_lazy("Second names of units"),
    "post": gettext_lazy("Posts"),
    "person": gettext_lazy("People"),
    "assignment": gettext_lazy("Assignments"),
    "account": gettext_lazy("Accounts"),
    "link": gettext_lazy("Areas of work"),
    "mapping": gettext_lazy("Overlays"),
    "class": gettext_lazy("Classes"),
    "catalogue": gettext_lazy("Catalogue rows"),
    "case": gettext_lazy("Cases"),
    # forms of tables
    "areas": gettext_lazy("Areas"),
    "list": gettext_lazy("Areas as a list"),
    "recodings": gettext_lazy("Old and new codes"),
    "borders": gettext_lazy("Borders"),
    "organisations": gettext_lazy("Organisations"),
    "posts": gettext_lazy("Posts"),
    "staff": gettext_lazy("Staff"),
    "links": gettext_lazy("Organisations in areas"),
    "overlays": gettext_lazy("Overlays"),
    "classes": gettext_lazy("Classes"),
    "tree": gettext_lazy("Tree of classes"),
    "cases": gettext_lazy("Cases"),
}
STATES: dict[str, Words] = {
    "preview": gettext_lazy("preview"),
    "done": gettext_lazy("carried out"),
    "refused": gettext_lazy("refused"),
    "undone": gettext_lazy("taken back"),
}
SOURCES = (
    ("cgcs2000", "CGCS2000"),
    ("wgs84", "WGS 84"),
    ("gcj02", gettext_lazy("GCJ-02 (AMap, Tencent, DataV)")),
    ("bd09", gettext_lazy("BD-09 (Baidu)")),
)


def noun(name: str) -> str:
    """What is counted, or the form of a table, in the reader's language."""
    return str(NOUNS.get(name, name))


def language() -> str:
    """The reader's language."""
    return get_language() or settings.LANGUAGE_CODE


class FilesField(forms.FileField):
    """One or several files; each is looked at."""

    def clean(self, data: Sequence[UploadedFile[Any]], initial: Any = None) -> list[UploadedFile[Any]]:
        """The files, or what is wrong with the first that is none."""
        return [super(FilesField, self).clean(one, initial) for one in data or [None]]  # type: ignore[list-item]


class _Files(Asked):
    """The files of an import."""

    file = FilesField(
        label=gettext_lazy("Files"),
        widget=ManyFiles({"multiple": True, "accept": ".xlsx,.xls,.csv"}),
        help_text=gettext_lazy("Excel or WPS workbooks (.xlsx, .xls) and .csv, each at most 30 MB."),
    )


_MAPPING = forms.FileField(
    label=gettext_lazy("Old and new codes"),
    required=False,
    help_text=gettext_lazy(
        "A table with old code, new code, since and reason, where the file speaks of areas by other codes."
    ),
)


class _Areas(_Files):
    own_only = forms.BooleanField(label=gettext_lazy("Leave out rows of other cities"), required=False)
    mapping = _MAPPING


class _Borders(_Files):
    file = FilesField(
        label=gettext_lazy("Files"),
        widget=ManyFiles({"multiple": True, "accept": ".geojson,.json"}),
        help_text=gettext_lazy("GeoJSON, each file at most 30 MB."),
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Coordinate system of the file"),
        choices=SOURCES,
        help_text=gettext_lazy(
            "The file does not say it. The wrong one shifts everything by some hundred metres."
        ),
    )
    key = forms.CharField(
        label=gettext_lazy("Property that holds the code"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Empty: adcode, code or 编码, whichever is there."),
    )
    mapping = _MAPPING


class _People(_Files):
    open_accounts = forms.BooleanField(
        label=gettext_lazy("Open accounts for people who have none"),
        required=False,
        help_text=gettext_lazy(
            "The activation codes are shown once, on the page after the import; print them there."
        ),
    )


class _Classes(_Files):
    list = forms.RegexField(
        r"^[a-z][a-z0-9_]{0,39}$",
        label=gettext_lazy("Name of the list"),
        max_length=40,
        help_text=gettext_lazy("Small letters, figures and _, like city_management."),
    )


class _Catalogue(_Files):
    list = forms.ChoiceField(label=gettext_lazy("Class list"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["list"].choices = [(name, name) for name in lists()]  # type: ignore[attr-defined]


FORMS: dict[str, type[Asked]] = {
    "areas": _Areas,
    "borders": _Borders,
    "people": _People,
    "links": _Files,
    "classes": _Classes,
    "catalogue": _Catalogue,
}
