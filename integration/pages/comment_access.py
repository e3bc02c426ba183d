"""Whose comments a visitor may read: everybody's, those of their own records, or nobody's."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from integration.admin.sign_in import Session
from integration.portal.context import PortalContext
from integration.portal.permissions import Permission
from integration.storage.mirror import owner_rows
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair


class _Written(Protocol):
    """Something that a contact wrote while at a company."""

    @property
    def contact_id(self) -> int: ...

    @property
    def company_id(self) -> int | None: ...


W = TypeVar("W", bound=_Written)


def may_read(portal: PortalContext, session: Session, records: Iterable[RefPair]) -> bool:
    """Whether a visitor may read what is told of these records: as their owner, or of all."""
    if not session.may(Permission.READ_COMMENTS):
        return False
    return _reads_all(session) or bool(_own(portal, session, records))


def readable(portal: PortalContext, session: Session, comments: Sequence[W]) -> list[W]:
    """Return those of the comments that a visitor may read."""
    if not session.may(Permission.READ_COMMENTS):
        return []
    if _reads_all(session):
        return list(comments)
    refs = {comment: set(_refs(comment.contact_id, comment.company_id)) for comment in comments}
    own = _own(portal, session, set().union(*refs.values()) if refs else set())
    return [comment for comment in comments if not own.isdisjoint(refs[comment])]


def _reads_all(session: Session) -> bool:
    """Whoever answers every question reads every comment; others those of their own records."""
    return session.may(Permission.ANSWER)


def _own(portal: PortalContext, session: Session, records: Iterable[RefPair]) -> set[RefPair]:
    with portal.transaction() as tx:
        return owner_rows.owned_by(tx, session.user_id, records)


def _refs(contact_id: int, company_id: int | None) -> Iterator[RefPair]:
    yield ObjectType.CONTACT.value, contact_id
    if company_id is not None:
        yield ObjectType.COMPANY.value, company_id
