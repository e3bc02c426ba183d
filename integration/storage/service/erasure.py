"""Erasing a contact: one statement for each table that holds a customer's data."""

from integration.storage.database import Transaction
from integration.storage.service import setup_question_rows


def tables(tx: Transaction) -> list[str]:
    """Return every table that belongs to portals."""
    rows = tx.rows(
        """SELECT table_name FROM information_schema.columns
           WHERE table_schema = 'public' AND column_name = 'portal_id' ORDER BY table_name"""
    )
    return [row["table_name"] for row in rows]


def contact(tx: Transaction, contact_id: int) -> set[int]:
    """Erase one contact from every table of this portal; return the deals to recompute.

    Ledger rows credit an opaque subject: cutting its tie to the contact leaves amounts and
    dates as they are. Sources keep their weights and lose their words.
    """
    former = tx.rows(
        """SELECT old_id FROM alias
           WHERE portal_id = :portal AND object_type = 'contact' AND new_id = :id""",
        id=contact_id,
    )
    ids = [contact_id, *(row["old_id"] for row in former)]
    # Before the rows go that tell which deals they are.
    deals = tx.rows(
        """SELECT deal_id FROM source
           WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))
           UNION SELECT from_id FROM association
           WHERE portal_id = :portal AND from_type = 'deal'
             AND to_type = 'contact' AND to_id = ANY(CAST(:ids AS bigint[]))
           UNION SELECT from_id FROM resting_association
           WHERE portal_id = :portal AND from_type = 'deal'
             AND to_type = 'contact' AND to_id = ANY(CAST(:ids AS bigint[]))""",
        ids=ids,
    )
    texts = [str(erased_id) for erased_id in ids]
    for statement in _CONTACT_ROWS:
        tx.run(statement, ids=ids, texts=texts)
    return {row["deal_id"] for row in deals}


def reasons_of_health(tx: Transaction, contact_ids: list[int]) -> set[int]:
    """Empty the reasons of decided bands and factors that name these contacts.

    Return the companies, whose health is explained anew. It has to be done while the records are
    there, which say how the contacts are called.
    """
    cleared: set[int] = set()
    for statement in _NAMED_IN_HEALTH:
        cleared.update(row["company_id"] for row in tx.rows(statement, ids=contact_ids))
    return cleared


def addresses(tx: Transaction, contact_ids: list[int]) -> list[str]:
    """Return the e-mail addresses of these contacts, as they are compared."""
    rows = tx.tuples(
        """SELECT DISTINCT value FROM identity_key WHERE portal_id = :portal AND kind = 'mail'
             AND contact_id = ANY(CAST(:ids AS bigint[]))""",
        ids=contact_ids,
    )
    return [row[0] for row in rows]


def words(tx: Transaction, contact_ids: list[int]) -> tuple[str, ...]:
    """Return full names and addresses of these contacts, in lower case."""
    rows = tx.rows(
        """SELECT DISTINCT lower(word) AS word FROM record, LATERAL (
             SELECT unnest(ARRAY[
               (properties ->> 'firstname') || ' ' || (properties ->> 'lastname'),
               (properties ->> 'lastname') || ', ' || (properties ->> 'firstname'),
               properties ->> 'email'])
             UNION SELECT value FROM identity_key
             WHERE identity_key.portal_id = :portal AND kind = 'mail'
               AND contact_id = record_id) AS said (word)
           WHERE portal_id = :portal AND object_type = 'contact'
             AND record_id = ANY(CAST(:ids AS bigint[]))
             AND length(word) > 4""",
        ids=contact_ids,
    )
    return tuple(row["word"] for row in rows)


def forget_events(tx: Transaction, contact_ids: list[int]) -> None:
    """Delete events that point to erased contacts, and count them as pruned."""
    tx.run(_EVENTS, ids=contact_ids)


