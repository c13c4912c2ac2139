"""What every other part stands on.

Journal, outbox, calendar, numbering, attachments, privacy, refusals, accounts.

The kernel knows login accounts and bare ids only; who a person is and what a place is, the registry knows.
"""
