"""Lives: generated histories of one portal, and what must be equal in a fresh install of their end."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from tests import hubspot_links
from tests.e2e import corners
from tests.e2e.corners import Act, Corner, Histories
from tests.e2e.test_concluded_anew import anew_in_pages
from tests.e2e.test_rebuild import by_contact, differences, said
from tests.sandbox import copying
from tests.sandbox.crm import Quirks

if TYPE_CHECKING:
    from tests.sandbox.records import Json
    from tests.world import Account, World

# Histories of one portal, the same in each run: a minute a test on a laptop, in CI five hundred each; LIVES=6
# or more for a long run.
SIDE_BY_SIDE = 170
MOST_ACTS = 8
PORTALS = int(os.environ.get("LIVES") or (3 if os.environ.get("CI") else 1))
# What once ended otherwise than in a fresh install.
FOUND: Histories = (
    # A booked deal was given to the company that it was owed to, which passed for a merge.
    (Act("give to", "company", 1, 0, "now"),),
    (Act("merge", "company", 0, 1, "now"), Act("give to", "company", 1, 0, "late")),
    # Whoever left a company that was deleted later left "a company without a name", or not.
    (Act("delete", "company", 0, 0, "late"),),
    # So did whoever left a company that was merged, when its survivor was deleted.
    (Act("merge", "company", 3, 3, "now"), Act("delete", "company", 0, 1, "late")),
    (
        Act("merge", "company", 3, 3, "now"),
        Act("label", "deal", 0, 0, "now"),
        Act("delete", "company", 0, 1, "now"),
        Act("label", "deal", 0, 0, "now"),
        Act("restore", "company", 0, 1, "now"),
    ),
)
# The same of what was told early or never.
FOUND_UNHEARD: Histories = (
    # A label on the deal came before the notice of the merge, and passed for the whole link.
    (
        Act("merge", "contact", 5, 2, "now"),
        Act("take from", "contact", 4, 4, "never"),
        Act("delete", "deal", 1, 3, "now"),
        Act("label", "company", 2, 5, "now"),
    ),
)
OWN = "second_order_"
KINDS = ("contact", "company", "deal")

TOLD = ("now", "now", "twice", "late")
# With these only a reconciliation can find out.
LOST = ("now", "late", "early", "never")


# Lives are dealt from one number each: a failure tells the number, not pages of acts.
seeds = st.integers(0, 2**32 - 1)


def dealt(seed: int, told: Sequence[str]) -> list[list[Act]]:
    """The histories of one number."""
    chance = Random(seed)
    return [
        [_act(chance, told) for _ in range(chance.randint(1, MOST_ACTS))]
        for _ in range(SIDE_BY_SIDE)
    ]


def _act(chance: Random, told: Sequence[str]) -> Act:
    return Act(
        what=chance.choice(corners.DEEDS),
        kind=chance.choice(KINDS),
        a=chance.randint(0, 5),
        b=chance.randint(0, 5),
        told=chance.choice(told),
    )


NewWorld = Callable[[], Any]


def begin(world: "World", number: int) -> list[Corner]:
    """So many corners in harbor, where alone the app is installed."""
    crm = world.harbor.crm
    with crm.silently():
        crm.define_property("contact", "referred_by", label="Referred by")
        crm.define_label("deal", "contact", corners.LABEL)
        lived = [corners.settle_in(crm, each) for each in range(number)]
    world.install(world.harbor)
    world.settle()
    return lived


def answer_otherwise(quirks: Quirks) -> None:
    """What is open about HubSpot, the other way round."""
    quirks.batch_read_merged, quirks.merge_object_id = "missing", "primary"
    quirks.merge_creates = False
    quirks.deletion_clears_company_id = True


def live(world: "World", lived: list[Corner], histories: Histories) -> None:
    """Let everything happen; what is told late is told at the end, in another order."""
    late: list[Json] = []
    for place, acts in enumerate(corners.rounds(histories)):
        _happen_after_their_notices(
            world, [(lived[number], act) for number, act in acts.items() if act.told == "early"]
        )
        for number, act in acts.items():
            if act.told != "early":
                corners.do(lived[number], act)
                _tell(world, act.told, late)
        if place % 2:
            world.settle()
    for corner in lived:
        corners.tidy(corner)
    world.settle()
    world.hubspot.queue.extend(reversed(late))
    world.rest()


def _tell(world: "World", told: str, late: "list[Json]") -> None:
    """Keep what is told late apart, repeat what is told twice, and drop what is never told."""
    queue = world.hubspot.queue
    if told == "late":
        late.extend(queue)
    if told in {"late", "never"}:
        queue.clear()
    if told == "twice":
        queue.extend([{**event, "eventId": event["eventId"] + 1_000_000} for event in queue])


def _happen_after_their_notices(world: "World", early: Sequence[tuple[Corner, Act]]) -> None:
    """We look when the notices come, and HubSpot does not show yet what they tell of."""
    if not early:
        return
    crm, queue = world.harbor.crm, world.hubspot.queue
    world.settle()
    before = copying.taken(crm)
    for corner, act in early:
        corners.do(corner, act)
    notices = list(queue)
    queue.clear()
    copying.put_back(crm, before)
    queue.extend(notices)
    world.settle()
    with crm.silently():
        for corner, act in early:
            corners.do(corner, act)


def shown(account: "Account") -> dict[tuple[str, int], dict[str, str]]:
    """What HubSpot's users see of ours on every record; none of a choice is nothing."""
    seen: dict[tuple[str, int], dict[str, str]] = {}
    for kind in KINDS:
        for record in account.crm.all(kind):
            seen[kind, record.id] = {
                name: value
                for name, value in record.values.items()
                if name.startswith(OWN) and name != f"{OWN}updated_at" and value != "none"
            }
    return seen


