"""What files of survey answers call their columns, in several languages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# As words in small letters, the surest first; a column that is called exactly so comes first.
NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "score": (
            "nps", "nps score", "score", "answer", "rating", "likelihood", "likely", "how likely",
            "recommend", "bewertung", "punktzahl", "weiterempfehlung", "note", "puntuacion",
            "puntuación", "pontuação", "pontuacao", "calificación", "nota", "value",
        ),
        "contact": (
            "contact id", "hs object id", "record id", "hubspot id", "hubspot contact id", "vid",
            "contactid", "kontakt id", "datensatz id",
        ),
        "email": (
            "email", "e mail", "email address", "e mail address", "e mail adresse", "mail",
            "respondent email", "courriel", "correo", "correo electrónico",
        ),
        "token": ("token", "second order survey link", "survey link"),
        "at": (
            "answered at", "submitted at", "submit date", "date", "response date", "completed at",
            "submission date", "survey date", "datum", "zeitpunkt", "fecha", "data", "timestamp",
            "created at", "end date", "date submitted", "time", "day",
        ),
        "comment": (
            "comment", "comments", "feedback", "reason", "why", "follow up", "kommentar",
            "begründung", "grund", "commentaire", "comentario", "comentário", "text", "verbatim",
        ),
        "key": (
            "id", "response id", "answer id", "submission id", "respondent id", "responseid",
            "antwort id", "#",
        ),
    }
)  # fmt: skip
