"""Logging in: passwords, one-time activation codes, the second factor, sessions and tokens.

Staff only; residents need no account.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import secrets
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyotp
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password, make_password
from django.db import transaction
from django.db.models import F, Q

from jingwei import city as cities
from jingwei.kernel import ids, journal, passwords, rows, sealed, throttle
from jingwei.kernel.actors import Actor, Person
from jingwei.kernel.models import Account, ApiToken, LoginSession, StaffAccess
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=30)
ACTIVATION_DAYS = 14
LONGEST_SESSION = timedelta(hours=12)
IDLE_MINUTES = {False: 30, True: 15}  # True: accounts that need a second factor
LOGINS_PER_ADDRESS = throttle.Rate("login", 60, timedelta(minutes=10))
CODES_PER_ADDRESS = throttle.Rate("activate", 60, timedelta(minutes=10))
PASSWORDS_PER_ACCOUNT = throttle.Rate("password", 10, timedelta(minutes=10))
SESSIONS_KEPT = timedelta(days=30)
_SECRET = re.compile(r"[A-Z2-7]{32}")

#: compared against when there is no such account, so that an answer takes as long either way
_NOBODY = make_password(secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Login:
    """A session just begun. `token` goes into the cookie; only its hash is stored."""

    session: LoginSession
    token: str


def open_account(
    login: str, person: int, *, by: Actor, password: str = "", needs_second_factor: bool = False
) -> tuple[Account, str]:
    """Create an account; return it and, without a password, the activation code to be printed once.

    Refused: the login name is taken or not usable, the person has an account already.
    """
    _refuse_account(login, person)
    account = Account(login=login, person=person, needs_second_factor=needs_second_factor)
    code = "" if password else ids.new_code(12)
    if password:
        passwords.check(password, account)
    account.password = make_password(password or None)
    if code:
        account.activation, account.activation_until = _hash(code), now() + timedelta(days=ACTIVATION_DAYS)
    with transaction.atomic():
        account.save(force_insert=True)
        journal.record(account, "account-opened", by=by, detail={"person": person})
    return account, code


def _refuse_account(login: str, person: int) -> None:
    reasons = []
    if unusable := passwords.why_not_login(login):
        reasons.append(unusable)
    elif Account.objects.filter(login=login).exists():
        reasons.append(Reason("login-taken", "login"))
    if Account.objects.filter(person=person).exists():
        reasons.append(Reason("has-account", "person"))
    if reasons:
        raise Refused(*reasons)


def why_not_open(logins: Collection[str]) -> dict[str, Reason]:
    """Of many login names, those that cannot be given, each with its reason."""
    taken = set(Account.objects.values_list("login", flat=True)) & set(logins)
    unusable = {login: reason for login in logins if (reason := passwords.why_not_login(login))}
    return {login: Reason("login-taken", "login") for login in taken} | unusable


def open_many(wanted: Sequence[Account], *, by: Actor) -> list[str]:
    """Create many accounts without a password in the caller's transaction; return their activation codes, to
    be printed once.

    The caller has asked `why_not_open`, and nobody of them has an account.
    """
    until, codes = now() + timedelta(days=ACTIVATION_DAYS), [ids.new_code(12) for _ in wanted]
    for account, code in zip(wanted, codes, strict=True):
        account.password = UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(
            30
        )  # as `make_password(None)`, and quicker
        account.activation, account.activation_until = _hash(code), until
    details = [{"person": account.person} for account in wanted]
    journal.begin_many(wanted, "account-opened", by=by, details=details)
    return codes


def activate(login: str, code: str, password: str) -> Account:
    """Exchange the printed code for a password; the code works once."""
    throttle.count(LOGINS_PER_ADDRESS, of=f"activate:{login}")
    account = _account(login)
    good = (
        account
        and account.is_active
        and account.activation
        and secrets.compare_digest(bytes(account.activation), _hash(ids.read_code(code)))
    )
    if not account or not good or not account.activation_until or account.activation_until < now():
        raise Refused(Reason("activation-code-wrong", "code"))
    passwords.check(password, account)
    with transaction.atomic():
        journal.record(
            account, "account-activated", by=themselves(account), password=make_password(password),
            activation=None, activation_until=None,
        )  # fmt: skip
    return account


def log_in(
    login: str, password: str, *, code: str = "", address: str | None = None, device: str = ""
) -> Login:
    """Begin a session, or refuse.

    Five failures lock an account for 30 minutes; the answer never says which part was wrong.
    """
    throttle.count(LOGINS_PER_ADDRESS, of=address or "")
    account = _account(login)
    right = check_password(password, account.password if account else _NOBODY)
    if account is None:
        raise Refused("login-wrong")
    if login.startswith(passwords.DEMO_PREFIX) and not settings.DEMO:
        raise Refused("demo-accounts-only-in-demo")
    if account.locked_until and account.locked_until > now():
        _note(account, "refused-locked", address)
        raise Refused(Reason("account-locked", values={"until": account.locked_until}))
    if not right or not account.is_active:
        _count_failure(account, address)
        raise Refused("login-wrong")
    if account.second_factor is not None:
        _check_second_factor(account, code, address)
    return _begin(account, address=address, device=device, second_factor=account.second_factor is not None)


def log_out(session: LoginSession) -> None:
    """End one session."""
    LoginSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now())


@transaction.atomic
def end_sessions(account: Account, *, by: Actor) -> int:
    """End every session and token of an account; return how many sessions ran."""
    ended = LoginSession.objects.filter(account=account, ended_at=None).update(ended_at=now())
    ApiToken.objects.filter(account=account, revoked_at=None).update(revoked_at=now())
    journal.record(account, "sessions-ended", by=by, detail={"sessions": ended})
    return ended


@transaction.atomic
def close_account(account: Account, *, by: Actor) -> None:
    """Somebody left: no login from now on, every session and token ends at once."""
    end_sessions(account, by=by)
    journal.record(account, "account-closed", by=by, is_active=False)


@transaction.atomic
def new_activation(account: Account, *, by: Actor) -> str:
    """Return a fresh one-time code for who lost the password or comes back; the old password ends."""
    code = ids.new_code(12)
    end_sessions(account, by=by)
    verb = "activation-renewed" if account.is_active else "account-reopened"
    journal.record(
        account, verb, by=by, password=make_password(None), failures=0, locked_until=None, is_active=True,
        activation=_hash(code), activation_until=now() + timedelta(days=ACTIVATION_DAYS),
    )  # fmt: skip
    return code


def unlock(account: Account, *, by: Actor) -> None:
    """End the lock after too many failures before its time is up."""
    with transaction.atomic():
        journal.record(account, "account-unlocked", by=by, failures=0, locked_until=None)


def require_second_factor(account: Account, *, by: Actor) -> None:
    """From now on this account logs in with two factors (somebody took an administrator's post)."""
    if not account.needs_second_factor:
        with transaction.atomic():
            journal.record(account, "second-factor-required", by=by, needs_second_factor=True)


def change_password(account: Account, old: str, new: str) -> None:
    """Change one's own password; every session ends.

    Whoever holds a session open may not guess at the old one.
    """
    throttle.count(PASSWORDS_PER_ACCOUNT, of=account.login)
    if not check_password(old, account.password):
        raise Refused(Reason("old-password-wrong", "old"))
    passwords.check(new, account)
    hashed = make_password(new)
    with transaction.atomic():
        end_sessions(account, by=themselves(account))
        journal.record(account, "password-changed", by=themselves(account), password=hashed)


def propose_second_factor(account: Account, *, proposed: str = "") -> str:
    """Return a fresh TOTP secret for a QR code; it counts once `confirm_second_factor` saw a code of it.

    The one that was proposed before comes back from the form or the device, and is kept if it is one.
    """
    return proposed if _SECRET.fullmatch(proposed) else pyotp.random_base32()


def seal_offer(account: Account, secret: str) -> str:
    """A proposed secret as the device may keep it until it is confirmed: nobody reads it there."""
    return base64.urlsafe_b64encode(sealed.lock_apart("totp-offer", account.login, secret)).decode()


def open_offer(account: Account, kept: str) -> str:
    """The secret that `seal_offer` sealed for this account; the empty string for anything else."""
    try:
        return sealed.unlock_apart("totp-offer", account.login, base64.urlsafe_b64decode(kept))
    except Refused:  # another account's, or of a key that is gone
        return ""


def otp_address(account: Account, secret: str) -> str:
    """The otpauth:// address that an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name=settings.CITY.name_en)


def confirm_second_factor(account: Account, session: LoginSession, secret: str, code: str) -> None:
    """Store the secret, sealed, after one right code.

    One that is there is not replaced: only `remove_second_factor` ends it.
    """
    if account.second_factor is not None:
        raise Refused("second-factor-there")
    used = next(iter(_steps_of(code, secret)), None) if _SECRET.fullmatch(secret) else None
    if used is None:
        raise Refused(Reason("second-factor-wrong", "code"))
    box = sealed.lock_apart("totp", account.login, secret)
    with transaction.atomic():
        by = themselves(account)
        journal.record(account, "second-factor-set", by=by, second_factor=box, last_counter=used)
        LoginSession.objects.filter(pk=session.pk).update(second_factor_at=now())


@transaction.atomic
def remove_second_factor(account: Account, *, by: Actor) -> None:
    """The telephone is lost: every session ends, and the next login sets up a new second factor."""
    end_sessions(account, by=by)
    journal.record(account, "second-factor-removed", by=by, second_factor=None)


def issue_token(
    account: Account, session: LoginSession, *, assignment: int, label: str, days: int
) -> tuple[ApiToken, str]:
    """Return a token for a program that acts from one assignment; only after the second factor."""
    if session.second_factor_at is None or session.account_id != account.pk or session.ended_at is not None:
        raise Refused("second-factor-needed")
    if not 1 <= days <= 366:
        raise Refused(Reason("token-days", "days", {"most": 366}))
    secret = secrets.token_urlsafe(32)
    token = ApiToken(
        token=_hash(secret),
        account=account,
        assignment=assignment,
        label=label[:60],
        issued_at=now(),
        expires_at=now() + timedelta(days=days),
    )
    with transaction.atomic():
        token.save(force_insert=True)
        journal.record(
            account,
            "token-issued",
            by=themselves(account, assignment),
            detail={"token": token.pk, "assignment": assignment},
        )
    return token, secret


def revoke_token(token: ApiToken, *, by: Actor) -> None:
    """End a token at once."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now()):
            journal.record(token.account, "token-revoked", by=by, detail={"token": token.pk})


def hash_of(secret: str) -> bytes:
    """What is stored of a cookie or token."""
    return _hash(secret)


def themselves(account: Account, assignment: int | None = None) -> Actor:
    """The person of an account, minding their own login: no office is acted from."""
    return Person(person=account.person, assignment=assignment)


def forget_old() -> None:
    """Delete sessions 30 days after their end, or after the last sign of life of one that was never ended."""
    before = now() - SESSIONS_KEPT
    LoginSession.objects.filter(
        Q(ended_at__lt=before) | Q(ended_at=None, seen_at__lt=before - LONGEST_SESSION)
    ).delete()


def _account(login: str) -> Account | None:
    """The account of a login name; what cannot be one is not looked for."""
    return Account.objects.filter(login=login).first() if passwords.LOGIN.fullmatch(login) else None


def _begin(account: Account, *, address: str | None, device: str, second_factor: bool) -> Login:
    token, moment = secrets.token_urlsafe(32), now()
    session = LoginSession(
        token=_hash(token),
        account=account,
        began_at=moment,
        seen_at=moment,
        device=device[:80],
        idle_minutes=IDLE_MINUTES[account.needs_second_factor],
        second_factor_at=moment if second_factor else None,
    )
    with transaction.atomic():
        # again, and in the same breath: many may try at once, and the fifth failure ends them all
        mine = Account.objects.filter(
            Q(locked_until=None) | Q(locked_until__lte=moment), pk=account.pk, is_active=True
        )
        if not mine.update(failures=0, locked_until=None, last_login=moment):
            raise Refused(Reason("account-locked", values={"until": moment + LOCKED_FOR}))
        session.save(force_insert=True)
        _note(account, "login", address)
    return Login(session, token)


def _count_failure(account: Account, address: str | None) -> None:
    """Two who fail at once count two."""
    here = Account.objects.filter(pk=account.pk)
    here.update(failures=F("failures") + 1)
    locked = here.filter(failures__gte=FAILURES_ALLOWED).update(failures=0, locked_until=now() + LOCKED_FOR)
    _note(account, "locked" if locked else "failed", address)


def _check_second_factor(account: Account, code: str, address: str | None) -> None:
    secret = sealed.unlock_apart("totp", account.login, bytes(account.second_factor or b""))
    if not code:
        raise Refused("second-factor-asked")
    for step in _steps_of(code, secret):
        if Account.objects.filter(pk=account.pk, last_counter__lt=step).update(last_counter=step):
            return
    _count_failure(account, address)
    raise Refused(Reason("second-factor-wrong", "code"))


def _steps_of(code: str, secret: str) -> list[int]:
    """The half minutes, around now, whose code this is: clocks differ a little.

    Full-width figures count as figures.
    """
    typed = unicodedata.normalize("NFKC", code).replace(" ", "").encode(errors="replace")
    here = int(now().timestamp()) // 30
    totp = pyotp.TOTP(secret)
    return [
        s for s in (here, here - 1, here + 1) if secrets.compare_digest(totp.generate_otp(s).encode(), typed)
    ]


def _note(account: Account, event: str, address: str | None) -> None:
    rows.insert(StaffAccess(account=account, at=now(), event=event, address=_readable(address)))


def _readable(address: str | None) -> str | None:
    """An address, or nothing where a proxy passes on something else."""
    try:
        return str(ipaddress.ip_address(address or ""))
    except ValueError:
        return None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(cities.key(settings.CITY, "tokens") + secret.encode(errors="replace")).digest()
