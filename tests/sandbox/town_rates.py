"""How often things happen in a town.

*Measured* rates are figures of a CRM history built from real careers (10,331 records of 7,108 people, 4,945 deals,
2,997 survey answers) and of a set of 1,006 real answers to "how did you hear about us". *Assumed* ones are ours.
"""

from __future__ import annotations

# Size of one district; scale multiplies it. Assumed: the size of the demo.
COMPANIES = 400
CONTACTS = 4000
DEALS = 1500
DAYS = 2190

# Measured: people per record (7,108 / 10,331), and people with a move that shows (1,968 / 7,108).
PEOPLE_PER_CONTACT = 0.688
MOVER_SHARE = 0.277
# Measured: how many visible moves a mover makes.
MOVES_PER_MOVER = {1: 0.677, 2: 0.246, 3: 0.061, 4: 0.010, 5: 0.006}
# Measured: how a move shows (2,802 moves).
MODES = {"new_record": 0.6581, "in_place": 0.1945, "freemail_record": 0.0753, "merged": 0.0721}
# Measured: what kind of move it was; a skipped move had an employer in between that the CRM never
# saw.
MOVE_KINDS = {"move": 0.7673, "skipped_move": 0.2088, "boomerang": 0.0239}
# Measured: moves that left no trace but silence or a bounce, per person (1,283 / 7,108).
SILENT_MOVE_SHARE = 0.18
# Measured: days in a job that ended, and days from joining to being seen there; the nine deciles.
TENURE_DECILES = (92, 182, 273, 365, 427, 550, 701, 912, 1218)
SEEN_LAG_DECILES = (18, 35, 52, 77, 96, 127, 163, 216, 304)
# Measured: old records that hard-bounce after their person moved to a second record (0.486), of all
# records 0.181.
BOUNCE_AFTER_MOVE = 0.486
# Measured: the values an in-place change also touches besides the address.
IN_PLACE_COMPANY_TEXT = 0.86
IN_PLACE_TITLE = 0.76
IN_PLACE_COMPANY_AT_ONCE = 0.32

# Measured: non-moves per 1,000 records.
NON_MOVES_PER_1000 = {
    "freemail_duplicate": 54.0,
    "same_company_duplicate": 30.3,
    "namesake": 10.6,
    "contractor_at_client": 7.2,
    "acquisition": 4.0,
    "subsidiary": 3.8,
    "intra_group": 3.0,
    "subsidiary_shared_domain": 2.9,
    "two_jobs_at_once": 2.7,
    "company_rename": 2.1,
}
# Measured: records that are a mailbox of a role (159 / 10,331).
ROLE_MAILBOX_SHARE = 0.0154

# Measured: how a name is written on a record.
NAME_FORMS = {
    "exact": 0.796,
    "nickname": 0.078,
    "initial": 0.032,
    "case": 0.026,
    "typo": 0.021,
    "swapped": 0.015,
    "missing_last": 0.010,
    "middle": 0.0085,
    "missing_both": 0.0064,
    "diacritics": 0.0032,
    "surname_change": 0.0032,
    "pasted": 0.0007,  # assumed: "Ann Lee" <ann.lee@host> in the first-name field
}
# Measured: work addresses that follow their company's main pattern.
FOLLOWS_PATTERN = 0.65
# Measured: share of records with the property filled.
FILLED = {
    "jobtitle": 0.655,
    "company": 0.729,
    "associatedcompanyid": 0.912,
    "phone": 0.254,
    "mobilephone": 0.26,
    "hs_linkedin_url": 0.298,
    "how_did_you_hear": 0.348,
}
# Measured: which source wrote a value.
WRITERS = {"CRM_UI": 0.25, "FORM": 0.25, "IMPORT": 0.25, "INTEGRATION": 0.25}
# Measured: lead origins.
ANALYTICS_SOURCES = {
    "OFFLINE": 0.28,
    "ORGANIC_SEARCH": 0.236,
    "PAID_SEARCH": 0.176,
    "SOCIAL_MEDIA": 0.139,
    "DIRECT_TRAFFIC": 0.053,
    "EMAIL_MARKETING": 0.053,
    "OTHER_CAMPAIGNS": 0.033,
    "REFERRALS": 0.03,
}
# Measured: hosts of private addresses.
FREE_HOSTS = {
    "gmail.com": 0.68,
    "hotmail.com": 0.11,
    "yahoo.com": 0.08,
    "icloud.com": 0.07,
    "outlook.com": 0.06,
}

