"""`jingwei account`: the last administrator has lost the phone, or the password."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from jingwei.kernel import accounts, journal
from jingwei.kernel.actors import System
from jingwei.kernel.models import Account

pytestmark = pytest.mark.django_db
PASSWORD = "Lamp-And-Bridge-7"


@pytest.fixture
def account() -> Account:
    made, code = accounts.open_account("admin", 1, by=System(job="test"))
    return accounts.activate(made.login, code, PASSWORD)


def test_a_new_code_takes_the_place_of_the_password(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("account", "admin", "--new-code")
    code = capsys.readouterr().out.rsplit(" ", 1)[-1].strip()
    again = accounts.activate("admin", code, "Another-Bridge-8")
    assert again.check_password("Another-Bridge-8")
    assert not again.check_password(PASSWORD)
    lines = [(line.verb, line.actor_kind) for line in journal.lines_of(again)]
    assert ("activation-renewed", "system") in lines


def test_a_lost_phone_is_taken_off(account: Account) -> None:
    account.second_factor = b"box"
    account.save()
    call_command("account", "admin", "--remove-second-factor")
    account = Account.objects.get()
    assert not account.second_factor
    assert journal.lines_of(account)[-1].verb == "second-factor-removed"


@pytest.mark.parametrize(
    ("words", "said"),
    [(["nobody", "--new-code"], "no account nobody"), (["admin"], "--new-code .*--remove-second-factor")],
)
@pytest.mark.usefixtures("account")
def test_what_is_missing_is_said(words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("account", *words)
