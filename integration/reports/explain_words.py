"""An explanation as lines for a terminal: values, reasons, decisions and the ledger."""

from collections.abc import Iterator, Mapping
from typing import Any

from integration.reports import total_words
from mappings.formats import amount, day, exact_percent, likelihood, sure
from mappings.kinds import Status, source_label
from mappings.rules.findings import SHARE_ONE
from mappings.rules.text.names import spoken

Json = Mapping[str, Any]


def in_words(explanation: Json) -> list[str]:
    """Return all that is known of a record, the most important first."""
    ref = f"{explanation['object_type']}:{explanation['record_id']}"
    lines = [_record(explanation, ref)]
    if not explanation["exists"]:
        lines.append("This record is gone or was never seen.")
    if explanation.get("held"):
        lines.append(f"{explanation['held']}.")
    if explanation.get("settings_version"):
        lines.append(f"  by settings version {explanation['settings_version']}")
    lines += [f"  {name} = {value}" for name, value in sorted(explanation["values"].items())]
    for section in (
        _sources,
        _derived,
        _suggestions,
        _edges,
        _person,
        _moves,
        _successors,
        _referrals,
        _answer_labels,
        _apart,
        _decisions,
        _ledger,
        _models,
    ):
        lines += section(explanation)
    return lines


def _record(explanation: Json, ref: str) -> str:
    """What a record is called, with its type and id."""
    return f"{explanation['names'].get(ref, 'unknown')} ({ref.replace(':', ' ')})"


def _status(word: str) -> str:
    return {status.value: status.label for status in Status}.get(word, word).lower()


def _sources(explanation: Json) -> Iterator[str]:
    parts = explanation.get("parts", ())
    if explanation["exists"] and not parts:
        yield from (f"  {sentence}" for sentence in explanation.get("story", ()))
    for part in parts:
        yield f"  {part['said']}"
        yield f"    {_figures(part)}"
        yield from (f"    {reason}" for reason in part["because"])


def _figures(part: Json) -> str:
    share = f"{exact_percent(part['share'])} of the deal"
    if part["amount"]:
        share += f", {part['amount']}"
    if part["provisional_until"]:
        share += f"; provisional until {day(part['provisional_until'])}"
    if not part["weight"]:
        return share
    factors = (
        f"weight {part['weight']:.2f} x certainty {part['certainty']:.2f}"
        f" x freshness {part['freshness']:.2f}"
    )
    return f"{part['timing']}: {factors} = {part['raw']:.2f}; {share}"


def _derived(explanation: Json) -> Iterator[str]:
    derived = explanation.get("derived")
    if not derived:
        return
    shares = ", ".join(
        f"{name} {exact_percent(derived[name])}{_in_brackets(derived[f'{name}_amount'])}"
        for name in ("low", "expected", "high")
        if derived[name] is not None
    )
    yield f"  derived: {shares}"
    rest = f"{exact_percent(derived['first_order'])}{_in_brackets(derived['first_order_amount'])}"
    yield f"  first-order remainder, with marketing and selling: {rest}"


def _in_brackets(text: str | None) -> str:
    return f" ({text})" if text else ""


def _suggestions(explanation: Json) -> Iterator[str]:
    yield from (f"  suggestion: {text}" for text in explanation.get("suggested", ()))


def _edges(explanation: Json) -> Iterator[str]:
    for edge in explanation.get("edges", ()):
        deal = _record(explanation, f"deal:{edge['from_deal_id']}")
        company = _record(explanation, f"company:{edge['from_company_id']}")
        yield f"  follows {deal} of {company} with {exact_percent(edge['share'] / SHARE_ONE)}"


def _person(explanation: Json) -> Iterator[str]:
    records = explanation.get("records", ())
    if len(records) < 2:  # noqa: PLR2004 - one record alone is no finding
        return
    shown = ", ".join(_record(explanation, f"contact:{record_id}") for record_id in records)
    yield f"  one person on the records {shown}:"
    reasons = [
        reason["text"] for link in explanation["same_person_because"] for reason in link["reasons"]
    ]
    yield from (f"    {reason}" for reason in dict.fromkeys(reasons))


