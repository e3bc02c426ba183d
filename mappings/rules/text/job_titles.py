"""Job titles: which family a title belongs to, and which titles are the same job."""

import re

from mappings.caching import cached
from mappings.rules.text.folding import fold, fold_name

# Stems, since titles inflect: "engineer" also finds "engineering". The first family whose stem
# occurs wins.
FAMILIES: dict[str, tuple[str, ...]] = {
    "research": (
        "research",
        "scientist",
        "fellow",
        "professor",
        "postdoc",
        "forsch",
        "wissenschaft",
        "investigador",
    ),
    "engineering": (
        "engineer",
        "developer",
        "programmer",
        "architect",
        "devops",
        "software",
        "entwickler",
        "ingenie",
        "desarroll",
    ),
    "data": ("data", "analyst", "analytics", "statistic", "machine learning", "daten"),
    "product": ("product", "ux", "designer", "produkt"),
    "sales": (
        "sales",
        "account executive",
        "business development",
        "vertrieb",
        "ventas",
        "vendas",
        "revenue",
    ),
    "marketing": (
        "marketing",
        "brand",
        "growth",
        "communication",
        "press",
        "social media",
        "content",
        "outreach",
    ),
    "success": ("customer success", "account manager", "support", "service", "kunden"),
    "finance": (
        "finance",
        "financial",
        "controller",
        "accountant",
        "treasur",
        "cfo",
        "buchhalt",
        "einkauf",
        "procure",
    ),
    "people": ("human resources", "recruit", "talent", "people", "personal", "hr "),
    "operations": (
        "operations",
        "logistic",
        "supply",
        "office",
        "coo",
        "admin",
        "program manager",
        "project",
    ),
    "legal": ("legal", "counsel", "lawyer", "attorney", "compliance"),
    "it": ("it ", "system", "network", "security", "cio", "infrastructure"),
    "leadership": (
        "chief",
        "ceo",
        "founder",
        "president",
        "managing director",
        "executive director",
        "geschaftsfuhr",
        "owner",
    ),
}


@cached(1 << 13)
def family(title: str) -> str:
    """The job family of a title, or "" when it says too little."""
    text = f"{fold(title)} "
    for name, stems in FAMILIES.items():
        if any(f" {stem}" in f" {text}" for stem in stems):
            return name
    return ""


def plain(title: str) -> str:
    """A title in a form that compares; "" for none."""
    return fold_name(title)


def same_title(a: str, b: str) -> bool:
    """Whether two titles are the same words."""
    return plain(a) == plain(b) != ""


_LONG = 4  # letters of a word that says something


@cached(1 << 13)
def _telling(title: str) -> frozenset[str]:
    return frozenset(word for word in fold(title).split() if len(word) >= _LONG)


def is_other(a: str, b: str) -> bool:
    """Whether two known titles have neither family nor word in common."""
    one, two = family(a), family(b)
    if not (a.strip() and b.strip()) or (one and one == two):
        return False
    return _telling(a).isdisjoint(_telling(b)) and fold(a) != fold(b)


_OUTSIDER = re.compile(r"\b(consult|contract|freelanc|extern|interim|berater|auditor)")


@cached(1 << 13)
def is_outsider(title: str) -> bool:
    """Whether a title says that its bearer works at the company for another one."""
    return _OUTSIDER.search(fold(title)) is not None


_ADDITIONAL = re.compile(
    r"\b(board (member|director|of)|member of the (advisory )?board"
    r"|chair(man|woman|person)? of the board"
    r"|adviser|advisor|non executive|nonexecutive|trustee|beirat|aufsichtsrat|verwaltungsrat"
    r"|administrateur|conseiller|consejer[oa]|asesora?|conselheir[oa])\b"
)


@cached(1 << 13)
def is_additional(title: str) -> bool:
    """Whether a title names a seat that people hold beside their job: a board, an adviser."""
    return _ADDITIONAL.search(fold(title)) is not None


_EXECUTIVE = re.compile(
    r"\b(c[eftimors]o|cpo|cmo|chief|president|founder|owner|partner|vp|svp|evp|head of"
    r"|managing director|general manager|executive director|vorstand|geschaftsfuhr\w*|inhaber\w*"
    r"|prokurist\w*|directeur general|pdg|director general|diretor geral|gerente general)\b"
)


@cached(1 << 13)
def is_executive(title: str) -> bool:
    """Whether a title is of somebody who leads the company or a large part of it."""
    return _EXECUTIVE.search(fold(title)) is not None
