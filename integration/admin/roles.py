"""Roles: who may do what in an account, and handing them out."""

from integration.core.errors import Refused
from integration.portal import permissions
from integration.portal.context import PortalContext
from integration.portal.permissions import Permission
from integration.storage.database import Transaction
from integration.storage.service import invitation_rows, portal_users, portals
from mappings.kinds import Role


def give(portal: PortalContext, user_id: int, role: Role | None, *, actor: str) -> None:
    """Give a user of the account a role, or take away the one they have.

    Raises :class:`Refused` for a user who never was here, and for the last admin.
    """
    with portal.confirmed() as tx:
        admins = portal_users.lock_admins(tx)
        user = portal_users.find(tx, user_id)
        if user is None:
            raise Refused(f"No user {user_id} was ever here; let them sign in, or invite them")
        if role is not Role.ADMIN and admins == {user_id}:
            raise Refused(
                "This is the account's last admin, who cannot be removed: nobody could hand out"
                " roles any more. Make somebody else an admin first"
            )
        if role is user.role:
            return
        portal_users.give(tx, user_id, role, by=actor)
        if role is None:
            invitation_rows.end_of_user(tx, user_id)
        portals.note(
            tx,
            actor,
            "gave a role" if role else "took a role away",
            user=user_id,
            role=role.value if role else None,
            before=user.role.value if user.role else None,
        )


def check_command(portal: PortalContext, user_id: int, name: str, asked: Permission) -> None:
    """Refuse a command that a user's role does not allow; note in the trail that it was run."""
    with portal.transaction() as tx:
        user = portal_users.find(tx, user_id)
        if user is None or user.role is None or user.has_left:
            raise Refused(f"User {user_id} has no role in account {portal.portal_id}")
        if not permissions.may(user.role, asked):
            needed = ", ".join(role.label for role in permissions.who_may(asked))
            raise Refused(
                f"{name} needs one of these roles: {needed}. User {user_id} is"
                f" {user.role.label.lower()} in account {portal.portal_id}"
            )
        portals.note(tx, f"user:{user_id}", "ran a command", outcome=name)


def admins(tx: Transaction) -> list[str]:
    """What the account's admins are called: whom to ask for a role."""
    users = portal_users.every(tx)
    return [user.name for user in users if user.role is Role.ADMIN and not user.has_left]
