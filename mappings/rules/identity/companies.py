"""Companies: which one an address, an id or a typed name means, and which are one company in truth."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from mappings.caching import cached
from mappings.rules.facts import PPM, CompanyFacts, Directory
from mappings.rules.policy import Policy
from mappings.rules.text.address_kinds import domain_of, is_contractor, is_free, is_role
from mappings.rules.text.domains import registrable
from mappings.rules.text.names import LONGEST, fold_name, near, words

LEGAL_WORDS = words(
    """
    ab ag aps as asa bhd bv bvba co company corp corporation cv eg eirl gbr gmbh group holding
    holdings inc incorporated kft kg kgaa kk lda limitada limited llc llp lp ltd ltda mbh nv oao oo
    ood oy oyj pbc plc pllc pte pty pvt sa sab sarl sas sdn se sl slu spa sp spol spzoo sro srl
    sociedad society z zoo o ooo the
    """
)
_MAX_CHAIN = 32
_TELLING = 5  # letters


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
    """A key that a name shares with its slips: letters swapped, doubled or dropped from a pair, words run together.

    It starts with a sign that no plain name has, so that both can stand in one table; short names
    have none.
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
    """Index companies by domain, plain name and merged-away id. What two unrelated companies share means neither."""
    known = {company.id: company for company in companies if not company.archived}
    alias = {
        old: company.id
        for company in known.values()
        for old in company.merged_ids
        if old != company.id
    }
    draft = Directory(known, {}, {}, alias)
    by_domain: dict[str, list[int]] = defaultdict(list)
    by_name: dict[str, list[int]] = defaultdict(list)
    for company in known.values():
        for domain in company.domains:
            by_domain[domain.lower()].append(company.id)
        for name in name_keys((company.name, *company.former_names)):
            by_name[name].append(company.id)
    return Directory(
        known,
        _only_one(by_domain, draft),
        _only_one(by_name, draft),
        alias,
        free_hosts,
        frozenset(registrable(host) for host in own_domains),
        migrations,
    )


def _only_one(found: Mapping[str, list[int]], companies: Directory) -> dict[str, int]:
    """Keep keys that mean one company, or one family of parent and children (then its root if it has the key)."""
    chosen = {}
    for key, ids in found.items():
        if len(ids) == 1:
            chosen[key] = ids[0]
            continue
        roots = {root(companies, one) for one in ids}
        if len(roots) == 1:
            top = roots.pop()
            chosen[key] = top if top in ids else min(ids)
        elif (head := _namesake(companies, ids)) is not None:
            chosen[key] = head
    return chosen


def _namesake(companies: Directory, ids: list[int]) -> int | None:
    """The company that all the others are named after ("Zenit" among "Zenit" and "Zenit Labs")."""
    names = {one: plain_name(companies.companies[one].name) for one in ids}
    head = min(ids, key=lambda one: (len(names[one]), one))
    rest = [names[one] for one in ids if one != head]
    return (
        head
        if all(one == names[head] != "" or _named_after(names[head], one) for one in rest)
        else None
    )


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
    """The company an address belongs to; None for free-mail, role, contractor, own-staff and unknown addresses."""
    if not email or is_free(email, companies.free_hosts) or is_role(email) or is_contractor(email):
        return None
    host = email.partition("@")[2]
    domain = domain_of(email)
    if domain in companies.own_domains:
        return None
    found = companies.by_domain.get(host, companies.by_domain.get(domain))
    return None if found is None else survivor(companies, found)


def name_keys(texts: Iterable[str]) -> set[str]:
    """Under which keys a company of these names is found by a typed one, and a typed one leads to it."""
    return {key for text in texts if text for key in (plain_name(text), loose_name(text))} - {""}


def of_text(companies: Directory, text: str) -> int | None:
    """The one company whose name this is, apart from legal form, case and accents, or else but for one slip."""
    if not text:
        return None
    found = companies.by_name.get(plain_name(text))
    if found is None:
        found = companies.by_name.get(loose_name(text))
        if found is None or not _slipped(companies.companies[found], text):
            return None
    return survivor(companies, found)


def _slipped(company: CompanyFacts, text: str) -> bool:
    typed = plain_name(text).replace(" ", "")
    meant = [plain_name(name).replace(" ", "") for name in (company.name, *company.former_names)]
    return any(typed == one or near(typed, one) for one in meant)


def same_company(companies: Directory, a: int | None, b: int | None) -> str:
    """Why two company records are one employer for our purposes, or "" when they are not."""
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
    names_one, names_two = (
        {plain_name(n) for n in (c.name, *c.former_names)} - {""} for c in (one, two)
    )
    if names_one & names_two:
        return "the names differ only in legal form, or one was renamed"
    if any(_named_after(x, y) or _named_after(y, x) for x in names_one for y in names_two):
        return "one company is named after the other"
    # Small firms name their mail service as their domain: that is nobody's own.
    shared = one.domains & two.domains
    if any(not is_free(f"@{domain}", companies.free_hosts) for domain in shared):
        return "the companies share a domain"
    return ""


def _named_after(parent: str, child: str) -> bool:
    """Whether a name continues the other's ("Zenit" and "Zenit Labs"); short words begin too many names."""
    return len(parent) >= _TELLING and child.startswith(f"{parent} ")


def mass_moves(
    changes: Iterable[tuple[int, int, int, datetime]],
    known_contacts: Mapping[int, int],
    policy: Policy,
) -> frozenset[tuple[int, int]]:
    """Find pairs of companies between which a crowd went, which is an acquisition or new domain, not job changes.

    *changes* are (person, from company, to company, at), all that left a company of which any are given;
    *known_contacts* counts contacts per company. A crowd goes at once, or it is most of those who left within a
    year: people who change jobs scatter, while records follow a takeover one by one for months.
    """
    by_pair: dict[tuple[int, int], dict[int, datetime]] = defaultdict(dict)
    for person, old, new, at in changes:
        seen = by_pair[old, new].get(person)
        by_pair[old, new][person] = min(at, seen) if seen else at
    leavers: dict[int, list[datetime]] = defaultdict(list)
    for (old, _), dates in by_pair.items():
        leavers[old].extend(dates.values())
    return frozenset(
        pair
        for pair, dates in by_pair.items()
        if len(dates) >= policy.migration_persons
        and (
            _at_once(sorted(dates.values()), known_contacts.get(pair[0], 0), policy)
            or _nearly_all(sorted(dates.values()), leavers[pair[0]], policy)
        )
    )


def _at_once(dates: list[datetime], contacts: int, policy: Policy) -> bool:
    crowd = max(policy.migration_persons, -(-contacts * policy.migration_share // PPM))
    return len(_densest(dates, timedelta(days=policy.migration_days))) >= crowd


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
