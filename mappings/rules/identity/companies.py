"""Companies: which one an address, id or typed name means, and which records are one employer."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

from mappings.caching import cached
from mappings.rules.facts import PPM, CompanyFacts, Directory
from mappings.rules.policy import Policy
from mappings.rules.text.address_kinds import domain_of, is_contractor, is_free, is_role
from mappings.rules.text.domains import registrable
from mappings.rules.text.mail_hosts import is_anybodys
from mappings.rules.text.names import LONGEST, fold_name, near, words

LEGAL_WORDS = words(
    """
    ab ag aps as asa bhd bv bvba co company corp corporation cv eg eirl gbr gmbh group holding
    holdings inc incorporated kft kg kgaa kk lda limitada limited llc llp lp ltd ltda mbh nv oao oo
    ood oy oyj pbc plc pllc pte pty pvt sa sab sarl sas sdn se sl slu spa sp spol spzoo sro srl
    sociedad society z zoo o ooo the
    """
)
# Merges or parents followed at most: real chains are short, and a loop in the data must end.
_MAX_CHAIN = 32
# Letters of a name that is compared loosely: shorter ones are too often each other's beginning.
_TELLING = 5


@cached(1 << 15)
def plain_name(name: str) -> str:
    """A company name that compares: folded, without legal form ("Zenit GmbH" and "ZENIT" agree)."""
    words = fold_name(re.sub(r"\([^)]*\)", " ", name[: 2 * LONGEST])).split()
    while len(words) > 1 and words[0] == "the":
        words.pop(0)
    while len(words) > 1 and words[-1] in LEGAL_WORDS:
        words.pop()
    return " ".join(words)


@cached(1 << 15)
def loose_name(name: str) -> str:
    """A key that a name shares with its misspellings; "" for a short name.

    Letters may be swapped, doubled or dropped from a pair, words run together. The key starts with
    a sign that no plain name has, so that both can stand in one table.
    """
    letters = plain_name(name).replace(" ", "")
    return f"~{''.join(sorted(set(letters)))}" if len(letters) >= _TELLING else ""


def directory(
    companies: Iterable[CompanyFacts],
    *,
    free_hosts: frozenset[str] = frozenset(),
    own_domains: frozenset[str] = frozenset(),
    migrations: frozenset[tuple[int, int]] = frozenset(),
) -> Directory:
    """Index companies by domain, plain name and merged-away id.

    A domain or name that two unrelated companies share leads to neither.
    """
    known = {company.id: company for company in companies if not company.archived}
    draft = Directory(known, {}, {}, _aliases(known.values()))
    by_domain: dict[str, list[int]] = defaultdict(list)
    by_name: dict[str, list[int]] = defaultdict(list)
    for company in known.values():
        for domain in company.domains:
            by_domain[domain.lower()].append(company.id)
        for name in name_keys((company.name, *company.former_names)):
            by_name[name].append(company.id)
    return replace(
        draft,
        by_domain=_unambiguous(by_domain, draft),
        by_name=_unambiguous(by_name, draft),
        free_hosts=free_hosts,
        # Nobody's own: everybody has addresses at a free-mail host, the account's users as well.
        own_domains=frozenset(registrable(host) for host in own_domains if not is_anybodys(host)),
        migrations=migrations,
    )


def _aliases(companies: Iterable[CompanyFacts]) -> dict[int, int]:
    aliases: dict[int, int] = {}
    for company in companies:
        for merged_id in company.merged_ids:
            if merged_id != company.id:
                aliases[merged_id] = company.id
    return aliases


def _unambiguous(ids_by_key: Mapping[str, list[int]], companies: Directory) -> dict[str, int]:
    """The company of each key that means one company, or one group of companies."""
    chosen: dict[str, int] = {}
    for key, ids in ids_by_key.items():
        company_id = ids[0] if len(ids) == 1 else _head(companies, ids)
        if company_id is not None:
            chosen[key] = company_id
    return chosen


def _head(companies: Directory, ids: list[int]) -> int | None:
    """The company that stands for all of these: their root, or the one they are named after."""
    roots = {root(companies, company_id) for company_id in ids}
    if len(roots) > 1:
        return _namesake(companies, ids)
    top = roots.pop()
    return top if top in ids else min(ids)


def _namesake(companies: Directory, ids: list[int]) -> int | None:
    """The company that all the others are named after ("Zenit" among "Zenit" and "Zenit Labs")."""
    names = {company_id: plain_name(companies.companies[company_id].name) for company_id in ids}
    head = min(ids, key=lambda company_id: (len(names[company_id]), company_id))
    parent = names[head]
    others = [name for company_id, name in names.items() if company_id != head]
    is_shared = all(name == parent != "" or _named_after(parent, name) for name in others)
    return head if is_shared else None


def survivor(companies: Directory, company_id: int) -> int:
    """The id that *company_id* lives on as after merges."""
    for _ in range(_MAX_CHAIN):
        if company_id not in companies.by_alias:
            break
        company_id = companies.by_alias[company_id]
    return company_id


def root(companies: Directory, company_id: int) -> int:
    """The top of the parent chain; a loop in the data ends where it began."""
    seen = set()
    company_id = survivor(companies, company_id)
    while company_id not in seen:
        seen.add(company_id)
        company = companies.companies.get(company_id)
        if company is None or company.parent_id is None:
            return company_id
        company_id = survivor(companies, company.parent_id)
    return min(seen)


def of_email(companies: Directory, email: str) -> int | None:
    """The company an address belongs to.

    None for free-mail, function, contractors', our own staff's and unknown addresses.
    """
    if not email or is_free(email, companies.free_hosts) or is_role(email) or is_contractor(email):
        return None
    host = email.partition("@")[2]
    domain = domain_of(email)
    if domain in companies.own_domains:
        return None
    company_id = companies.by_domain.get(host, companies.by_domain.get(domain))
    return None if company_id is None else survivor(companies, company_id)


def name_keys(texts: Iterable[str]) -> set[str]:
    """The keys under which a company of these names is found: plain and loose."""
    keys: set[str] = set()
    for text in texts:
        keys.update((plain_name(text), loose_name(text)))
    return keys - {""}


def of_text(companies: Directory, text: str) -> int | None:
    """The one company of a typed name, whatever its legal form, case, accents or one slip."""
    if not text:
        return None
    company_id = companies.by_name.get(plain_name(text))
    if company_id is None:
        company_id = companies.by_name.get(loose_name(text))
        if company_id is None or not _misspells(text, companies.companies[company_id]):
            return None
    return survivor(companies, company_id)


def _misspells(text: str, company: CompanyFacts) -> bool:
    typed = plain_name(text).replace(" ", "")
    names = [plain_name(name).replace(" ", "") for name in (company.name, *company.former_names)]
    return any(typed == name or near(typed, name) for name in names)


def same_company(companies: Directory, a: int | None, b: int | None) -> str:
    """Why two company records are one employer, or "" when they are not."""
    if a is None or b is None:
        return ""
    a, b = survivor(companies, a), survivor(companies, b)
    if a == b:
        return "it is the same company"
    if root(companies, a) == root(companies, b):
        return "the companies belong to one group"
    one, two = companies.companies.get(a), companies.companies.get(b)
    if one is None or two is None:
        return ""
    return _names_agree(one, two) or _domains_agree(one, two, companies)


def _names_agree(one: CompanyFacts, two: CompanyFacts) -> str:
    names, others = _plain_names(one), _plain_names(two)
    if names & others:
        return "the names differ only in legal form, or one was renamed"
    for name, other in product(names, others):
        if _named_after(name, other) or _named_after(other, name):
            return "one company is named after the other"
    return ""


def _plain_names(company: CompanyFacts) -> set[str]:
    return {plain_name(name) for name in (company.name, *company.former_names)} - {""}


def _domains_agree(one: CompanyFacts, two: CompanyFacts, companies: Directory) -> str:
    shared = one.domains & two.domains
    # Small firms name their mail service as their domain: that is nobody's own.
    if all(is_free(f"@{domain}", companies.free_hosts) for domain in shared):
        return ""
    return "the companies share a domain"


def _named_after(parent: str, child: str) -> bool:
    """Whether a name continues the other's: "Zenit" and "Zenit Labs"."""
    return len(parent) >= _TELLING and child.startswith(f"{parent} ")


