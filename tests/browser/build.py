"""Fill the city of the browser tests: `python -m tests.browser.build` with JINGWEI_CITY set."""

from __future__ import annotations

import django
from django.core.management import call_command
from django.db import transaction

django.setup()

from jingwei.engine import publishing, stage  # noqa: E402  (settings first)
from jingwei.kernel import accounts, sealed  # noqa: E402
from jingwei.kernel.actors import SYSTEM  # noqa: E402
from tests.browser.conftest import PASSWORD  # noqa: E402


def main() -> None:
    """The stage, and an account for every seat on it."""
    call_command("migrate", verbosity=0)
    sealed.make_keys()
    with transaction.atomic():
        publishing.publish_all(by=SYSTEM)
        built = stage.build()
        for name, person in built.people.items():
            accounts.open_account(f"demo-{name}", person.pk, by=SYSTEM, password=PASSWORD)


if __name__ == "__main__":
    main()
