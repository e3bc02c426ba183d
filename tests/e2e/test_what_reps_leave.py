"""Job changes as reps leave them in HubSpot: found, or asked, and dated by what happened.

Each story happens twice. In harbor the app is there and hears of it; in orchard it is installed
afterwards and reads the histories. Both must say the same.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from integration.reports import explain, explain_words
from integration.review import answering, reading
from integration.review.answers import Answer
from tests.sandbox.records import Source

if TYPE_CHECKING:
    from tests.sandbox.crm import Portal
    from tests.world import Account, World

NOW = datetime.now(UTC)
ACME, ZENIT, PRIYA, WON_AT_ACME, DEAL = 21, 22, 31, 41, 42
A_USER: Source = ("CRM_UI", "userId:88")
ON_THE_PHONE: Source = ("MOBILE_IOS", "userId:88")
A_WORKFLOW: Source = ("AUTOMATION_PLATFORM", "enrollmentId:7")
AN_IMPORT: Source = ("IMPORT", "55")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def two_companies(crm: "Portal") -> None:
    """Acme and Zenit, which know nothing of each other."""
    for record_id, name in ((ACME, "Acme"), (ZENIT, "Zenit")):
        values = {"name": name, "domain": f"{name.lower()}.example"}
        crm.create("company", values, record_id=record_id, at=ago(900))


def priya_at_acme(crm: "Portal", **values: str) -> None:
    """Priya was on a deal that Acme bought, and so is a customer's contact."""
    two_companies(crm)
    told = {"firstname": "Priya", "lastname": "Raman", "email": "priya@acme.example", **values}
    crm.create("contact", told, record_id=PRIYA, at=ago(800))
    crm.associate("contact", PRIYA, "company", ACME, primary=True, at=ago(800))
    a_deal(crm, WON_AT_ACME, ACME, PRIYA, opened=700, won=600)


def a_deal(
    crm: "Portal",
    deal_id: int,
    company_id: int,
    contact_id: int,
    *,
    opened: float,
    won: float | None = None,
) -> None:
    values = {"dealname": f"deal {deal_id}", "pipeline": "default", "amount": "10000",
              "dealstage": "appointmentscheduled", "createdate": ago(opened).isoformat()}  # fmt: skip
    crm.create("deal", values, record_id=deal_id, at=ago(opened))
    crm.associate("deal", deal_id, "company", company_id, primary=True, at=ago(opened))
    crm.associate("deal", deal_id, "contact", contact_id, at=ago(opened))
    if won is not None:
        win(crm, deal_id, won)


def win(crm: "Portal", deal_id: int, days_ago: float) -> None:
    closed = {"dealstage": "closedwon", "closedate": ago(days_ago).isoformat()}
    crm.update("deal", deal_id, closed, at=ago(days_ago))


Part = Callable[["Portal"], None]


def happens(world: "World", before: Part, after: Part) -> None:
    """*before* is there from the start; *after* is lived through in harbor and found in orchard."""
    harbor, orchard = world.harbor, world.orchard
    with harbor.crm.silently():
        before(harbor.crm)
    world.install(harbor)
    world.settle()
    after(harbor.crm)
    with orchard.crm.silently():
        before(orchard.crm)
        after(orchard.crm)
    world.install(orchard)
    world.settle()


def job_changes(account: "Account") -> list[tuple[int | None, int | None, str]]:
    """From where to where, and what becomes of it."""
    return [
        (row["former_company_id"], row["new_company_id"], row["status"])
        for row in account.moves()
        if row["new_company_id"]
    ]


def days_ago(account: "Account") -> list[float]:
    """When people moved, in days before now."""
    found = [row for row in account.moves() if row["new_company_id"]]
    return [round((NOW - moved_at(row)) / timedelta(days=1), 1) for row in found]


def moved_at(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["body"]["moved_at"])


def shown(account: "Account", kind: str, record_id: int) -> dict[str, str]:
    """Our fields as HubSpot's users see them, but for the time of writing."""
    values = account.crm.need(kind, record_id).values
    return {
        name: value
        for name, value in values.items()
        if name.startswith("second_order_") and name != "second_order_updated_at"
    }


