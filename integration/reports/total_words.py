"""The total in words, as commands print it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from integration.reports.revenue_total import BY_KIND, HOLDERS, UNBOOKED
from mappings import formats
from mappings.kinds import SourceKind

Json = Mapping[str, Any]


def headline(total: Json) -> str:
    """The total in one sentence, with its rates, its range and what could be judged."""
    if not total["currency"]:
        return "The account's currency is not known yet, so there is no total."
    amount = _money(total["second_order"], total)
    judged = total["measurement"]["percent"]
    ends = f"{_money(total['low'], total)} to {_money(total['high'], total)}"
    share = "" if total["share"] is None else f"{formats.percent(total['share'])} of "
    won = f"{share}{_money(total['won'], total)} won in {_deals(total['won_deals'])}"
    seen = "" if judged is None else f"; {formats.percent(judged / 100)} of it could be judged"
    return f"Second-order revenue {amount} (range {ends}), {won}, {total['rates']}{seen}."


def lines(total: Json) -> Iterator[str]:
    """Yield the total, its parts, what has no part in it, and what could be judged."""
    yield headline(total)
    yield from _parts("by kind", _kinds(total), total)
    yield from _parts("held by", _holders(total), total)
    yield from _left_out(total)
    yield from _judged(total)


def judged_deal(total: Json) -> Iterator[str]:
    """Say of a total of one deal by what it could be judged, or what it lacks for that."""
    for ground in total["measurement"]["by_ground"].values():
        if ground["deals"]:
            yield f"Could show a customer's part: {ground['what']}."
    for gap in total["measurement"]["raised_by"]:
        yield f"Could not show a customer's part: {gap['what']}."


def _kinds(total: Json) -> dict[str, str]:
    kinds = {kind.label: total["by_kind"][kind] for kind in BY_KIND}
    return {**kinds, SourceKind.FIRST_ORDER.label: total["first_order"]}


def _holders(total: Json) -> dict[str, str]:
    return {HOLDERS[holder]: amount for holder, amount in total["by_holder"].items()}


def _parts(head: str, parts: Mapping[str, str], total: Json) -> Iterator[str]:
    shown = [
        f"{label} {_money(amount, total)}" for label, amount in parts.items() if +Decimal(amount)
    ]
    if shown:
        yield f"  {head}: {', '.join(shown)}"


def _left_out(total: Json) -> Iterator[str]:
    """What has no part in the total, each by its name."""
    for line in total["apart"]:
        amount = formats.amount(line["second_order"], line["currency"])
        where = f"{_deals(line['deals'])} without an amount in {total['currency']}"
        yield f"  not part of it: {amount} of {where}"
    for why, number in total["unbooked"].items():
        if number:
            one, several = UNBOOKED[why]
            words = (one if number == 1 else several) % {"num": formats.count(number)}
            yield f"  not part of it: {words}"


def _judged(total: Json) -> Iterator[str]:
    """What would let more of the won revenue be judged, in money."""
    gaps = total["measurement"]["raised_by"]
    if gaps:
        yield "What would let us judge more:"
    for gap in gaps:
        yield f"  {_money(gap['amount'], total)} in {_deals(gap['deals'])}: {gap['what']}"


def _money(amount: str, total: Json) -> str:
    return formats.amount(amount, total["currency"])


def _deals(number: int) -> str:
    return f"{formats.count(number)} {'deal' if number == 1 else 'deals'}"
