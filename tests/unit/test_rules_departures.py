"""Who left: what options, ticks and words of a "left the company" property say, in every language."""

from datetime import datetime

import pytest

from mappings.records.portal_map import PortalMap
from mappings.records.property_labels import PropertyLabels
from mappings.records.readers import contact_facts
from mappings.rules.job_changes.departures import Meaning, meaning, says_left
from tests.unit.test_records_readers import a_record, a_version, day

LEFT = """Left; Inactive; No longer at company; Not active; Not employed; Former employee; Moved to another company
Retired; Does not work here any more; Contact has left; No - has left; Yes, left in May; Past; No longer with us
Nicht mehr da; Ausgeschieden; Inaktiv; Arbeitet nicht mehr hier; Hat das Unternehmen verlassen; Ehemalig
Parti; N'est plus là; A quitté l'entreprise; Ne travaille plus ici; Ancien employé; Plus en poste
Ya no trabaja aquí; Dejó la empresa; Inactivo; No está; Antiguo empleado; Salió de la empresa
Saiu da empresa; Não trabalha mais aqui; Inativo; Ex-funcionário; Já não está; Desligado"""
THERE = """Still there; Active; Employed; Currently employed; Has not left; Never left; No, still there; Works here
On maternity leave; Left the team; New role, same company; Promoted; With us; No change
Noch da; Aktiv; Hat nicht verlassen; Weiterhin beschäftigt; In Elternzeit
Toujours en poste; N'a pas quitté; Actif; En congé; Encore présente
Sigue en la empresa; No ha dejado la empresa; Activa; No se ha ido
Ainda na empresa; Ainda no cargo; Ativo; Não saiu"""
NEITHER = """Unknown; Not sure; Leaving soon; n/a; To be checked; Maybe; Unbekannt; Nicht bekannt; Inconnu; À vérifier
Desconocido; Tal vez; Talvez; A confirmar; VIP; Blue"""


def split(texts: str) -> list[str]:
    return [text.strip() for line in texts.splitlines() for text in line.split(";")]


@pytest.mark.parametrize("label", split(LEFT))
def test_an_option_that_says_left_means_left(label: str) -> None:
    assert says_left(label, "Contact status", is_option=True)


@pytest.mark.parametrize("label", split(THERE) + split(NEITHER))
def test_any_other_option_does_not(label: str) -> None:
    assert not says_left(label, "No longer at company", is_option=True)


@pytest.mark.parametrize("label", split(THERE))
def test_that_somebody_stayed_is_known_too(label: str) -> None:
    assert meaning(label) is Meaning.THERE


ASK_LEFT = """Left company; No longer at company; Former employee; Hat die Firma verlassen; Nicht mehr im Unternehmen
A quitté l'entreprise; Ne travaille plus ici; Ya no trabaja aquí; Saiu da empresa; Departed?"""
ASK_THERE = """Still employed; Still at company?; Currently employed; Works here; Noch im Unternehmen; Toujours en poste
Sigue en la empresa; Ainda na empresa; Active employee"""
YES, NO = ("Yes", "true", "Ja", "Oui", "Sí", "Sim", "1"), ("No", "false", "Nein", "Non", "Não", "0")


@pytest.mark.parametrize("question", split(ASK_LEFT))
def test_yes_to_a_question_for_departures_means_left(question: str) -> None:
    assert all(says_left(answer, question, is_option=True) for answer in YES)
    assert not any(says_left(answer, question, is_option=True) for answer in NO)


@pytest.mark.parametrize("question", split(ASK_THERE))
def test_no_to_a_question_who_is_still_there_means_left(question: str) -> None:
    assert all(says_left(answer, question, is_option=True) for answer in NO)
    assert not any(says_left(answer, question, is_option=True) for answer in YES)


@pytest.mark.parametrize(
    ("words", "is_departure"),
    [("went to Zenit", True), ("x", True), ("Zenit Labs", True), ("still there", False)]
    + [(nothing, False) for nothing in ("?", "-", "n/a", "unknown", "no")],
)
def test_free_words_note_a_departure_unless_they_say_otherwise(
    words: str, *, is_departure: bool
) -> None:
    assert says_left(words, "Left company", is_option=False) is is_departure


def left_of(value: str, label: str, options: dict[str, str]) -> list[tuple[str, datetime | None]]:
    labels = {("contact", "gone"): PropertyLabels(label, options)}
    harbor = PortalMap(texts={"left_company_property": ("gone",)}, labels=labels)
    history = {"gone": [a_version(value, 6)]}
    facts = contact_facts(a_record("contact", {"gone": value}, history=history), harbor)
    return [(text.text, text.at) for text in facts.texts]


def test_a_record_quotes_the_label_and_is_dated_by_the_value() -> None:
    options = {"active": "Still there", "left": "Left"}

    assert left_of("left", "No longer at company", options) == [("Left", day(6))]
    assert left_of("active", "No longer at company", options) == []


def test_a_name_says_what_a_label_in_an_unknown_language_does_not() -> None:
    labels = {("contact", "still_employed"): PropertyLabels("Wciąż pracuje", {"n": "No"})}
    orchard = PortalMap(texts={"left_company_property": ("still_employed",)}, labels=labels)

    facts = contact_facts(a_record("contact", {"still_employed": "n"}), orchard)

    assert [text.text for text in facts.texts] == ["No"]
