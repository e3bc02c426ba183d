"""What answers to "how did you hear about us" say, in five languages."""

import csv
import gzip
import hashlib
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.rules.text import phrases
from mappings.rules.text.folding import words
from mappings.rules.text.phrases import compile_tables, parse, tables
from mappings.rules.text.self_reported import (
    CLEAR,
    LABELS,
    NAMED,
    VERSION,
    WEAK,
    Known,
    classify,
    is_word_of_mouth,
    words_of,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "how_heard" / "answers.csv.gz"


def said(text: str, known: Known | None = None) -> dict[str, int]:
    return {one.label: one.confidence for one in classify(text, known or Known())}


def test_every_text_of_the_rule_book_is_labelled_as_it_says() -> None:
    maria = Known(people=((0, 1),))

    assert said("Maria at Acme told us, then I googled you", maria) == {
        "referral_person": NAMED,
        "search": CLEAR,
    }
    assert said("Google") == {"search": CLEAR}
    assert said("Used Fulcrum in my previous company") == {"moved_self": CLEAR}
    assert said("not from a friend, saw your ad") == {"ads": CLEAR}
    assert said("people at GeoConf kept talking about you") == {"wom_event_talk": CLEAR}
    assert said("a former customer said support was awful, still wanted to see") == {
        "negative_wom": CLEAR
    }
    for nothing in ("asdf", "internet", "various"):
        assert set(said(nothing)) <= {"junk", "unknown"}


@pytest.mark.parametrize(
    "text",
    [
        "my boyfriend", "Co-worker", "coworker", "someone at work", "from a professor", "word of mouth",
        "my boss told me",
        "Our CTO", "a happy customer recommended you", "another client of yours", "brother-in-law", "heard good things",
        "twitter / my brother", "told by someone at a dinner", "a guy I know", "colegue... sorry, colleague",
        "heard about you from other agency owners", "Met Anna at a dinner", "our head of ops", "the guy from the cafe",
        "unser Steuerberater hat Sie empfohlen", "meu contador indicou", "mi pareja", "ma partenaire",
        "von einem Kollegen", "Mundpropaganda", "Über meinen Chef", "Ein Freund hat es mir empfohlen", "Bekannte",
        "habe es von jemandem gehört", "mein Steuerberater-Kollege", "meine Freundin",
        "par un ami", "bouche à oreille", "un collègue m'en a parlé", "grâce à mon patron",
        "j\u2019ai un copain chez un client",
        "recommandé par ma voisine", "quelqu'un m'en a parlé",
        "por un amigo", "boca a boca", "Me lo recomendó mi jefe", "mi cuñada", "un compañero de la universidad",
        "alguien me habló de ustedes", "boca en boca",
        "através de um amigo", "indicação de um colega", "minha esposa", "meu chefe me falou", "alguém me indicou",
        "boca a boca, no trabalho",
    ],
)  # fmt: skip
def test_a_person_told(text: str) -> None:
    assert is_word_of_mouth(classify(text)), classify(text)


@pytest.mark.parametrize(
    "text",
    [
        "no friend told me, I saw it on LinkedIn", "a friend? no, google", "not a colleague", "nobody told me",
        "friends didn't tell me", "colleague - no", "without any recommendation", "never heard from a friend",
        "Freunde haben mir nicht davon erzählt", "Nicht durch Freunde, sondern über Google", "Kein Kollege, Werbung",
        "ohne Empfehlung", "Freunde nein",
        "Ce n'est pas un ami, c'est Google", "aucun collègue", "sans recommandation", "amis non",
        "No me lo dijo un amigo, lo vi en Google", "ningún amigo", "sin recomendación", "amigos no",
        "não foi um amigo", "nenhum colega", "sem indicação", "amigos não",
    ],
)  # fmt: skip
def test_what_is_denied_is_not_said(text: str) -> None:
    assert not is_word_of_mouth(classify(text)), classify(text)


@pytest.mark.parametrize(
    "text",
    [
        "not only a friend but also my boss", "nicht nur Kollegen", "pas seulement un ami", "no solo un amigo",
        "não só um amigo", "not sure, maybe a friend", "don't remember which friend", "no doubt my brother",
        "no trabalho de um amigo",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_denial_is_none(text: str) -> None:
    assert is_word_of_mouth(classify(text)), classify(text)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("im letzten Job benutzt", "moved_self"),
        ("bei meinem alten Arbeitgeber", "moved_self"),
        ("dans mon ancienne boîte", "moved_self"),
        ("en mi trabajo anterior lo usábamos", "moved_self"),
        ("no meu emprego anterior", "moved_self"),
        ("used it at my last job", "moved_self"),
        ("where I used to work", "moved_self"),
        ("Google Ads", "ads"),
        ("Werbung", "ads"),
        ("publicité", "ads"),
        ("gegoogelt", "search"),
        ("moteur de recherche", "search"),
        ("un buscador", "search"),
        ("pesquisa no google", "search"),
        ("G2", "review_site"),
        ("site d'avis", "review_site"),
        ("ChatGPT recommended you", "ai_assistant"),
        ("Claude", "ai_assistant"),
        ("LinkedIn", "social"),
        ("redes sociales", "social"),
        ("Slack community", "community"),
        ("Stammtisch", "community"),
        ("a podcast", "press_podcast"),
        ("recommended by a blog", "press_podcast"),
        ("Zeitungsartikel", "press_podcast"),
        ("your webinar", "event_own"),
        ("auf der Messe", "event_own"),
        ("cold email", "outbound"),
        ("your sales rep called me", "outbound"),
        ("Kaltakquise", "outbound"),
        ("our implementation partner", "partner"),
        ("Systemhaus", "partner"),
        ("I know someone who works for you", "employee"),
        ("one of your employees", "employee"),
        ("we already use you", "existing_relationship"),
        ("existing customer", "existing_relationship"),
        ("Bestandskunde", "existing_relationship"),
        ("déjà client", "existing_relationship"),
        ("ya somos clientes", "existing_relationship"),
        ("já somos clientes", "existing_relationship"),
        ("met someone at a conference who told me", "wom_event_talk"),
        ("alle auf der Konferenz haben davon gesprochen", "wom_event_talk"),
        ("colleagues warned us about your support", "negative_wom"),
        ("der Support war furchtbar", "negative_wom"),
        ("le service client est nul", "negative_wom"),
        ("el soporte es pésimo", "negative_wom"),
        ("o atendimento é horrível", "negative_wom"),
        ("xkcdfgh", "junk"),
        ("1234", "junk"),
        ("🙂🙂", "junk"),
        ("don't remember", "unknown"),
        ("keine Ahnung", "unknown"),
        ("je ne sais plus", "unknown"),
        ("no me acuerdo", "unknown"),
        ("não lembro", "unknown"),
        ("the blue one", "unknown"),
    ],
)
def test_other_ways_have_their_labels_and_are_no_word_of_mouth(text: str, label: str) -> None:
    found = said(text)

    assert label in found
    assert label == "wom_event_talk" or not is_word_of_mouth(classify(text))


def test_several_things_are_said_at_once() -> None:
    assert said("podcast and google, also a friend") == {
        "press_podcast": CLEAR,
        "search": CLEAR,
        "wom_generic": CLEAR,
    }


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("John Smith", WEAK),
        ("john smith", WEAK),
        ("through Maria Lopez", WEAK),
        ("Empfehlung von Herrn Dr. Schmidt", WEAK),
        ("Email from Tim!", WEAK),
        ("Maria told me", CLEAR),
        ("Claude Dupont", WEAK),
        ("Anna's recommendation", WEAK),
    ],
)
def test_a_personal_name_that_nobody_knows_is_a_weak_sign_of_a_person(
    text: str, confidence: int
) -> None:
    assert said(text).get("referral_person") == confidence or "wom_generic" in said(text)
    assert is_word_of_mouth(classify(text))


