"""Places: cities, states and countries as people write them, in a form that compares."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from mappings.caching import cached
from mappings.rules.text.folding import fold_name, words
from mappings.rules.text.names import near

_FOLDER = "mappings.places"
# What stands in a field of a place and is none.
_NOWHERE = words("na none null unknown other remote various anywhere worldwide global test xx")
_CODE = 3  # letters of an abbreviation at most: CA, NSW


@cached(1 << 13)
def city(text: str) -> str:
    """The one name of a city in small letters, without a region behind a comma; "" for none."""
    name = _place(text.split(",", maxsplit=1)[0])
    return _cities().get(name, name)


@cached(1 << 13)
def state(text: str) -> str:
    """A state or region in small letters; "" for none."""
    return _place(text)


@cached(1 << 13)
def country(text: str) -> str:
    """The two letters of a country; one that the file does not know by its name; "" for none."""
    name = _place(text)
    return _countries().get(name, name)


def _place(text: str) -> str:
    name = fold_name(text)
    return "" if name.replace(" ", "") in _NOWHERE else name


def same_city(a: str, b: str) -> bool:
    """Whether two names (see `city`) can be one city's: one slip apart, or one a part of it."""
    if a == b or near(a.replace(" ", ""), b.replace(" ", "")):
        return True
    return a.startswith(f"{b} ") or b.startswith(f"{a} ")


def comparable(a: str, b: str) -> bool:
    """Whether two different states or countries are written alike: CA may well be California."""
    return (len(a) > _CODE) == (len(b) > _CODE)


@cache
def _cities() -> Mapping[str, str]:
    """The first name of each city in the file, by each of its names."""
    return {name: names[0] for names in _lines("cities.txt") for name in names}


@cache
def _countries() -> Mapping[str, str]:
    """The code of each country in the file, by each of its names and by itself."""
    return {name: names[0] for names in _lines("countries.txt") for name in names}


def _lines(file: str) -> Iterator[list[str]]:
    text = resources.files(_FOLDER).joinpath(file).read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split(";")
