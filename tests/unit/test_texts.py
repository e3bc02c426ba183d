"""Every text of the pages can be translated, and is: whole sentences, with the same parts."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from jinja2 import TemplateSyntaxError

from integration.pages.languages import ENGLISH, LANGUAGES
from tests import code_texts, template_texts, texts_catalogue
from tests.made_sentences import SPEAKERS
from tests.texts_catalogue import ROOT, forms_of

PAGES = ROOT / "integration" / "pages"
TEMPLATES = sorted(path for path in (PAGES / "templates").rglob("*") if path.is_file())
MODULES = sorted(PAGES.rglob("*.py"))
OTHERS = sorted(set(LANGUAGES) - {ENGLISH})
# Texts in the Python of pages that no reader of a page sees, or that are the same in each language.
NOT_READ = frozenset(
    {
        "421 Misdirected Request",
        '<span lang="en">{}</span>',
        "Allow",
        "Cache-Control",
        "Cc", "Cf", "Cs", "Me", "Mn", "Zl", "Zp",  # classes of characters
        "Changed in Settings.",  # kept with a version, and recognised where it is shown
        "Content-Length",
        "Content-Type",
        "Deutsch",
        "English",
        "Internal error ",  # to programs
        "Lax",
        "List-Unsubscribe=One-Click",
        "Liberation Sans, Arial, Noto Sans, sans-serif",
        "Origin",
        "Referer",
        "Sec-Fetch-Site",
        "This host is not served here. Open ",  # before the language is known
        "Try again",  # to programs
        "ends now",
        "full path",
        "set-up broke off",
        "text sources",
        "text/plain; charset=utf-8",
        "Deal",
        "day|contact|deal|detractor|open ticket|passive|promoter",
        "The deal",
        "the deal",
        "the end of a digest",  # recognised with its sentence
        "time decay",
    }
)  # fmt: skip
PLACES = re.compile(r"%\(\w+\)s")
TAGS = re.compile(r"</?\w[^>]*>")


def messages(language: str) -> list[Message]:
    return [message for message in texts_catalogue.read(language) if message.id]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_says_anything_that_cannot_be_translated(path: Path) -> None:
    assert list(template_texts.untranslated(path.read_text())) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PAGES).as_posix())
def test_no_module_of_pages_says_anything_that_cannot_be_translated(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() in SPEAKERS:
        pytest.skip("its sentences are recognised")
    assert [
        text
        for text in code_texts.untranslated(path.read_text())
        if text.text not in NOT_READ and not text.text.startswith(("/", "attachment;"))
    ] == []


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("<p>Hello there</p>", "Hello there"),
        ('<input placeholder="Type here">', 'placeholder="Type here"'),
        ("{{ act(session, 'Try again') }}", "'Try again' in line 1"),
        ("<p>{{ n }} deals left</p>", "… deals left"),
        ("{% if a %}Yes, do{% endif %}", "…Yes, do…"),
    ],
)
def test_a_text_outside_of_a_catalogue_is_found(template: str, said: str) -> None:
    assert said in set(template_texts.untranslated(template))


@pytest.mark.parametrize(
    "template",
    [
        '{{ _("Hello there") }}',
        "{% trans name=name %}Hello <b>{{ name }}</b>{% endtrans %}",
        '<a class="button second" href="/install">{{ _("Install") }}</a>',
        "<small>{{ figures.deals|count }} ms</small> Second Order",
        "{{ label if name != 'Owner ' ~ number }}",
        "<script>const words = 'not read';</script>",
    ],
)
def test_what_can_be_translated_is_not_found(template: str) -> None:
    assert list(template_texts.untranslated(template)) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_what_is_said_now_and_nothing_else(language: str) -> None:
    kept = texts_catalogue.read(language)

    assert (
        texts_catalogue.written(language, texts_catalogue.renewed(language, kept)).decode()
        == (texts_catalogue.TRANSLATIONS / f"{language}.po").read_text()
    ), "run python -m tests.texts_catalogue, and translate what is new"


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    assert [message.id for message in messages(language) if not all(forms_of(message))] == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_same_parts_and_the_same_markup(language: str) -> None:
    for message in messages(language):
        english = message.id if isinstance(message.id, str) else message.id[-1]
        for said in forms_of(message):
            assert set(PLACES.findall(english)) == set(PLACES.findall(said)), said
            assert sorted(TAGS.findall(english)) == sorted(TAGS.findall(said)), said


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_with_parts_can_be_filled(language: str) -> None:
    """A lone percent sign would break the page that says it."""
    for message in messages(language):
        for said in (*forms_of(message), *([message.id] if isinstance(message.id, str) else [])):
            if PLACES.search(said):
                parts = {place[2:-2]: "x" for place in PLACES.findall(said)}
                assert "%(" not in said % parts, said


def test_the_parser_of_templates_reads_them_all() -> None:
    for path in TEMPLATES:
        try:
            list(template_texts.untranslated(path.read_text()))
        except TemplateSyntaxError as error:
            pytest.fail(f"{path.name}: {error}")