def told(account: "Account", kind: str, record_id: int) -> str:
    """What the command explains of a record."""
    with account.context() as context:
        return "\n".join(explain_words.in_words(explain.explain(context, kind, record_id)))


def asked(account: "Account") -> list[dict[str, Any]]:
    with account.context() as context:
        found: list[dict[str, Any]] = reading.open_tasks(context)["questions"]
    return found


# A user changes the primary company


def makes_zenit_primary(source: Source) -> Part:
    """Somebody makes Zenit the primary company; Acme stays linked, and so does the address there."""

    def part(crm: "Portal") -> None:
        crm.associate("contact", PRIYA, "company", ZENIT, primary=True, at=ago(50), source=source)

    return part


def links_zenit_instead(crm: "Portal") -> None:
    crm.dissociate("contact", PRIYA, "company", ACME, at=ago(51), source=A_USER)
    crm.associate("contact", PRIYA, "company", ZENIT, primary=True, at=ago(50), source=A_USER)


@pytest.mark.parametrize(
    "change",
    [makes_zenit_primary(A_USER), makes_zenit_primary(ON_THE_PHONE), links_zenit_instead],
    ids=["another primary company", "on the phone", "another company linked"],
)
def test_a_users_change_of_the_company_is_a_job_change_though_the_old_address_stays(
    world: "World", change: Part
) -> None:
    def after(crm: "Portal") -> None:
        change(crm)
        a_deal(crm, DEAL, ZENIT, PRIYA, opened=20, won=5)

    happens(world, priya_at_acme, after)

    for account in world.accounts:
        assert job_changes(account) == [(ACME, ZENIT, "auto")]
        assert days_ago(account) == [50.0]
        said = account.read("deal", DEAL, "second_order_because")
        assert said.startswith(f"Priya Raman left Acme by {ago(50).day} ")
        assert "a user changed the company to Zenit" in told(account, "deal", DEAL)
    assert shown(world.harbor, "deal", DEAL) == shown(world.orchard, "deal", DEAL)


def test_a_workflows_change_of_the_company_is_asked_about_once_the_address_is_dead_as_well(
    world: "World",
) -> None:
    bounced = {"hs_email_hard_bounce_reason_enum": "UNKNOWN_USER"}

    def after(crm: "Portal") -> None:
        makes_zenit_primary(A_WORKFLOW)(crm)
        crm.update("contact", PRIYA, bounced, at=ago(60), source=("EMAIL", None))

    happens(world, priya_at_acme, after)

    for account in world.accounts:
        assert job_changes(account) == [(ACME, ZENIT, "review")]
        (question,) = asked(account)
        assert "leave Acme for Zenit" in question["text"]


def company_was_typed_wrong(crm: "Portal") -> None:
    two_companies(crm)
    crm.create("contact", {"firstname": "Priya", "lastname": "Raman"}, record_id=PRIYA, at=ago(60))
    crm.associate("contact", PRIYA, "company", ACME, primary=True, at=ago(60))


def comes_back(crm: "Portal") -> None:
    makes_zenit_primary(A_USER)(crm)
    crm.associate("contact", PRIYA, "company", ACME, primary=True, at=ago(46), source=A_USER)


@pytest.mark.parametrize(
    ("before", "after"),
    [(company_was_typed_wrong, makes_zenit_primary(A_USER)), (priya_at_acme, comes_back)],
    ids=["typed wrong ten days before", "taken back after four days"],
)
def test_a_correction_of_the_company_is_no_job_change(
    world: "World", before: Part, after: Part
) -> None:
    happens(world, before, after)

    for account in world.accounts:
        assert job_changes(account) == []
        assert asked(account) == []


# An import sets address and company together

BO = 32


def bo_at_acme(crm: "Portal") -> None:
    told = {"firstname": "Bo", "lastname": "Berg", "email": "bo@acme.example"}
    crm.create("contact", told, record_id=BO, at=ago(800))
    crm.associate("contact", BO, "company", ACME, primary=True, at=ago(800))


