"""An explanation as lines for a terminal: the conclusion, its reasons, what people decided, and the ledger."""

from collections.abc import Iterator, Mapping
from typing import Any

from mappings.rules.attribution.reasons import sure
from mappings.rules.facts import PPM
from mappings.rules.text.names import spoken

Told = Mapping[str, Any]


def in_words(told: Told) -> list[str]:
    """All that is known of a record, the most important first."""
    lines = [f"{told['object_type']} {told['record_id']} {told['name']}".strip()]
    if not told["exists"]:
        lines.append("This record is gone or was never seen.")
    lines += [f"  {name} = {value}" for name, value in sorted(told["values"].items())]
    for part in (
        _sources,
        _derived,
        _suggested,
        _edges,
        _people,
        _moves,
        _successors,
        _referrals,
        _heard,
        _apart,
        _decisions,
        _ledger,
    ):
        lines += part(told)
    return [*lines, *_models(told)]


def _sources(told: Told) -> Iterator[str]:
    if told["exists"] and told.get("story") and not told.get("parts"):
        yield from (f"  {one}" for one in told["story"])
    for part in told.get("parts", ()):
        yield f"  {part['said']}"
        yield f"    {_figures(part)}"
        yield from (f"    {reason}" for reason in part["because"])


def _figures(part: Told) -> str:
    share = f"{part['share']:.2%} of the deal" + (f", {part['amount']}" if part["amount"] else "")
    hold = (
        f"; provisional until {part['provisional_until'][:10]}" if part["provisional_until"] else ""
    )
    if not part["weight"]:
        return f"{share}{hold}"
    product = f"weight {part['weight']:.2f} x certainty {part['certainty']:.2f} x freshness {part['freshness']:.2f}"
    return f"{part['timing']}: {product} = {part['raw']:.2f}; {share}{hold}"


def _derived(told: Told) -> Iterator[str]:
    derived = told.get("derived")
    if not derived:
        return
    ends = ", ".join(
        f"{name} {derived[name]:.2%}{_in_brackets(derived[f'{name}_amount'])}"
        for name in ("low", "expected", "high")
        if derived[name] is not None
    )
    yield f"  derived: {ends}"
    rest = f"{derived['first_order']:.2%}{_in_brackets(derived['first_order_amount'])}"
    yield f"  first-order remainder, with marketing and selling: {rest}"


def _in_brackets(text: str | None) -> str:
    return f" ({text})" if text else ""


def _suggested(told: Told) -> Iterator[str]:
    yield from (f"  suggestion: {one}" for one in told.get("suggested", ()))


def _edges(told: Told) -> Iterator[str]:
    for edge in told.get("edges", ()):
        share = edge["share"] / 10**12
        yield f"  follows won deal {edge['from_deal_id']} of company {edge['from_company_id']} with {share:.2%}"


def _people(told: Told) -> Iterator[str]:
    if len(told.get("records", ())) > 1:
        yield f"  one person on records {', '.join(str(one) for one in told['records'])}:"
        said = (
            reason["text"] for link in told["same_person_because"] for reason in link["reasons"]
        )
        yield from (f"    {one}" for one in dict.fromkeys(said))


def _heard(told: Told) -> Iterator[str]:
    """What their own words say; a warning is told apart from what earns credit."""
    for one in told.get("heard", ()):
        if one["label"] not in {"unknown", "junk"}:
            what = (
                "warns of us" if one["label"] == "negative_wom" else one["label"].replace("_", " ")
            )
            yield f'  said "{spoken(one["quote"])}" ({one["at"][:10]}): {what}, {one["confidence"]:.0%} sure'


def _moves(told: Told) -> Iterator[str]:
    for move in told.get("moves", ()):
        goal = move["new_company"] or "somewhere unknown"
        certainty = f"{sure(round(move['confidence'] * PPM))} ({move['status']})"
        yield f"  {move['contact']} left {move['former_company']} for {goal} by {move['latest'][:10]}: {certainty}"
        yield from (f"    {reason['text']}" for reason in move["because"])


def _successors(told: Told) -> Iterator[str]:
    yield from (f"  taken over: {one['because']}" for one in told.get("successors", ()))


def _referrals(told: Told) -> Iterator[str]:
    for one in told.get("referrals_made", ()):
        when = f" on {one['at'][:10]}" if one.get("at") else ""
        how = str(one["how"]).replace("_", " ")
        yield f"  recommended us to {one['target_name']}{when}: {sure(one['p'])}, by {how} ({one['status']})"
        yield from (f"    {reason['text']}" for reason in one["reasons"])


def _apart(told: Told) -> Iterator[str]:
    for head, name in (("kept apart", "apart"), ("what the ledger says happened", "changes")):
        if told.get(name):
            yield f"  {head}:"
            yield from (f"    {one}" for one in told[name])


def _decisions(told: Told) -> Iterator[str]:
    for one in told.get("decisions", ()):
        ended = ", no longer holds" if one["has_ended"] or not one["is_newest"] else ""
        yield f"  {spoken(one['author'])} decided on {one['decided_at'][:10]}: {one['verb']}: {one['text']}{ended}"
        yield f"    because: {spoken(one['reason'])}"


def _ledger(told: Told) -> Iterator[str]:
    if told.get("ledger"):
        yield "  ledger:"
    for row in told.get("ledger", ()):
        amount = f"{row['amount']} {row['currency']}"
        yield f"    {row['effective_at'][:10]} deal {row['deal_id']} {row['kind']} {amount}: {row['reason']}"


def _models(told: Told) -> Iterator[str]:
    if told.get("classic_models"):
        yield "  Classic models, for comparison (none of this is booked):"
    for one in told.get("classic_models", ()):
        shares = ", ".join(f"{share['name']} {share['share']:.1%}" for share in one["shares"])
        yield f"    {one['model']}: {shares or 'nothing to share'} ({one['reason']})"
