"""The kernel's tables, by noun."""

from jingwei.kernel.models.accounts import Account, ApiToken, LoginSession, StaffAccess
from jingwei.kernel.models.calendar import CalendarYear, WorkingTime
from jingwei.kernel.models.files import Attachment
from jingwei.kernel.models.journal import JournalHead, Journalled, JournalLine, Seal
from jingwei.kernel.models.outbox import JobLease, OutboxRow
from jingwei.kernel.models.privacy import CaseKey, Erasure, SealedValue
from jingwei.kernel.models.requests import RequestKey, SerialBlock, Throttle, Version

__all__ = [
    "Account", "ApiToken", "Attachment", "CalendarYear", "CaseKey", "Erasure", "JobLease", "JournalHead",
    "JournalLine", "Journalled",
    "LoginSession", "OutboxRow", "RequestKey", "Seal", "SealedValue", "SerialBlock", "StaffAccess",
    "Throttle", "Version",
    "WorkingTime",
]  # fmt: skip
