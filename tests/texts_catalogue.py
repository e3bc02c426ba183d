"""Catalogues of texts, collected from templates, code and tables: python -m tests.texts_catalogue.

It writes ``integration/pages/translations/<language>.po`` anew: what is not said any more goes,
what is new comes without a translation. Messages are sorted by their English and say nothing of
where they stand, so that two people's changes seldom meet.
"""

import sys
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages import pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract

from integration.pages.languages import ENGLISH, LANGUAGES, RECOGNISED
from tests.made_sentences import of_speakers
from tests.texts_tables import labels, plurals

ROOT: Final = Path(__file__).resolve().parents[1]
TRANSLATIONS: Final = ROOT / "integration" / "pages" / "translations"
# Which arguments of a call are texts.
KEYWORDS: Final[Mapping[str, tuple[int, ...] | None]] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "marked": None,
    "ngettext": (1, 2),
}
_JINJA: Final = {"trimmed": "true", "newstyle_gettext": "true"}
_WIDTH = 100
Forms = tuple[str, ...]


def said() -> set[Forms]:
    """Every text that pages say; of a plural both forms."""
    return set(_all_messages())


def _all_messages() -> Iterator[Forms]:
    for path in sorted((ROOT / "integration" / "pages" / "templates").rglob("*")):
        if path.is_file():
            yield from _in_file(path, "jinja2")
    for path in sorted((ROOT / "integration" / "pages").rglob("*.py")):
        yield from _in_file(path, "python")
    for text in (*labels(), *of_speakers()):
        yield (text,)
    yield from plurals()


def _in_file(path: Path, method: str) -> Iterator[Forms]:
    with path.open("rb") as file:
        for _line, message, _comments, _context in extract(
            method, file, keywords=KEYWORDS, options=_JINJA
        ):
            forms = (message,) if isinstance(message, str) else tuple(message)
            if all(forms):
                yield forms


def read(language: str) -> Catalog:
    """Return a language's catalogue as it is kept."""
    path = TRANSLATIONS / f"{language}.po"
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language)


def renewed(language: str, kept: Catalog) -> Catalog:
    """Return a catalogue of the texts that are said now, each with its translation in *kept*."""
    fresh = Catalog(locale=language)
    made = {(text,) for text in of_speakers()}
    for forms in sorted(said()):
        known = kept.get(forms[0])
        is_same = known is not None and known.pluralizable == (len(forms) > 1)
        fresh.add(
            forms[0] if len(forms) == 1 else forms,
            known.string if known and is_same else "",
            auto_comments=[RECOGNISED] if forms in made else [],
        )
    return fresh


def written(language: str, catalogue: Catalog) -> bytes:
    """Return the catalogue as its file: what translators agreed on, and then the texts."""
    notes, _, _ = (TRANSLATIONS / f"{language}.po").read_bytes().partition(b"\n\n")
    texts = BytesIO()
    pofile.write_po(texts, catalogue, width=_WIDTH, omit_header=True, include_lineno=False)
    return notes + b"\n\n" + texts.getvalue().strip() + b"\n"


def main() -> None:
    """Write every catalogue."""
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        catalogue = renewed(language, read(language))
        (TRANSLATIONS / f"{language}.po").write_bytes(written(language, catalogue))
        missing = [message for message in catalogue if message.id and not all(forms_of(message))]
        sys.stdout.write(
            f"{language}: {len(catalogue)} texts, {len(missing)} without a translation\n"
        )


def forms_of(message: Message) -> tuple[str, ...]:
    """The translations of a message; of a plural one for each form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


if __name__ == "__main__":
    main()
