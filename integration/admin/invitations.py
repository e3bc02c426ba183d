"""Invitations: a way in for users whose HubSpot rights do not allow the sign-in with HubSpot.

What proves an address, and why: docs/decisions/0022.
"""

import contextlib
import hashlib
from dataclasses import dataclass, field
from email.message import EmailMessage

from integration.admin import sign_in
from integration.core.errors import Refused, Retryable, SecondOrderError
from integration.core.mail import Unclear
from integration.ingest import owner_reading
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.mirror import owner_rows
from integration.storage.service import invitation_rows, portal_users, portals
from integration.storage.service.invitation_rows import Invitation
from mappings.kinds import Role
from mappings.records import identifiers
from mappings.records.owners import Owner

_SCOPE = "crm.objects.owners.read"


class NoInvitation(Refused):
    """A link lets nobody in; `why` is the reason's name: unknown, used, over or left."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The invitation cannot be used: {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of an invitation: mailed, or a link for the admin to send."""

    email: str
    link: str = field(default="", repr=False)
    is_unclear: bool = False


@dataclass(frozen=True, slots=True)
class Welcome:
    """Whom a link would let in, and where."""

    portal_id: int
    account: str
    invitation: Invitation


def invite(portal: PortalContext, email: str, role: Role, *, actor: str) -> Invited:
    """Invite a user of the account by their mail address there.

    With a mail server the link goes to that address and to nobody else. Raises :class:`Refused`
    for an address that is no user's, and where the mail server takes no mail.
    """
    owner = _user_with(portal, email.strip().lower())
    mail_server = portal.runtime.settings.mail_server
    if role is Role.ADMIN and mail_server is None:
        raise Refused(
            "Without a mail server nobody can prove an address, so no link makes an admin: let"
            " them come in with another role, and make them admin afterwards"
        )
    secret = sign_in.new_secret()
    link = f"{portal.runtime.settings.public_url}/join/{portal.portal_id}.{secret}"
    _keep(portal, secret, owner, role, mailed=mail_server is not None, by=actor)
    if mail_server is None:
        return Invited(owner.email, link)
    try:
        mail_server.send(_message(portal, link, role), owner.email)
    except Unclear:
        return Invited(owner.email, is_unclear=True)
    except (Refused, Retryable) as trouble:
        with portal.transaction() as tx:
            invitation_rows.end_of_user(tx, owner.user_id or 0)
        raise Refused(f"The invitation was not sent: {trouble}") from trouble
    return Invited(owner.email)


def look(runtime: Runtime, token: str) -> Welcome:
    """Say what a link is for, without using it: mail programs open links, too.

    Raises :class:`NoInvitation`.
    """
    portal_id, secret_hash = _read(token)
    with runtime.database.portal(portal_id) as tx:
        return _welcome(tx, secret_hash)


def accept(runtime: Runtime, token: str, *, instead_of: str | None) -> tuple[int, str]:
    """Use a link up and sign its user in; return the portal and the session's secret.

    Whoever has a role keeps it. Raises :class:`NoInvitation`.
    """
    portal_id, secret_hash = _read(token)
    look(runtime, token)  # before HubSpot is asked for anybody
    with open_portal(runtime, portal_id) as portal:
        # They may have left since the night, whose list counts where HubSpot does not answer.
        with contextlib.suppress(SecondOrderError):
            owner_reading.refresh(portal)
        invitation = _used_up(portal, secret_hash)
    session = sign_in.sign_in(
        runtime,
        portal_id,
        invitation.user_id,
        invitation.email,
        instead_of=instead_of,
        is_invited=True,
    )
    return portal_id, session


def _used_up(portal: PortalContext, secret_hash: bytes) -> Invitation:
    """Use a link up, and give its user the role unless they have one."""
    with portal.confirmed() as tx:
        invitation = _welcome(tx, secret_hash).invitation
        if not invitation_rows.use(tx, secret_hash):
            raise NoInvitation("used")
        user_id, by = invitation.user_id, invitation.made_by
        user = portal_users.find(tx, user_id)
        if user is None or user.role is None:
            portal_users.give(tx, user_id, invitation.role, by=by, email=invitation.email)
        portals.note(tx, f"user:{user_id}", "came in by invitation")
    return invitation


def take_back(portal: PortalContext, invitation_id: int, *, actor: str) -> None:
    """End an invitation that was not used; nothing happens to one that was."""
    with portal.confirmed() as tx:
        if invitation_rows.end(tx, invitation_id):
            portals.note(tx, actor, "took an invitation back")


def _user_with(portal: PortalContext, email: str) -> Owner:
    """The user of the account who has an address in HubSpot now."""
    installed = portal.find()
    if installed is None or _SCOPE not in installed.scopes:
        raise Refused(
            "HubSpot does not let us see who the account's users are: connect the account again at"
            f" /install and allow {_SCOPE}"
        )
    try:
        owner_reading.refresh(portal)
    except SecondOrderError as trouble:
        raise Refused(f"HubSpot does not tell who the account's users are: {trouble}") from trouble
    with portal.transaction() as tx:
        known = owner_rows.every(tx).values()
    for owner in known:
        if owner.email == email and owner.user_id and not owner.is_archived:
            return owner
    raise Refused(
        f"No user of this HubSpot account has the address {email[:100]}; add them in HubSpot first"
    )


def _keep(
    portal: PortalContext, secret: str, owner: Owner, role: Role, *, mailed: bool, by: str
) -> None:
    with portal.confirmed() as tx:
        user_id = owner.user_id or 0
        invitation_rows.make(tx, _hash(secret), user_id, owner.email, role, mailed=mailed, by=by)
        way = "by mail" if mailed else "by a link that an admin sends"
        portals.note(tx, by, "invited", user=user_id, role=role.value, outcome=way)


def _message(portal: PortalContext, link: str, role: Role) -> EmailMessage:
    account = portal.find()
    name = str(account.account.get("name") or "") if account else ""
    message = EmailMessage()
    message["Subject"] = "You are invited to Second Order"
    message.set_content(
        f"You are invited to see the second-order revenue of {name or 'your HubSpot account'}"
        f" (account {portal.portal_id}) as {role.label.lower()}.\n\n"
        f"Open this link and press the button there:\n\n{link}\n\n"
        f"It works once, within {invitation_rows.DAYS} days, and was sent to this address only."
        " If you did not expect it, do nothing.\n"
    )
    return message


def _welcome(tx: Transaction, secret_hash: bytes) -> Welcome:
    invitation = invitation_rows.find(tx, secret_hash)
    installed = portals.find(tx, tx.portal_id)
    if invitation is None or installed is None or installed.state == "uninstalled":
        raise NoInvitation("unknown")
    if invitation.is_used:
        raise NoInvitation("used")
    if invitation.is_over:
        raise NoInvitation("over")
    owners = owner_rows.of_user(tx, invitation.user_id)
    if all(owner.is_archived for owner in owners):
        raise NoInvitation("left")
    return Welcome(tx.portal_id, str(installed.account.get("name") or ""), invitation)


def _read(token: str) -> tuple[int, bytes]:
    number, _, secret = token.partition(".")
    portal_id = identifiers.read(number)
    if portal_id is None or not sign_in.is_secret(secret):
        raise NoInvitation("unknown")
    return portal_id, _hash(secret)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
