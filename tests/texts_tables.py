"""Texts that pages show out of tables: labels of kinds, settings and the like, and counted things."""

from collections.abc import Iterator
from enum import EnumType

from mappings import kinds

# Plurals that pages count: "3 deals".
COUNTED = (
    "companies", "contacts", "deals", "records", "users",
)  # fmt: skip


def labels() -> Iterator[tuple[str, str]]:
    """Yield each label with the file of its table."""
    for kind in vars(kinds).values():
        if isinstance(kind, EnumType) and kind.__module__ == kinds.__name__:
            for member in kind:  # type: ignore[var-annotated]
                if getattr(member, "label", ""):
                    yield "mappings/kinds.py", member.label


def plurals() -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield "%(num)s deal", "%(num)s deals" for each counted thing."""
    for plural in COUNTED:
        one = f"{plural[:-3]}y" if plural.endswith("ies") else plural[:-1]
        yield "integration/pages/wording.py", (f"%(num)s {one}", f"%(num)s {plural}")