def _answer_labels(explanation: Json) -> Iterator[str]:
    for label in explanation.get("heard", ()):
        if label["label"] in {"unknown", "junk"}:
            continue
        # A warning earns no credit, and must not read like a recommendation.
        is_warning = label["label"] == "negative_wom"
        meaning = "warns of us" if is_warning else label["label"].replace("_", " ")
        quote = f'"{spoken(label["quote"])}" ({day(label["at"])})'
        yield f"  said {quote}: {meaning}, {likelihood(label['confidence'])}"


def _moves(explanation: Json) -> Iterator[str]:
    for move in explanation.get("moves", ()):
        companies = f"{move['former_company']} for {move['new_company'] or 'somewhere unknown'}"
        certainty = f"{likelihood(move['confidence'])} ({_status(move['status'])})"
        yield f"  {move['contact']} left {companies} by {day(move['latest'])}: {certainty}"
        yield from (f"    {reason['text']}" for reason in move["because"])


def _successors(explanation: Json) -> Iterator[str]:
    for successor in explanation.get("successors", ()):
        yield f"  taken over: {successor['because']}"


def _referrals(explanation: Json) -> Iterator[str]:
    for referral in explanation.get("referrals_made", ()):
        when = f" on {day(referral['at'])}" if referral.get("at") else ""
        evidence = str(referral["how"]).replace("_", " ")
        certainty = f"{sure(referral['p'])}, by {evidence} ({_status(referral['status'])})"
        yield f"  recommended us to {referral['target_name']}{when}: {certainty}"
        yield from (f"    {reason['text']}" for reason in referral["reasons"])


def _apart(explanation: Json) -> Iterator[str]:
    for head, name in (("kept apart", "apart"), ("what the ledger says happened", "changes")):
        if explanation.get(name):
            yield f"  {head}:"
            yield from (f"    {line}" for line in explanation[name])


def _decisions(explanation: Json) -> Iterator[str]:
    for decision in explanation.get("decisions", ()):
        holds = decision["is_newest"] and not decision["has_ended"]
        author = f"{spoken(decision['author_name'])} decided on {day(decision['decided_at'])}"
        answer = f"{decision['verb']}: {decision['text']}"
        yield f"  {author}: {answer}{'' if holds else ', no longer holds'}"
        yield f"    because: {spoken(decision['reason'])}"


def _ledger(explanation: Json) -> Iterator[str]:
    rows = explanation.get("ledger")
    if not rows:
        return
    yield "  ledger:"
    for row in rows:
        booked = amount(row["amount"], row["currency"])
        deal = _record(explanation, f"deal:{row['deal_id']}")
        entry = f"{deal}, {source_label(row['kind'])} {booked}: {row['reason']}"
        yield f"    {day(row['booked_on'])} {entry} (settings version {row['settings_version']})"
    yield from (f"    {line}" for line in _sums(explanation))


def _sums(explanation: Json) -> Iterator[str]:
    """What the rows add up to in the account's currency, and whether the deal could be judged."""
    if explanation.get("total"):
        yield total_words.headline(explanation["total"])
        yield from total_words.judged_deal(explanation["total"])
    credit = explanation.get("credit")
    if credit:
        earned = amount(credit["second_order"], credit["currency"])
        yield f"second-order revenue {earned}, {credit['rates']}"


def _models(explanation: Json) -> Iterator[str]:
    models = explanation.get("classic_models")
    if not models:
        return
    yield "  Classic models, for comparison (none of this is booked):"
    for model in models:
        shares = ", ".join(
            f"{share['name']} {exact_percent(share['share'])}" for share in model["shares"]
        )
        yield f"    {model['model']}: {shares or 'nothing to share'} ({model['reason']})"
