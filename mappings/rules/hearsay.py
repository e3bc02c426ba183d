"""Hearsay: what "how did you hear about us" says, as labels with a confidence, and the customers it names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mappings.rules.names import fold, words

VERSION = 1
"""Stored with each label, so that a later classifier is told apart."""

CLEAR, WEAK = 750_000, 550_000
NAMED = 850_000
_REACH = 4  # words a negation reaches over

# Folded phrases as regular expressions, by label; a non-programmer can extend a line.
CLEAR_PHRASES: Mapping[str, tuple[str, ...]] = {
    "wom_generic": (
        r"(a|my|our|some|through|from|by|via|an old|good) (\w+ )?(friend|colleague|coworker|co worker|peer|buddy)s?",
        r"(friend|colleague|coworker|co worker|peer)s? (told|recommended|mentioned|suggested|referred|of mine|who)",
        r"^(friend|colleague|coworker|co worker|peer|friends|colleagues|coworkers|co workers|peers)$",
        r"word of mouth",
        r"heard (only )?(good|great) things",
        r"(was|were|been|got) (recommended|referred) by",
        r"personal recommendation",
        r"friends? (and|or|&) (family|colleagues?|coworkers?|co workers?)",
        r"(boss|manager|teammate)s?( \w+)* (told|recommended|mentioned|suggested)",
        r"my (boss|manager|teammate|partner|wife|husband|brother|sister)",
        r"(freund|freundin|bekannte[rn]?|kollege[n]?|kollegin(nen)?|mundpropaganda|empfehlung)",
        r"(un|une|mon|ma|des|par) (ami|amie|amis|collegue|collegues)",
        r"bouche a oreille",
        r"(un|una|mi|unos|por) (amigo|amiga|amigos|colega|colegas|companero|companera)",
        r"boca (a|en) (boca|oreja)",
        r"(um|uma|meu|minha|por) (amigo|amiga|colega)",
        r"indicacao de",
        r"boca a boca",
    ),
    "wom_event_talk": (
        (
            r"(people|everyone|everybody|someone|folks|attendees) at .+ "
            r"(talk\w*|told|spoke|mention\w*|recommend\w*|rav\w*)"
        ),
    ),
    "moved_self": (
        (
            r"(used|had|worked with|know|knew) (\w+ ){0,3}(in|at|from) (my|a|the|our) (previous|last|former|old|prior) "
            r"(\w+ )?(job|company|employer|role|position|team|workplace)"
        ),
        r"(previous|last|former) (job|employer|company) (used|had)",
        r"(in|bei) (meiner|meinem) (alten|letzten|fruheren|vorigen) (job|firma|arbeitgeber|stelle)",
        r"dans mon (ancien|precedent) (emploi|poste|travail|job)",
        r"en mi (anterior|ultimo) (trabajo|empleo|empresa)",
        r"no meu (emprego|trabalho) anterior",
    ),
    "review_site": (r"g2( crowd)?", r"capterra", r"trustradius", r"trustpilot", r"gartner peer"),
    "ai_assistant": (r"chat ?gpt", r"perplexity", r"copilot", r"claude", r"gemini"),
    "search": (
        r"googl\w*",
        r"bing",
        r"duckduckgo",
        r"search engine",
        r"(web|internet|online) search\w*",
        r"(suchmaschine|moteur de recherche|buscador)",
    ),
    "ads": (r"ads?", r"advert\w*", r"banner", r"sponsored", r"(werbung|anzeige|publicite|publicidad|anuncio)"),
    "social": (r"linkedin", r"facebook", r"twitter", r"instagram", r"youtube", r"tiktok", r"mastodon", r"social media"),
    "community": (
        r"slack (group|community|channel)",
        r"reddit",
        r"hacker ?news",
        r"stack ?overflow",
        r"(user|meetup|local) group",
        r"meet ?ups?",
        r"mailing list",
        r"forum",
    ),
    "press_podcast": (r"podcasts?", r"newspaper", r"magazine", r"article", r"press", r"radio"),
    "event_own": (r"your (webinar|booth|event|conference|talk|workshop)",),
    "outbound": (
        r"(you|your \w+|sales ?rep|someone) (called|emailed|e mailed|contacted|reached out)",
        r"cold (call|e ?mail)",
    ),
    "partner": (r"(reseller|implementation|integration|consulting) partner", r"our (agency|consultant)"),
    "employee": (r"(i )?know(s)? (someone|people) (who works|working) (for|at) you", r"one of your employees"),
    "existing_relationship": (
        r"(already|existing|long ?time) (a )?(customer|client|user)",
        r"we (already )?use (you|it)",
    ),
}
WEAK_PHRASES: Mapping[str, tuple[str, ...]] = {
    "wom_generic": (r"friends?", r"colleagues?", r"co ?workers?", r"recommend\w*", r"referr?\w*", r"boss", r"told me"),
    "search": (r"search\w*",),
    "social": (r"social",),
}
NEGATIVE = (
    r"(support|service|product|it|they|you)( \w+)? (was|were|is|are) (awful|terrible|bad|horrible|useless|poor)",
    r"(warned|complain\w*) (me|us)? ?(about|of)",
    r"bad (things|experience)",
)
NEGATIONS = words("not no never without kein keine keinen nicht pas sans sin nunca nao sem isn't wasn't didn't")
JUNK = words("asdf qwerty test n/a na none - . x xx xxx internet various other idk dont know unknown everywhere")


@dataclass(frozen=True, slots=True)
class Label:
    """One thing a text says, how sure that is (ppm), and the words that say it."""

    label: str
    confidence: int
    quote: str = ""


def classify(text: str) -> tuple[Label, ...]:
    """Label an answer by phrases, strongest first. What says nothing is `junk` or `unknown`, never word of mouth."""
    plain = fold(text)
    if not plain or plain in JUNK or len(set(plain)) < 3:  # noqa: PLR2004 - "aaa" and "?!" are no answers
        return (Label("junk", CLEAR, text.strip()[:80]),)
    if _first(NEGATIVE, plain):
        return (Label("negative_wom", CLEAR, text.strip()[:80]),)
    found = _labels(CLEAR_PHRASES, plain, CLEAR)
    known = {label.label for label in found}
    if not found:
        found = [label for label in _labels(WEAK_PHRASES, plain, WEAK) if label.label not in known]
    if any(label.label == "wom_event_talk" for label in found):
        found = [label for label in found if label.label != "wom_generic"]
    return tuple(sorted(found, key=lambda one: (-one.confidence, one.label))) or (Label("unknown", 0, ""),)


def _labels(table: Mapping[str, tuple[str, ...]], plain: str, confidence: int) -> list[Label]:
    hits = ((label, _first(phrases, plain)) for label, phrases in table.items())
    return [Label(label, confidence, hit) for label, hit in hits if hit]


def _first(phrases: Iterable[str], plain: str) -> str:
    """The first phrase that occurs and is not negated within the few words before it."""
    for phrase in phrases:
        for hit in re.finditer(rf"(?:^|(?<=\s))(?:{phrase})(?=\s|$)", plain):
            before = plain[: hit.start()].split()[-_REACH:]
            if NEGATIONS.isdisjoint(before):
                return hit.group()
    return ""
