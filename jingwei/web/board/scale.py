"""The five steps that a map is coloured in: round bounds, so that its legend can be read aloud."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

STEPS = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """Steps of one width from a round number on; rates are counted in per cent."""

    low: int
    width: int
    rate: bool

    @classmethod
    def of(cls, values: Sequence[float], *, rate: bool) -> Scale | None:
        """The narrowest steps that hold every value; nothing without a value.

        Steps of a rate are two points wide at least: less is chance, and must not look like a difference.
        """
        if not values:
            return None
        least, most = (min(values), max(values))
        if rate:  # the last step ends at 100 per cent and holds it
            least, most = (min(99, round(100 * value, 6)) for value in (least, most))
        width = next(
            width for width in _widths(2 if rate else 1) if _start(least, width) + STEPS * width > most
        )
        low = _start(least, width)
        return cls(max(0, min(low, 100 - STEPS * width)) if rate else low, width, rate)

    def step(self, value: float | None) -> int:
        """How dark a value is drawn, 1 to 5; 0 where there is none."""
        if value is None:
            return 0
        return min(STEPS, 1 + int(round(100 * value if self.rate else value, 6) - self.low) // self.width)

    def words(self) -> list[str]:
        """The legend: what each step holds."""
        starts = [self.low + step * self.width for step in range(STEPS)]
        if self.rate:
            return [f"{start}–{start + self.width}%" for start in starts]
        if self.width == 1:
            return [f"{start:,}" for start in starts]
        return [f"{start:,}–{start + self.width - 1:,}" for start in starts]


def _start(least: float, width: int) -> int:
    return int(least) // width * width


def _widths(least: int) -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 and so on."""
    for power in count():
        yield from (digit * 10**power for digit in (1, 2, 5) if digit * 10**power >= least)
