"""The first map moves no money by a guess: what is not clear is asked on the set-up page, then follows the answer."""

from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from integration.admin import operations, setup_answers
from integration.portal import settings
from mappings.records.setup_kinds import PROPERTY, REFERRAL_LABELS, STAFF_HOSTS
from mappings.stored.setup_shapes import SetupQuestion
from tests.contract.visiting import HARBOR, Visitor, opened
from tests.nights import a_night_passes
from tests.word_of_mouth import Town

if TYPE_CHECKING:
    from integration.portal.runtime import Runtime
    from tests.world import World


def installed(world: "World") -> None:
    for account in world.accounts:
        world.install(account)
    world.settle()


def asked(world: "World") -> dict[tuple[str, str], SetupQuestion]:
    """The open questions of harbor by kind and key; orchard is asked nothing."""
    with world.orchard.context() as context:
        assert setup_answers.questions(context) == []
    with world.harbor.context() as context:
        stored = setup_answers.questions(context)
    return {(one.kind, one.key): one.question for one in stored if one.answer is None}


def answer(world: "World", kind: str, key: str, *values: str) -> None:
    with world.harbor.context() as context:
        operations.answer_setup_question(context, kind, key, values, actor="user:ada")
    world.settle()


# Users


@pytest.mark.parametrize(
    "users", [("anna@vendor.example",), ("anna@vendor.example", "bo@gmail.com")]
)
def test_a_user_with_a_private_address_hides_no_referrer(
    world: "World", users: tuple[str, ...]
) -> None:
    town = Town(world.harbor)
    town.crm.owners.clear()
    for user in users:
        town.crm.add_owner(user)
    town.crm.define_property("contact", "referred_by", label="Referred by")
    with town.crm.silently():
        town.customer("Ines Prado", "Bolt Works")
        town.crm.update("contact", town.people["Ines Prado"], {"email": "ines.prado@gmail.com"})
    deal = town.newcomer("Tom Hale", "Cedar Ridge", referred_by="ines.prado@gmail.com")

    installed(world)

    assert town.source(deal) == "referral"


def test_whose_people_an_agencys_users_are_is_asked_and_followed(world: "World") -> None:
    town = Town(world.harbor)
    town.crm.owners.clear()
    for user in ("ada@vendor.example", "cy@vendor.example", "bo@acme-tools.com"):
        town.crm.add_owner(user)
    town.crm.define_property("contact", "referred_by", label="Referred by")
    with town.crm.silently():
        town.customer("Maria Lopez", "Acme Tools")
    deal = town.newcomer("Bo Berg", "Zenit Labs", referred_by="maria@acme-tools.com")
    installed(world)
    assert town.source(deal) == "referral", "one user of three is no proof that Acme is ours"

    question = asked(world)[STAFF_HOSTS, "users"]
    assert question.proposal == ("vendor.example",)
    answer(world, STAFF_HOSTS, "users", "vendor.example", "acme-tools.com")

    assert town.source(deal) == "none"
    assert asked(world) == {}


# Labels of associations


def friends(world: "World", label: str, inverse: str) -> tuple[Town, int, int]:
    """Wim told Vera of us: her record's label leads to his. Both companies bought, his later."""
    town = Town(world.harbor)
    made = town.crm.define_label("contact", "contact", label, inverse, "ref")
    with town.crm.silently():
        town.customer("Wim Tak", "Ebony Group")
        hers = town.newcomer("Vera Oss", "Dahlia Corp")
        vera, wim = town.people["Vera Oss"], town.people["Wim Tak"]
        town.crm.associate("contact", vera, "contact", wim, made.type_id)
        # His own company buys again: nobody referred it.
        his = town.newcomer("Ute Rau", "Ebony Annex")
        town.crm.associate("deal", his, "contact", wim)
    return town, hers, his


@pytest.mark.parametrize(
    ("label", "inverse"),
    [
        ("Referred by", "Has referred"),
        ("Empfohlen von", "Hat empfohlen"),
        ("Recommandé par", "A recommandé"),
        ("Recomendado por", "Ha recomendado"),
        ("Indicado por", "Indicou"),
    ],
)
def test_of_a_paired_label_only_the_side_that_names_the_referrer_counts(
    world: "World", label: str, inverse: str
) -> None:
    town, hers, his = friends(world, label, inverse)

    installed(world)

    assert (town.source(hers), town.credited(hers)) == ("referral", "Wim Tak (Ebony Group)")
    assert town.source(his) == "none"
    referrers = world.harbor.values("referral", "referrer_contact_id")
    assert referrers == [town.people["Wim Tak"]], "Vera has referred nobody"


def test_a_pair_that_does_not_say_who_referred_whom_counts_when_an_admin_has_said(
    world: "World",
) -> None:
    town, hers, his = friends(world, "Referral", "Referral contact")
    installed(world)
    assert (town.source(hers), town.source(his)) == ("none", "none")

    question = asked(world)[REFERRAL_LABELS, "contact>contact"]
    first = question.candidates[0]
    assert first.label == "Referral"
    answer(world, REFERRAL_LABELS, "contact>contact", first.value)

    assert (town.source(hers), town.source(his)) == ("referral", "none")


# Properties


def rivals(world: "World") -> tuple[Town, int]:
    """Two properties that say the same; the one that is meant is in use as the other."""
    town = Town(world.harbor)
    town.crm.define_property("contact", "referrer", label="Referrer")
    town.crm.define_property("contact", "referred_by", label="Referred by")
    with town.crm.silently():
        town.customer("Maria Lopez", "Acme Tools")
        town.newcomer("Cy Dahl", "Elm Street", referrer="a wrong person")
    deal = town.newcomer("Bo Berg", "Zenit Labs", referred_by="Maria Lopez (Acme Tools)")
    return town, deal


