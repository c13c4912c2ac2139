"""Fill the city of the fault tests: `python -m tests.faults.build` with JINGWEI_CITY set.

Prints what its programs need.
"""

from __future__ import annotations

import json
import sys

import django
from django.core.management import call_command
from django.db import transaction

django.setup()

from jingwei.engine import publishing, stage  # noqa: E402  (settings first)
from jingwei.kernel import accounts, ids  # noqa: E402
from jingwei.kernel.actors import SYSTEM  # noqa: E402
from jingwei.kernel.models import LoginSession  # noqa: E402
from jingwei.kernel.moments import now  # noqa: E402
from jingwei.registry.models import Assignment  # noqa: E402

#: who works in the load, each through a program of their own
WORKING = ("acceptor", "dispatcher", "leader", "handler", "worker", "chief")


def main() -> None:
    """The small stage, a token for everybody who works, and the places and units by their names."""
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        publishing.publish_all(by=SYSTEM)
        built = stage.build()
        tokens = {name: token_of(built.assignments[name]) for name in WORKING}
    told = {
        "tokens": tokens,
        "areas": {name: [area.pk, area.code] for name, area in built.areas.items()},
        "units": {name: unit.code for name, unit in built.units.items()},
    }
    json.dump(told, sys.stdout)


def token_of(assignment: Assignment) -> str:
    """A token issued after the second factor, as the page issues it."""
    account, _code = accounts.open_account(f"p{assignment.person_id}", assignment.person_id, by=SYSTEM)
    session = LoginSession.objects.create(
        token=ids.new_code(32).encode(),
        account=account,
        began_at=now(),
        seen_at=now(),
        second_factor_at=now(),
    )
    return accounts.issue_token(account, session, assignment=assignment.pk, label="faults", days=30)[1]


if __name__ == "__main__":
    main()