@pytest.mark.parametrize(
    "text",
    [
        "Paul Sanger's book", "Joel's blog", "a talk by Maria Lopez on youtube", "Morgan Stanley",
        "Tom Sawyer and the Cave",
        "Sarah Lawrence College", "I follow Peter Wendel", "TED talk (Martin Marsh)",
        "Referred by a link on another blog",
        "referred by Less is More", "Madison", "Florence", "user friendly website",
    ],
)  # fmt: skip
def test_a_name_on_a_work_a_company_or_a_place_is_no_person_who_told(text: str) -> None:
    assert not is_word_of_mouth(classify(text)), classify(text)


def test_a_colleague_of_a_former_job_is_a_colleague_and_no_own_past() -> None:
    assert said("a colleague from my last job") == {"wom_generic": CLEAR}


def test_bad_words_about_somebody_else_speak_for_us() -> None:
    assert "negative_wom" not in said("our current vendor was terrible, a friend recommended you")
    assert "negative_wom" not in said("nothing bad, a friend likes it")


def test_a_warning_takes_all_praise_away_and_leaves_the_channel() -> None:
    found = said("a friend said your support is terrible, saw you on LinkedIn")

    assert found == {"negative_wom": CLEAR, "social": CLEAR}


def test_a_named_company_where_they_worked_is_their_past_and_no_recommendation() -> None:
    text = "used it at Acme"
    acme = Known(companies=((3, 4),))

    assert said(text, acme) == {"moved_self": CLEAR}
    assert said("the folks at Acme", Known(companies=((3, 4),)))["referral_company"] == NAMED


def test_a_typing_error_in_a_short_answer_is_mended() -> None:
    assert is_word_of_mouth(classify("cowaorker"))
    assert is_word_of_mouth(classify("collegaue")) or is_word_of_mouth(classify("colleaque"))


