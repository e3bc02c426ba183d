"""The lists that there are: deals, people, companies and job changes, as tables of SQL."""

from typing import Final

from integration.storage.listings.list_pages import List, Order

# An amount in the account's currency; empty where it is not known in it.
_VALUE = """coalesce(home_minor, CASE WHEN currency = home_currency THEN amount_minor END)"""
_LAST = "timestamptz '-infinity'"
# In any table: the records of one person, whichever of them is named.
_RECORDS_OF = """(SELECT member.contact_id FROM person AS named
    JOIN person AS member ON member.portal_id = :portal AND member.person_id = named.person_id
    WHERE named.portal_id = :portal AND named.contact_id = :{0}
  UNION ALL SELECT CAST(:{0} AS bigint))"""

DEALS: Final = List(
    rows="deal",
    key="deal_id",
    columns=(
        "deal_id",
        "name",
        "company_id",
        "pipeline",
        "stage",
        "owner_id",
        "state",
        "created_at",
        "closed_at",
        "amount_minor",
        "currency",
        f"{_VALUE} AS value_minor",
        "home_currency",
        "open_probability",
        "source",
        "timing",
        "deal_order",
        "advocate_id",
        "sources",
        "booked_minor",
        "booked_on",
        "certainty",
    ),
    always="portal_id = :portal AND state <> 'gone'",
    conditions={
        "source": "source = ANY(CAST(:source AS text[]))",
        "state": "state = ANY(CAST(:state AS text[]))",
        "timing": "timing = ANY(CAST(:timing AS text[]))",
        "pipeline": "pipeline = ANY(CAST(:pipeline AS text[]))",
        "stage": "stage = ANY(CAST(:stage AS text[]))",
        "owner": "owner_id = ANY(CAST(:owner AS bigint[]))",
        "no_owner": "owner_id IS NULL AND :no_owner",
        # The first team of an owner is the primary one, by which sums of teams add up.
        "team": """owner_id IN (SELECT owner.owner_id FROM owner
          WHERE owner.portal_id = :portal AND owner.team_ids[1] = ANY(CAST(:team AS text[])))""",
        "order": "deal_order = :order AND sources > 0",
        "company": "company_id = :company",
        "advocate": f"""deal_id IN (SELECT deal_id FROM source WHERE source.portal_id = :portal
          AND source.contact_id IN {_RECORDS_OF.format("advocate")})""",
        "from_company": """deal_id IN (SELECT deal_id FROM source
          WHERE source.portal_id = :portal AND source.company_id = :from_company)""",
        "kind": """deal_id IN (SELECT deal_id FROM source
          WHERE source.portal_id = :portal AND source.kind = ANY(CAST(:kind AS text[])))""",
        "closed_from": "closed_at >= :closed_from",
        "closed_to": "closed_at < :closed_to",
        "created_from": "created_at >= :created_from",
        "created_to": "created_at < :created_to",
        "booked_from": "booked_on >= :booked_from",
        "booked_to": "booked_on <= :booked_to",
        "amount_from": f"{_VALUE} >= :amount_from",
        "amount_to": f"{_VALUE} <= :amount_to",
        "no_amount": f"coalesce({_VALUE}, 0) = 0 AND :no_amount",
        "booked": "booked_minor <> 0 AND :booked",
    },
    orders={
        "closed": Order(f"coalesce(closed_at, {_LAST})", "timestamptz"),
        "created": Order("created_at", "timestamptz"),
        "amount": Order(f"coalesce({_VALUE}, -9223372036854775808)", "bigint"),
        "booked": Order("booked_minor", "bigint"),
        "booked_on": Order("coalesce(booked_on, date '-infinity')", "date"),
        "sources": Order("sources", "int"),
        "certainty": Order("coalesce(certainty, -1)", "double precision"),
        "name": Order('lower(name) COLLATE "C"', "text"),
    },
    sums=("value_minor", "booked_minor"),
)

PEOPLE: Final = List(
    rows="listed_contact",
    key="contact_id",
    columns=(
        "contact_id", "name", "email", "company_id", "owner_id", "role", "revenue", "referrals",
        "moved_on", "nps",
    ),
    always="portal_id = :portal",
    conditions={
        "role": "role = ANY(CAST(:role AS text[]))",
        "company": "company_id = :company",
        "owner": "owner_id = ANY(CAST(:owner AS bigint[]))",
        "no_owner": "owner_id IS NULL AND :no_owner",
        "answer": """CASE WHEN nps >= 9 THEN 'promoter' WHEN nps >= 7 THEN 'passive'
          WHEN nps IS NOT NULL THEN 'detractor' END = ANY(CAST(:answer AS text[]))""",
        "moved_from": "moved_on >= :moved_from",
        "moved_to": "moved_on <= :moved_to",
        "revenue_from": "revenue >= :revenue_from",
        "booked": "revenue > 0 AND :booked",
        "referred": "referrals > 0 AND :referred",
    },
    orders={
        "revenue": Order("revenue", "numeric"),
        "referrals": Order("referrals", "int"),
        "moved": Order("coalesce(moved_on, date '-infinity')", "date"),
        "nps": Order("coalesce(nps, -1)", "int"),
        "name": Order('lower(name) COLLATE "C"', "text"),
    },
    sums=("revenue",),
)  # fmt: skip

