"""Comments of answers: found by their words, read by whom they concern, and gone with their person."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from integration.portal import forgotten, invalidation
from integration.portal.invalidation import Change
from integration.storage.mirror import inbound_items
from integration.storage.mirror.inbound_items import SaidAnswer
from integration.storage.queue import lanes
from integration.storage.service import erasure
from mappings.kinds import Role
from tests.contract.visiting import Town, Visitor

if TYPE_CHECKING:
    from tests.world import Account, World

SAID = "Onboarding hat gedauert, aber der Umzug lief großartig <b>wirklich</b>"


@pytest.fixture
def harbor(world: "World") -> "Account":
    for account in world.accounts:
        with account.crm.silently():
            company = account.crm.create("company", {"name": "Acme", "domain": "acme.example"}).id
            contact = account.crm.create("contact", {"email": "ana@acme.example"}).id
            account.crm.associate("contact", contact, "company", company, primary=True)
        world.install(account)
    world.settle()
    return world.harbor


def visitor_of(world: "World") -> Visitor:
    assert world.app
    town = Town(
        world.hubspot, world.harbor.crm, world.orchard.crm, world.runtime, world.app, world.url
    )
    visitor = town.visitor()
    visitor.sign_in(world.harbor.portal_id)
    return visitor


def answer(account: "Account", contact_id: int, comment: str) -> None:
    with account.context() as context, context.transaction() as tx:
        at = datetime.now(UTC) - timedelta(days=1)
        inbound_items.keep_answers(tx, [SaidAnswer("survey:x", "1", 3, at, comment, contact_id)])
        about = {("contact", contact_id)}
        invalidation.record(tx, Change.OUTSIDE_REPORTED, records=about)
        lanes.want(tx, account.portal_id, "drain")
    account.world.settle()


def become(account: "Account", visitor: Visitor, role: Role) -> None:
    """Give the visitor's own role away, past the rule that an account keeps an admin."""
    account.rows(
        "UPDATE portal_user SET role = :role WHERE user_id = :id RETURNING 1",
        role=role.value,
        id=visitor.session().user_id,
    )


def test_a_comment_is_found_by_its_words_and_shown_to_who_may_see_it(harbor: "Account") -> None:
    (ana,) = (contact.id for contact in harbor.crm.all("contact"))
    answer(harbor, ana, SAID)
    visitor = visitor_of(harbor.world)
    find = f"/portals/{harbor.portal_id}/find?q="
    person = f"/portals/{harbor.portal_id}/contact/{ana}"

    def sees() -> tuple[bool, bool]:
        found = visitor.get(f"{find}grossartig umz")
        page = visitor.get(person)
        assert "<b>wirklich" not in found.text + page.text
        return "Umzug lief" in unescape(found.text), "Umzug lief" in unescape(page.text)

    assert sees() == (True, True)
    assert "Umzug" not in visitor.get(f"{find}grossartig+nirgends").text
    for role, expected in (
        (Role.SUCCESS, (True, True)),
        (Role.MARKETER, (False, False)),
        (Role.SELLER, (False, False)),
    ):
        become(harbor, visitor, role)
        assert sees() == expected, role
    assert "Answered 3 out of 10" in visitor.get(person).text, "a score is no comment"

    user_id = visitor.session().user_id
    harbor.rows(
        "INSERT INTO owner (portal_id, owner_id, user_id, email) VALUES (:portal, 77, :user, 'x') RETURNING 1",
        user=user_id,
    )
    harbor.crm.update("contact", ana, {"hubspot_owner_id": "77"})
    harbor.world.settle()
    assert sees() == (True, True), "a seller reads what is said of their own records"


def test_a_comment_is_erased_with_its_person_wherever_it_was(harbor: "Account") -> None:
    (ana,) = (contact.id for contact in harbor.crm.all("contact"))
    answer(harbor, ana, SAID)
    assert "grossartig" in harbor.values("search_word", "word", object_type="comment")
    assert harbor.world.orchard.kept("search_word", object_type="comment") == []
    with harbor.context() as context:
        forgotten.forget(context, ana)
    harbor.world.settle()
    with harbor.context() as context, context.transaction() as tx:
        assert erasure.mentions(tx, "Umzug") == []
        assert erasure.mentions(tx, "umzug") == []


def test_a_changed_comment_is_found_by_its_new_words_alone(harbor: "Account") -> None:
    (ana,) = (contact.id for contact in harbor.crm.all("contact"))
    answer(harbor, ana, "slow")
    answer(harbor, ana, "swift")
    assert harbor.values("search_word", "word", object_type="comment") == ["swift"]
