"""Detection: what a portal's own words and values seem to mean; a close race is a question, not a choice."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.records.detection.choosing import worth_sampling
from mappings.records.detection.map_questions import Question
from mappings.records.detection.profiles import ValueProfile, profile_of
from mappings.records.detection.proposals import proposals
from mappings.records.detection.referral_labels import Side, side_of
from mappings.records.detection.wishes import wishes
from mappings.records.map_guesses import Detected, detect
from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.records.property_labels import labels_of
from mappings.records.setup_kinds import KINDS

NOW = datetime(2026, 11, 30, tzinfo=UTC)
Definition = dict[str, Any]


def prop(name: str, label: str = "", kind: str = "string", **more: object) -> Definition:
    options = more.pop("options", None)
    listed = [{"value": value, "label": text} for value, text in (options or {}).items()]  # type: ignore[attr-defined]
    return {"name": name, "label": label or name, "type": kind, "options": listed} | more


def seen(
    *properties: Definition,
    of: str = "contact",
    values: Mapping[str, Iterable[str]] | None = None,
    labels: Iterable[tuple[str, str, Mapping[str, Any]]] = (),
    users: Iterable[str] = (),
) -> dict[str, Detected]:
    """What is detected in a portal with these properties, by setting."""
    by_name = {definition["name"]: definition for definition in properties}
    profiles = {
        (of, name): _profile(by_name[name], list(texts)) for name, texts in (values or {}).items()
    }
    owners = [{"email": user} for user in users]
    _, found = detect({of: list(properties)}, {}, labels, owners, profiles=profiles, now=NOW)
    return {guess.name: guess for guess in found}


def _profile(definition: Definition, texts: list[str]) -> ValueProfile:
    return profile_of(texts, labels_of(definition), filled=len(texts))


def answers(guess: Detected) -> list[str]:
    """The answers to the one question about a setting."""
    (question,) = guess.questions
    return [candidate.value for candidate in question.asked.candidates]


# Names


@pytest.mark.parametrize(
    ("setting", "kind", "wrong", "right"),
    [
        ("renewal_date", "date", "Last renewal date", "Next renewal date"),
        ("renewal_date", "date", "Renewal reminder sent", "Contract end date"),
        ("renewal_date", "date", "Letzte Verlängerung", "Nächste Verlängerung"),
        ("renewal_date", "date", "Dernier renouvellement", "Prochain renouvellement"),
        ("renewal_date", "date", "Última renovación", "Próxima renovación"),
        ("renewal_date", "date", "Última renovação", "Próxima renovação"),
        ("renewal_date", "date", "Contract start", "Subscription expires on"),
        ("recurring", "number", "Churned ARR", "Current ARR"),
        ("recurring", "number", "Annual recurring revenue last year", "Annual recurring revenue"),
        ("recurring", "number", "Expansion MRR", "MRR"),
        ("recurring", "number", "ARR target", "Total ARR"),
        ("usage", "number", "License usage limit", "Monthly active users"),
        ("usage", "number", "Seats purchased", "Seats used"),
        ("usage", "number", "Nutzungslimit", "Aktive Nutzer"),
        ("renewal_date", "date", "Trial expiration", "Subscription end date"),
        ("renewal_date", "date", "Kündigungsfrist", "Vertragsende"),
        ("renewal_date", "date", "Inicio del contrato", "Fin del contrato"),
        ("recurring", "number", "ARR 2023", "ARR"),
        ("recurring", "number", "Net new ARR", "ARR"),
        ("recurring", "number", "ARR growth %", "ARR"),
        ("usage", "number", "User limit", "Active users (30d)"),
        ("usage", "number", "Usage fee", "Usage score"),
        ("usage", "number", "Logins last month", "Logins"),
        ("milestone", "date", "Planned go-live", "Go-live date"),
        ("milestone", "date", "Onboarding started", "Onboarding completed"),
        ("goal_date", "date", "Goal target date", "Goal reached on"),
        ("goal_date", "date", "Zieldatum", "Ziel erreicht am"),
        ("goal_date", "date", "Objectif prévu", "Objectif atteint le"),
    ],
)
def test_of_two_company_properties_the_one_that_is_meant_is_taken(
    setting: str, kind: str, wrong: str, right: str
) -> None:
    # The wrong one comes first in the alphabet of names.
    found = seen(prop("a_one", wrong, kind), prop("b_one", right, kind), of="company")

    assert found[f"{setting}_property"].value == "b_one"
    assert found[f"{setting}_property"].questions == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "Number referred by (count)",
        "Referrer URL",
        "Referred by: date",
        "Referral bonus paid",
        "Preferred by",
        "Has referred others",
        "Anzahl Empfehlungen",
        "Nombre de clients recommandés",
        "Referred by (old)",
    ],
)
def test_what_only_speaks_of_referrers_does_not_name_one(wrong: str) -> None:
    found = seen(prop("a_one", wrong), prop("b_one", "Referred by"))

    assert found["referred_by_property"].value == "b_one"
    assert seen(prop("a_one", wrong))["referred_by_property"].value is None


HEARD = """How did you hear about us?; How'd you find us?; How did you first learn about Fulcrum?
Where did you hear about us; What brought you to us?; HDYHAU; Attribution (self-reported); Self-reported attribution; How did you come across us?
Wie haben Sie von uns erfahren?; Wie sind Sie auf uns aufmerksam geworden?; Woher kennen Sie uns?
Wie bist du auf uns gestoßen?; Woher wissen Sie von uns?; Auf welchem Weg haben Sie von uns erfahren?; Wodurch wurden Sie auf uns aufmerksam?; Wie haben Sie uns gefunden?
Comment avez-vous entendu parler de nous ?; Comment nous avez-vous connus ?; Par quel canal nous avez-vous connus ?
Où avez-vous entendu parler de nous ?; Comment avez-vous découvert notre solution ?
¿Cómo nos conociste?; ¿Cómo se enteró de nosotros?; ¿Dónde oíste hablar de nosotros?; ¿Por qué medio nos conoció?
Como você nos conheceu?; Como ficou sabendo da gente?; Onde ouviu falar de nós?; Como nos encontrou?"""
REFERRED = """Referred by; Who referred you?; Who told you about us?; Recommended by; Introduced by; Name of referrer; Referring customer
Empfohlen von; Empfehler; Wer hat Sie empfohlen?; Recommandé par; Parrain; Qui vous a recommandé ?
Recomendado por; ¿Quién te recomendó?; Referido por; Indicado por; Quem indicou?; Recomendado pelo cliente"""


def split(texts: str) -> list[str]:
    return [text.strip() for line in texts.splitlines() for text in line.split(";")]


@pytest.mark.parametrize("label", split(HEARD))
def test_a_question_how_people_heard_is_found_in_every_language(label: str) -> None:
    assert seen(prop("x", label))["heard_from_property"].value == "x"
    assert seen(prop("x", label), of="deal")["deal_heard_from_property"].value == "x"


@pytest.mark.parametrize("label", split(REFERRED))
def test_a_field_for_the_referrer_is_found_in_every_language(label: str) -> None:
    assert seen(prop("x", label))["referred_by_property"].value == "x"


@pytest.mark.parametrize(
    "label", ["How did you hear about this event?", "How did you hear about the job?"]
)
def test_how_people_heard_of_something_else_is_no_answer(label: str) -> None:
    assert seen(prop("x", label))["heard_from_property"].value is None


def test_why_another_was_passed_over_is_said() -> None:
    found = seen(prop("a", "Referral source"), prop("b", "Referred by"))

    assert found["referred_by_property"].because == (
        '"Referred by" seems to tell who referred a contact.'
        ' "Referral source" does less: its name hints at it.'
    )


# Values


def test_two_that_say_the_same_are_a_question_with_live_samples() -> None:
    found = seen(
        prop("referred_by", "Referred by"),
        prop("referrer", "Referrer"),
        values={
            "referred_by": ["Maria Lopez (Acme Tools)", "Bo Berg"] * 20,
            "referrer": ["maria@acme.example"] * 30,
        },
    )["referred_by_property"]

    (question,) = found.questions
    shown = [(one.label, one.sample, one.count) for one in question.asked.candidates]
    assert found.value is None
    assert question.asked.text == "Which contact property tells who referred a contact?"
    assert shown == [
        (
            "Referred by (referred_by)",
            "\u2018Maria Lopez (Acme Tools)\u2019, \u2018Bo Berg\u2019",
            40,
        ),
        ("Referrer (referrer)", "\u2018maria@acme.example\u2019", 30),
        ("None of these", "", None),
    ]
    assert question.asked.proposal == ("referred_by",)


def test_one_that_is_hardly_filled_does_not_race_with_one_in_use() -> None:
    found = seen(
        prop("a_referrer", "Referrer"),
        prop("referred_by", "Referred by"),
        values={"a_referrer": ["Bo Berg"], "referred_by": ["Maria Lopez"] * 100},
    )

    assert found["referred_by_property"].value == "referred_by"


@pytest.mark.parametrize(
    ("values", "value"),
    [
        (["3", "0", "12", "1"], None),
        (["google.com", "https://t.co/x", "bing.com"], None),
        (["2024-01-01", "2025-03-04"], None),
        (["Yes", "No", "Yes"], None),
        (["Maria Lopez", "bo@acme.example"], "x"),
        (["12345678901", "22345678901"], "x"),
    ],
    ids=["counts", "pages", "days", "ticks", "people", "record ids"],
)
def test_a_referrer_is_told_by_values_that_can_be_people(
    values: list[str], value: str | None
) -> None:
    found = seen(prop("x", "Referred by"), values={"x": values})

    assert found["referred_by_property"].value == value


def test_a_hint_with_values_that_fit_is_found_by_them() -> None:
    source = prop("x", "Referral source")

    assert answers(seen(source)["referred_by_property"]) == ["x", ""]
    people = seen(source, values={"x": ["Maria Lopez at Acme", "Bo Berg"] * 5})
    assert "x" in answers(people["referred_by_property"])
    media = seen(source, values={"x": ["Google", "LinkedIn ad", "A friend told me"] * 5})
    assert media["referred_by_property"].value is None
    assert media["heard_from_property"].value == "x"


def test_days_that_are_over_tell_no_coming_renewal() -> None:
    found = seen(
        prop("a", "Renewal date", "date"),
        prop("b", "Contract end", "date"),
        of="company",
        values={"a": ["2024-01-01"] * 9, "b": ["2027-01-01", "2026-12-01"] * 5},
    )

    assert found["renewal_date_property"].value == "b"


# Codes

OWN = [f"FRIEND-{number}" for number in range(60)]
USED = [f"FRIEND-{number % 7}" for number in range(60)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Referral code", "Invite code"),
        ("Invite code", "Referral code"),
        ("Empfehlungscode", "Einladungscode"),
        ("Code de parrainage", "Code d'invitation"),
        ("Código de recomendación", "Código de invitación"),
        ("Código de indicação", "Código de convite"),
    ],
)
def test_own_codes_and_used_codes_are_told_apart_by_whether_they_repeat(
    one: str, other: str
) -> None:
    found = seen(prop("a", one), prop("b", other), values={"a": OWN, "b": USED})

    assert (found["own_code_property"].value, found["referral_code_property"].value) == ("a", "b")
    swapped = seen(prop("a", one), prop("b", other), values={"a": USED, "b": OWN})
    assert (swapped["own_code_property"].value, swapped["referral_code_property"].value) == (
        "b",
        "a",
    )


def test_a_few_codes_that_repeat_are_enough() -> None:
    found = seen(
        prop("a", "Referral code"),
        prop("b", "Invite code"),
        values={"a": OWN[:8], "b": ["FRIEND-1", "FRIEND-2", "FRIEND-1"] * 2},
    )

    assert (found["own_code_property"].value, found["referral_code_property"].value) == ("a", "b")


def test_a_lone_code_that_never_repeats_is_asked_about() -> None:
    found = seen(prop("x", "Referral code"), values={"x": OWN})

    assert found["referral_code_property"].value is None
    assert found["own_code_property"].value is None
    assert "x" in answers(found["own_code_property"])


def test_names_tell_codes_apart_where_there_are_no_values_yet() -> None:
    found = seen(prop("a", "Advocate's own code"), prop("b", "Referral code used"))

    assert (found["own_code_property"].value, found["referral_code_property"].value) == ("a", "b")


@pytest.mark.parametrize(
    "label", ["Postal code", "Referral code clicks", "Country code", "VAT code"]
)
def test_other_codes_are_none(label: str) -> None:
    found = seen(prop("x", label))

    assert found["referral_code_property"].value is found["own_code_property"].value is None


# Departures


def test_an_opposite_question_is_asked_about() -> None:
    found = seen(prop("x", "Still employed?", "bool"))

    assert found["left_company_property"].value is None
    assert answers(found["left_company_property"]) == ["x", ""]


@pytest.mark.parametrize(
    "label",
    ["Seats left", "Days left in trial", "Reason for leaving the list", "Left voicemail"],
)
def test_other_things_that_are_left_are_no_departures(label: str) -> None:
    found = seen(prop("x", label, "enumeration", options={"a": "Left"}))

    assert found["left_company_property"].looked_at == ()


@pytest.mark.parametrize(
    ("label", "options"),
    [
        ("Contact status", {"a": "Active", "b": "Left company"}),
        ("Employment status", {"a": "Employed", "b": "Left"}),
        ("Statut du contact", {"a": "En poste", "b": "Parti"}),
        ("Noch im Unternehmen?", {"a": "Ja", "b": "Nein"}),
        ("Job change?", {"a": "Yes", "b": "No"}),
    ],
)
def test_a_status_that_may_tell_who_left_is_asked_about(
    label: str, options: dict[str, str]
) -> None:
    found = seen(prop("x", label, "enumeration", options=options))["left_company_property"]

    assert found.value is None
    assert answers(found) == ["x", ""]


ORDINARY = """Newsletter opt-in; Original source; Company size; Promo; Partner name; Customer since; Deal source; Lead source
Event attended; Job title; Reference customer; Case study; Referral tier; Previous company; Reason lost; Former name
How can we help you?; How satisfied are you?; Wie können wir helfen?; Comment pouvons-nous vous aider ?
Left voicemail; Days left; New business type; Status; Is customer; Unsubscribed; Email status; Number of employees"""


@pytest.mark.parametrize("kind", ["string", "enumeration", "bool", "date", "number"])
def test_ordinary_properties_are_neither_taken_nor_asked_about(kind: str) -> None:
    ordinary = [prop(f"p{place}", label, kind) for place, label in enumerate(split(ORDINARY))]

    for of in ("contact", "deal"):
        found = seen(*ordinary, of=of)
        assert {name for name, guess in found.items() if guess.looked_at} == set()


def test_options_that_do_not_say_what_they_mean_are_asked_about() -> None:
    options = {"1": "Still there", "2": "Left", "3": "Code red"}
    found = seen(prop("x", "No longer at company", "enumeration", options=options))

    (question,) = found["left_options"].questions
    assert found["left_company_property"].value == "x"
    assert question.asked.proposal == ("2",)
    choose = KINDS[question.kind].choose
    mapped = PortalMap(texts={"left_company_property": ("x",)})
    assert choose(mapped, question.key, ("2", "3")).portal_map.left_options == ("2", "3")
    assert choose(mapped, question.key, ()).portal_map.texts == {}


# Labels of associations


def pair(*texts: str, of: tuple[str, str] = ("contact", "contact")) -> list[Any]:
    return [
        (*of, {"label": text, "typeId": 31 + place, "category": "USER_DEFINED"})
        for place, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("by", "to"),
    [
        ("Referred by", "Has referred"),
        ("Recommended by", "Recommended"),
        ("Introduced by", "Introduced to"),
        ("Referrer", "Referee"),
        ("Referred from", "Refers to"),
        ("Received referral from", "Gave referral"),
        ("Recommending customer", "Recommended customer"),
        ("Parrainé par", "Parrain de"),
        ("Padrino", "Ahijado"),
        ("Vermittelt durch", "Vermittelt"),
        ("Referred by", "Referral"),
        ("Empfohlen von", "Hat empfohlen"),
        ("Empfehler", "Empfohlener Kontakt"),
        ("Recommandé par", "A recommandé"),
        ("Parrain", "Filleul"),
        ("Recomendado por", "Ha recomendado"),
        ("Indicado por", "Indicou"),
    ],
)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_of_a_pair_the_side_that_names_the_referrer_is_taken(
    by: str, to: str, *, is_swapped: bool
) -> None:
    found = seen(labels=pair(to, by) if is_swapped else pair(by, to))["referred_by_type_ids"]

    assert found.value == ((32,) if is_swapped else (31,))
    assert found.questions == ()


@pytest.mark.parametrize(
    "labels",
    [
        ("Referral", "Referral"),
        ("Referred by", "Referred by"),
        ("Recommended by", "Introduced by"),
        ("Empfehlung",),
        ("Recommandation", "Parrainage"),
        ("Indicação",),
    ],
)
def test_a_pair_that_does_not_say_who_referred_whom_is_a_question(labels: tuple[str, ...]) -> None:
    found = seen(labels=pair(*labels))["referred_by_type_ids"]

    assert found.value == ()
    assert answers(found)[0] == f"31:{labels[0]}"


@pytest.mark.parametrize(
    "text",
    ["Preferred supplier", "Preferred customer", "Reference", "Decision maker", "Job referral"],
)
def test_a_label_that_only_sounds_like_a_referral_is_none(text: str) -> None:
    assert side_of(text) is None
    found = seen(labels=pair(text))["referred_by_type_ids"]
    assert (found.value, found.questions) == ((), ())


def test_the_other_side_of_a_known_one_is_proposed_and_asked() -> None:
    found = seen(labels=pair("Has referred", "Client"))["referred_by_type_ids"]

    (question,) = found.questions
    assert found.value == ()
    assert question.asked.proposal == ("32:Client",)


def test_on_a_deal_only_a_contact_can_have_referred() -> None:
    clear = seen(labels=pair("Referred this deal", of=("deal", "contact")))["referred_by_type_ids"]
    unclear = seen(labels=pair("Referral", of=("deal", "contact")))["referred_by_type_ids"]

    assert clear.value == (31,)
    assert unclear.value == ()
    assert answers(unclear) == ["31:Referral"]


def test_between_a_contact_and_a_company_either_can_be_meant() -> None:
    found = seen(labels=pair("Referred by", of=("contact", "company")))["referred_by_type_ids"]

    assert found.value == ()
    assert answers(found) == ["31:Referred by"]


def test_sides_are_known_in_every_language_that_answers_are_read_in() -> None:
    both = {Side.REFERRER, Side.REFERRED}
    languages = (
        ("Referred by", "Has referred"),
        ("Empfohlen von", "Hat empfohlen"),
        ("Recommandé par", "A recommandé"),
        ("Recomendado por", "Recomendó a"),
        ("Indicado por", "Indicou"),
    )

    assert all({side_of(text) for text in sides} == both for sides in languages)


# Staff


@pytest.mark.parametrize(
    ("users", "hosts"),
    [
        (["anna@vendor.example", "freelancer@gmail.com"], ("vendor.example",)),
        (["anna@vendor.example", "bo@mail.vendor.example"], ("vendor.example",)),
        (["a@gmail.com", "b@gmail.com", "c@web.de"], ()),
        (["a@privaterelay.appleid.com"], ()),
        (["a@vendor.example", "b@vendor.example", "c@agency.example"], ("vendor.example",)),
        (["a@vendor.example", "b@agency.example"], ()),
    ],
)
def test_staff_hosts_are_those_that_most_users_share_and_never_free_mail(
    users: list[str], hosts: tuple[str, ...]
) -> None:
    assert seen(users=users)["staff_domains"].value == hosts


def test_an_agencys_users_are_shown_for_confirmation() -> None:
    users = ["a@vendor.example", "b@vendor.example", "c@agency.example"]
    found = seen(users=users)["staff_domains"]

    (question,) = found.questions
    assert [(one.value, one.count) for one in question.asked.candidates] == [
        ("vendor.example", 2),
        ("agency.example", 1),
    ]
    assert question.asked.proposal == ("vendor.example",)
    assert seen(users=users[:2])["staff_domains"].questions == ()


# What is made later


def proposed(
    found: Mapping[str, Detected], looked_at: Mapping[str, set[str]], **mapped: object
) -> list[Question]:
    chosen = dump_portal_map(PortalMap(**mapped))  # type: ignore[arg-type]
    offers = [(name, guess.offers) for name, guess in found.items()]
    return list(proposals(offers, looked_at, chosen))


def test_a_property_made_later_is_proposed_and_what_is_mapped_stays_preselected() -> None:
    found = seen(prop("new_one", "Referred by"))

    (fresh,) = proposed(found, {})
    (beside,) = proposed(found, {}, texts={"referred_by_property": ("old_one",)})

    assert fresh.asked.proposal == ("new_one",)
    assert beside.asked.proposal == ("old_one",)
    assert [one.value for one in beside.asked.candidates] == ["old_one", "new_one", ""]
    chosen = KINDS[fresh.kind].choose(PortalMap(), fresh.key, ("new_one",))
    assert chosen.portal_map.texts == {"referred_by_property": ("new_one",)}


def test_what_was_looked_at_or_mapped_is_not_proposed_again() -> None:
    found = seen(prop("one", "Referred by"))

    assert proposed(found, {"referred_by_property": {"one"}}) == []
    assert proposed(found, {}, texts={"referred_by_property": ("one",)}) == []


def test_a_label_made_later_is_proposed() -> None:
    found = seen(labels=pair("Referred by", "Has referred"))

    (question,) = proposed(found, {})
    assert question.asked.proposal == ("31:Referred by",)
    assert proposed(found, {}, referred_by_type_ids=(31,)) == []


def test_only_properties_whose_values_can_decide_are_sampled() -> None:
    properties = [prop("x", "Referred by"), prop("y", "Job title"), prop("z", "Referrer URL")]

    assert worth_sampling(wishes(), {"contact": properties}, NOW) == (("contact", "x"),)
