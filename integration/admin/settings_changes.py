"""Changes of settings by a person: the one door for the page and the commands.

A change, an earlier version that counts again, and the order that a version judges all of history.
"""

from collections.abc import Mapping

from integration.admin import settings_effects, setup_answers
from integration.core.errors import Refused
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.settings import PolicyValue, PortalSettings, Saved
from mappings.records.portal_map import PortalMap
from mappings.records.property_labels import LabelsByProperty


def change(
    portal: PortalContext,
    *,
    actor: str,
    reason: str,
    portal_map: PortalMap | None = None,
    policy: Mapping[str, PolicyValue | None] | None = None,
    expected_version: int | None = None,
    labels: LabelsByProperty | None = None,
) -> Saved:
    """Change the map, or some values of the policy, and have all conclusions drawn again.

    The saver saw *expected_version*. *labels* are those of the properties that the map names now;
    without them the import reads them. Raises ChangedMeanwhile: see
    :func:`integration.portal.settings.change`.
    """
    with portal.confirmed() as tx:
        settings_effects.hold_lanes(tx)
        saved = settings.change(
            tx,
            expected_version=expected_version,
            author=actor,
            reason=reason,
            portal_map=portal_map,
            policy=policy,
            labels=labels,
        )
        if not saved.is_changed:
            return saved
        setup_answers.settle_by_hand(tx, saved, actor=actor)
        settings_effects.record(tx, portal, saved, actor=actor, reason=reason)
    settings_effects.wake(portal)
    return saved


def restore(
    portal: PortalContext,
    number: int,
    *,
    actor: str,
    reason: str = "",
    expected_version: int | None = None,
) -> Saved:
    """Let an earlier version count again, as a new one that says so.

    Raises Refused when somebody changed settings since *expected_version*.
    """
    why = f"As version {number}." + (f" {reason}" if reason else "")
    with portal.confirmed() as tx:
        settings_effects.hold_lanes(tx)
        saved = settings.restore(
            tx, number, expected_version=expected_version, author=actor, reason=why
        )
        if not saved.is_changed:
            return saved
        setup_answers.settle_by_hand(tx, saved, actor=actor)
        settings_effects.record(tx, portal, saved, actor=actor, reason=why)
    settings_effects.wake(portal)
    return saved


def judge_history(portal: PortalContext, number: int, *, actor: str, reason: str) -> None:
    """Order that deals won long ago are judged by the counting version, although months closed.

    Rows of closed months land in the current one; what was reported stays as it was.
    """
    if not actor.strip() or not reason.strip():
        raise Refused("Say who orders this and why: --by NAME --reason TEXT")
    with portal.confirmed() as tx:
        settings_effects.hold_lanes(tx)
        counting = settings.read(tx).version
        if number != counting:
            raise Refused(
                f"Version {number} does not count: {counting} does. Restore version {number}"
                " first; then the new version can judge history"
            )
        settings_effects.judge_history(tx, portal, number, actor=actor, reason=reason)
    settings_effects.wake(portal)


def policy_back(now: PortalSettings, earlier: PortalSettings) -> dict[str, PolicyValue | None]:
    """Return what has to be changed in the policy of now to make it an earlier one's."""
    old, new = (settings.policy_values(version.policy) for version in (earlier, now))
    return {name: value for name, value in old.items() if new.get(name) != value}
