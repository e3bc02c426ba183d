"""Automatic replies: which mails a machine wrote, and which say that somebody left."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.text.autoreplies import is_automatic, says_left


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: your offer",
        "Auto-Reply: hi",
        "AUTOMATED RESPONSE",
        "Re: Out of Office",
        "Out of the office: Ana",
        "OOO until Monday",
        "[Automatic reply] hello",
        "Automatische Antwort: Angebot",
        "AW: Abwesenheitsnotiz",
        "Réponse automatique : offre",
        "Respuesta automática: oferta",
        "Resposta automática: oferta",
    ],
)
def test_subjects_of_machines(subject: str) -> None:
    assert is_automatic(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Re: your offer",
        "Offer for automatic replies",
        "Office move",
        "ooops",
        "Antwort: Angebot",
    ],
)
def test_subjects_of_people(subject: str) -> None:
    assert not is_automatic(subject)


@pytest.mark.parametrize(
    "text",
    [
        "Priya is no longer with Acme. Please write to sales@acme.example.",
        "I am no longer working at Acme.",
        "Thank you. She no longer works here.",
        "I've left the company on 3 March.",
        "I\u2019ve left the company",
        "Tom has left our organisation.",
        "My last day was 31 May.",
        "Frau Berg ist nicht mehr im Unternehmen.",
        "Ich arbeite nicht mehr bei der Acme GmbH.",
        "Herr Berg ist nicht mehr für uns tätig.",
        "Ich habe das Unternehmen verlassen.",
        "Je ne travaille plus chez Acme.",
        "Paul a quitté l'entreprise.",
        "Paul a quitté l\u2019entreprise.",
        "Ya no trabajo en Acme.",
        "Ana ha dejado la empresa.",
        "Não trabalho mais na Acme.",
        "O João já não trabalha na Acme.",
        "A Ana deixou a empresa.",
    ],
)
def test_gone_for_good(text: str) -> None:
    assert says_left(["Automatic reply: hello", text])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I am out of office until Monday.",
        "I am on parental leave and will be back on 3 March.",
        "I am no longer at my desk today.",
        "I have left the office and return on Monday.",
        "I no longer read this folder daily; I will be back in the office on 5 May.",
        "Ich bin bis Montag nicht im Büro.",
        "Ich bin ab 3. Mai zurück im Büro am Montag und arbeite nicht mehr diese Woche.",
        "Je suis absente jusqu'au 3 mai.",
        "Estoy de vacaciones.",
        "Estou de férias.",
    ],
)
def test_away_and_not_gone(text: str) -> None:
    assert not says_left(["Out of office", text])


@given(st.text(max_size=300), st.text(max_size=3000))
def test_any_text_is_read(subject: str, text: str) -> None:
    assert is_automatic(subject) in {True, False}
    assert says_left([subject, text]) in {True, False}


@pytest.mark.parametrize(
    "unit", ["no longer ", "nicht mehr bei ", "nicht mehr für a b c ", "re: ", "a ", "left "]
)
def test_long_texts_take_no_long_time(unit: str) -> None:
    began = time.process_time()
    is_automatic(unit * 100_000)
    says_left([unit * 100_000])
    assert time.process_time() - began < 1
