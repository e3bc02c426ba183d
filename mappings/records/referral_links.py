"""Associations that say who referred whom."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from mappings.kinds import ObjectType
from mappings.records.detection.referral_labels import Side, side_of
from mappings.records.portal_map import PortalMap
from mappings.records.rows import HUBSPOT_DEFINED, Link
from mappings.rules.facts import ReferralLink


def referral_links(links: Iterable[Link], portal_map: PortalMap) -> tuple[ReferralLink, ...]:
    """Associations that say "referred by".

    The labelled side is referred, the other side referred it. Between a
    contact and a company only the contact can have referred. Where mapped
    labels stand in both directions of one pair, at most the side whose words
    name the referrer counts; otherwise they do not say who referred whom and
    are left out, as is a record that points to itself.
    """
    chosen = [link for link in links if _says_referred(link, portal_map)]
    directed: defaultdict[tuple[str, int, str, int], list[Link]] = defaultdict(list)
    for link in chosen:
        directed[link.from_type, link.from_id, link.to_type, link.to_id].append(link)
    referrals = []
    for link in chosen:
        label, seen_at = link.label or "referred by", link.seen_at
        back = directed.get((link.to_type, link.to_id, link.from_type, link.from_id), ())
        if back and not _names_referrer_alone(link, back):
            continue
        if link.to_type == ObjectType.CONTACT:
            referrals.append(ReferralLink(link.to_id, link.from_type, link.from_id, seen_at, label))
        elif link.from_type == ObjectType.CONTACT:
            referrals.append(ReferralLink(link.from_id, link.to_type, link.to_id, seen_at, label))
    return tuple(dict.fromkeys(referrals))


def _names_referrer_alone(link: Link, back: Sequence[Link]) -> bool:
    """Whether a label's words name the referrer, and those of the way back do not."""
    sides = [side_of(other.label or "") for other in back]
    return side_of(link.label or "") is Side.REFERRER and Side.REFERRER not in sides


def _says_referred(link: Link, portal_map: PortalMap) -> bool:
    if link.type_id in portal_map.referred_by_type_ids and link.category != HUBSPOT_DEFINED:
        return True
    names = map(str.lower, portal_map.referred_by_labels)
    return bool(link.label) and str(link.label).lower() in names
