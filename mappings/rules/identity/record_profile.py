"""Record profiles: a contact record's own addresses, employer, last activity and end."""

from datetime import datetime

from mappings.rules.facts import ContactFacts, Directory, TextKind, texts_of
from mappings.rules.identity import companies, company_changes
from mappings.rules.text.address_kinds import clean_email, is_free, is_role


def all_emails(contact: ContactFacts) -> frozenset[str]:
    """Every personal address the record has or had; function addresses are left out."""
    past = [clean_email(version.value) for version in contact.history.get("email", ())]
    return frozenset([email for email in (*contact.emails, *past) if email and not is_role(email)])


def is_role_record(contact: ContactFacts) -> bool:
    """Whether the record stands for a mailbox and not a human."""
    return bool(contact.emails) and all(map(is_role, contact.emails))


def is_private(contact: ContactFacts, known: Directory) -> bool:
    """Whether the record has only free-mail addresses: its activity says nothing of an employer."""
    return bool(contact.emails) and all(
        is_free(email, known.free_hosts) for email in contact.emails
    )


def last_life(contact: ContactFacts) -> datetime | None:
    """The last time the person showed up behind this record."""
    reply, activity = contact.last_reply_at, contact.last_activity_at
    return max(reply, activity) if reply and activity else reply or activity


def gone_at(contact: ContactFacts) -> datetime | None:
    """When the CRM learned that the address or job behind this record is no more."""
    left = (text.at for text in texts_of(contact, TextKind.LEFT))
    dates = (contact.bounced_at, *left, contact.job_change_at, contact.left_reply_at)
    return min(filter(None, dates), default=None)


def employer(contact: ContactFacts, known: Directory) -> int | None:
    """The company of the record now: by address, else primary company, else the typed name.

    A primary company that a user chose since the address was written is the newer word.
    """
    assigned = company_changes.assigned(contact, known)
    if assigned is not None:
        return assigned
    for email in contact.emails[:1]:
        if (company_id := companies.of_email(known, email)) is not None:
            return company_id
    if contact.company_ids:
        return companies.survivor(known, contact.company_ids[0])
    return companies.of_text(known, contact.company_text)


def one_employer(a: ContactFacts, b: ContactFacts, known: Directory) -> bool:
    """Whether two records have one employer, or one of them none that is known."""
    one, two = employer(a, known), employer(b, known)
    return one is None or two is None or bool(companies.same_company(known, one, two))
