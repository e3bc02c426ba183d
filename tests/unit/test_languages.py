"""Pages speak the reader's language: texts, figures, and sentences of rules that are recognised."""

from collections.abc import Callable

import pytest
from flask import Flask

from integration.pages import figures, languages, recognition, texts


@pytest.fixture(scope="module")
def german() -> Flask:
    app = Flask(__name__)
    languages.register(app, lambda: "de")
    texts.register(app)
    return app


def test_german_counts_one_and_several(german: Flask) -> None:
    with german.test_request_context():
        assert texts.ngettext("%(num)s contact", "%(num)s contacts", 1) == "1 Kontakt"
        assert texts.ngettext("%(num)s contact", "%(num)s contacts", 0) == "0 Kontakte"
        assert texts.ngettext("%(num)s contact", "%(num)s contacts", 2579) == "2.579 Kontakte"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (lambda: figures.money(123456, "EUR"), "1.234,56\xa0€"),
        (lambda: figures.money(-123456, "SEK"), "-1.234,56\xa0SEK"),
        (lambda: figures.money(1234, "JPY"), "1.234\xa0¥"),
        (lambda: figures.money(1234567, "KWD"), "1.234,567\xa0KWD"),
        (lambda: figures.money(1234, "XXX"), "1,234 XXX"),
        (lambda: figures.amount("1234.5", "EUR"), "1.234,50\xa0€"),
        (lambda: figures.amount("no amount", "EUR"), "no amount EUR"),
        (lambda: figures.percent(0.345), "35\xa0%"),
        (lambda: figures.percent(0.001), "unter 1\xa0%"),
        (lambda: figures.exact_percent(0.472011), "47,20\xa0%"),
        (lambda: figures.count(1234567), "1.234.567"),
        (lambda: figures.day("2024-03-21"), "21. März 2024"),
        (lambda: figures.day("soon"), "soon"),
        (lambda: figures.month("2024-03"), "März 2024"),
        (lambda: figures.moment("2024-03-21T14:05:00+00:00"), "21. März 2024, 14:05 UTC"),
        (lambda: figures.sure(930_000), "sicher (0,93)"),
        (lambda: figures.sure(999_999), "sicher (über 0,99)"),
        (lambda: figures.sure(1_000_000), "gewiss"),
    ],
)  # fmt: skip
def test_figures_are_written_as_germans_write_them(
    german: Flask, written: Callable[[], str], said: str
) -> None:
    with german.test_request_context():
        assert written() == said


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("Set aside", "Zurückgestellt"),
        (
            "a second record at Zenit appeared on 6 March 2023; the old one is silent since",
            "ein zweiter Datensatz bei Zenit entstand am 6. März 2023; der alte schweigt seitdem",
        ),
        (
            (
                "Ana Ruiz of Acme recommended us on 2 April 2026, 8 days before this deal opened, by"
                " the association on the record: sure (0.97), 82% of the credit."
            ),
            (
                "Ana Ruiz von Acme hat uns am 2. April 2026 empfohlen, 8 Tage vor der Eröffnung dieses"
                " Deals, über die Zuordnung am Datensatz: sicher (0,97), 82\xa0% des Anteils."
            ),
        ),
        (
            (
                "Bo left Acme Corp. for Zenit by 6 March 2023: sure (0.97). Active at Zenit since,"
                " last on 9 March 2023."
            ),
            (
                "Bo ging spätestens am 6. März 2023 von Acme Corp. zu Zenit: sicher (0,97). Seitdem"
                " bei Zenit aktiv, zuletzt am 9. März 2023."
            ),
        ),
        (
            (
                "A second record at Zenit appeared on 6 March 2023, after the last sign of life at the"
                " old company on 1 May 2022."
            ),
            (
                "Ein zweiter Datensatz bei Zenit entstand am 6. März 2023, nach dem letzten"
                " Lebenszeichen beim alten Unternehmen am 1. Mai 2022."
            ),
        ),
        ("Ana of Acme: -€1,234.50 taken back", "Ana von Acme: -1.234,50\xa0€ zurückgenommen"),
        (
            (
                "J. Havers left Acme for Zenit by 6 March 2023: sure (over 0.99). The CRM names Zenit as"
                " the new company."
            ),
            (
                "J. Havers ging spätestens am 6. März 2023 von Acme zu Zenit: sicher (über 0,99). Das"
                " CRM nennt Zenit als neues Unternehmen."
            ),
        ),
        ("Did Bo leave Home for Review?", "Ist Bo von Home zu Review gewechselt?"),
        ("Something that nobody ever said", None),
        ("100% <b>%(name)s</b> {x}", None),
    ],
)
def test_sentences_of_rules_are_recognised_and_names_stay(
    german: Flask, english: str, said: str | None
) -> None:
    with german.test_request_context():
        assert recognition.recognised(english) == said


def test_what_is_not_recognised_is_marked_as_english(german: Flask) -> None:
    with german.test_request_context():
        said = texts.sentence("Somebody <b>said</b> so")

    assert said == '<span lang="en">Somebody &lt;b&gt;said&lt;/b&gt; so</span>'


def test_english_is_what_the_code_says() -> None:
    app = Flask(__name__)
    languages.register(app, lambda: None)
    texts.register(app)
    with app.test_request_context():
        assert texts.translated("a second record at Zenit") == "a second record at Zenit"
        assert figures.money(123456, "EUR") == "€1,234.56"


@pytest.mark.parametrize(
    ("chosen", "asked", "spoken"),
    [
        (None, "de-AT,de;q=0.9,en;q=0.8", "de"),
        (None, "fr-FR,fr;q=0.9", "en"),
        (None, "", "en"),
        ("en", "de", "en"),
        ("de", "en", "de"),
        ("xx", "de", "de"),
    ],
)
def test_the_readers_choice_comes_before_the_browsers(
    chosen: str | None, asked: str, spoken: str
) -> None:
    app = Flask(__name__)
    languages.register(app, lambda: chosen)
    with app.test_request_context(headers={"Accept-Language": asked}):
        assert languages.language() == spoken


def test_a_page_that_one_reader_saw_in_german_is_english_for_the_next() -> None:
    spoken = ["de"]
    app = Flask(__name__)
    languages.register(app, lambda: spoken[-1])
    texts.register(app)
    page = app.jinja_env.from_string("{{ 'Set aside'|translated }}: {{ _('Help') }}")
    with app.test_request_context():
        assert page.render() == "Zurückgestellt: Hilfe"
    spoken.append("en")
    with app.test_request_context():
        assert page.render() == "Set aside: Help"


def test_mail_speaks_the_language_of_who_gets_it(german: Flask) -> None:
    with german.app_context(), languages.in_language("de"):
        assert texts.gettext("Help") == "Hilfe"
    with german.app_context(), languages.in_language("en"):
        assert texts.gettext("Help") == "Help"
