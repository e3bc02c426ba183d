"""Questions of detection: what an admin is asked about the portal's words, with live samples."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mappings.records.detection.choosing import Choice, PropertyCandidate
from mappings.records.detection.referral_labels import Label, ReferralLabels, Unclear
from mappings.records.detection.staff_hosts import StaffHosts
from mappings.records.property_labels import PropertyLabels
from mappings.records.setup_kinds import LEFT_OPTIONS, PROPERTY, REFERRAL_LABELS, STAFF_HOSTS
from mappings.rules.job_changes import departures
from mappings.rules.job_changes.departures import Meaning
from mappings.stored.setup_shapes import Candidate, SetupQuestion

_COUNTED: Mapping[str, str] = {
    "contact": "contacts",
    "deal": "deals",
    "company": "companies",
}
# What a mapped label is taken to say, by the types it leads from and to.
_SAYS: Mapping[tuple[str, str], str] = {
    ("contact", "company"): "the contact referred the company",
    ("deal", "contact"): "the contact referred the deal",
}
_OTHERWISE = "the record it leads to referred the other"
NONE_OF_THESE = Candidate("", "None of these")


@dataclass(frozen=True, slots=True)
class Question:
    """A set-up question of one kind; `key` tells questions of a kind apart."""

    kind: str
    key: str
    asked: SetupQuestion


def about_property(choice: Choice) -> Question:
    """Ask which property tells what a setting wants; the best one is preselected."""
    wish, candidates = choice.wish, choice.asked or choice.looked_at[:1]
    best = candidates[0]
    answers = [_answer(candidate, wish.object_type) for candidate in candidates]
    text = f"Which {wish.object_type} property tells {wish.guess.tells}?"
    asked = SetupQuestion(text, (*answers, NONE_OF_THESE), (best.name,), best.why_for())
    return Question(PROPERTY, wish.setting, asked)


def _answer(candidate: PropertyCandidate, object_type: str) -> Candidate:
    label = f"{candidate.label} ({candidate.name})"
    if candidate.profile is None:
        return Candidate(candidate.name, label)
    profile = candidate.profile
    return Candidate(candidate.name, label, profile.shown(), profile.filled, _COUNTED[object_type])


def about_labels(unclear: Unclear) -> Question:
    """Ask which labels between two types say that the record they lead to is the referrer."""
    says = _SAYS.get((unclear.from_type, unclear.to_type), _OTHERWISE)
    text = (
        f"Which of these labels between {_COUNTED[unclear.from_type]} and"
        f" {_COUNTED[unclear.to_type]} says that {says}?"
    )
    asked = SetupQuestion(
        text,
        tuple(map(_label, unclear.labels)),
        tuple(_label(label).value for label in unclear.proposed),
        takes_several=True,
    )
    return Question(REFERRAL_LABELS, f"{unclear.from_type}>{unclear.to_type}", asked)


def about_found_labels(found: ReferralLabels) -> Iterator[Question]:
    """The same questions, with the labels that are certain among the answers, and proposed."""
    pairs = [(label.from_type, label.to_type) for label in found.certain]
    unclear = {(asked.from_type, asked.to_type): asked for asked in found.unclear}
    for from_type, to_type in dict.fromkeys([*pairs, *unclear]):
        certain = [
            label
            for label in found.certain
            if (label.from_type, label.to_type) == (from_type, to_type)
        ]
        asked = unclear.get((from_type, to_type), Unclear(from_type, to_type, (), ()))
        labels, proposed = (*certain, *asked.labels), (*certain, *asked.proposed)
        yield about_labels(replace(asked, labels=labels, proposed=proposed))


def _label(label: Label) -> Candidate:
    return Candidate(f"{label.type_id}:{label.text}", label.text)


def about_staff(hosts: StaffHosts) -> Question:
    """Ask which of the users' mail domains are the account's own."""
    answers = [
        Candidate(host, host, "", hosts.users[host], "users")
        for host in (*hosts.shared, *hosts.others)
    ]
    text = (
        "Users of this account have addresses at several domains. Whose people are your own? They"
        " are never credited as referrers."
    )
    because = "most users have addresses there" if hosts.shared else ""
    return Question(
        STAFF_HOSTS,
        "users",
        SetupQuestion(text, tuple(answers), hosts.shared, because, takes_several=True),
    )


def about_options(name: str, labels: PropertyLabels) -> Question | None:
    """Ask which options mean that somebody left, where some do not say so or otherwise."""
    meant = {value: departures.meaning(text) for value, text in labels.options.items()}
    if all(meaning is not None for meaning in meant.values()):
        return None
    answers = [Candidate(value, text) for value, text in labels.options.items()]
    proposal = tuple(value for value, meaning in meant.items() if meaning is Meaning.LEFT)
    text = f"Which options of \u201c{labels.label or name}\u201d mean that the person left?"
    because = "their labels say so" if proposal else ""
    asked = SetupQuestion(text, tuple(answers), proposal, because, takes_several=True)
    return Question(LEFT_OPTIONS, name, asked)
