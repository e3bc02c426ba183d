"""Names of people: folded for comparing, with nicknames and initials known, and how rare each is in a portal."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mappings.remembered import remembered

# Per language: the full given name, then what people call it; own selection of widely used short forms.
NICKNAMES_BY_LANGUAGE: Mapping[str, str] = {
    "en": """
        abigail abby gail, abraham abe bram, adrian ade rian, agnes aggie, albert al bert bertie,
        alexander alex al sandy xander sasha lex, alexandra alex sandra sandy sasha lexi, alfred al alf
        alfie fred freddy, alice ali, alison ali allie, amanda mandy, amelia amy millie mia, andrew andy
        drew, angela angie, ann annie nan nancy, anthony tony ant, antonia toni, archibald archie,
        arnold arnie, arthur art artie, augustus gus, barbara barb babs, barnabas barney, bartholomew
        bart, beatrice bea trixie, benjamin ben benny benji, bernard bernie, beverly bev, bradley brad,
        brenda bren, calvin cal, cameron cam, carolyn carol carrie, caroline carol carrie caro,
        catherine cathy kate cat katie kitty kathy, cecilia cecily celia, charles charlie chuck chas,
        charlotte charlie lottie lotte, chester chet, christian chris, christine chris chrissy tina,
        christina chris tina chrissy, christopher chris kit topher, clarence clare, clifford cliff,
        clinton clint, constance connie, cornelius neil con, curtis curt, cynthia cindy, daniel dan
        danny, danielle dani, david dave davy, deborah deb debbie debby, dennis den denny, derrick rick,
        dominic dom nick, donald don donnie, dorothy dot dottie dolly, douglas doug, duncan dunc, edgar
        ed eddie, edith edie, edmund ed eddie ned, edward ed eddie ted ned teddy, edwin ed eddie win,
        eleanor ellie nell nora, elizabeth liz beth betty lizzie eliza betsy libby lisa elsie lizzy,
        emily em emmy, emma em, ernest ernie, esther essie, eugene gene, evelyn evie, ezekiel zeke,
        felicity fliss, florence flo flora, frances fran frankie francie, francis frank fran, franklin
        frank, frederick fred freddy freddie, gabriel gabe, gabrielle gabby, geoffrey geoff jeff, george
        georgie, gerald gerry jerry, geraldine gerry, gertrude gert trudy, gilbert gil bert, gordon
        gord, grace gracie, gregory greg, gwendolyn gwen wendy, hannah anna, harold harry hal, harriet
        hattie harry, harriett hattie harry, helen nell nellie, henrietta etta hettie, henry hank harry
        hal, herbert herb bert, howard howie, hubert bert hugh, isaac ike zac, isabella bella izzy isa,
        isabel bella izzy, jacob jake, jacqueline jackie, james jim jimmy jamie jem, jane janie jenny,
        janet jan, jason jay, jeffrey jeff, jennifer jen jenny jenn, jeremiah jerry jem, jeremy jem
        jerry, jerome jerry, jessica jess jessie, joan joanie, joanna jo, john jack johnny jon, jonathan
        jon jonny nathan, joseph joe joey, josephine jo josie, joshua josh, joyce joy, judith judy jude,
        julia julie jules, julian jules, justin jus, katherine kate kathy katie kat kay kit, kathleen
        kathy kath, kathryn kate kathy katie kat, kenneth ken kenny, kevin kev, kimberly kim, kristin
        kris, kristina kris tina, kurtis kurt, laurence larry laurie, lawrence larry laurie, leonard len
        lenny leo, leopold leo, leslie les, lewis lew, lillian lily, linda lindy, louis lou louie,
        louise lou, lucille lucy, luke lucas, lydia lyddie, madeline maddy, madeleine maddy, magdalena
        lena magda, malcolm mal, margaret maggie meg peggy greta rita marge daisy, marjorie marge,
        martha marty patty, martin marty, mary molly polly mamie, matilda tilly mattie, matthew matt
        mat, maureen mo, maurice mo, maximilian max, maxwell max, megan meg, melanie mel, melissa mel
        missy, melvin mel, mervyn merv, michael mike mick mickey micky, michelle shelly, mildred millie,
        mitchell mitch, mohammed mo, monica mona, montgomery monty, morris mo, nathan nate nat,
        nathaniel nat nate nathan, natalie nat, nicholas nick nicky nico, nicole nicky nikki, norman
        norm, oliver ollie, olivia liv livvy, oscar oz, oswald ozzy, pamela pam, patricia pat patty
        tricia trish, patrick pat paddy, penelope penny, peter pete, philip phil pip, phillip phil pip,
        priscilla cilla, rachel rae, randall randy, raymond ray, rebecca becky becca, reginald reg
        reggie, richard dick rick rich ricky richie, robert bob rob bobby robbie bert, roberta bobbie,
        roderick rod, rodney rod, roger rog, roland rollie, ronald ron ronnie, rosemary rose rosie,
        rosalind roz, rudolph rudy, rupert rup, russell russ, samantha sam sammy, samuel sam sammy,
        sarah sally sadie, sebastian seb bastian, sharon shari, sheldon shelly, sidney sid, simon si,
        solomon sol, sophia sophie, spencer spence, stanley stan, stephanie steph, stephen steve steph
        stevie, steven steve stevie, stuart stu, susan sue susie suzy, susanna sue susie, suzanne sue
        suzie, sylvester sly, sylvia syl, tabitha tabby, tamara tammy, terence terry, terrence terry,
        teresa terry tess, theodore ted theo teddy, theresa terry tess tessa, thomas tom tommy, timothy
        tim timmy, tobias toby, valerie val, vanessa nessa, veronica ronnie vera, victor vic, victoria
        vicky tori vic, vincent vin vince vinny, virginia ginny, vivian viv, walter walt wally, wilfred
        wilf fred, wilhelmina mina wilma, william bill will billy liam willie, winifred winnie freda,
        winston win, yvonne eve, zachary zach zac zack, zoe zo
    """,
    "de": """
        alfons alf, andreas andi andy, anna anni, annegret anne, benedikt bene, bernhard bernd, dietrich
        dieter, elisabeth elli lisa sissi lisbeth, ferdinand ferdi, florian flo, franziska franzi,
        friedrich fritz friedl, georg schorsch, gerhard gerd, gottfried friedel, hans hansi, heinrich
        heinz heiner, jakob jockel, johann hans hannes, johannes hans hannes jo, josef sepp jupp,
        joachim achim jochen, karl kalle, katharina kathi katja käthe, konrad kurt, klaus klausi,
        leonhard leo, ludwig lutz, manfred manni, margarete grete gretel, matthias matze hias,
        maximilian max, michael michi, nikolaus klaus niko, reinhard reini, rudolf rudi, sebastian
        basti, siegfried sigi, stefan steffen, theresia resi, ulrich uli ulli, ursula uschi, waltraud
        traudl, wilhelm willi, wolfgang wolf wolfi
    """,
    "fr": """
        alexandre alex, antoine toni, benoit ben, dominique dom, elisabeth babette lise, emmanuel manu,
        francois fran, frederic fred, guillaume guigui, jacqueline jacquie, jean jeannot, joseph jo,
        laurent lolo, marguerite margot, mathieu mat, nicolas nico, olivier oli, pascal pas, philippe
        phil, sebastien seb, stephane steph, thierry titi, veronique vero, vincent vince, xavier xav
    """,
    "es": """
        alberto beto, alejandro alex ale jandro, antonio tono toni, carlos charly, concepcion concha
        conchita, cristina cris, dolores lola, eduardo edu lalo, enrique quique kike, federico fede,
        fernando fer nando, francisco paco pancho fran curro, gabriel gabi, guadalupe lupe, guillermo
        memo guille, gustavo gus, ignacio nacho, isabel isa chabela, javier javi, jesus chus chuy, jose
        pepe, jorge coque, juan juanito, leticia leti, luis lucho, manuel manolo manu, maria mari,
        mercedes merche, miguel migue, pedro perico, pilar pili, rafael rafa, ricardo richi, roberto
        beto, rosario charo, salvador salva, santiago santi, sergio checo, teresa tere, vicente chente
    """,
    "pt": """
        antonio toninho, carlos caca, eduardo edu dudu, fernando nando, francisco chico, gabriel gabi,
        guilherme gui, gustavo guga, joao joaozinho, jose ze, leonardo leo, luiz lula, marcelo celo,
        rafael rafa, ricardo rico, rodrigo digo
    """,
    "it": """
        alessandro sandro ale, antonio tonio nino, domenico mimmo, elisabetta betta, francesco checco
        franco, giovanni gianni, giuseppe beppe pino, lorenzo renzo, luigi gigi, salvatore toto,
        vincenzo enzo
    """,
    "sv": """
        anders ante, fredrik fredde, johan jojje, karl kalle, lars lasse, nils nisse, per pelle, stefan
        steffe, ulrik uffe
    """,
    "pl": """
        aleksander alek olek, aleksandra ola, agnieszka aga, barbara basia, bartosz bartek, grzegorz
        grzesiek, jakub kuba, jan janek, jerzy jurek, katarzyna kasia, krzysztof krzysiek, magdalena
        magda, małgorzata gosia, michał michal, piotr piotrek, stanisław staszek, tomasz tomek, wojciech
        wojtek, zbigniew zbyszek
    """,
    "ru": """
        aleksandr sasha, aleksei alyosha lyosha, anastasia nastya, anatoly tolya, dmitri dima mitya,
        dmitry dima mitya, ekaterina katya, evgeny zhenya, ivan vanya, konstantin kostya, mikhail misha,
        natalia natasha, nikolai kolya, olga olya, pavel pasha, sergei seryozha, sergey seryozha,
        svetlana sveta, tatiana tanya, vladimir volodya vova, vyacheslav slava, yuri yura
    """,
    "nl": """
        adrianus ad, cornelis kees cor, gerardus gerard, hendrik henk, jacobus jaap, johannes jan johan,
        wilhelmus wim, willem wim
    """,
}

_INSIDE = "'\u2019`"  # marks that belong to a word, as in O'Brien
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i"}
)


def words(text: str) -> frozenset[str]:
    """A word list written as text."""
    return frozenset(text.split())


HONORIFICS = words("mr mrs ms miss dr prof sir herr frau mme mlle jr sr ii iii iv phd md")


@lru_cache(maxsize=200_000)
def fold(text: str) -> str:
    """Lower case without accents or punctuation; other scripts keep their letters."""
    spread = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    kept = ("" if unicodedata.combining(c) else c if c.isalnum() else " " for c in spread if c not in _INSIDE)
    return " ".join("".join(kept).split())


LONGEST = 200
"""Characters of a name that count: what is longer is no name, and would be no usable key either."""


def fold_name(text: str) -> str:
    """A folded name of a length that can be compared and looked up; folding can make one sign eighteen."""
    return fold(text[:LONGEST])[:LONGEST]


_SPOKEN = 100
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


@remembered(1 << 13)
def spoken(text: str) -> str:
    """A name as it can stand in a sentence: on one line, of a length that reads, turning nothing around it."""
    # Half as much again is looked at, so that what is dropped leaves enough; joiners inside emoji and words stay.
    head = text[: 2 * _SPOKEN]
    kept = ("" if c in _TURNING else " " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in head)
    plain = " ".join("".join(kept).split())
    return plain if len(plain) <= _SPOKEN else f"{plain[: _SPOKEN - 1].rstrip()}…"


@remembered(1 << 15)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a name, folded, without titles."""
    return tuple(word for word in fold_name(text).split() if word not in HONORIFICS)


