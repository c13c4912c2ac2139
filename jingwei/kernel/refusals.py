"""When the rules say no. A refusal carries every reason, as codes with values.

Pages and API turn them into sentences.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    A code that `texts` can say in every language, the field it is about, and what to fill in.
    """

    code: str
    field: str = ""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}:{self.field}" if self.field else self.code


class Refused(Exception):
    """The rules say no: normal, shown, and nothing was changed."""

    def __init__(self, *reasons: Reason | str, changed: Mapping[str, Any] | None = None) -> None:
        self.reasons = tuple(Reason(r) if isinstance(r, str) else r for r in reasons)
        self.changed = changed or {}
        super().__init__(", ".join(map(str, self.reasons)))

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(str(reason) for reason in self.reasons)


class ChangedMeanwhile(Refused):
    """Somebody was faster; `changed` tells what is different now. The loser may send again as an addition."""

    def __init__(self, **changed: Any) -> None:
        super().__init__("changed-meanwhile", changed=changed)


class SameRequestOtherContent(Refused):
    """The id of a request came back with other content."""

    def __init__(self) -> None:
        super().__init__("same-id-other-content")
