"""Name detection: personal names in an answer, recognised by how they look, without knowing anybody."""

from collections.abc import Sequence
from dataclasses import dataclass

from mappings.rules.text.answer_texts import Word
from mappings.rules.text.folding import words
from mappings.rules.text.phrases import Tables

_TITLES = words(
    "dr prof professor professorin mr mrs ms miss herr frau herrn mme madame monsieur mlle senor senora sra sr don dona"
    " doutor doutora dra rabbi father sir"
)
_PARTICLES = words(
    "de da do dos del della di du van von der den la le bin ibn al el zu ter ten mac"
)
# Given names that are as often a month, a place, a product or an everyday word.
_DOUBLE = words(
    """
    alexa claude gemini grace hope faith joy will mark art may june april august dawn bill jack page chase rob sue guy
    paris florence austin madison sydney georgia virginia carolina victoria jordan chelsea savannah charlotte phoenix
    mercedes amber crystal pat max miles grant drew ray gene frank rich robin dale gail don jean ben al sol pal mo em
    china india israel kenya asia sierra lee van von ale mia ida ada julia ruby rose daisy lily iris heather holly ivy
    olive pearl rusty angel jesus christian christen mason carter hunter taylor tyler cooper parker bailey summer
    autumn star skip dot buddy buster junior prince duke earl king bishop dean penny melody harmony destiny trinity
    nova luna stella aurora delta dan bea gil kit nell nat win ed hal cal cam cat chas bet fran lou lex les lew len jo
    jan jude jules june kay kim liv luz mel mat med moss ned nick norm pet pip ram rae reg rod rex ron roy ross sal
    sam seb si sid stan sun tad ted tim tina tom toni tori trent trip val vera vic vin wade walt wes wolf zac ze lea mai
    bela cara clementine consuelo dolores linda mari pia rosa sage sol tara vera bing rico paco
    """
) - words(
    "ben dan ed jan jo jude jules kay kim lou nick norm rod ron roy ross sam stan ted tim tina tom toni walt wes"
)
_ORGANISED = words(
    """
    college university foundation inc llc ltd gmbh ag sa group institute school bank center centre church hospital
    library park street news times post company co corp conference awards festival prize society association stanley
    deere fargo schwab spencer klein lauren morris museum team labs studio studios software systems consulting partners
    capital ventures media show blog method project community forum list channel channels academy press books award
    """
)
_SAID_BY = words(
    "recommendation referral suggestion advice tip email mail wife husband team friend brother sister colleague boss"
    " mother father son daughter assistant partner introduction intro invitation message"
)
_MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A personal name at words `start` up to before `end`; `full` ones have a surname or a title."""

    start: int
    end: int
    full: bool


def names_in(said: Sequence[Word], tables: Tables) -> list[Name]:
    """The personal names of an answer, from left to right, none inside another."""
    found: list[Name] = []
    for place in range(len(said)):
        if found and place < found[-1].end:
            continue
        name = _titled(said, place) or _given(said, place, tables)
        if name is not None and _is_meant(said, name):
            found.append(name)
    return found


def _titled(said: Sequence[Word], place: int) -> Name | None:
    if said[place].text not in _TITLES or said[place].possessive or not said[place].capital:
        return None
    end = _family(said, place + 1)
    return Name(place, end, full=True) if end > place + 1 else None


def _given(said: Sequence[Word], place: int, tables: Tables) -> Name | None:
    word = said[place]
    if word.text not in tables.given or word.text in _PARTICLES:
        return None
    alone = _clause(said, place)
    if not word.capital:
        return _small(said, alone, place, tables)
    end = place + 1 if word.possessive else _family(said, place + 1)
    if end > place + 1:
        return Name(place, end, full=True)
    return None if word.text in _DOUBLE or _shouted(said) else Name(place, end, full=False)


def _small(said: Sequence[Word], alone: range, place: int, tables: Tables) -> Name | None:
    """A name all in small letters is believed only where it is all that a clause says."""
    if place != alone.start or said[place].text in _DOUBLE:
        return None
    rest = [said[one].text for one in alone[1:]]
    if len(rest) == 0:
        return Name(place, place + 1, full=False)
    telling = len(rest) < _MOST_PARTS - 1 and all(
        one not in tables.vocabulary and one.isalpha() for one in rest
    )
    return Name(place, alone.stop, full=True) if telling else None


def _shouted(said: Sequence[Word]) -> bool:
    """Where everything is in capitals, a capital says nothing."""
    return len(said) > 1 and all(word.written.isupper() for word in said if word.written)


def _family(said: Sequence[Word], place: int) -> int:
    """Where the surname that begins at *place* ends; *place* itself when there is none."""
    end = place
    for _ in range(_MOST_PARTS):
        after = end
        while after < len(said) and said[after].text in _PARTICLES and not said[after].capital:
            after += 1
        if (
            after >= len(said)
            or said[after].clause != said[place - 1].clause
            or not _is_family(said[after])
        ):
            break
        end = after + 1
        if said[after].possessive:
            break
    return end


def _is_family(word: Word) -> bool:
    return word.kind == "word" and word.capital and word.text.isalpha()


def _clause(said: Sequence[Word], place: int) -> range:
    start = end = place
    while start and said[start - 1].clause == said[place].clause:
        start -= 1
    while end < len(said) and said[end].clause == said[place].clause:
        end += 1
    return range(start, end)


def _is_meant(said: Sequence[Word], name: Name) -> bool:
    """Not a company, a place or a work called after somebody."""
    if _is_title(said, name.end):
        return False
    inside = {word.text for word in said[name.start : name.end]}
    after = [word.text for word in said[name.end : name.end + 2]]
    if inside & _ORGANISED or (after and after[0] in _ORGANISED):
        return False
    if said[name.end - 1].possessive:
        return any(word in _SAID_BY for word in after)
    return True


def _is_title(said: Sequence[Word], end: int) -> bool:
    """Whether a title goes on: "Tom Sawyer and the …", not "Tom Sawyer and a friend"."""
    words_after = [word.text for word in said[end : end + 2] if word.clause == said[end - 1].clause]
    return words_after in _TITLES_GO_ON


_TITLES_GO_ON = [
    one.split()
    for one in (
        "and the",
        "und der",
        "und die",
        "und das",
        "et le",
        "et la",
        "et les",
        "y el",
        "y la",
        "e o",
    )
]
