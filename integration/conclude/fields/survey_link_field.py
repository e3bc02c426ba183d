"""The survey link of a person's current record: there while the person may be asked, else empty."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from integration.conclude.batch import Batch
from integration.portal import contact_caps, survey_links
from integration.storage.success import approach_rows
from mappings.rules.facts import ContactFacts, NpsAnswer
from mappings.rules.success import own_survey
from mappings.rules.success.contact_cap import Approach

NAME = "second_order_survey_link"


@dataclass(frozen=True, slots=True)
class SurveyPage:
    """What decides who of a page's people may be asked: approaches, and who opted out, in words."""

    approaches: Sequence[Approach]
    opted_out: Mapping[int, str]


def load(batch: Batch, contact_ids: Collection[int]) -> SurveyPage | None:
    """Read it; None, and no query, where the account does not ask with our survey."""
    if batch.survey is None:
        return None
    since = batch.now - contact_caps.LOOKED_BACK
    return SurveyPage(
        approach_rows.of_contacts(batch.tx, contact_ids, since=since),
        contact_caps.opt_outs(batch.tx, contact_ids),
    )


def field(
    batch: Batch,
    page: SurveyPage | None,
    contact: ContactFacts,
    own: Sequence[int],
    answers: Iterable[NpsAnswer],
    *,
    is_at_customer: bool,
    has_left: bool,
) -> dict[str, str]:
    """The link for a person's current record *contact*; nothing for whom nobody may ask now."""
    if page is None or batch.survey is None:
        return {}
    rests = own_survey.rests(
        [approach for approach in page.approaches if approach.contact_id in own],
        answers,
        batch.now,
        batch.policy,
        opted_out=contact_caps.first_said(page.opted_out, own),
    )
    hindered = own_survey.hindrance(
        contact, is_at_customer=is_at_customer, has_left=has_left, rests=rests
    )
    if hindered:
        return {}
    made_by = batch.survey
    portal_id = batch.tx.portal_id
    return {NAME: survey_links.link(made_by.address, made_by.key, portal_id, contact.id)}
