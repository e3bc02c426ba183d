"""The privacy notice: everything that is read and kept, why, and for how long.

Made of the tables by which the code reads, so that it cannot say less than what is done. The page
/privacy and docs/what-we-read.md show the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from integration.admin.detection import MOST_SAMPLED
from integration.admin.housekeeping import KEEP_EVENTS_DAYS
from integration.admin.retention import KEEP_UNINSTALLED_DAYS
from integration.hubspot.gateway import PAGE_SIZE
from integration.ingest.activity_touches import WINDOW
from integration.ingest.stream_labels import PLURALS
from integration.pages import settings_form
from integration.storage.service.calendar import KEEP_STRANGERS_DAYS
from integration.storage.service.sessions import IDLE_MINUTES, LONGEST_HOURS
from integration.storage.service.suppression import KEEP_YEARS
from mappings.records import activity_records, text_sources, what_is_read
from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES, SCOPE_OF_TYPE, Scope
from mappings.records.inbound_bodies import LONGEST_COMMENT
from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.records.setting_labels import setting_label

_WINDOW_YEARS = WINDOW.days // 365
_WITH_RECORD = "with the record"
_WINDOW = f"{_WINDOW_YEARS} years from its date"
_NOT_KEPT = "not kept"
_UNTIL_UNINSTALLED = "until the app is uninstalled"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is read: in words or by HubSpot's names, why, and how long it is kept."""

    what: str
    because: str
    kept: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its sentence and lines."""

    title: str
    about: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """How long one kind of data is kept."""

    what: str
    kept: str


def sections(chosen: PortalMap | None = None) -> tuple[Section, ...]:
    """Everything that is read, by where it comes from.

    With an account's *chosen* map its own properties are named, too.
    """
    return (
        *_records(),
        _history(),
        _mapped(chosen),
        _links(),
        _activities(),
        _texts(),
        _surroundings(),
        _other_tools(),
        _people_who_sign_in(),
    )


def permissions() -> tuple[Line, ...]:
    """Each permission that HubSpot's consent page lists, with its reason."""
    return (*_scopes(REQUIRED_SCOPES, "required"), *_scopes(OPTIONAL_SCOPES, "optional"))


def periods() -> tuple[Period, ...]:
    """How long each kind of data is kept, and what ends it sooner."""
    return (
        Period(
            "A record's values and links, and what was worked out from them",
            f"{_UNTIL_UNINSTALLED}. A record that is deleted in HubSpot counts nowhere from then"
            " on; its copy stays until then, because HubSpot can restore it",
        ),
        Period(
            "A person who is deleted in HubSpot for privacy, or erased here",
            "erased at once: values, texts, reasons, answers. Amounts and dates stay under a"
            f" number without meaning. For {KEEP_YEARS} years a keyed hash of the record's number"
            " is kept, so that an import does not bring the person back",
        ),
        Period(
            "Activities and their texts",
            f"{_WINDOW_YEARS} years from the activity's date. Switching activities off in Settings"
            " deletes them",
        ),
        Period(
            "HubSpot's notifications",
            "until they are worked off; then what they were about and when,"
            f" {KEEP_EVENTS_DAYS} days. One that could not be worked off stays, with the reason,"
            " until somebody tries it again",
        ),
        Period(
            "Notifications for accounts that never installed the app",
            f"{KEEP_STRANGERS_DAYS} days",
        ),
        Period(
            "The ledger, questions and answers, versions of the settings, who did what",
            _UNTIL_UNINSTALLED,
        ),
        Period(
            "Everything of an account that uninstalled the app",
            f"{KEEP_UNINSTALLED_DAYS} days, in which nobody can see or use it; then it is erased."
            " The connection to HubSpot ends at once",
        ),
        Period(
            "The values that the app wrote to HubSpot",
            "they are your account's; uninstalling can archive them with their properties",
        ),
        Period("Logs", "they hold record numbers, and no names, addresses or texts"),
    )


def _scopes(scopes: Iterable[Scope], kind: str) -> Iterator[Line]:
    for scope in scopes:
        yield Line("", scope.because, kind, (scope.name,))


def _records() -> Iterator[Section]:
    for kind, purposes in what_is_read.PURPOSES.items():
        about = "Of every record."
        if kind in SCOPE_OF_TYPE:
            about = f"Only with the optional permission {SCOPE_OF_TYPE[kind]}."
        yield Section(_plural(kind).capitalize(), about, _lines(purposes))


def _lines(purposes: tuple[what_is_read.Purpose, ...], of: str = "") -> tuple[Line, ...]:
    return tuple(Line(of, purpose.because, _WITH_RECORD, purpose.names) for purpose in purposes)


def _history() -> Section:
    lines = [
        line
        for kind, purposes in what_is_read.HISTORY_PURPOSES.items()
        for line in _lines(purposes, f"of {_plural(kind)}")
    ]
    stage = Line(
        "of companies",
        "Its day tells since when a company is a customer, if you choose so in Settings.",
        _WITH_RECORD,
        ("lifecyclestage",),
    )
    own = Line(
        "of the contact properties below that say so",
        "The day tells when somebody was referred or left.",
        _WITH_RECORD,
    )
    return Section(
        "Earlier values of properties",
        "HubSpot keeps each value that a property had, with its time. These alone are read so.",
        (*lines, stage, own),
    )


