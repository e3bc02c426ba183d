"""Changes of settings by a person: the one door for the page and the commands."""

from collections.abc import Mapping

from integration.admin import settings_effects, setup_answers
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.settings import PolicyValue, Saved
from mappings.records.portal_map import PortalMap


def change(
    portal: PortalContext,
    *,
    actor: str,
    reason: str,
    portal_map: PortalMap | None = None,
    policy: Mapping[str, PolicyValue | None] | None = None,
    expected_version: int | None = None,
) -> Saved:
    """Change the map, or some values of the policy, and have all conclusions drawn again.

    The saver saw *expected_version*. Raises ChangedMeanwhile: see
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
        )
        if not saved.is_changed:
            return saved
        setup_answers.settle_by_hand(tx, saved, actor=actor)
        settings_effects.record(tx, portal, saved, actor=actor, reason=reason)
    settings_effects.wake(portal)
    return saved
