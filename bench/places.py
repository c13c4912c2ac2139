"""Locating points in 16,000 grids, what that costs in memory, and imports at city size."""

from __future__ import annotations

import resource
import time

import numpy as np

from bench import importing
from jingwei.registry import atlas


def measure() -> dict[str, object]:
    """Points a second in bulk and one by one, the time to load the atlas, and the memory it takes."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    here = atlas.atlas()
    loaded = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    west, south, east, north = here.bounds or (0, 0, 1, 1)
    chance = np.random.default_rng(1)
    lons, lats = chance.uniform(west, east, 400_000), chance.uniform(south, north, 400_000)
    began = time.perf_counter()
    found = here.locate_many(lons.tolist(), lats.tolist())
    bulk = len(lons) / (time.perf_counter() - began)
    began = time.perf_counter()
    for lon, lat in zip(lons[:20_000], lats[:20_000], strict=True):
        here.locate(float(lon), float(lat))
    single = 20_000 / (time.perf_counter() - began)
    return {
        "bulk_per_second": round(bulk),
        "single_per_second": round(single),
        "inside": sum(1 for one in found if one is not None),
        "load_seconds": round(loaded, 2),
        "atlas_mb": round((after - before) / 1024),
    }


def imports() -> dict[str, object]:
    """Filled in when the importers are measured; see bench/importing.py."""
    return importing.measure()