def imports_at_zenit(crm: "Portal", contact_id: int, days_ago: float) -> None:
    """A file says that somebody is at Zenit, with an address on a domain that Zenit's record lacks."""
    at, name = ago(days_ago), crm.need("contact", contact_id).get("firstname")
    told = {"company": "Zenit", "email": f"{name}@zenit-labs.example"}
    crm.update("contact", contact_id, told, at=at, source=AN_IMPORT)
    crm.associate("contact", contact_id, "company", ZENIT, primary=True, at=at, source=AN_IMPORT)


def test_an_import_that_sets_address_and_company_together_is_a_job_change(world: "World") -> None:
    happens(world, priya_at_acme, lambda crm: imports_at_zenit(crm, PRIYA, 50))

    for account in world.accounts:
        assert job_changes(account) == [(ACME, ZENIT, "auto")]
        assert days_ago(account) == [50.0]
        assert "an import changed the company to Zenit and the address" in told(
            account, "contact", PRIYA
        )


def test_whom_one_import_takes_the_same_way_together_is_asked_about(world: "World") -> None:
    def before(crm: "Portal") -> None:
        priya_at_acme(crm)
        bo_at_acme(crm)
        imports_at_zenit(crm, PRIYA, 50)

    happens(world, before, lambda crm: imports_at_zenit(crm, BO, 50.01))

    for account in world.accounts:
        assert job_changes(account) == [(ACME, ZENIT, "review")] * 2
        evidence = [text for question in asked(account) for text in question["evidence"]]
        assert sum("the same import took 1 more the same way" in text for text in evidence) == 2


# The deal is opened first, and its contact is corrected later


def corrected_at_once(crm: "Portal", days_ago: float) -> None:
    at = ago(days_ago)
    crm.update("contact", PRIYA, {"email": "priya@zenit.example"}, at=at, source=A_USER)
    crm.associate("contact", PRIYA, "company", ZENIT, primary=True, at=at, source=A_USER)


def corrected_in_two_steps(crm: "Portal", days_ago: float) -> None:
    crm.associate("contact", PRIYA, "company", ZENIT, primary=True, at=ago(days_ago), source=A_USER)
    at = ago(days_ago - 1)
    crm.update("contact", PRIYA, {"email": "priya@zenit.example"}, at=at, source=A_USER)


def only_the_company(crm: "Portal", days_ago: float) -> None:
    crm.associate("contact", PRIYA, "company", ZENIT, primary=True, at=ago(days_ago), source=A_USER)


@pytest.mark.parametrize(
    ("correct", "corrected", "won"),
    [
        (corrected_at_once, 43, 20),
        (corrected_in_two_steps, 43, 47),
        (only_the_company, 29, 20),
    ],
    ids=["a week later", "in two steps after the win", "three weeks later, the address stays"],
)
def test_a_contact_corrected_after_the_deal_was_opened_was_there_when_it_opened(
    world: "World", correct: Callable[["Portal", float], None], corrected: float, won: float
) -> None:
    """Of who was there the app knows since when the contact is on the deal; else it asks."""

    def after(crm: "Portal") -> None:
        a_deal(crm, DEAL, ZENIT, PRIYA, opened=50)
        correct(crm, corrected)
        win(crm, DEAL, won)

    happens(world, priya_at_acme, after)

    for account in world.accounts:
        assert job_changes(account) == [(ACME, ZENIT, "auto")]
    assert world.harbor.read("deal", DEAL, "second_order_source") == "moved_champion"
    said = world.harbor.read("deal", DEAL, "second_order_because")
    assert said.startswith(f"Priya Raman left Acme by {ago(50).day} ")
    assert "was on this deal when it opened" in said
    late = f"the record shows the new company {round(50 - corrected)} days after the deal opened"
    assert late in told(world.harbor, "deal", DEAL)
    assert asked(world.harbor) == []

    assert world.orchard.read("deal", DEAL, "second_order_source") == "none"
    assert late in told(world.orchard, "deal", DEAL)
    (question,) = asked(world.orchard)
    assert question["text"].startswith("Was Priya Raman")
    assert question["text"].endswith("already when deal 42 opened?")
    assert late in question["evidence"][0]

    answer(world, world.orchard, question["id"], "confirm")

    now = shown(world.orchard, "deal", DEAL)
    assert now == shown(world.harbor, "deal", DEAL)