def state(account: "Account") -> dict[str, Any]:
    """Everything that an install of the same records must end in."""
    deals = account.rows("SELECT deal_id, company_id, deal_order, is_won, is_open FROM deal")
    living = {record.id for record in account.crm.all("deal")}
    concluded = {ref: _without_none(fields) for ref, fields in said(account).items()}
    return {
        "shown": shown(account),
        "said": {ref: fields for ref, fields in concluded.items() if fields},
        "booked": _booked(account),
        "deal": {row["deal_id"]: row for row in deals if row["deal_id"] in living},
        "links": sorted(hubspot_links.kept(account)),
    }


def _booked(account: "Account") -> dict[tuple[Any, ...], int]:
    """What is booked, by deal, kind, person and company under their ids of today."""
    sums: dict[tuple[Any, ...], int] = {}
    for (deal, kind, contact, company), minor in by_contact(account).items():
        today = [
            None if record_id is None else account.crm.survivor(object_type, record_id)
            for object_type, record_id in (("contact", contact), ("company", company))
        ]
        key = (deal, kind, *today)
        sums[key] = sums.get(key, 0) + minor
    return {key: minor for key, minor in sums.items() if minor}


def _without_none(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value != "none"}


def fresh(world: "World") -> "Account":
    """The app installed in an account that holds what harbor holds in the end."""
    copying.copy_into(world.orchard.crm, world.harbor.crm, without=OWN)
    world.install(world.orchard)
    world.rest()
    return world.orchard


def assert_lived_as_fresh(world: "World", lived: list[Corner], histories: Histories) -> None:
    in_hubspot = {"links": sorted(hubspot_links.in_hubspot(world.harbor.crm))}
    ours = state(world.harbor)
    found = differences(ours, in_hubspot | {name: ours[name] for name in ours.keys() - in_hubspot})
    found += differences(ours, state(fresh(world)))
    anew_in_pages(world.harbor, limit=7)
    found += [f"still to write: {row}" for row in world.harbor.kept("outbox")]
    found += differences(ours, state(world.harbor))
    shown = by_history(found, lived, histories)
    # pytest explains the assertions of test modules only.
    assert shown == {}, "\n".join(
        f"{history or 'in no history'}:\n    " + "\n    ".join(lines)
        for history, lines in shown.items()
    )


def by_history(
    found: Iterable[str], lived: list[Corner], histories: Histories
) -> dict[str, list[str]]:
    """Differences by the history that shows them, which can be replayed alone."""
    corner_of: dict[int, Corner] = {}
    for corner in lived:
        for kind, ids in corner.ids.items():
            corner_of |= {corner.crm.survivor(kind, one): corner for one in ids}
            corner_of |= dict.fromkeys(ids, corner)
    shown: dict[str, list[str]] = {}
    for line in found:
        numbers = map(int, re.findall(r"\d{4,6}", line))
        theirs = next((corner_of[number] for number in numbers if number in corner_of), None)
        history = "" if theirs is None else str(list(histories[theirs.number]))
        shown.setdefault(history, []).append(line)
    return shown


calmly = hypothesis.settings(
    max_examples=PORTALS,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # A history that fails is found by its records: making it smaller would take hours.
    phases=(Phase.generate,),
    database=None,
)
