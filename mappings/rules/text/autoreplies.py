"""Automatic replies: which mails are automatic, and which of them say that the person left.

The phrases are tables, so that a sentence met in practice is one more line. Only mail whose subject
marks it as automatic is read: a colleague who writes that somebody left is no automatic reply.
"""

import re
from collections.abc import Sequence
from typing import Final

VERSION: Final = 1

# How the subject of an automatic reply begins or is, in the mail programs of five languages.
_SUBJECTS: Final = (
    r"auto(matic|mated)?[ -]?(reply|response)",
    r"autoreply",
    r"autoresponse",
    r"out of (the )?office",
    r"ooo\b",
    r"away from (the )?office",
    r"no longer (with|at|working|employed)",
    r"automatische antwort",
    r"abwesenheits(notiz|nachricht|meldung)",
    r"abwesend",
    r"nicht mehr (im unternehmen|bei)",
    r"réponse automatique",
    r"absence du bureau",
    r"message d'absence",
    r"respuesta automática",
    r"respuesta automatica",
    r"fuera de (la )?oficina",
    r"resposta automática",
    r"resposta automatica",
    r"fora do escritório",
    r"ausência temporária",
)
_SUBJECT: Final = re.compile(
    rf"\s*((re|aw|fw|fwd|sv|tr|rv|res|wg)\s*:\s*)*\W{{0,3}}({'|'.join(_SUBJECTS)})", re.IGNORECASE
)

# What a machine says for somebody who is gone for good, not for the holidays.
_LEFT: Final = (
    r"\b(is|am|are|'m|'s) no longer (with|at|working|employed|a part of|part of|an employee)\b",
    r"\bno longer works?\b",
    (
        r"\b(has|have|'ve) left "
        r"(the (company|organi[sz]ation|business|firm)|our (company|organi[sz]ation|team))\b"
    ),
    r"\bleft (the company|the organi[sz]ation|our company)\b",
    r"\b(my|his|her|their) last (day|working day) (was|at)\b",
    r"\bmoved on (from|to (a new|another))\b",
    r"\bno longer (an )?(active|valid) (employee|member of)\b",
    (
        r"\bnicht (mehr|länger) (bei|für|in) (der |dem |unser\w* |)"
        r"[\w&.\- ]{0,40}(tätig|beschäftigt|angestellt|arbeit)"
    ),
    r"\bnicht mehr (im|für das|für unser) unternehmen\b",
    r"\bnicht mehr bei uns\b",
    r"\bunternehmen (zum [\w. ]{1,20} |bereits |leider )?verlassen\b",
    r"\barbeite(t)? (ich |er |sie )?nicht mehr\b",
    r"\bne (travaille|fait|fais|travaillent) plus\b",
    (
        r"\b(a|ai|ont) quitté "
        r"(l'entreprise|la société|notre société|le groupe|ses fonctions|mes fonctions)\b"
    ),
    r"\bplus (employée?|salariée?) (de|chez)\b",
    r"\bya no (trabaj\w+|forma parte|formo parte|pertene\w+|está en|estoy en|labora)\b",
    r"\b(ha|he) dejado (la empresa|la compañía|la organización|de trabajar)\b",
    r"\bnão (trabalh\w+|faz parte|faço parte|está|estou|integra) mais\b",
    r"\bjá não (trabalh\w+|faz parte|faço parte|está|estou)\b",
    r"\b(deixou|deixei|saiu da|saí da) (a |)(empresa|companhia|organização)\b",
)
_GONE: Final = re.compile("|".join(_LEFT), re.IGNORECASE)
# "I am no longer at my desk today", "left the office": away, not gone.
_AWAY: Final = re.compile(
    r"no longer (at|with) (my desk|the office today)|left (for|the office)\b|"
    r"(back|return\w*|zurück|de retour|de vuelta|de volta) "
    r"((in|to) the office |im büro |au bureau |a la oficina |ao escritório )?"
    r"(on|am|ab|by|le|el|em|from|in) ",
    re.IGNORECASE,
)
# Characters of each text that are read: the sentence stands at the top, quoted mail below it.
_READ: Final = 4_000


def is_automatic(subject: str) -> bool:
    """Whether a mail's subject is one that mail programs give to automatic replies."""
    return _SUBJECT.match(subject[:300]) is not None


def says_left(texts: Sequence[str]) -> bool:
    """Whether an automatic reply (subject, then text) says that the person left for good.

    A reply that also says when the person will be back is about a holiday, whatever else it says.
    """
    lines = [" ".join(text[:_READ].split()) for text in texts]
    reply = " ".join(lines).replace("\u2019", "'")
    return _GONE.search(reply) is not None and _AWAY.search(reply) is None