# Measured: outcome of deals, amounts of those won (deciles), days from open to close (deciles).
OUTCOMES = {"won": 0.470, "lost": 0.266, "open": 0.264}
AMOUNT_DECILES = (57, 475, 551, 882, 1129, 3232, 3845, 4738, 5187)
CYCLE_DECILES = (3, 7, 9, 13, 41, 66, 80, 92, 105)
# Measured: deals by how many contacts are on them, and associations made more than a week after the
# deal opened.
CONTACTS_ON_DEAL = {0: 0.097, 1: 0.584, 2: 0.319}
LATE_ASSOCIATION = 0.2385
# Measured: deals that came through a moved champion (583 / 4,945).
MOVED_CHAMPION_DEALS = 0.118
# Measured: days from being seen at the new company to the deal there (deciles).
CHAMPION_DEAL_LAG_DECILES = (35, 75, 111, 150, 202, 256, 314, 358, 481)
# Measured: deals whose primary contact says a person told them (431 / 4,945), and answers that say
# so (172 / 1,006).
REFERRAL_DEALS = 0.087
PERSON_ANSWERS = 0.171
# Assumed: a share of deals whose first contact only heard good things; referrers who are no
# customers; two at once.
WORD_OF_MOUTH_DEALS = 0.06
NON_CUSTOMER_REFERRERS = 0.10
# Assumed: how a referral is written down.
REFERRAL_TRACES = {
    "label_on_contact": 0.24,
    "label_on_deal": 0.16,
    "field_email": 0.18,
    "field_name": 0.16,
    "code": 0.12,
    "text": 0.14,
}
# Assumed: reps who fill the portal's own left-company and new-company fields after a move to a
# second record.
LEFT_COMPANY_FIELD = 0.12
# Assumed: leavers whose old record HubSpot's paid enrichment marks with a job-change date.
JOB_CHANGE_DETECTED = 0.08

# Measured: survey answers per record, and their scores 0-10.
ANSWERS_PER_CONTACT = 0.29
SCORES = {
    10: 0.4017,
    9: 0.1912,
    8: 0.1852,
    7: 0.1315,
    6: 0.0511,
    5: 0.0200,
    4: 0.0003,
    3: 0.0083,
    2: 0.0077,
    1: 0.0007,
    0: 0.0023,
}
# Assumed: tickets per customer, their priorities, and how many are closed.
TICKETS_PER_CUSTOMER = 2.5
PRIORITIES = {"LOW": 0.30, "MEDIUM": 0.40, "HIGH": 0.20, "URGENT": 0.10}
TICKETS_CLOSED = 0.86

# Assumed: how customers fare, and how much of it an account keeps. The odds of leaving at an
# anniversary are three times as high in the year in which somebody left who had been there at the
# first win, and half as high where more was bought.
RECURRING_KNOWN = 0.85
USE_KNOWN = 0.6
LIVE_KNOWN = 0.8
MET_OF_LATE = 0.6
WITHIN_DAYS = 45
DAYS_TO_LIVE = 40
LEAVES_A_YEAR = 0.09
LEAVES_WITHOUT_FRIEND = 3.0
LEAVES_AFTER_WIN = 0.5

# Assumed: the ordinary holes of a CRM.
NO_OWNER = 0.06
NO_DOMAIN = 0.04
WON_WITHOUT_AMOUNT = 0.03
OPEN_WITHOUT_AMOUNT = 0.35
RECURRING = 0.45
OTHER_CURRENCY = 0.10
SECOND_PIPELINE = 0.22