COMPANIES: Final = List(
    rows="listed_company",
    key="company_id",
    columns=(
        "company_id", "name", "domain", "owner_id", "band", "health", "revenue", "pipeline",
        "all_in", "deals", "champions_left", "churn_risk",
    ),
    always="portal_id = :portal",
    conditions={
        "band": "band = ANY(CAST(:band AS text[]))",
        "owner": "owner_id = ANY(CAST(:owner AS bigint[]))",
        "no_owner": "owner_id IS NULL AND :no_owner",
        "revenue_from": "revenue >= :revenue_from",
        "booked": "revenue > 0 AND :booked",
        "left": "champions_left > 0 AND :left",
        "at_stake": "churn_risk IS NOT NULL AND :at_stake",
    },
    orders={
        "revenue": Order("revenue", "numeric"),
        "pipeline": Order("pipeline", "numeric"),
        "all_in": Order("all_in", "numeric"),
        "deals": Order("deals", "int"),
        "health": Order("coalesce(health, -1)", "int"),
        "left": Order("champions_left", "int"),
        "risk": Order("coalesce(churn_risk, -1)", "double precision"),
        "name": Order('lower(name) COLLATE "C"', "text"),
    },
    sums=("revenue",),
)  # fmt: skip

CUSTOMERS: Final = List(
    rows="customer",
    key="company_id",
    columns=(
        "company_id", "name", "owner_id", "band", "worked_out", "health", "coverage", "change",
        "touched_at", "recurring_minor", "bought_minor",
        "CASE WHEN band <> worked_out THEN worked_out END AS otherwise",
        "is_flagged",
        """(SELECT churn_risk FROM listed_company AS told WHERE told.portal_id = :portal
          AND told.company_id = customer.company_id) AS churn_risk""",
    ),
    always="portal_id = :portal",
    conditions={
        "band": "band = ANY(CAST(:band AS text[]))",
        "owner": "owner_id = ANY(CAST(:owner AS bigint[]))",
        "no_owner": "owner_id IS NULL AND :no_owner",
        "active": "is_active AND :active",
        "falling": "change < 0 AND :falling",
        "untouched": "NOT is_touched AND :untouched",
        "touched": "is_touched AND :touched",
        "flagged": "is_flagged AND :flagged",
        "set_by_hand": "band <> worked_out AND :set_by_hand",
        "recurring_from": "recurring_minor >= :recurring_from",
    },
    orders={
        "health": Order("coalesce(health, -1)", "numeric"),
        "coverage": Order("coverage", "int"),
        "change": Order("coalesce(change, 0)", "numeric"),
        "touched": Order(f"coalesce(touched_at, {_LAST})", "timestamptz"),
        "recurring": Order("recurring_minor", "bigint"),
        "bought": Order("bought_minor", "bigint"),
        "name": Order('lower(name) COLLATE "C"', "text"),
    },
    sums=("recurring_minor", "bought_minor"),
)  # fmt: skip

_TODAY_IS = """coalesce((SELECT new_id FROM alias WHERE alias.portal_id = :portal
    AND alias.object_type = '{kind}' AND alias.old_id = {column}), {column})"""
_CONTACT, _COMPANY = (
    _TODAY_IS.format(kind=kind, column=f"{kind}_id") for kind in ("contact", "company")
)
_WERE = """UNION ALL SELECT old_id FROM alias
  WHERE alias.portal_id = :portal AND alias.object_type = 'company' AND alias.new_id = :{0}"""
_STATE = """CASE WHEN closed_at IS NOT NULL THEN 'closed'
  WHEN due_at <= clock_timestamp() THEN 'overdue' ELSE 'open' END"""
_GROUP = """CASE WHEN kind = 'gap' THEN 'gap' WHEN score <= 6 THEN 'detractor'
  ELSE 'passive' END"""
