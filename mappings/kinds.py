"""Kinds: the words that are stored and compared, each with its label for people beside it."""

from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """A stored word with the label that people read."""

    label: str

    def __new__(cls, word: str, label: str) -> Self:
        """Make a member of its stored word and its label."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.label = label
        return member


class ObjectType(Labelled):
    """What a record of HubSpot's is."""

    CONTACT = "contact", "Contact"
    COMPANY = "company", "Company"
    DEAL = "deal", "Deal"
    TICKET = "ticket", "Ticket"
    FEEDBACK = "feedback_submission", "Survey answer"


# No record of HubSpot's: one human with all contact records, as the recompute queue has them.
PERSON = "person"


class SourceKind(Labelled):
    """Why a deal exists as far as a customer is behind it, and the first-order remainder."""

    MOVED_CHAMPION = "moved_champion", "Moved champion"
    REFERRAL = "referral", "Referral"
    WORD_OF_MOUTH = "word_of_mouth", "Word of mouth"
    FIRST_ORDER = "first_order", "Marketing and selling"


# A deal's field also says "several" or "none", which are no kinds of sources.
_OTHER_SOURCES = {"several": "Several sources", "none": "No customer behind it"}


def source_label(word: str) -> str:
    """What people read for a source, or for what a deal's field says of them."""
    if word in _OTHER_SOURCES:
        return _OTHER_SOURCES[word]
    known = {kind.value: kind.label for kind in SourceKind}
    return known.get(word, word.replace("_", " "))


class Timing(Labelled):
    """When the evidence of a source began; only the first three carry credit."""

    SOURCED = "sourced", "Sourced"
    ASSISTED = "assisted", "Assisted"
    PRESENT = "present", "Present"
    SUSPECTED = "suspected", "Suspected"
    UNSURE = "unsure", "Perhaps there already"
    NONE = "none", "None"


class Status(Labelled):
    """What becomes of a finding: it counts, is asked about, is only kept, or was rejected."""

    AUTO = "auto", "Counts"
    REVIEW = "review", "Asked about"
    STORED = "stored", "Kept only"
    REJECTED = "rejected", "Rejected"


class MoveKind(Labelled):
    """What a change of employer is."""

    MOVE = "move", "Job change"
    BOOMERANG = "boomerang", "Return to a former employer"
    DEPARTURE = "departure", "Departure"


class EntryOccasion(Labelled):
    """What made a ledger entry; the label completes the sentence "deal 7 …"."""

    WON = "won", "was won"
    REWON = "rewon", "was won again"
    RESTORED = "restored", "was restored"
    AMOUNT = "amount", "changed its amount"
    EVIDENCE = "evidence", "was judged anew by later evidence"
    ORDERED = "ordered", "was judged anew by a person's order"
    # Stored with the version that did it: "settings version 3".
    SETTINGS = "settings version", "was judged anew by other settings"
    CURRENCY = "currency", "changed its currency"
    CLOSE_DATE = "close date", "changed the month of its close"
    HOME = "home", "got an amount in home currency"
    DELETED = "deleted", "was deleted"
    EXCLUDED = "excluded", "is in a pipeline that no longer counts"
    LOST = "lost", "was lost after it had been won"
    REOPENED = "reopened", "was reopened"
    MERGED = "merged", "was merged into another deal"


class Cause(Labelled):
    """Why booked revenue of one period differs from another's; the label stands before the money.

    The order is that of telling.
    """

    WINS = "wins", "Deals won"
    RAISED = "raised", "Amounts raised after the win"
    REFUNDS = "refunds", "Refunds, credit notes and amounts lowered"
    LOST = "lost", "Wins lost or reopened"
    REMOVED = "removed", "Deals deleted, or in a pipeline that no longer counts"
    MERGED = "merged", "Deals merged into others"
    EVIDENCE = "evidence", "Evidence and answers that came after the win"
    ORDERED = "ordered", "Deals judged anew by a person's order"
    SETTINGS = "settings", "Deals judged anew by other settings"
    CLOSE_DATE = "close_date", "Close dates moved to another month"
    CURRENCY = "currency", "Currencies and rates corrected"
    OTHER = "other", "Other corrections"


class Mismatch(Labelled):
    """Why HubSpot and the books say something else of a deal won in a month; the first that holds.

    The label completes "The deal …".
    """

    NO_CURRENCY = "no_currency", "has no currency that is one: choose it again in HubSpot"
    NO_AMOUNT = "no_amount", "has no amount in HubSpot: it is booked when it has one"
    STILL_TO_COME = "still_to_come", "closes on a day to come: it counts since it was won"
    OTHER_MONTH = "other_month", "is in another month in HubSpot: the books follow shortly"
    TIME_ZONE = "time_zone", "was won in the hours between two time zones of the account"
    NOT_WON = "not_won", "is not won in HubSpot any more: it is taken back shortly"
    NOT_BOOKED = "not_booked", "is not booked yet: it waits to be worked out"
    AMOUNT = "amount", "has another amount in HubSpot now: the books follow shortly"
    NO_HOME = "no_home", "has no amount in the account's currency"
    RATE = "rate", "has another rate in HubSpot now: the books keep that of its close"


