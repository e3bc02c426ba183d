"""Circumstances: where two records live and what they do, as evidence for and against one human.

People move house and change their work: what agrees says more than what differs, and both say less
the more records of the portal have the same.
"""

from collections.abc import Iterator

from mappings.rules.facts import ContactFacts
from mappings.rules.findings import Reason
from mappings.rules.identity.frequencies import CITY, COUNTRY, STATE, TITLE, Frequencies
from mappings.rules.policy import Policy
from mappings.rules.text import job_titles, places
from mappings.rules.text.names import spoken

Evidence = tuple[float, Reason]


def whereabouts(contact: ContactFacts) -> str:
    """City and job title of a record as one text that compares; "" when one of them is missing."""
    city, title = places.city(contact.city), job_titles.plain(contact.job_title)
    return f"{city}, {title}" if city and title else ""


def place_evidence(
    old: ContactFacts, new: ContactFacts, portal: Frequencies, policy: Policy
) -> Iterator[Evidence]:
    """The nearest place that both records know, as evidence; one for all, since they hang together.

    The same city counts whatever the rest says; else the widest that differs, else what agrees.
    """
    cities = places.city(old.city), places.city(new.city)
    if all(cities) and places.same_city(*cities):
        rarity = min(portal.rarity(CITY, city) for city in cities)
        text = f"both are in {spoken(new.city)}"
        yield policy.same_city_bits * rarity, Reason("same_city", text)
        return
    yield from _wider_place(old, new, portal, policy, cities_differ=all(cities))


def _wider_place(
    old: ContactFacts,
    new: ContactFacts,
    portal: Frequencies,
    policy: Policy,
    *,
    cities_differ: bool,
) -> Iterator[Evidence]:
    countries = places.country(old.country), places.country(new.country)
    states = places.state(old.state), places.state(new.state)
    if _differ(*countries):
        text = f"one is in {spoken(old.country)}, the other in {spoken(new.country)}"
        yield policy.other_country_bits, Reason("other_country", text)
    elif _differ(*states):
        text = f"one is in {spoken(old.state)}, the other in {spoken(new.state)}"
        yield policy.other_state_bits, Reason("other_state", text)
    elif cities_differ:
        text = f"one is in {spoken(old.city)}, the other in {spoken(new.city)}"
        yield policy.other_city_bits, Reason("other_city", text)
    elif states[0] and states[0] == states[1]:
        bits = policy.same_state_bits * portal.rarity(STATE, states[0])
        yield bits, Reason("same_state", f"both are in {spoken(new.state)}")
    elif countries[0] and countries[0] == countries[1]:
        bits = policy.same_country_bits * portal.rarity(COUNTRY, countries[0])
        yield bits, Reason("same_country", f"both are in {spoken(new.country)}")


def _differ(a: str, b: str) -> bool:
    return bool(a and b) and a != b and places.comparable(a, b)


def job_evidence(
    old: ContactFacts, new: ContactFacts, portal: Frequencies, policy: Policy
) -> Iterator[Evidence]:
    """The same title, the same kind of work, or two that have nothing in common."""
    if job_titles.same_title(old.job_title, new.job_title):
        rarity = portal.rarity(TITLE, job_titles.plain(new.job_title))
        text = f"both are {spoken(new.job_title)}"
        yield policy.same_title_bits * rarity, Reason("same_title", text)
        return
    one, two = job_titles.family(old.job_title), job_titles.family(new.job_title)
    if one and one == two:
        yield policy.job_family_bits, Reason("same_job_family", f"both work in {one}")
    elif job_titles.is_other(old.job_title, new.job_title):
        text = f"one is {spoken(old.job_title)}, the other {spoken(new.job_title)}"
        yield policy.other_job_bits, Reason("other_job", text)