_OF_CONTACT = (
    "portal_id = :portal AND object_type = 'contact' AND record_id = ANY(CAST(:ids AS bigint[]))"
)
_LINKED = """portal_id = :portal AND (
  (from_type = 'contact' AND from_id = ANY(CAST(:ids AS bigint[])))
  OR (to_type = 'contact' AND to_id = ANY(CAST(:ids AS bigint[]))))"""
_EVENTS = """WITH gone AS (
      DELETE FROM event WHERE portal_id = :portal AND (
        (object_type = 'contact' AND object_id = ANY(CAST(:ids AS bigint[])))
        OR EXISTS (SELECT FROM jsonb_array_elements(payload -> 'refs') AS ref
                   WHERE ref ->> 0 = 'contact'
                     AND (ref ->> 1)::bigint = ANY(CAST(:ids AS bigint[]))))
        AND state <> 'waiting'
      RETURNING 1)
    UPDATE tally SET pruned = pruned + (SELECT count(*) FROM gone) WHERE portal_id = :portal"""
# Texts of activities: those that the person was part of, and notes of others that name them. Before
# the record goes. Names are looked for inside words, too: "Priya Narangs" names Priya Narang.
_TEXTS = (
    """DELETE FROM touch_text AS said USING record AS gone
       WHERE said.portal_id = :portal AND gone.portal_id = :portal AND gone.object_type = 'contact'
         AND gone.record_id = ANY(CAST(:ids AS bigint[])) AND EXISTS (
           SELECT FROM unnest(ARRAY[
             (gone.properties ->> 'firstname') || ' ' || (gone.properties ->> 'lastname'),
             (gone.properties ->> 'lastname') || ', ' || (gone.properties ->> 'firstname'),
             gone.properties ->> 'email']) AS word
           WHERE length(word) > 4 AND position(lower(word) IN lower(said.text)) > 0)""",
    """DELETE FROM touch_text AS said USING touch
       WHERE said.portal_id = :portal AND touch.portal_id = :portal
         AND touch.activity_type = said.activity_type
         AND touch.activity_id = said.activity_id
         AND touch.contact_id = ANY(CAST(:ids AS bigint[]))""",
    # That somebody of the company was in touch on that day stays, as amounts and dates do: who it
    # was goes. A random number below 0 is nobody's id, and joins no two of their touches.
    """UPDATE touch SET contact_id = -1 - floor(random() * 1e15)::bigint,
         activity_id = -1 - floor(random() * 1e15)::bigint
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
)
_REFS = (
    "portal_id = :portal AND object_type = 'contact' AND object_id = ANY(CAST(:ids AS bigint[]))"
)
# Rows of uploaded files of answers, before the record and its keys go: theirs keep nothing, and
# others' that name them lose their words. That there was a row stays, so that figures add up.
_OWN_WORDS = """(
    SELECT value AS word, true AS is_address FROM identity_key
    WHERE portal_id = :portal AND kind = 'mail' AND contact_id = ANY(CAST(:ids AS bigint[]))
    UNION SELECT lower(trim(concat_ws(' ', properties ->> 'firstname', properties ->> 'lastname'))),
      false FROM record
    WHERE portal_id = :portal AND object_type = 'contact'
      AND record_id = ANY(CAST(:ids AS bigint[]))) AS own"""
_UPLOADED = (
    f"""UPDATE answer_upload_row AS staged SET cells = NULL, answer_key = NULL, score = NULL,
          at = NULL, contact_id = NULL, email = NULL, comment = NULL, reason = '',
          outcome = 'forgotten'
        WHERE staged.portal_id = :portal AND (
          staged.contact_id = ANY(CAST(:ids AS bigint[]))
          OR jsonb_exists_any(staged.cells, CAST(:texts AS text[]))
          OR EXISTS (SELECT FROM {_OWN_WORDS} WHERE is_address AND (staged.email = word
            OR jsonb_exists(CAST(lower(staged.cells::text) AS jsonb), word))))""",
    f"""UPDATE answer_upload_row AS staged SET cells = NULL, comment = NULL
        WHERE staged.portal_id = :portal AND EXISTS (
          SELECT FROM {_OWN_WORDS} WHERE length(word) > 4 AND (
            position(word IN lower(staged.cells::text)) > 0
            OR position(word IN lower(staged.comment)) > 0))""",
)
# Questions and answers about the person go. Where they are one of several who were, or were not,
# meant, the answer stays for the others' sake, so that totals do not move; its words go, and their
# number.
_AMONG_OTHERS = f"""SELECT decision_id FROM decision WHERE portal_id = :portal AND kind = 'referral'
  AND decision_id IN (SELECT decision_id FROM decision_ref WHERE {_REFS})
  AND detail ->> 'owner' NOT IN (SELECT 'contact:' || id FROM unnest(CAST(:texts AS text[])) AS id)
  AND detail ->> 'target' NOT IN (
    SELECT 'contact:' || id FROM unnest(CAST(:texts AS text[])) AS id)"""
_IS_THEIRS = "IN (SELECT to_jsonb(id) FROM unnest(CAST(:ids AS bigint[])) AS id)"
# Before the record goes: reasons of other answers that name the person.
_NAMED_IN_REASONS = """UPDATE decision SET reason = '' FROM record AS gone
    WHERE decision.portal_id = :portal AND gone.portal_id = :portal AND gone.object_type = 'contact'
      AND gone.record_id = ANY(CAST(:ids AS bigint[])) AND EXISTS (
        SELECT FROM unnest(ARRAY[
          trim(concat_ws(' ', gone.properties ->> 'firstname', gone.properties ->> 'lastname')),
          gone.properties ->> 'lastname', gone.properties ->> 'email']) AS word
        WHERE length(word) > 3 AND position(lower(word) IN lower(decision.reason)) > 0)"""
# And what was said of a customer, where it names the person.
_NAMED_IN_PULSES = """UPDATE pulse SET words = '' FROM record AS gone
    WHERE pulse.portal_id = :portal AND gone.portal_id = :portal AND gone.object_type = 'contact'
      AND gone.record_id = ANY(CAST(:ids AS bigint[])) AND EXISTS (
        SELECT FROM unnest(ARRAY[
          trim(concat_ws(' ', gone.properties ->> 'firstname', gone.properties ->> 'lastname')),
          gone.properties ->> 'lastname', gone.properties ->> 'email']) AS word
        WHERE length(word) > 3 AND position(lower(word) IN lower(pulse.words)) > 0)"""
# Reasons of bands and of factors left out.
_NAMED_IN_HEALTH = tuple(
    f"""UPDATE {table} SET {column} = '' FROM record AS gone
        WHERE {table}.portal_id = :portal AND gone.portal_id = :portal
          AND gone.object_type = 'contact' AND gone.record_id = ANY(CAST(:ids AS bigint[]))
          AND EXISTS (SELECT FROM unnest(ARRAY[
              trim(concat_ws(' ', gone.properties ->> 'firstname', gone.properties ->> 'lastname')),
              gone.properties ->> 'lastname', gone.properties ->> 'email']) AS word
            WHERE length(word) > 3 AND position(lower(word) IN lower({table}.{column})) > 0)
        RETURNING company_id"""
    for table, column in (("health_override", "reason"), ("left_out_factor", "words"))
)
# Before the record goes: words of products and wins that name the person.
_NAMED_IN_EVENTS = tuple(
    f"""UPDATE {table} AS said SET words = '' FROM record AS gone
        WHERE said.portal_id = :portal AND gone.portal_id = :portal
          AND gone.object_type = 'contact' AND gone.record_id = ANY(CAST(:ids AS bigint[]))
          AND EXISTS (SELECT FROM unnest(ARRAY[
              trim(concat_ws(' ', gone.properties ->> 'firstname', gone.properties ->> 'lastname')),
              gone.properties ->> 'lastname', gone.properties ->> 'email']) AS word
            WHERE length(word) > 3 AND position(lower(word) IN lower(said.words)) > 0)"""
    for table in ("success_event", "win")
)
_NAMED_IN_FOLLOW_UPS = _NAMED_IN_PULSES.replace("pulse", "follow_up")
# Saved reports: names that somebody gave them, before the record goes; and the person they are of,
# who becomes one of all that were removed, so that their report does not become one of everybody.
_SAVED_REPORTS = (
    """UPDATE saved_report SET name = 'Report ' || report_id FROM record AS gone
       WHERE saved_report.portal_id = :portal AND gone.portal_id = :portal
         AND gone.object_type = 'contact' AND gone.record_id = ANY(CAST(:ids AS bigint[]))
         AND EXISTS (SELECT FROM unnest(ARRAY[
             trim(concat_ws(' ', gone.properties ->> 'firstname', gone.properties ->> 'lastname')),
             gone.properties ->> 'lastname', gone.properties ->> 'email']) AS word
           WHERE length(word) > 3 AND position(lower(word) IN lower(saved_report.name)) > 0)""",
    """UPDATE saved_report SET body = jsonb_set(body, '{words}', (
         SELECT coalesce(jsonb_agg(CASE
             WHEN word ->> 'name' = 'advocate' AND word ->> 'value' = ANY(CAST(:texts AS text[]))
             THEN word || '{"value": "removed", "label": ""}' ELSE word END ORDER BY place), '[]')
         FROM jsonb_array_elements(body -> 'words') WITH ORDINALITY AS said (word, place)))
       WHERE portal_id = :portal AND jsonb_typeof(body -> 'words') = 'array' AND EXISTS (
         SELECT FROM jsonb_array_elements(body -> 'words') AS word
         WHERE word ->> 'name' = 'advocate' AND word ->> 'value' = ANY(CAST(:texts AS text[])))""",
)
# A reference to them, "contact:12", anywhere in a document.
_SPEAKS_OF_THEM = """jsonb_path_exists({column}, '$.** ? (@ == $them[*])', (
    SELECT jsonb_build_object('them', jsonb_agg('contact:' || id))
    FROM unnest(CAST(:texts AS text[])) AS id))"""
_DECIDED = (
    f"""WITH gone AS (
          DELETE FROM review WHERE portal_id = :portal
            AND (review_id IN (SELECT review_id FROM review_ref WHERE {_REFS})
                 OR {_SPEAKS_OF_THEM.format(column="body")}) RETURNING review_id)
        DELETE FROM review_ref USING gone
        WHERE review_ref.portal_id = :portal AND review_ref.review_id = gone.review_id""",
    f"""UPDATE decision SET author = '', reason = '', question = 'removed:' || decision_id,
          detail = (detail - CASE WHEN detail -> 'pick' {_IS_THEIRS} THEN 'pick' ELSE '' END)
            || jsonb_build_object('contacts', (SELECT coalesce(jsonb_agg(one), '[]')
                 FROM jsonb_array_elements(CASE jsonb_typeof(detail -> 'contacts') WHEN 'array'
                   THEN detail -> 'contacts' ELSE '[]' END) AS one WHERE NOT one {_IS_THEIRS}))
        WHERE portal_id = :portal AND decision_id IN ({_AMONG_OTHERS})""",
    f"""UPDATE decision SET detail = jsonb_set(jsonb_set(detail, '{{move,reasons}}', '[]'),
          '{{move,signals}}', '[]')
        WHERE portal_id = :portal AND kind = 'move' AND detail -> 'move' IS NOT NULL
          AND {_SPEAKS_OF_THEM.format(column="(detail -> 'move')")}""",
    f"""WITH theirs AS (
          DELETE FROM decision_ref WHERE {_REFS} RETURNING decision_id),
        gone AS (
          DELETE FROM decision WHERE portal_id = :portal AND question <> 'removed:' || decision_id
            AND decision_id IN (SELECT decision_id FROM theirs) RETURNING decision_id)
        DELETE FROM decision_ref USING gone
        WHERE decision_ref.portal_id = :portal AND decision_ref.decision_id = gone.decision_id
          AND NOT (object_type = 'contact' AND object_id = ANY(CAST(:ids AS bigint[])))""",
)
_CONTACT_ROWS = (
    _NAMED_IN_REASONS,
    *_NAMED_IN_EVENTS,
    *_UPLOADED,
    _NAMED_IN_PULSES,
    _NAMED_IN_FOLLOW_UPS,
    *_SAVED_REPORTS,
    *_TEXTS,
    f"DELETE FROM record WHERE {_OF_CONTACT}",
    f"DELETE FROM stale WHERE {_OF_CONTACT}",
    f"DELETE FROM conclusion WHERE {_OF_CONTACT}",
    f"DELETE FROM outbox WHERE {_OF_CONTACT}",
    f"DELETE FROM search_word WHERE {_OF_CONTACT}",
    """DELETE FROM search_word WHERE portal_id = :portal AND object_type = 'comment'
         AND record_id = ANY(CAST(:ids AS bigint[]))""",
    """DELETE FROM listed_contact
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    """DELETE FROM alias WHERE portal_id = :portal AND object_type = 'contact'
         AND (old_id = ANY(CAST(:ids AS bigint[])) OR new_id = ANY(CAST(:ids AS bigint[])))""",
    f"DELETE FROM association WHERE {_LINKED}",
    f"DELETE FROM resting_association WHERE {_LINKED}",
    # What products sent of them before anybody knew the company.
    """DELETE FROM awaited_company WHERE portal_id = :portal AND (
         item ->> 'contact_id' = ANY(CAST(:texts AS text[]))
         OR item ->> 'email' IN (
           SELECT value FROM identity_key WHERE portal_id = :portal AND kind = 'mail'
             AND contact_id = ANY(CAST(:ids AS bigint[]))))""",
    # What they answered before anybody knew whose address it was.
    """DELETE FROM answer WHERE portal_id = :portal AND contact_id IS NULL AND email IN (
         SELECT value FROM identity_key WHERE portal_id = :portal AND kind = 'mail'
           AND contact_id = ANY(CAST(:ids AS bigint[])))""",
    """DELETE FROM identity_key
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    "DELETE FROM person WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))",
    """DELETE FROM person_answer
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    """DELETE FROM move WHERE portal_id = :portal
         AND (former_contact_id = ANY(CAST(:ids AS bigint[]))
         OR new_contact_id = ANY(CAST(:ids AS bigint[])))""",
    """DELETE FROM told USING referral
       WHERE told.portal_id = :portal AND referral.portal_id = :portal
         AND (told.owner_type, told.owner_id) = (referral.owner_type, referral.owner_id)
         AND referrer_contact_id = ANY(CAST(:ids AS bigint[]))""",
    """DELETE FROM referral
       WHERE portal_id = :portal AND (referrer_contact_id = ANY(CAST(:ids AS bigint[]))
         OR (owner_type = 'contact' AND owner_id = ANY(CAST(:ids AS bigint[])))
         OR target IN (SELECT 'contact:' || id FROM unnest(CAST(:texts AS text[])) AS id))""",
    """DELETE FROM told WHERE portal_id = :portal AND owner_type = 'contact'
         AND owner_id = ANY(CAST(:ids AS bigint[]))""",
    """DELETE FROM seek WHERE portal_id = :portal AND owner_type = 'contact'
         AND owner_id = ANY(CAST(:ids AS bigint[]))""",
    "DELETE FROM passage WHERE portal_id = :portal AND person_id = ANY(CAST(:ids AS bigint[]))",
    """DELETE FROM answer WHERE portal_id = :portal
         AND (contact_id = ANY(CAST(:ids AS bigint[]))
           OR named_id = ANY(CAST(:ids AS bigint[])))""",
    "DELETE FROM readiness WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))",
    """DELETE FROM reminder_done
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    # That somebody was asked stays; who it was goes, and whom it was about.
    """UPDATE ask SET
         contact_id = CASE WHEN contact_id = ANY(CAST(:ids AS bigint[]))
           THEN -1 - floor(random() * 1e15)::bigint ELSE contact_id END,
         target_contact_id = CASE WHEN target_contact_id <> ALL(CAST(:ids AS bigint[]))
           THEN target_contact_id END,
         introduced_contact_id = CASE WHEN introduced_contact_id <> ALL(CAST(:ids AS bigint[]))
           THEN introduced_contact_id END
       WHERE portal_id = :portal AND (contact_id = ANY(CAST(:ids AS bigint[]))
         OR target_contact_id = ANY(CAST(:ids AS bigint[]))
         OR introduced_contact_id = ANY(CAST(:ids AS bigint[])))""",
    "DELETE FROM do_not_ask WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))",
    # That somebody was approached on that day stays, as the numbers of asks and surveys do.
    """UPDATE approach SET contact_id = -1 - floor(random() * 1e15)::bigint
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    "DELETE FROM ask_trial WHERE portal_id = :portal AND person_id = ANY(CAST(:ids AS bigint[]))",
    # The code dies with the person: its link leads nowhere.
    """WITH gone AS (
         DELETE FROM referral_code
         WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[])) RETURNING code)
       DELETE FROM referral_visit USING gone
       WHERE referral_visit.portal_id = :portal AND referral_visit.code = gone.code""",
    # What was spent stays, on which day and for which kind of source.
    """UPDATE reward SET contact_id = NULL
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    """UPDATE reward SET target = 'removed:' || reward_id WHERE portal_id = :portal
         AND target IN (SELECT 'contact:' || id FROM unnest(CAST(:texts AS text[])) AS id)""",
    # What products said of them; that something went well for their company on that day stays.
    """UPDATE success_event SET contact_id = NULL, words = ''
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    "DELETE FROM win WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))",
    """DELETE FROM follow_up_task USING follow_up
       WHERE follow_up_task.portal_id = :portal AND follow_up.portal_id = :portal
         AND follow_up.follow_up_id = follow_up_task.follow_up_id
         AND follow_up.contact_id = ANY(CAST(:ids AS bigint[]))""",
    "DELETE FROM follow_up WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))",
    # So does that somebody was invited, and whether they answered.
    """UPDATE survey_invitation SET contact_id = -1 - floor(random() * 1e15)::bigint
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    *_DECIDED,
    # The figures stay: what is booked and its range rest on them.
    """UPDATE source SET contact_id = NULL, body = jsonb_strip_nulls(jsonb_build_object(
         'removed', true, 'w', body -> 'w', 'p', body -> 'p', 'g', body -> 'g',
         'raw', body -> 'raw'))
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    f"""UPDATE source SET body = jsonb_set(body, '{{because}}', '[]')
        WHERE portal_id = :portal AND body -> 'because' <> '[]'
          AND {_SPEAKS_OF_THEM.format(column="(body -> 'because')")}""",
    """UPDATE subject SET contact_id = NULL
       WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
    # Whom a sample names is not known; without samples the question can still be answered.
    setup_question_rows.FORGET_SAMPLES,
    _EVENTS,
)


def mentions(tx: Transaction, needle: str) -> list[str]:
    """Return the tables in which a text occurs: the proof of an erasure, and for tests."""
    return [
        table
        for table in tables(tx)
        if tx.value(
            f"SELECT EXISTS (SELECT FROM {table} AS t WHERE t::text ILIKE :like)",
            like=f"%{needle}%",
        )
    ]