class Preset(Labelled):
    """A report's period by a name that means other days each day."""

    THIS_MONTH = "this_month", "This month"
    LAST_MONTH = "last_month", "Last month"
    THIS_QUARTER = "this_quarter", "This quarter"
    LAST_QUARTER = "last_quarter", "Last quarter"
    THIS_YEAR = "this_year", "This year"
    LAST_YEAR = "last_year", "Last year"
    LAST_12_MONTHS = "last_12_months", "Last 12 months"
    ALL_TIME = "all", "All time"


class Ground(Labelled):
    """What makes a deal one that could show a customer's part; the first that holds counts."""

    EMPLOYER = "employer", "a contact whose employer is known"
    ANSWER = "answer", "an answer to how they heard of you"
    ACTIVITY = "activity", "an activity before the deal opened"
    FOUND = "found", "a customer found in another way"


class Gap(Labelled):
    """What keeps deals from being judged; the label says what closes it."""

    NOT_ALLOWED = "not_allowed", "HubSpot does not let us read everything: see Sync health"
    NOT_READ = "not_read", "Meetings, calls, e-mails and notes are not read: allow it in Settings"
    STILL_READ = "still_read", "Meetings, calls, e-mails and notes are still being read: wait"
    OPEN_QUESTION = "open_question", "The set-up page asks which field tells it: answer there"
    NO_QUESTION = (
        "no_question",
        'No field tells "How did you hear about us?": add one, and choose it in Settings',
    )
    UNANSWERED = "unanswered", '"How did you hear about us?" is not answered: ask these buyers'
    NO_CONTACTS = "no_contacts", "Deals without a contact: put the people who bought on them"
    NO_COMPANY = "no_company", "Contacts without a company: link them to their employer"


class Measure(Labelled):
    """What a report adds up, counts or takes the middle of.

    All but the first-order remainder, what was won and the won deals are of deals that a customer
    led to.
    """

    BOOKED = "booked", "Second-order revenue"
    LOW = "low", "Second-order revenue, if only sure sources count"
    HIGH = "high", "Second-order revenue, if all sources are certain"
    FIRST_ORDER = "first_order", "First-order revenue"
    WON = "won", "Won revenue"
    SHARE = "share", "Second-order share of won revenue"
    DEALS = "deals", "Deals with a customer behind them"
    WON_DEALS = "won_deals", "Won deals"
    WIN_RATE = "win_rate", "Win rate"
    DAYS = "days", "Days to close (median)"
    SIZE = "size", "Deal size (median)"
    MEAN_SIZE = "mean_size", "Deal size (mean)"
    PIPELINE = "pipeline", "Open pipeline (weighted)"
    COVERAGE = "coverage", "Measurement coverage"


class Dimension(Labelled):
    """What the rows of a report are of."""

    SOURCE = "source", "Source"
    MONTH = "month", "Month"
    QUARTER = "quarter", "Quarter"
    YEAR = "year", "Year"
    OWNER = "owner", "Deal owner"
    TEAM = "team", "Team"
    PIPELINE = "pipeline", "Pipeline"
    COMPANY = "company", "Company that bought"
    CREDITED = "credited", "Company with the credit"
    ADVOCATE = "advocate", "Advocate"
    ORDER = "order", "Order"
    TIMING = "timing", "Timing"
    DEAL_PROPERTY = "deal", "Property of the deal"
    COMPANY_PROPERTY = "company_property", "Property of the company that bought"


class RewardKind(Labelled):
    """What somebody gets for a referral."""

    CASH = "cash", "Money"
    GIFT_CARD = "gift_card", "Gift card"
    CREDIT = "credit", "Credit on their account"
    DISCOUNT = "discount", "Discount"
    GIFT = "gift", "Gift"
    DONATION = "donation", "Donation"
    OTHER = "other", "Something else"

    @classmethod
    def of(cls, word: str | None) -> Self | None:
        """Return the kind that a word stands for; None for another word and for none."""
        return next((kind for kind in cls if kind == word), None)


class AskState(Labelled):
    """Whether to ask somebody for a referral."""

    ASK_NOW = "ask_now", "Ask now"
    WAIT = "wait", "Wait"
    RESTING = "resting", "Resting"
    NEVER = "never", "Never"

    @classmethod
    def of(cls, word: str | None) -> Self | None:
        """Return the member that a word stands for; None for another word and for none."""
        return next((member for member in cls if member == word), None)