def _nickname_families() -> dict[str, frozenset[str]]:
    families: dict[str, set[str]] = {}
    for table in NICKNAMES_BY_LANGUAGE.values():
        for line in table.split(","):
            full, *short = fold(line).split()
            for name in (full, *short):
                families.setdefault(name, set()).add(full)
    return {name: frozenset(fulls) for name, fulls in families.items()}


_FAMILIES = _nickname_families()


def given_forms(name: str) -> frozenset[str]:
    """The full given names that *name* may stand for, itself included."""
    return _FAMILIES.get(name, frozenset()) | {name}


def is_nickname(a: str, b: str) -> bool:
    """Whether two different folded given names can be one person's, by the tables."""
    return a != b and bool(given_forms(a) & given_forms(b))


@dataclass(frozen=True, slots=True)
class NameStats:
    """How often folded names occur among a portal's persons, so that rare agreement weighs more."""

    total: int = 0
    first: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)


_UNSEEN = 2000
"""Records added in thought, so that a small portal does not take every name for a frequent one."""


def namesakes(stats: NameStats, first: str, last: str) -> float:
    """How many other people of this name chance would put into the portal, from its first and last names."""
    given = max(1, stats.first.get(" ".join(tokens(first)), 0))
    family = max(1, stats.last.get(" ".join(tokens(last)), 0))
    return stats.total * given * family / (stats.total + _UNSEEN) ** 2


