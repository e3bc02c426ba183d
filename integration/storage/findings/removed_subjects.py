"""Removed subjects: the place of a forgotten person in sources and ledger rows.

What a person earned stays booked when they are forgotten, under an opaque number that names nobody
any more: the subject id. The rules tell people apart by person ids, which are contact ids and so
positive. A removed subject stands among them as the negative of its subject id: it is nobody's
contact, and it is the same in a deal's stored sources and in its ledger rows.
"""

from mappings.rules.findings import Source


def person_id_of(subject_id: int) -> int:
    """What stands for a removed subject where the rules expect a person id."""
    return -subject_id


def subject_id_of(source: Source) -> int | None:
    """The subject id of a source whose person was forgotten; None for every other source."""
    if source.person_id is None or source.person_id >= 0:
        return None
    return -source.person_id