class GateKind(Labelled):
    """What keeps somebody from being asked."""

    OPTED_OUT = "opted_out", "Opted out"
    LEFT = "left", "Has left"
    ASKED = "asked", "Asked lately"
    COMPANY_ASKED = "company_asked", "A colleague was asked lately"
    ASKED_OFTEN = "asked_often", "Asked often this year"
    SURVEYED = "surveyed", "Got a survey lately"
    DECLINED = "declined", "Declined"
    TICKET = "ticket", "Ticket of high priority"
    DETRACTOR = "detractor", "Detractor"
    HEALTH = "health", "Health at risk"
    COVERAGE = "coverage", "Health not known"
    NEW_CUSTOMER = "new_customer", "New customer"
    PRICE_RISE = "price_rise", "Price rise"
    RENEWAL = "renewal", "Renewal near"
    HELD_BACK = "held_back", "Asked later"

    @classmethod
    def of(cls, word: str | None) -> Self | None:
        """Return the member that a word stands for; None for another word and for none."""
        return next((member for member in cls if member == word), None)


class AskKind(Labelled):
    """What somebody is asked for."""

    INTRODUCTION = "introduction", "Introduction to a person"
    REFERENCE = "reference", "Reference call"
    REVIEW = "review", "Public review"
    CASE_STUDY = "case_study", "Case study"
    REFERRAL = "referral", "Referral"

    @classmethod
    def of(cls, word: str | None) -> Self | None:
        """Return the member that a word stands for; None for another word and for none."""
        return next((member for member in cls if member == word), None)


class AskOutcome(Labelled):
    """What became of an ask."""

    OPEN = "open", "Waiting for an answer"
    INTRODUCED = "introduced", "Introduced somebody"
    AGREED = "agreed", "Agreed"
    DECLINED = "declined", "Declined"
    SILENT = "silent", "No answer in 30 days"

    @classmethod
    def of(cls, word: str | None) -> Self | None:
        """Return the member that a word stands for; None for another word and for none."""
        return next((member for member in cls if member == word), None)


class ReminderKind(Labelled):
    """What an owner is reminded of beside asks."""

    TELL = "tell", "Tell them what became of it"
    SAVE = "save", "Save the account"
    WELCOME = "welcome", "Welcome them at the new account"
    SUCCESSOR = "successor", "Get to know the successor"


class ReviewKind(Labelled):
    """What a review task asks about."""

    IDENTITY = "identity", "Same person"
    MOVE = "move", "Job change"
    REFERRAL = "referral", "Referrer"
    SUGGESTION = "suggestion", "Add to deal"
    ARRIVAL = "arrival", "There when it opened"
    MERGE = "merge", "Merged companies"
    REJUDGE = "rejudge", "Late evidence"


class Verb(StrEnum):
    """How a person answers a review task; its label depends on the kind of the task."""

    SAME = "same"
    DIFFERENT = "different"
    CONFIRM = "confirm"
    REJECT = "reject"
    PICK = "pick"
    DISMISS = "dismiss"
    REOPEN = "reopen"


class Role(Labelled):
    """What a user of an account may do with the app."""

    ADMIN = "admin", "Admin"
    MARKETER = "marketer", "Marketer"
    SUCCESS = "success", "Success manager"
    SELLER = "seller", "Seller"

    @classmethod
    def of(cls, word: str | None) -> Self | None:
        """Return the role that a word stands for; None for another word and for none."""
        return next((role for role in cls if role == word), None)


class Rhythm(Labelled):
    """How often a digest goes out, and of what."""

    WEEK = "week", "Every Monday, about the week before"
    MONTH = "month", "On the first of each month, about the month before"

    @classmethod
    def of(cls, word: str | None) -> Self | None:
        """Return the rhythm that a word stands for; None for another word and for none."""
        return next((rhythm for rhythm in cls if rhythm == word), None)


class WinKind(Labelled):
    """What went well for a customer, the strongest first."""

    GOAL = "goal", "Goal reached"
    MILESTONE = "milestone", "Milestone reached"
    ONBOARDING = "onboarding", "Onboarding completed"
    RENEWAL = "renewal", "Renewal won"
    EXPANSION = "expansion", "Expansion won"
    PROMOTER = "promoter", "Promoter answer"
    REVIEW = "review", "Positive review"
    CASE_STUDY = "case_study", "Case study"
    QUOTE = "quote", "Quote"
    TICKET = "ticket", "Hard ticket solved well"
    USAGE_RECORD = "usage_record", "Usage record"
    PRAISE = "praise", "Public praise"

    @classmethod
    def of(cls, word: str) -> Self:
        """Return the kind that a stored word stands for."""
        return next(kind for kind in cls if kind == word)
