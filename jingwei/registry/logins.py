"""Accounts for people: who may get one, and which posts ask for a second factor."""

from __future__ import annotations

from django.db import transaction

from jingwei.kernel import accounts
from jingwei.kernel.actors import Actor
from jingwei.kernel.models import Account
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Assignment, Person
from jingwei.registry.seats import in_force

#: posts whose holders log in with two factors (rules 3.7.2)
TWO_FACTORS = ("administrator", "security_officer", "auditor")


@transaction.atomic
def open_login(person: Person, login: str, *, by: Actor) -> tuple[Account, str]:
    """Open the account of a member of staff; return it with the activation code that is printed once."""
    if person.left_at is not None:
        raise Refused(Reason("person-left", "person"))
    return accounts.open_account(
        login.strip(), person.pk, by=by, needs_second_factor=needs_two_factors(person)
    )


@transaction.atomic
def renew_login(account: Account, *, by: Actor) -> str:
    """Return a fresh activation code for a lost password, or for somebody who comes back."""
    person = Person.objects.filter(pk=account.person).first()
    if person is not None and person.left_at is not None:
        raise Refused(Reason("person-left", "person"))
    if person is not None and needs_two_factors(person):
        accounts.require_second_factor(account, by=by)
    return accounts.new_activation(account, by=by)


def needs_two_factors(person: Person) -> bool:
    """Does this person sit in an administrator's, security officer's or auditor's post?"""
    return Assignment.objects.filter(in_force(), person=person, post__role__in=TWO_FACTORS).exists()
