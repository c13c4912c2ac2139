"""Let a city catch up and say what is wrong with it.

`python -m tests.faults.looking` with a ledger on standard input.

Runs in a process of its own, because the city is another than that of the tests. `--later MINUTES` lets so
much time pass first, so that what a killed worker had claimed may be taken over.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta

import django

django.setup()

from jingwei.kernel import moments, seals, worker  # noqa: E402  (settings first)
from jingwei.kernel.models import JobLease  # noqa: E402
from tests.faults import wholeness  # noqa: E402


def main() -> None:
    """Catch up, seal, look; print the faults as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--later", type=float, default=3)
    options.add_argument("--besides", type=int, default=0, help="cases of others than the programs")
    chosen = options.parse_args()
    told = json.load(sys.stdin)
    with moments.at(moments.now() + timedelta(minutes=chosen.later)):
        JobLease.objects.update(next_at=moments.now())
        worker.run(once=True)
        seals.seal()
    json.dump(wholeness.faults(told, besides=chosen.besides), sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
