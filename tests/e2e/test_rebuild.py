"""Having lived through events, in any order, says the same as concluding everything anew."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.queue import lanes
from tests.e2e import lives
from tests.e2e.lives import Act, Life

if TYPE_CHECKING:
    from tests.world import Account, World

SEEDS = (1, 4)


def said(account: "Account") -> dict[tuple[str, int], dict[str, str]]:
    """What we want every record to say, without when it last changed."""
    return {
        (row["object_type"], row["record_id"]): {
            name: value
            for name, value in row["desired"].items()
            if name != "second_order_updated_at"
        }
        for row in account.kept("conclusion")
    }


def booked(account: "Account") -> dict[tuple[Any, ...], int]:
    """What the ledger adds up to, by deal, kind, person and company; what was taken back wholly is not there."""
    rows = account.rows(
        """SELECT deal_id, kind, subject_id, company_id, sum(amount_minor)::bigint AS minor FROM ledger
           GROUP BY 1, 2, 3, 4 HAVING sum(amount_minor) <> 0"""
    )
    return {
        (row["deal_id"], row["kind"], row["subject_id"], row["company_id"]): row["minor"]
        for row in rows
    }


_BESIDE = {
    "person": "SELECT contact_id AS k, person_id FROM person",
    "move": "SELECT person_id || move_key AS k, status, body FROM move",
    "passage": "SELECT * FROM passage",
    "migration": "SELECT * FROM migration",
    "referral": "SELECT owner_type || owner_id || referral_key AS k, status, body FROM referral",
    "source": "SELECT deal_id || source_key AS k, share, body FROM source",
    "edge": "SELECT * FROM edge",
    "deal": "SELECT * FROM deal",
    "company_key": "SELECT * FROM company_key",
    "identity_key": "SELECT * FROM identity_key",
    "seek": "SELECT * FROM seek",
    "person_answer": "SELECT * FROM person_answer",
    "follow_up": "SELECT * FROM follow_up",
    "customer_spell": "SELECT * FROM customer_spell",
    "churn_base": "SELECT * FROM churn_base",
}


def state(account: "Account") -> dict[str, Any]:
    """Everything that concluding anew must leave as it is."""
    writes = sum(n for call, n in account.crm.calls.items() if call.endswith("batch/update"))
    beside = {
        name: sorted(json.dumps(row, sort_keys=True, default=str) for row in account.rows(query))
        for name, query in _BESIDE.items()
    }
    rows = len(account.ledger())
    return {
        "said": said(account),
        "booked": booked(account),
        "rows": rows,
        "writes": writes,
        **beside,
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What reads differently, a line each."""
    found: list[str] = []
    for name, one in before.items():
        other = after[name]
        if isinstance(one, dict):
            found += [f"{name} {k}: {_less(one.get(k), other.get(k))}" for k in sorted({*one, *other}, key=str)
                      if one.get(k) != other.get(k)]  # fmt: skip
        elif isinstance(one, list):
            found += [f"{name} - {row}" for row in one if row not in other]
            found += [f"{name} + {row}" for row in other if row not in one]
        elif one != other:
            found.append(f"{name}: {one} -> {other}")
    return found


def _less(one: Any, other: Any) -> str:  # noqa: ANN401 - for people to read
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted({*one, *other})
        return str({n: (one.get(n), other.get(n)) for n in names if one.get(n) != other.get(n)})
    return f"{one} -> {other}"


def live(world: "World", life: Life, groups: Sequence[Sequence[Act]]) -> None:
    """Let it all happen; we look after every group."""
    for group in groups:
        for act in group:
            life.do(act)
        world.settle()


def begin(world: "World", seed: int, *, size: int = 1) -> Life:
    """Harbor as it was before, with the app installed in both portals."""
    life = lives.settle_in(world.harbor.crm, random.Random(seed), size=size)
    install(world)
    return life