def mass_moves(
    changes: Iterable[tuple[int, int, int, datetime]],
    known_contacts: Mapping[int, int],
    policy: Policy,
) -> frozenset[tuple[int, int]]:
    """Pairs of companies between which so many went that it is an acquisition or a new domain.

    *changes* are (person, from company, to company, at), all that left a company of which any are
    given; *known_contacts* counts contacts per company. A mass move happens at once, or it is most
    of those who left within a year: people who change jobs scatter, while records follow a takeover
    one by one for months.
    """
    dates_by_pair = _first_dates(changes)
    leavers: dict[int, list[datetime]] = defaultdict(list)
    for (former_id, _), dates in dates_by_pair.items():
        leavers[former_id].extend(dates)
    return frozenset(
        (former_id, new_id)
        for (former_id, new_id), dates in dates_by_pair.items()
        if len(dates) >= policy.migration_persons
        and (
            _at_once(dates, known_contacts.get(former_id, 0), policy)
            or _nearly_all(dates, leavers[former_id], policy)
        )
    )


def _first_dates(
    changes: Iterable[tuple[int, int, int, datetime]],
) -> dict[tuple[int, int], list[datetime]]:
    """When each person first went from one company to another, by pair of companies, sorted."""
    by_pair: dict[tuple[int, int], dict[int, datetime]] = defaultdict(dict)
    for person_id, former_id, new_id, at in changes:
        by_person = by_pair[former_id, new_id]
        by_person[person_id] = min(at, by_person.get(person_id, at))
    return {pair: sorted(by_person.values()) for pair, by_person in by_pair.items()}


def _at_once(dates: list[datetime], contacts: int, policy: Policy) -> bool:
    """Whether enough people went within days: a share of the company's contacts, rounded up."""
    share_of_contacts = -(-contacts * policy.migration_share // PPM)
    together = _densest(dates, timedelta(days=policy.migration_days))
    return len(together) >= max(policy.migration_persons, share_of_contacts)


def _nearly_all(dates: list[datetime], leavers: list[datetime], policy: Policy) -> bool:
    """Whether most people who left the company within the densest year went the same way."""
    together = _densest(dates, timedelta(days=policy.migration_year_days))
    if len(together) < policy.migration_persons:
        return False
    left = sum(1 for at in leavers if together[0] <= at <= together[-1])
    return len(together) * PPM >= left * policy.migration_leavers_share


def _densest(dates: list[datetime], window: timedelta) -> list[datetime]:
    """The most dates that fall within one window."""
    best: list[datetime] = []
    start = 0
    for end, date in enumerate(dates):
        while date - dates[start] > window:
            start += 1
        if end - start + 1 > len(best):
            best = dates[start : end + 1]
    return best
