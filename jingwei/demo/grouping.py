"""Neighbouring cells gathered into connected groups of about equal size: grids to communities, and so on."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from random import Random

Neighbours = Mapping[int, set[int]]

_MOVING_TURNS = 8
_TURNS = 22


def neighbours_of(pairs: Iterable[tuple[int, int]], *, count: int) -> dict[int, set[int]]:
    """Return who borders whom, for cells 0 … count-1."""
    beside: dict[int, set[int]] = {cell: set() for cell in range(count)}
    for one, other in pairs:
        beside[one].add(other)
        beside[other].add(one)
    return beside


def connected_parts(cells: Collection[int], beside: Neighbours) -> list[set[int]]:
    """Return the parts that hang together, largest first."""
    left, parts = set(cells), []
    while left:
        part = {min(left)}
        waiting = deque(part)
        while waiting:
            fresh = (beside[waiting.popleft()] & left) - part
            part |= fresh
            waiting.extend(sorted(fresh))
        parts.append(part)
        left -= part
    return sorted(parts, key=lambda part: (-len(part), min(part)))


def gather(
    cells: Collection[int],
    *,
    groups: int,
    beside: Neighbours,
    centres: Mapping[int, tuple[float, float]],
    dice: Random,
    smallest: int = 1,
) -> list[set[int]]:
    """Part connected cells into `groups` connected groups of about the same number of cells.

    Groups grow from their middles like water; a group that came out too large starts later in the next round,
    one that came out too small starts earlier. At the end groups below `smallest` take cells from neighbours.
    """
    inside = set(cells)
    steps = {
        cell: {other: 0.7 + 0.6 * dice.random() for other in sorted(beside[cell]) if other in inside}
        for cell in sorted(inside)
    }
    middles = _far_apart(steps, groups)
    delay = [0.0] * groups
    fair = len(inside) / groups
    best: list[set[int]] = []
    for turn in range(_TURNS):
        grown = _grow(steps, middles, delay)
        if turn >= _MOVING_TURNS and (not best or _spread(grown) < _spread(best)):
            best = grown
        if turn < _MOVING_TURNS:
            middles = [_middle(group, centres) for group in grown]
        delay = [
            late + 0.15 * fair**0.5 * (len(group) / fair - 1)
            for late, group in zip(delay, grown, strict=True)
        ]
    return _feed_small(best, beside, smallest)


def _far_apart(steps: Mapping[int, Mapping[int, float]], count: int) -> list[int]:
    chosen = [min(steps)]
    while len(chosen) < count:
        away = _distances(steps, chosen)
        chosen.append(max(sorted(away), key=lambda cell: away[cell]))
    return chosen


def _distances(steps: Mapping[int, Mapping[int, float]], sources: Iterable[int]) -> dict[int, float]:
    best = dict.fromkeys(sources, 0.0)
    waiting = [(0.0, cell) for cell in best]
    while waiting:
        away, cell = heapq.heappop(waiting)
        if away > best[cell]:
            continue
        for other, step in steps[cell].items():
            if away + step < best.get(other, float("inf")):
                best[other] = away + step
                heapq.heappush(waiting, (away + step, other))
    return best


def _grow(steps: Mapping[int, Mapping[int, float]], middles: list[int], delay: list[float]) -> list[set[int]]:
    first = min(delay)
    owner: dict[int, int] = {cell: group for group, cell in enumerate(middles)}
    settled: set[int] = set()
    waiting = [(delay[group] - first, cell, group) for group, cell in enumerate(middles)]
    heapq.heapify(waiting)
    while waiting:
        away, cell, group = heapq.heappop(waiting)
        if cell in settled or owner.get(cell, group) != group:
            continue
        settled.add(cell)
        owner[cell] = group
        for other, step in steps[cell].items():
            if other not in settled and owner.get(other, group) == group:
                heapq.heappush(waiting, (away + step, other, group))
    grown: list[set[int]] = [set() for _ in middles]
    for cell, group in owner.items():
        grown[group].add(cell)
    return grown


def _spread(groups: list[set[int]]) -> int:
    return sum(len(group) ** 2 for group in groups)


def _middle(group: set[int], centres: Mapping[int, tuple[float, float]]) -> int:
    x = sum(centres[cell][0] for cell in group) / len(group)
    y = sum(centres[cell][1] for cell in group) / len(group)
    return min(sorted(group), key=lambda cell: (centres[cell][0] - x) ** 2 + (centres[cell][1] - y) ** 2)


def _feed_small(grown: list[set[int]], beside: Neighbours, smallest: int) -> list[set[int]]:
    """Move border cells to groups that are too small, never splitting the giver."""
    owner = {cell: group for group, cells in enumerate(grown) for cell in cells}
    for group in sorted(range(len(grown)), key=lambda number: len(grown[number])):
        while len(grown[group]) < smallest:
            edge = {
                other for cell in grown[group] for other in beside[cell] if owner.get(other, group) != group
            }
            giver = next(
                (
                    cell
                    for cell in _by_size_of_group(edge, owner, grown)
                    if _may_leave(cell, grown[owner[cell]], beside, smallest)
                ),
                None,
            )
            if giver is None:
                break
            grown[owner[giver]].discard(giver)
            grown[group].add(giver)
            owner[giver] = group
    return grown


def _by_size_of_group(cells: set[int], owner: Mapping[int, int], grown: list[set[int]]) -> list[int]:
    return sorted(cells, key=lambda cell: (-len(grown[owner[cell]]), cell))


def _may_leave(cell: int, group: set[int], beside: Neighbours, smallest: int) -> bool:
    return len(group) > smallest and len(connected_parts(group - {cell}, beside)) == 1
