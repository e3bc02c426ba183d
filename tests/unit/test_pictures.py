"""The pictures of pages: each that a document shows is there, small, and of the page it says."""

import re
from pathlib import Path

from tests import pictures

ROOT = Path(__file__).parents[2]


def test_the_page_of_pictures_is_made_from_their_table() -> None:
    assert pictures.PAGE.read_text("utf-8") == pictures.page()


def test_every_picture_is_there_in_light_and_dark_and_small() -> None:
    wanted = {
        pictures.file_name(picture, scheme)
        for picture in pictures.PICTURES
        for scheme in pictures.SCHEMES
    }
    found = {path.name: path.read_bytes() for path in pictures.FOLDER.iterdir()}

    assert set(found) == wanted
    assert all(data[:4] == b"RIFF" and data[8:12] == b"WEBP" for data in found.values())
    assert max(map(len, found.values())) < 90_000


def test_the_readme_shows_pictures_that_are_there() -> None:
    named = re.findall(r'(?:src|srcset)="([^"]+\.webp)"', (ROOT / "README.md").read_text("utf-8"))

    assert named
    assert all((ROOT / name).is_file() for name in named)