def answer(world: "World", account: "Account", review_id: int, verb: str) -> None:
    with account.context() as context:
        answering.decide(context, review_id, Answer(verb, "Ana", "she told me"))
    world.settle()


def test_who_came_after_the_deal_opened_by_a_persons_word_earns_nothing_of_it(
    world: "World",
) -> None:
    def after(crm: "Portal") -> None:
        a_deal(crm, DEAL, ZENIT, PRIYA, opened=90, won=20)
        corrected_at_once(crm, 40)

    happens(world, priya_at_acme, after)

    for account in world.accounts:
        (question,) = asked(account)
        answer(world, account, question["id"], "reject")
        assert asked(account) == []
        assert account.read("deal", DEAL, "second_order_source") == "none"


# Somebody tells of an earlier job at a customer


@pytest.mark.parametrize(
    "words",
    ["I used it at Acme, my last job", "Habe es bei Acme genutzt, mein letzter Job"],
    ids=["English", "German"],
)
def test_an_earlier_job_at_a_customer_brings_its_credit_though_nobody_there_is_known(
    world: "World", words: str
) -> None:
    for account in world.accounts:
        label = "How did you hear about us?"
        account.crm.define_property("contact", "how_did_you_hear", label=label)

    def before(crm: "Portal") -> None:
        two_companies(crm)
        maria = crm.create("contact", {"firstname": "Maria", "lastname": "Lopez"}, at=ago(800))
        crm.associate("contact", maria.id, "company", ACME, primary=True, at=ago(800))
        a_deal(crm, WON_AT_ACME, ACME, maria.id, opened=700, won=600)

    def after(crm: "Portal") -> None:
        told = {"firstname": "Bo", "lastname": "Berg", "email": "bo@zenit.example"}
        crm.create("contact", {**told, "how_did_you_hear": words}, record_id=BO, at=ago(51))
        crm.associate("contact", BO, "company", ZENIT, primary=True, at=ago(51))
        a_deal(crm, DEAL, ZENIT, BO, opened=50, won=20)

    happens(world, before, after)

    for account in world.accounts:
        assert account.read("deal", DEAL, "second_order_source") == "moved_champion"
        assert account.read("deal", DEAL, "second_order_source_name") == "Acme"
        because = account.read("deal", DEAL, "second_order_because")
        assert because.startswith(f'"{words}" tells of an earlier job at Acme, a customer: ')
        assert account.read("company", ACME, "second_order_revenue") == "6300.00"
        assert words in told(account, "deal", DEAL)
    assert shown(world.harbor, "deal", DEAL) == shown(world.orchard, "deal", DEAL)


# A second record, and nothing was ever heard of the first

SECOND = 33


@pytest.mark.parametrize(
    "shared",
    [{"mobilephone": "+44 7700 900333"}, {"hs_linkedin_url": "linkedin.com/in/priya-raman"}],
    ids=["mobile", "profile address"],
)
def test_a_second_record_is_asked_about_where_the_old_one_has_no_activity(
    world: "World", shared: dict[str, str]
) -> None:
    def after(crm: "Portal") -> None:
        who = {"firstname": "Priya", "lastname": "Raman", "email": "priya@zenit.example", **shared}
        crm.create("contact", who, record_id=SECOND, at=ago(60))
        crm.associate("contact", SECOND, "company", ZENIT, primary=True, at=ago(60))
        a_deal(crm, DEAL, ZENIT, SECOND, opened=50, won=20)

    happens(world, lambda crm: priya_at_acme(crm, **shared), after)

    for account in world.accounts:
        assert job_changes(account) == [(ACME, ZENIT, "review")]
        assert days_ago(account) == [60.0]
        (question,) = asked(account)
        assert question["text"].startswith("Did Priya Raman (Zenit) leave Acme for Zenit")
        assert question["evidence"][0].endswith("of the old one nothing was ever heard")
        answer(world, account, question["id"], "confirm")
        assert account.read("deal", DEAL, "second_order_source") == "moved_champion"
        assert account.read("deal", DEAL, "second_order_because").startswith(
            f"Priya Raman left Acme by {ago(60).day} "
        )
