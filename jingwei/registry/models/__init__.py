"""The registry's tables, by noun."""

from jingwei.registry.models.areas import (
    Area,
    AreaAlias,
    AreaMapping,
    AreaSuccession,
    AreaVersion,
    BoardPrint,
)
from jingwei.registry.models.imports import ImportBatch, ImportedRow
from jingwei.registry.models.people import (
    Assignment,
    Organisation,
    OrganisationAlias,
    OrganisationArea,
    OrganisationVersion,
    Person,
    Post,
    SeatRule,
)

__all__ = [
    "Area", "AreaAlias", "AreaMapping", "AreaSuccession", "AreaVersion", "Assignment", "BoardPrint",
    "ImportBatch", "ImportedRow", "Organisation",
    "OrganisationAlias", "OrganisationArea", "OrganisationVersion", "Person", "Post", "SeatRule",
]  # fmt: skip
