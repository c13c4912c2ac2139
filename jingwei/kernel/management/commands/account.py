"""`jingwei account LOGIN`: let somebody in again who has lost the phone or the password."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from jingwei.kernel import accounts
from jingwei.kernel.actors import System
from jingwei.kernel.commands import OurCommand
from jingwei.kernel.models import Account


class Command(OurCommand):
    """For who sits at the server and is the only administrator; each leaves its line in the journal."""

    help = "Let somebody in again who has lost the phone or the password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", metavar="LOGIN")
        parser.add_argument(
            "--new-code", action="store_true", help="the password is lost: a code for /activate"
        )
        parser.add_argument(
            "--remove-second-factor",
            action="store_true",
            help="the phone is lost: another is set up at sign-in",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(login=options["login"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['login']}.")
        if not (options["new_code"] or options["remove_second_factor"]):
            raise CommandError(
                "Say what is lost: --new-code (the password), --remove-second-factor (the phone)."
            )
        by = System(job="operator")
        if options["remove_second_factor"]:
            accounts.remove_second_factor(account, by=by)
            self.stdout.write("The second factor is removed; another one is set up at the next sign-in.")
        if options["new_code"]:
            self.stdout.write(f"Code for /activate, shown once: {accounts.new_activation(account, by=by)}")