def test_a_label_is_one_of_the_rule_books_and_the_classifier_has_a_version() -> None:
    found = {phrase.label for several in tables().labels.by_word.values() for phrase in several}

    assert found <= set(LABELS)
    assert len(LABELS) == 20
    assert VERSION >= 2


def test_anybody_can_add_a_line_and_a_language() -> None:
    extended = compile_tables({"it": "[little words]\nil da\n[not before]\nnon\n[words person]\namico\n"
                                     "[label wom_generic]\n"
                                     "da <person>\npassaparola\n~ = tizio|caio\n"})  # fmt: skip

    assert {one.label for one in extended.labels.by_word["passaparola"]} == {"wom_generic"}
    assert extended.languages["it"].little == {"il", "da"}
    (weak,) = extended.labels.by_word["caio"]
    assert (weak.weak, weak.whole) == (True, True)


@pytest.mark.parametrize("line", ["...", "... friend", "a ...", "~ ="])
def test_a_line_that_could_match_anything_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="nothing to begin or end with"):
        parse(line, "wom_generic")


def test_every_file_is_read() -> None:
    assert set(tables().languages) >= {"en", "de", "fr", "es", "pt"}
    assert all(one.little for one in tables().languages.values())
    assert phrases.tables() is tables()


WORDS = words(
    "a friend not no told me Maria at Acme google , . ! ' \u202e \x00 🙂 ... my boss was awful kein"
)
any_text = st.text(max_size=400) | st.lists(st.sampled_from(sorted(WORDS)), max_size=60).map(
    " ".join
)


@given(any_text)
@settings(max_examples=300, deadline=None)
def test_any_text_at_all_has_labels(text: str) -> None:
    found = classify(text)

    assert found
    assert {one.label for one in found} <= set(LABELS)
    assert all(0 <= one.confidence <= NAMED and len(one.quote) <= 100 for one in found)
    assert len({one.label for one in found}) == len(found)
    assert [one.confidence for one in found] == sorted(
        (one.confidence for one in found), reverse=True
    )
    assert classify(text) == found


def test_the_first_of_two_equally_sure_phrases_is_quoted() -> None:
    # It was the order of a set: another process could quote another phrase.
    assert [label.quote for label in classify("a person told")] == ["a person told"]


@given(
    st.sampled_from(
        [
            "a friend ",
            "not ",
            "people ",
            "my ",
            "told ",
            "a" * 50,
            "🙂",
            "'",
            "friend's ",
            "@a.b",
            "http://",
            "...",
            "\n",
            "bei ",
        ]
    )
)
@settings(max_examples=20, deadline=None)
def test_a_hundred_kilobytes_are_read_in_bounded_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    began = time.thread_time()

    assert classify(text)
    assert time.thread_time() - began < 2


@given(
    st.lists(
        st.sampled_from(
            ["people", "at", "my", "told", "used", "in", "previous", "company", "who", "a"]
        ),
        max_size=300,
    )
)
@settings(max_examples=30, deadline=None)
def test_phrases_full_of_gaps_do_not_run_away(said_words: list[str]) -> None:
    began = time.thread_time()

    assert classify(" ".join(said_words))
    assert time.thread_time() - began < 2


def test_words_are_counted_as_the_caller_counts_them() -> None:
    assert [word.text for word in words_of("Maria at Acme, l'ami d'Anna; don't e-mail me@x.example")] == [
        "maria", "at", "acme", "l", "ami", "d", "anna", "dont", "email", "",
    ]  # fmt: skip


NAIVE = re.compile(r"friend|colleague|co-worker|word of mouth", re.IGNORECASE)


def scored(rows: Iterable[dict[str, str]], reader: Callable[[str], bool]) -> tuple[float, float]:
    verdicts = [(reader(row["text"]), row["is_person_referral"] == "1") for row in rows]
    right = sum(claim and true for claim, true in verdicts)
    return right / max(1, sum(claim for claim, _ in verdicts)), right / max(
        1, sum(true for _, true in verdicts)
    )


@pytest.mark.skipif(not DATA.exists(), reason="the development data is not here")
@pytest.mark.parametrize("kind", ["all", "free", "clear"])
def test_free_texts_nobody_fitted_on_are_read_right(kind: str) -> None:
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if int(hashlib.sha256(row["text"].encode()).hexdigest(), 16) % 2
        ]
    if kind != "all":
        rows = [row for row in rows if row["label_kind"] == "hand"]
    if kind == "clear":
        rows = [row for row in rows if row["ambiguous"] == "0"]

    precision, recall = scored(rows, lambda text: is_word_of_mouth(classify(text)))
    _, naive = scored(rows, lambda text: bool(NAIVE.search(text)))

    assert precision >= 0.95
    assert recall >= 0.85
    assert recall > naive