def _mapped(chosen: PortalMap | None) -> Section:
    """The properties that an account's settings name: each account has its own."""
    hints, sources = settings_form.hints(), {row.setting: row for row in text_sources.known()}
    lines = []
    for setting, value in dump_portal_map(chosen or PortalMap()).items():
        if setting in sources or setting.endswith("_property"):
            earlier = setting in sources and sources[setting].has_history
            because = hints.get(setting, "Read where it is named. No result rests on it yet.")
            name = setting_label(setting) + (", with its earlier values" if earlier else "")
            names = _listed(value) if chosen is not None else ()
            lines.append(Line(name, because, _WITH_RECORD, names))
    agencies = "Company types that are agencies count differently, if Settings names some."
    lines.append(Line("of companies", agencies, _WITH_RECORD, ("type",)))
    return Section(
        "Properties that your settings name",
        "Properties of your own that mean what is said here. Settings shows which they are in your"
        " account, and so does the page /privacy while you are signed in; a property that is not"
        " named there is not read.",
        tuple(lines),
    )


def _listed(value: object) -> tuple[str, ...]:
    """The property names in a stored setting: one, several or none."""
    names = value if isinstance(value, list) else [value]
    return tuple(str(name) for name in names if name)


def _links() -> Section:
    lines = tuple(
        Line(
            f"between {_plural(link.from_type)} and {_plural(link.to_type)}",
            link.because,
            _WITH_RECORD,
        )
        for link in what_is_read.LINK_PURPOSES
    )
    return Section("Links between records", "With their labels.", lines)


def _activities() -> Section:
    lines = tuple(
        Line(
            _plural(kind),
            activity_records.BECAUSE[kind],
            _WINDOW,
            activity_records.READ[kind],
        )
        for kind in activity_records.TYPES
    )
    return Section(
        "Activities",
        "Kept is that a contact had a meeting, call, e-mail or note on a day, with which company,"
        " and whether they took part. Subjects and addresses are compared, and not kept. Settings"
        " can switch all of it off.",
        lines,
    )


def _texts() -> Section:
    longest = f"{activity_records.LONGEST_TEXT:,}"
    lines = (
        Line(
            f"the first {longest} characters of a note",
            "It may say who referred somebody, or that somebody left.",
            _WINDOW,
            ("hs_note_body",),
        ),
        Line(
            f"the first {longest} characters of an automatic reply that says that somebody left",
            "It is the reason for a job change, and shown with it.",
            _WINDOW,
            activity_records.TEXT,
        ),
        Line(
            "other automatic replies",
            "They are read to see whether they say that somebody left.",
            _NOT_KEPT,
            activity_records.TEXT,
        ),
        Line("all other e-mails", "Their text is not asked for.", "not read"),
        Line(
            "comments of survey answers",
            "They may say who recommended you, or that somebody left.",
            _WITH_RECORD,
            ("hs_content", "hs_feedback_last_nps_follow_up"),
        ),
        Line(
            "answers to \u201chow did you hear about us\u201d and the like",
            "They say who or what led somebody to you.",
            _WITH_RECORD,
        ),
    )
    return Section(
        "Texts", "They are read by fixed rules on this server; no language model is asked.", lines
    )


def _surroundings() -> Section:
    lines = (
        Line(
            "the values that the app wrote into its own properties",
            "Only what has changed is written.",
            _WITH_RECORD,
        ),
        Line(
            "the account's number, kind, currencies, time zone and address in HubSpot",
            "They tell which money and which months count, and lead links back to HubSpot.",
            _UNTIL_UNINSTALLED,
        ),
        Line(
            "names, labels and options of properties; pipelines and stages; labels of links",
            "They tell what your own words mean.",
            _UNTIL_UNINSTALLED,
        ),
        Line(
            f"up to {PAGE_SIZE} values each of up to {MOST_SAMPLED} properties, when the app is"
            " installed and each night",
            "They tell what a property is used for.",
            "not kept, but for the examples that a question in the set-up shows",
        ),
        Line(
            "mail addresses of your HubSpot users (optional permission)",
            "Their hosts tell who your own people are, who refer nobody.",
            "the hosts alone, in your settings",
        ),
    )
    return Section("Around the records", "Of the account itself.", lines)


def _other_tools() -> Section:
    lines = (
        Line(
            f"survey answers: score, time, contact or mail address, comment up to"
            f" {LONGEST_COMMENT:,} characters",
            "They count for NPS.",
            _UNTIL_UNINSTALLED,
        ),
        Line(
            "figures of a company's use of your product",
            "They tell how a customer is doing.",
            _UNTIL_UNINSTALLED,
        ),
    )
    return Section(
        "What your other tools send",
        "Only if you set them up to send it, with your account's own key.",
        lines,
    )


def _people_who_sign_in() -> Section:
    lines = (
        Line(
            "the number of the HubSpot user",
            "Changes of settings, answers and the like carry who made them.",
            _UNTIL_UNINSTALLED,
        ),
        Line(
            "a cookie for the session, and one for the way to HubSpot and back",
            "They keep you signed in, and others out. There are no others, and nobody is tracked.",
            f"{LONGEST_HOURS} hours at most, {IDLE_MINUTES} minutes without a click",
        ),
    )
    return Section(
        "People who sign in", "HubSpot checks who you are; no password is kept here.", lines
    )


def _plural(object_type: str) -> str:
    return PLURALS.get(object_type, object_type)
