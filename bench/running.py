"""The parts of the bench, run one after another in one city; their figures go into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json

import django

django.setup()

from django.db import connection  # noqa: E402  (settings first)

from bench import lists, places, report, sqlite, writes  # noqa: E402
from bench.servers import memory_of, serving  # noqa: E402
from jingwei.registry.models import Organisation  # noqa: E402

CONTROL_PORT, PORT = 8731, 8732


def main() -> None:
    """Run the parts that were asked for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", action="append", default=[])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=6)
    chosen = options.parse_args()
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    figures = report.read()
    if "writes" in chosen.only:
        figures["writes"] = _writes(chosen.rounds, chosen.seconds)
    if "lists" in chosen.only:
        figures["lists"] = lists.measure(PORT)
    if "places" in chosen.only:
        figures["places"] = places.measure()
    if "imports" in chosen.only:
        figures["imports"] = places.imports()
    if "portal" in chosen.only:
        figures["portal"] = lists.portal_weight(PORT)
    if "sqlite" in chosen.only:
        figures["sqlite"] = sqlite.measure(CONTROL_PORT, PORT, chosen.rounds, chosen.seconds)
    for part in chosen.only:
        report.write(figures, measured=part)
    print(json.dumps(figures, indent=1, ensure_ascii=False))


def _writes(rounds: int, seconds: float) -> dict[str, object]:
    places_ = writes.points(500)
    unit = Organisation.objects.get(code="991103-municipal")
    handler, intake = writes.session_for("demo-handler"), writes.session_for("demo-intake")
    waiting = writes.dispatched(int((rounds + 1) * seconds * 650) + 100, unit)
    _control_table()
    with (
        serving("bench.control:application", CONTROL_PORT),
        serving("jingwei.wsgi:application", PORT) as server,
    ):
        kinds = {
            "portal intake": lambda: writes.portal_intake(places_),
            "staff intake": lambda: writes.staff_intake(places_, intake),
            "move by staff": lambda: writes.moves(waiting[40:], handler),
        }
        counted = {
            "portal intake": writes.statements(PORT, writes.portal_intake(places_)),
            "staff intake": writes.statements(PORT, writes.staff_intake(places_, intake)),
            "move by staff": writes.statements(PORT, writes.moves(waiting[:40], handler)),
        }
        ratios = [
            writes.beside(CONTROL_PORT, PORT, name, kind, rounds=rounds, seconds=seconds, wanted=302)
            for name, kind in kinds.items()
        ]
        memory = memory_of(server)
    return {
        "ratios": {
            r.name: {
                "per_second": round(r.per_second),
                "control": round(r.control),
                "ratio": round(r.ratio, 3),
                "p50_ms": round(r.p50, 1),
            }
            for r in ratios
        },
        "statements": counted,
        "worker_memory_mb": [round(m) for m in memory[:2]],
    }


def _control_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS control_row"
            " (id bigserial PRIMARY KEY, a varchar(40), b varchar(200), c integer)"
        )


if __name__ == "__main__":
    main()