FOLLOW_UPS: Final = List(
    rows="follow_up",
    key="follow_up_id",
    columns=(
        f"{_CONTACT} AS contact_id", f"{_COMPANY} AS company_id", f"{_STATE} AS state",
        f"{_GROUP} AS group_of", "kind", "score", "answered_at", "later_score", "later_at", "gap",
        "month", "is_withdrawn", "opened_at", "due_on", "owner_id", "is_reassigned", "closed_at",
        "closed_by", "tag", "words",
        """(SELECT said.comment FROM person_answer AS said
           WHERE said.portal_id = follow_up.portal_id AND said.contact_id = follow_up.contact_id
             AND said.answered_at = follow_up.answered_at LIMIT 1) AS comment""",
    ),
    always="portal_id = :portal",
    conditions={
        "state": f"{_STATE} = ANY(CAST(:state AS text[]))",
        "why": f"{_GROUP} = ANY(CAST(:why AS text[]))",
        "tag": "tag = ANY(CAST(:tag AS text[]))",
        "owner": "owner_id = ANY(CAST(:owner AS bigint[]))",
        "no_owner": "owner_id IS NULL AND :no_owner",
        # By the ids that were stored, which have an index: those of today and those merged into it.
        "company": f"company_id IN (SELECT CAST(:company AS bigint) {_WERE.format('company')})",
        "person": f"""contact_id IN (SELECT theirs.contact_id
          FROM {_RECORDS_OF.format("person")} AS theirs (contact_id)
          UNION ALL SELECT old_id FROM alias WHERE alias.portal_id = :portal
            AND alias.object_type = 'contact'
            AND alias.new_id IN {_RECORDS_OF.format("person")})""",
        "opened_from": "opened_at >= :opened_from",
        "opened_to": "opened_at < :opened_to",
    },
    orders={
        "due": Order("due_at", "timestamptz"),
        "opened": Order("opened_at", "timestamptz"),
        "closed": Order(f"coalesce(closed_at, {_LAST})", "timestamptz"),
        "score": Order("coalesce(score, -1)", "int"),
    },
)  # fmt: skip

# Whose customer it is says the list of customers, which is kept with the wins.
_OWNER_OF = """(SELECT owner_id FROM customer
    WHERE customer.portal_id = win.portal_id AND customer.company_id = win.company_id)"""
WINS: Final = List(
    rows="win",
    # A win has no number of its own, as a job change.
    key="win_number",
    key_expression="hashtextextended(company_id || ' ' || win_key, 0)",
    columns=(
        "at", "company_id", "kind", "contact_id", "words", f"{_OWNER_OF} AS owner_id",
        "split_part(win_key, ':', 1) AS known_from",
        """CASE WHEN win_key ~ '^deal:[0-9]{1,18}$'
          THEN CAST(split_part(win_key, ':', 2) AS bigint) END AS deal_id""",
    ),
    # A win that is still to come, as a deal that closes next week, is none yet.
    always="portal_id = :portal AND at <= clock_timestamp()",
    conditions={
        "kind": "kind = ANY(CAST(:kind AS text[]))",
        "owner": f"{_OWNER_OF} = ANY(CAST(:owner AS bigint[]))",
        "no_owner": f"{_OWNER_OF} IS NULL AND :no_owner",
        "company": "company_id = :company",
        "person": f"contact_id IN {_RECORDS_OF.format('person')}",
        "since": "at >= :since",
        "until": "at < :until",
    },
    orders={"at": Order("at", "timestamptz")},
)  # fmt: skip

_MOVED = "coalesce(latest, earliest)"
MOVES: Final = List(
    rows="move",
    # A job change has no number of its own; two with one hash are not to be expected.
    key="move_number",
    key_expression="hashtextextended(person_id || ' ' || move_key, 0)",
    columns=(
        "new_contact_id", "former_company_id", "new_company_id", f"{_MOVED} AS moved_at",
        "confidence AS certainty", "status", "body ->> 'kind' AS kind",
    ),
    always="portal_id = :portal",
    conditions={
        "status": "status = ANY(CAST(:status AS text[]))",
        "kind": "body ->> 'kind' = ANY(CAST(:kind AS text[]))",
        "from_company": "former_company_id = :from_company",
        "to_company": "new_company_id = :to_company",
        "person": f"""(former_contact_id IN {_RECORDS_OF.format("person")}
          OR new_contact_id IN {_RECORDS_OF.format("person")})""",
        "moved_from": f"{_MOVED} >= :moved_from",
        "moved_to": f"{_MOVED} < CAST(:moved_to AS date) + 1",
    },
    orders={
        "moved": Order(f"coalesce(latest, earliest, {_LAST})", "timestamptz"),
        "certainty": Order("confidence", "double precision"),
    },
)  # fmt: skip
