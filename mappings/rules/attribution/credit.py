"""Credit: a deal's money shared among its sources and the first-order remainder, to the cent."""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from mappings.kinds import SourceKind
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE, Allocation, CreditLine, Source
from mappings.rules.policy import Policy

FIRST_ORDER = SourceKind.FIRST_ORDER.value
"""The key of the remainder: what is not derived from any customer."""


def raw(w: int, p: int, g: int) -> int:
    """A source's weight x certainty x freshness, in ppm."""
    return round(Fraction(w * p * g, PPM * PPM))


def age_factor(days: int, flat_days: int, half_life_days: int) -> int:
    """1 up to *flat_days*, then halving every *half_life_days*; ppm."""
    late = max(0, days - flat_days)
    return PPM if late == 0 else round(PPM * math.exp2(-late / half_life_days))


def once_per_human(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Keep each human's strongest source of a deal; sources without force are dropped."""
    best: dict[str, Source] = {}
    ordered = sorted(
        sources, key=lambda source: (-source.raw, source.key, -source.p, -source.w, -source.g)
    )
    for source in ordered:
        if source.raw > 0:
            human = source.key if source.person_id is None else f"person:{source.person_id}"
            best.setdefault(human, source)
    return tuple(sorted(best.values(), key=lambda source: (-source.raw, source.key)))


def derived_share(raws: Sequence[int], cap: int = PPM) -> Fraction:
    """D = 1 - product(1 - raw): more evidence raises it, nothing brings it past one or the cap."""
    rest = 1
    for source_raw in raws:
        rest *= PPM - source_raw
    return min(1 - Fraction(rest, PPM ** len(raws)), Fraction(cap, PPM))


def split(total: int, weights: Mapping[str, int | Fraction]) -> dict[str, int]:
    """Share whole units by weight, so that the parts add up to *total*.

    By the largest remainder, ties to the lower key. Negative totals are split like positive ones,
    with the sign put back. Weights must not all be zero.
    """
    sign, size = (-1, -total) if total < 0 else (1, total)
    whole_weights = _whole(weights)
    whole = sum(whole_weights.values())
    parts: dict[str, int] = {}
    remainders: dict[str, int] = {}
    for key, weight in whole_weights.items():
        parts[key], remainders[key] = divmod(size * weight, whole)
    left = size - sum(parts.values())
    for key in sorted(remainders, key=lambda key: (-remainders[key], key))[:left]:
        parts[key] += 1
    return {key: sign * part for key, part in parts.items()}


def _whole(weights: Mapping[str, int | Fraction]) -> dict[str, int]:
    """The same proportions in whole numbers.

    Of thousands of sources fractions would take minutes to shorten.
    """
    common = math.lcm(*(weight.denominator for weight in weights.values()))
    return {
        key: weight.numerator * (common // weight.denominator) for key, weight in weights.items()
    }


def shares(sources: Sequence[Source], cap: int = PPM) -> dict[str, int]:
    """Each source's share of a deal, and the remainder's under FIRST_ORDER, in SHARE_ONE units.

    They add up to one.
    """
    raws = [source.raw for source in sources]
    derived, total = derived_share(raws, cap), sum(raws)
    of_sources = {source.key: derived.numerator * source.raw for source in sources}
    rest = (derived.denominator - derived.numerator) * (total or 1)
    return split(SHARE_ONE, {**of_sources, FIRST_ORDER: rest})


def allocate(
    deal_id: int, amount_minor: int, currency: str, sources: Iterable[Source], policy: Policy
) -> Allocation:
    """Share a deal among its sources. No sources: all of it is first-order."""
    counted = once_per_human(sources)
    frozen = shares(counted, policy.derived_cap)
    money = split(amount_minor, frozen)
    lines = tuple(CreditLine(source, frozen[source.key], money[source.key]) for source in counted)
    low, high = share_range(counted, policy)
    derived = derived_share([source.raw for source in counted], policy.derived_cap)
    return Allocation(
        deal_id,
        amount_minor,
        currency,
        lines,
        frozen[FIRST_ORDER],
        money[FIRST_ORDER],
        round(derived * PPM),
        low,
        high,
    )


def share_range(sources: Sequence[Source], policy: Policy) -> tuple[int, int]:
    """D when only sure sources count, and when every source is taken as certain (ppm)."""
    sure = [source.raw for source in sources if source.p >= policy.sure_source_at]
    certain = [raw(source.w, PPM, source.g) for source in sources]
    low, high = derived_share(sure, policy.derived_cap), derived_share(certain, policy.derived_cap)
    return round(low * PPM), round(high * PPM)
