"""The rules anybody would try first, on the same records: what a better one has to beat.

N1 same full name at another mail domain. N2 the same with case and accents folded, and no free
mail. N3 is N2 where the older record fell silent before the newer began, and records whose address
changed its domain. N4 is N3 and records with the same profile or mobile number. The deal rule: a
contact on the deal has an older namesake at a customer, at another mail domain.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import combinations, pairwise

from tests.accuracy.reading import Pair
from tests.sandbox.town_rows import Record, Town

Key = Callable[["Card"], str]


@dataclass(frozen=True, slots=True)
class Card:
    """What a contact record shows at a glance."""

    id: int
    created: datetime
    name: str
    host: str
    profile: str
    mobile: str
    active: date | None
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Naive:
    """A town as such rules see it."""

    town: Town
    hosts: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        return tuple(
            sorted(map(_card, self.town.of("contact")), key=lambda one: (one.created, one.id))
        )

    def same_name(self) -> list[Pair]:
        """N1."""
        return self._pairs(lambda card: card.name, lambda old, new: old.host != new.host)

    def folded_name(self) -> list[Pair]:
        """N2."""
        return self._pairs(lambda card: folded(card.name), self._corporate)

    def silent_or_changed(self) -> list[Pair]:
        """N3."""
        silent = self._pairs(
            lambda card: folded(card.name),
            lambda old, new: self._corporate(old, new) and _silent(old, new),
        )
        return list(dict.fromkeys([*silent, *self._changed()]))

    def same_profile(self) -> list[Pair]:
        """N4."""
        linked = [
            pair
            for key in (lambda card: card.profile, lambda card: card.mobile)
            for pair in self._pairs(key, self._corporate)
        ]
        return list(dict.fromkeys([*self.silent_or_changed(), *linked]))

    def rules(self) -> list[tuple[str, list[Pair]]]:
        """All four, weakest first."""
        return [
            ("naive N1: same name, other domain", self.same_name()),
            ("naive N2: folded, no free mail", self.folded_name()),
            ("naive N3: and silent, or changed in place", self.silent_or_changed()),
            ("naive N4: or same profile or mobile", self.same_profile()),
        ]

    def deals(self) -> dict[int, int]:
        """Deals with a contact whose name stood at a customer before: deal -> that customer."""
        customers = {
            one.id
            for one in self.town.of("company")
            if one.current().get("lifecyclestage") == "customer"
        }
        employers = self._employers()
        former: dict[int, list[int]] = defaultdict(list)
        for old, new in self._pairs(
            lambda card: folded(card.name), lambda old, new: old.host != new.host
        ):
            if employers[old] in customers:
                former[new].append(employers[old])
        found: dict[int, int] = {}
        for link in self.town.links:
            if (link.from_kind, link.to_kind) == ("deal", "contact") and former.get(link.to_id):
                found.setdefault(link.from_id, former[link.to_id][0])
        return found

    def _employers(self) -> dict[int, int]:
        """The company a record is linked to, else the one that has its mail domain."""
        domains = {one.current().get("domain", ""): one.id for one in self.town.of("company")}
        linked = {
            one.id: int(one.current().get("associatedcompanyid") or 0)
            for one in self.town.of("contact")
        }
        return {card.id: linked[card.id] or domains.get(card.host, 0) for card in self.cards}

    def _corporate(self, old: Card, new: Card) -> bool:
        return old.host != new.host and not {old.host, new.host} & self.hosts

    def _changed(self) -> list[Pair]:
        return [
            (card.id, card.id)
            for card in self.cards
            if any(old != new and not {old, new} & self.hosts for old, new in pairwise(card.hosts))
        ]

    def _pairs(self, key: Key, fits: Callable[[Card, Card], bool]) -> list[Pair]:
        blocks: dict[str, list[Card]] = defaultdict(list)
        for card in self.cards:
            if value := key(card):
                blocks[value].append(card)
        return [
            (old.id, new.id)
            for cards in blocks.values()
            for old, new in combinations(cards, 2)
            if fits(old, new)
        ]


def _card(record: Record) -> Card:
    now: Mapping[str, str] = record.current()
    first, last = now.get("firstname", ""), now.get("lastname", "")
    seen = now.get("notes_last_contacted", "")
    return Card(
        id=record.id,
        created=record.created,
        name=f"{first} {last}" if first and last else "",
        host=_host(now.get("email", "")),
        profile=re.sub(
            r"^(https?://)?(\w+\.)?linkedin",
            "linkedin",
            now.get("hs_linkedin_url", "").lower().split("?")[0],
        ).rstrip("/"),
        mobile=re.sub(r"\D", "", now.get("mobilephone", "")),
        active=date.fromisoformat(seen[:10]) if seen else None,
        hosts=tuple(_host(value.value) for value in record.history("email")),
    )


def _silent(old: Card, new: Card) -> bool:
    return old.active is None or old.active <= new.created.date()


def _host(email: str) -> str:
    return email.rpartition("@")[2].lower()


def folded(name: str) -> str:
    """A name without case, accents and anything that is no letter."""
    plain = "".join(
        each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each)
    )
    return re.sub(r"[^a-z ]", "", plain.lower()).strip()