def test_a_close_race_takes_nothing_until_it_is_answered(world: "World") -> None:
    town, deal = rivals(world)
    installed(world)
    assert town.source(deal) == "none"

    question = asked(world)[PROPERTY, "referred_by_property"]
    samples = {one.value: (one.sample, one.count) for one in question.candidates}
    assert samples["referred_by"] == ("\u2018Maria Lopez (Acme Tools)\u2019", 1)
    answer(world, PROPERTY, "referred_by_property", "referred_by")

    assert town.source(deal) == "referral"
    with world.harbor.context() as context, context.transaction() as tx:
        found = settings.read(tx)
    assert found.map.texts["referred_by_property"] == ("referred_by",)
    assert found.why["referred_by_property"] == "You chose this on the set-up page."
    assert "referred_by_property" not in {key for _, key in asked(world)}


def test_a_close_race_about_the_end_of_contracts_is_asked(world: "World") -> None:
    """Health goes by it; as long as no rule used renewal dates, nobody was asked."""
    for account in world.accounts:
        for name, label in (
            ("contract_end", "Contract end"),
            ("subscription_end", "Subscription end"),
        ):
            account.crm.define_property("company", name, "date", label=label)
    for account in world.accounts:
        world.install(account)
    world.settle()

    with world.harbor.context() as context:
        (stored,) = setup_answers.questions(context)
    assert stored.key == "renewal_date_property"
    assert {one.value for one in stored.question.candidates} >= {"contract_end", "subscription_end"}


def test_days_without_an_answer_still_take_nothing(world: "World") -> None:
    town, deal = rivals(world)
    installed(world)

    a_night_passes(world)
    a_night_passes(world)

    assert town.source(deal) == "none"
    assert set(asked(world)) == {(PROPERTY, "referred_by_property")}


def test_none_of_these_is_an_answer_that_is_not_asked_again(world: "World") -> None:
    town, deal = rivals(world)
    installed(world)

    answer(world, PROPERTY, "referred_by_property", "")
    a_night_passes(world)

    assert asked(world) == {}
    assert town.source(deal) == "none"


def test_the_page_shows_the_race_with_samples_and_settings_says_why_nothing_is_taken(
    runtime: "Runtime",
) -> None:
    with opened(runtime) as town:
        for name, label in (("referrer", "Referrer"), ("referred_by", "Referred by")):
            town.harbor.define_property("contact", name, label=label)
        said = {"referred_by": "Maria Lopez", "referrer": "maria@acme.example"}
        town.harbor.create("contact", {"email": "bo@zenit.example", **said})
        visitor: Visitor = town.visitor()
        visitor.install()

        page = unescape(visitor.get(f"/portals/{HARBOR}/setup").text)
        reasons = unescape(visitor.get(f"/portals/{HARBOR}/settings").text)

    assert "Which contact property tells who referred a contact?" in page
    assert "1 contact, \u2018Maria Lopez\u2019" in page
    assert "None of these" in page
    assert '"Referred by", "Referrer" may tell who referred a contact' in reasons


def test_own_codes_and_used_codes_are_told_apart_by_their_values(world: "World") -> None:
    town = Town(world.harbor)
    town.crm.define_property("contact", "invite_code", label="Invite code")
    town.crm.define_property("contact", "referral_code", label="Referral code")
    with town.crm.silently():
        town.customer("Maria Lopez", "Acme Tools")
        town.crm.update("contact", town.people["Maria Lopez"], {"referral_code": "MARIA-1"})
        for number in range(30):
            town.crm.create(
                "contact", {"email": f"p{number}@x.example", "referral_code": f"P-{number}"}
            )
        for number in range(9):
            town.crm.create(
                "contact", {"email": f"q{number}@x.example", "invite_code": f"P-{number % 2}"}
            )
    deal = town.newcomer("Bo Berg", "Zenit Labs", invite_code="MARIA-1")

    installed(world)

    with world.harbor.context() as context:
        texts: Any = context.map.texts
    assert texts["own_code_property"] == ("referral_code",)
    assert texts["referral_code_property"] == ("invite_code",)
    assert town.credited(deal) == "Maria Lopez (Acme Tools)"


# Later


def test_a_property_made_after_the_install_is_proposed_and_not_taken(world: "World") -> None:
    town = Town(world.harbor)
    with town.crm.silently():
        town.customer("Maria Lopez", "Acme Tools")
    installed(world)
    assert asked(world) == {}

    town.crm.define_property("contact", "referred_by", label="Empfohlen von")
    deal = town.newcomer("Bo Berg", "Zenit Labs", referred_by="Maria Lopez (Acme Tools)")
    a_night_passes(world)
    ((kind, key),) = asked(world)
    assert town.source(deal) == "none"
    answer(world, kind, key, "referred_by")

    assert town.source(deal) == "referral"
    a_night_passes(world)
    assert asked(world) == {}


def test_a_label_made_after_the_install_is_proposed_and_not_taken(world: "World") -> None:
    installed(world)

    town, hers, _ = friends(world, "Referred by", "Has referred")
    a_night_passes(world)
    (((kind, key), question),) = asked(world).items()
    assert [one.label for one in question.candidates] == ["Referred by"]
    answer(world, kind, key, *question.proposal)
    a_night_passes(world)

    assert town.source(hers) == "referral"


def test_looking_at_an_account_costs_a_search_for_each_property_that_could_be_meant(
    world: "World",
) -> None:
    rivals(world)
    world.install(world.harbor)

    calls = world.harbor.crm.calls
    assert calls["POST /crm/objects/2026-03/contacts/search"] == 2
    assert calls["POST /crm/objects/2026-03/companies/search"] == 0
    assert calls["POST /crm/objects/2026-03/deals/search"] == 0