def install(world: "World") -> None:
    """Install in both portals."""
    for account in world.accounts:
        world.install(account)
    world.settle()


def anew(world: "World") -> None:
    """Conclude everything anew."""
    with world.harbor.context() as context, context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    with world.runtime.database.service() as tx:
        lanes.want(tx, world.harbor.portal_id, "drain")
    world.settle()


def assert_nothing_to_heal(world: "World") -> None:
    before = state(world.harbor)
    assert not world.harbor.kept("stale")
    anew(world)
    assert not world.harbor.kept("stale")
    assert differences(before, state(world.harbor)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_lived_says_the_same_as_everything_concluded_anew(world: "World", seed: int) -> None:
    life = begin(world, seed)
    dice = random.Random(-seed)
    live(world, life, lives.in_groups(lives.deal_acts(dice, 30), dice))
    assert_nothing_to_heal(world)


def test_repeats_and_disorder_end_in_the_same_state(world: "World") -> None:
    """Two portals live the same life; the notifications of one come in any order, and many more than once."""
    seed, courier = SEEDS[0], world.hubspot.courier
    world.orchard.crm.currency, world.orchard.crm.service_hub = world.harbor.crm.currency, True
    lived = [lives.settle_in(account.crm, random.Random(seed)) for account in world.accounts]
    install(world)
    dice = random.Random(-seed)
    for group in lives.in_groups(lives.deal_acts(dice, 25), dice):
        for life, is_tidy in zip(lived, (True, False), strict=True):
            courier.batch = 100 if is_tidy else 3
            courier.shuffle, courier.duplicates, courier.repeat_events = (
                not is_tidy,
                *([0.0 if is_tidy else 0.5] * 2),
            )
            for act in group:
                life.do(act)
            world.settle()
    assert said(world.orchard) == said(world.harbor)
    assert by_contact(world.orchard) == by_contact(world.harbor)


def by_contact(account: "Account") -> dict[tuple[Any, ...], int]:
    """What is booked, by deal, kind, person and company; a person's opaque number says when it was met."""
    whom = {row["subject_id"]: row["contact_id"] for row in account.kept("subject")}
    found: Counter[tuple[Any, ...]] = Counter()
    for (deal, kind, subject, company), minor in booked(account).items():
        found[deal, kind, whom.get(subject), company] += minor
    return dict(found)


@pytest.fixture
def told(world: "World") -> dict[str, int]:
    """Priya left customer Acme for Zenit; Ana of Acme referred Bo; Cy heard of us from friends and his firm bought."""
    crm = world.harbor.crm
    ids: dict[str, int] = {}
    with crm.silently():
        crm.define_property("contact", "referred_by", label="Referred by")
        crm.define_property("contact", "how_did_you_hear", label="How did you hear about us?")
        for name in ("Acme", "Zenit", "Third"):
            domain = f"{name.lower()}.example"
            ids[name] = crm.create(
                "company", {"name": name, "domain": domain}, at=lives.ago(900)
            ).id
        for first, firm, more in (
            ("Priya", "Acme", {}), ("Ana", "Acme", {}), ("Bo", "Third", {"referred_by": "ana@acme.example"}),
            ("Cy", "Third", {}),
        ):  # fmt: skip
            values = {
                "email": f"{first}@{firm}.example".lower(),
                "firstname": first,
                "lastname": f"{first}son",
            }
            ids[first] = crm.create(
                "contact", values | more, at=lives.ago(800), source=lives.USER
            ).id
            crm.associate(
                "contact", ids[first], "company", ids[firm], primary=True, at=lives.ago(800)
            )
        crm.update(
            "contact",
            ids["Cy"],
            {"how_did_you_hear": "a friend told me"},
            at=lives.ago(70),
            source=lives.USER,
        )
        crm.update(
            "contact",
            ids["Priya"],
            {"email": "priya@zenit.example"},
            at=lives.ago(100),
            source=lives.USER,
        )
        crm.associate(
            "contact", ids["Priya"], "company", ids["Zenit"], primary=True, at=lives.ago(100)
        )
        for name, firm, who, opened in (("first", "Acme", "Ana", 700), ("later", "Zenit", "Priya", 60),
                                        ("heard", "Third", "Cy", 50)):  # fmt: skip
            closed = lives.ago(opened - 30).isoformat()
            values = {"dealname": name, "pipeline": "default", "dealstage": "closedwon", "amount": "1000",
                      "createdate": lives.ago(opened).isoformat(), "closedate": closed}  # fmt: skip
            ids[name] = crm.create("deal", values, at=lives.ago(opened)).id
            crm.associate(
                "deal", ids[name], "company", ids[firm], primary=True, at=lives.ago(opened)
            )
            crm.associate("deal", ids[name], "contact", ids[who], at=lives.ago(opened))
    for account in world.accounts:
        world.install(account)
    world.settle()
    return ids


def test_a_company_that_is_called_otherwise_is_quoted_so(
    world: "World", told: dict[str, int]
) -> None:
    """Only the legal form changed, so no look-up key did; the sentences on people and deals kept the old name."""
    assert world.harbor.read("contact", told["Priya"], "second_order_moved_from") == "Acme"
    world.harbor.crm.update("company", told["Acme"], {"name": "Acme Inc."})
    world.settle()
    assert world.harbor.read("contact", told["Priya"], "second_order_moved_from") == "Acme Inc."
    assert_nothing_to_heal(world)


def test_who_referred_a_forgotten_person_did_not_refer_them_any_more(
    world: "World", told: dict[str, int]
) -> None:
    """The referral was erased with the person who told of it, and the referrer went on counting it."""
    assert world.harbor.read("contact", told["Ana"], "second_order_referrals") == "1"
    world.harbor.crm.gdpr_delete(told["Bo"])
    world.settle()
    assert world.harbor.read("contact", told["Ana"], "second_order_referrals") in {"", "0"}
    assert_nothing_to_heal(world)


def test_word_of_mouth_of_a_forgotten_person_stays_booked(
    world: "World", told: dict[str, int]
) -> None:
    """Its source has no person's number, and the deal could not be digested without one."""
    before = booked(world.harbor)
    assert any(deal == told["heard"] and kind == "word_of_mouth" for deal, kind, _, _ in before)
    world.harbor.crm.gdpr_delete(told["Cy"])
    world.settle()
    assert booked(world.harbor) == before
    assert_nothing_to_heal(world)


def test_a_company_that_never_bought_leaves_no_champions_behind(
    world: "World", told: dict[str, int]
) -> None:
    """Somebody not on the deal was worth less only when they were looked at again."""
    crm = world.harbor.crm
    crm.update("contact", told["Priya"], {"hs_buying_role": "CHAMPION"}, source=lives.USER)
    world.settle()
    crm.update("deal", told["first"], {"dealstage": "contractsent"}, source=lives.USER)
    world.settle()
    assert_nothing_to_heal(world)


def test_a_first_name_at_a_company_is_found_by_address_and_lost_with_it(
    world: "World", told: dict[str, int]
) -> None:
    """Only linked people were looked for, so it depended on who else was judged in the same page."""
    crm = world.harbor.crm
    dora = crm.create(
        "contact", {"email": "dora@acme.example", "firstname": "Dora", "lastname": "Dorason"}
    ).id
    world.settle()
    heard = {"how_did_you_hear": "Dora at Acme told us", "jobtitle": "Buyer"}
    crm.update("contact", told["Cy"], heard, source=lives.USER)
    world.settle()
    assert world.harbor.read("contact", dora, "second_order_referrals") == "1"
    assert_nothing_to_heal(world)
    crm.update("contact", dora, {"email": "dora@gmail.com"}, source=lives.USER)
    world.settle()
    assert world.harbor.read("contact", dora, "second_order_referrals") in {"", "0"}
    assert_nothing_to_heal(world)