def full_key(first: str, last: str) -> str:
    """The folded full name in an order that does not depend on which slot a name was typed into."""
    return " ".join(sorted((*tokens(first), *tokens(last))))


def near(a: str, b: str) -> bool:
    """One slip of the keyboard apart: a letter changed, missing, doubled or two neighbours swapped (5+ letters)."""
    if a == b or min(len(a), len(b)) < 5 or abs(len(a) - len(b)) > 1:  # noqa: PLR2004 - short names differ by one letter too often
        return False
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    swapped = a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :]
    return a[at + 1 :] == b[at + 1 :] or swapped


def compare(first_a: str, last_a: str, first_b: str, last_b: str) -> str:
    """How two names agree: exact, middle, nickname, initial, typo, compound, or "" when they do not.

    Slots may be swapped; a missing first or last name never agrees with anything.
    """
    given_a, family_a, given_b, family_b = (tokens(part) for part in (first_a, last_a, first_b, last_b))
    if not (given_a and family_a and given_b and family_b):
        return ""
    if sorted(given_a + family_a) == sorted(given_b + family_b):
        return "exact"
    if "".join(given_a + family_a) == "".join(given_b + family_b):
        return "exact"
    straight = _compare_slots(given_a, family_a, given_b, family_b)
    return straight or _compare_slots(given_a, family_a, family_b, given_b)


def _compare_slots(
    given_a: tuple[str, ...], family_a: tuple[str, ...], given_b: tuple[str, ...], family_b: tuple[str, ...]
) -> str:
    if family_a == family_b:
        return _compare_given(given_a, given_b)
    given_agree = given_a == given_b or given_a[0] == given_b[0]
    if given_agree and (set(family_a) < set(family_b) or set(family_b) < set(family_a)):
        return "compound"
    if given_agree and near(" ".join(family_a), " ".join(family_b)):
        return "typo"
    return ""


def _compare_given(a: tuple[str, ...], b: tuple[str, ...]) -> str:
    if a[0] == b[0] or "".join(a) == "".join(b):
        return "middle"
    if is_nickname(a[0], b[0]):
        return "nickname"
    if (len(a[0]) == 1 or len(b[0]) == 1) and a[0][0] == b[0][0]:
        return "initial"
    if near(a[0], b[0]):
        return "typo"
    return ""
