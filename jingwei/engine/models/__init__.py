"""The engine's tables, by noun."""

from jingwei.engine.models.cases import Case, CaseAction, CaseClock, Link, Participant
from jingwei.engine.models.counts import Fact, Tally
from jingwei.engine.models.procedures import CaseClass, CatalogueRow, ProcedureVersion
from jingwei.engine.models.words import Ask, LegalHold, Message, Rating, Task, Viewer

__all__ = [
    "Ask", "Case", "CaseAction", "CaseClass", "CaseClock", "CatalogueRow", "Fact", "LegalHold", "Link",
    "Message", "Participant",
    "ProcedureVersion", "Rating", "Tally", "Task", "Viewer",
]  # fmt: skip
