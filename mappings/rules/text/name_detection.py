"""Name detection: personal names in an answer, recognised by their form and not by the portal."""

from collections.abc import Sequence
from dataclasses import dataclass

from mappings.rules.text.answer_texts import Word
from mappings.rules.text.folding import words
from mappings.rules.text.phrases import Tables

_TITLES = words(
    "dr prof professor professorin mr mrs ms miss herr frau herrn mme madame monsieur mlle senor"
    " senora sra sr don dona doutor doutora dra rabbi father sir"
)
_PARTICLES = words(
    "de da do dos del della di du van von der den la le bin ibn al el zu ter ten mac"
)
# Given names that are as often a month, a place, a product or an everyday word.
_DOUBLE = words(
    """
    alexa claude gemini grace hope faith joy will mark art may june april august dawn bill jack page
    chase rob sue guy paris florence austin madison sydney georgia virginia carolina victoria jordan
    chelsea savannah charlotte phoenix mercedes amber crystal pat max miles grant drew ray gene
    frank rich robin dale gail don jean al sol pal mo em china india israel kenya asia sierra lee
    van von ale mia ida ada julia ruby rose daisy lily iris heather holly ivy olive pearl rusty
    angel jesus christian christen mason carter hunter taylor tyler cooper parker bailey summer
    autumn star skip dot buddy buster junior prince duke earl king bishop dean penny melody harmony
    destiny trinity nova luna stella aurora delta bea gil kit nell nat win hal cal cam cat chas bet
    fran lex les lew len june liv luz mel mat med moss ned pet pip ram rae reg rex sal seb si sid
    sun tad tori trent trip val vera vic vin wade wolf zac ze lea mai bela cara clementine consuelo
    dolores linda mari pia rosa sage tara bing rico paco
    """
)
# A name beside one of these is a company's, a place's or a prize's.
_ORGANISED = words(
    """
    college university foundation inc llc ltd gmbh ag sa group institute school bank center centre
    church hospital library park street news times post company co corp conference awards festival
    prize society association stanley deere fargo schwab spencer klein lauren morris museum team
    labs studio studios software systems consulting partners capital ventures media show blog method
    project community forum list channel channels academy press books award
    """
)
# Behind a possessive these are a person's own: "Tim's wife", not "Wendy's".
_SAID_BY = words(
    "recommendation referral suggestion advice tip email mail wife husband team friend brother"
    " sister colleague boss mother father son daughter assistant partner introduction intro"
    " invitation message"
)
_MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A personal name at words `start` up to before `end`; `full` with a surname or a title."""

    start: int
    end: int
    full: bool


def names_in(answer: Sequence[Word], tables: Tables) -> list[Name]:
    """The personal names of an answer, from left to right, none inside another."""
    names: list[Name] = []
    for place in range(len(answer)):
        if names and place < names[-1].end:
            continue
        name = _titled(answer, place) or _given(answer, place, tables)
        if name is not None and _is_meant(answer, name):
            names.append(name)
    return names


def _titled(answer: Sequence[Word], place: int) -> Name | None:
    title = answer[place]
    if title.text not in _TITLES or title.possessive or not title.capital:
        return None
    end = _family(answer, place + 1)
    return Name(place, end, full=True) if end > place + 1 else None


def _given(answer: Sequence[Word], place: int, tables: Tables) -> Name | None:
    word = answer[place]
    if word.text not in tables.given or word.text in _PARTICLES:
        return None
    if not word.capital:
        return _small(answer, _clause(answer, place), place, tables)
    end = place + 1 if word.possessive else _family(answer, place + 1)
    if end > place + 1:
        return Name(place, end, full=True)
    # A lone given name counts unless its capital may have another reason.
    if word.text in _DOUBLE or _shouted(answer):
        return None
    return Name(place, end, full=False)


def _small(answer: Sequence[Word], clause: range, place: int, tables: Tables) -> Name | None:
    """A name all in small letters is believed only where it is all that a clause says."""
    if place != clause.start or answer[place].text in _DOUBLE:
        return None
    rest = [answer[other].text for other in clause[1:]]
    if not rest:
        return Name(place, place + 1, full=False)
    if len(rest) >= _MOST_PARTS - 1:
        return None
    is_name = all(text.isalpha() and text not in tables.vocabulary for text in rest)
    return Name(place, clause.stop, full=True) if is_name else None


def _shouted(answer: Sequence[Word]) -> bool:
    """Whether everything is in capitals, so that a capital says nothing."""
    return len(answer) > 1 and all(word.written.isupper() for word in answer if word.written)


def _family(answer: Sequence[Word], place: int) -> int:
    """Where the surname that begins at *place* ends; *place* itself when there is none."""
    clause = answer[place - 1].clause
    end = place
    for _ in range(_MOST_PARTS):
        last = _behind_particles(answer, end)
        if last >= len(answer) or answer[last].clause != clause or not _is_family(answer[last]):
            break
        end = last + 1
        if answer[last].possessive:
            break
    return end


def _behind_particles(answer: Sequence[Word], place: int) -> int:
    while place < len(answer) and answer[place].text in _PARTICLES and not answer[place].capital:
        place += 1
    return place


def _is_family(word: Word) -> bool:
    return word.kind == "word" and word.capital and word.text.isalpha()


def _clause(answer: Sequence[Word], place: int) -> range:
    start = end = place
    while start and answer[start - 1].clause == answer[place].clause:
        start -= 1
    while end < len(answer) and answer[end].clause == answer[place].clause:
        end += 1
    return range(start, end)


def _is_meant(answer: Sequence[Word], name: Name) -> bool:
    """Whether a name is a person's, not a company's, a place's or a work's called after one."""
    if _is_title(answer, name.end):
        return False
    inside = {word.text for word in answer[name.start : name.end]}
    after = [word.text for word in answer[name.end : name.end + 2]]
    if inside & _ORGANISED or (after and after[0] in _ORGANISED):
        return False
    if answer[name.end - 1].possessive:
        return any(word in _SAID_BY for word in after)
    return True


def _is_title(answer: Sequence[Word], end: int) -> bool:
    """Whether a work's title goes on: "Tom Sawyer and the …", not "Tom Sawyer and a friend"."""
    clause = answer[end - 1].clause
    words_after = [word.text for word in answer[end : end + 2] if word.clause == clause]
    return words_after in _TITLES_GO_ON


_TITLES_GO_ON = [
    words_after.split()
    for words_after in (
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
