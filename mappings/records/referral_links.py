"""Associations that say who referred whom."""

from collections.abc import Iterable

from mappings.records.portal_map import PortalMap
from mappings.records.rows import Link
from mappings.rules.facts import ReferralLink


def referral_links(links: Iterable[Link], portal_map: PortalMap) -> tuple[ReferralLink, ...]:
    """Associations that say "referred by".

    The labelled side is referred, the other side referred it. Between a
    contact and a company only the contact can have referred. A label that
    stands in both directions of one pair tells nobody's part and is left out;
    so is a record that points to itself.
    """
    chosen = [link for link in links if _says_referred(link, portal_map)]
    pairs = {
        (link.from_type, link.from_id, link.to_type, link.to_id, link.type_id) for link in chosen
    }
    found = []
    for link in chosen:
        mirrored = (link.to_type, link.to_id, link.from_type, link.from_id, link.type_id)
        if mirrored in pairs:
            continue
        if link.to_type == "contact":
            found.append(
                ReferralLink(link.to_id, link.from_type, link.from_id, link.seen_at, _label(link))
            )
        elif link.from_type == "contact":
            found.append(
                ReferralLink(link.from_id, link.to_type, link.to_id, link.seen_at, _label(link))
            )
    return tuple(dict.fromkeys(found))


def _says_referred(link: Link, portal_map: PortalMap) -> bool:
    if link.type_id in portal_map.referred_by_type_ids and link.category != "HUBSPOT_DEFINED":
        return True
    names = {name.lower() for name in portal_map.referred_by_labels}
    return bool(link.label) and str(link.label).lower() in names


def _label(link: Link) -> str:
    return link.label or "referred by"
