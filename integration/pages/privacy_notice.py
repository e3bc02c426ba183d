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
from integration.pages import figures, settings_form
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext, ngettext, translated
from integration.storage.service.calendar import KEEP_STRANGERS_DAYS
from integration.storage.service.sessions import IDLE_MINUTES, LONGEST_HOURS
from integration.storage.service.suppression import KEEP_YEARS
from mappings.records import activity_records, text_sources, what_is_read
from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES, SCOPE_OF_TYPE, Scope
from mappings.records.inbound_bodies import LONGEST_COMMENT
from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.records.setting_labels import setting_label

_WINDOW_YEARS = WINDOW.days // 365
_WITH_RECORD = lazy_gettext("with the record")
_WINDOW = lazy_gettext("%(window_years)s years from its date", window_years=_WINDOW_YEARS)
_NOT_KEPT = lazy_gettext("not kept")
_UNTIL_UNINSTALLED = lazy_gettext("until the app is uninstalled")


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
    return (*_scopes(REQUIRED_SCOPES, _("required")), *_scopes(OPTIONAL_SCOPES, _("optional")))


def periods() -> tuple[Period, ...]:
    """How long each kind of data is kept, and what ends it sooner."""
    return (
        Period(
            _("A record's values and links, and what was worked out from them"),
            _(
                "%(until_uninstalled)s. A record that is deleted in HubSpot counts nowhere"
                " from then on; its copy stays until then, because HubSpot can restore it",
                until_uninstalled=_UNTIL_UNINSTALLED,
            ),
        ),
        Period(
            _("A person who is deleted in HubSpot for privacy, or erased here"),
            _(
                "erased at once: values, texts, reasons, answers. Amounts and dates stay"
                " under a number without meaning. For %(keep_years)s years a keyed hash of"
                " the record's number is kept, so that an import does not bring the person"
                " back",
                keep_years=KEEP_YEARS,
            ),
        ),
        Period(
            _("Activities and their texts"),
            _(
                "%(window_years)s years from the activity's date. Switching activities off in"
                " Settings deletes them",
                window_years=_WINDOW_YEARS,
            ),
        ),
        Period(
            _("HubSpot's notifications"),
            _(
                "until they are worked off; then what they were about and when,"
                " %(keep_events_days)s days. One that could not be worked off stays, with the"
                " reason, until somebody tries it again",
                keep_events_days=KEEP_EVENTS_DAYS,
            ),
        ),
        Period(
            _("Notifications for accounts that never installed the app"),
            ngettext("%(num)s day", "%(num)s days", KEEP_STRANGERS_DAYS),
        ),
        Period(
            _("The ledger, questions and answers, versions of the settings, who did what"),
            _UNTIL_UNINSTALLED,
        ),
        Period(
            _("Everything of an account that uninstalled the app"),
            _(
                "%(keep_uninstalled_days)s days, in which nobody can see or use it; then it"
                " is erased. The connection to HubSpot ends at once",
                keep_uninstalled_days=KEEP_UNINSTALLED_DAYS,
            ),
        ),
        Period(
            _("The values that the app wrote to HubSpot"),
            _("they are your account's; uninstalling can archive them with their properties"),
        ),
        Period(_("Logs"), _("they hold record numbers, and no names, addresses or texts")),
    )


def _scopes(scopes: Iterable[Scope], kind: str) -> Iterator[Line]:
    for scope in scopes:
        yield Line("", translated(scope.because), kind, (scope.name,))


def _records() -> Iterator[Section]:
    for kind, purposes in what_is_read.PURPOSES.items():
        about = _("Of every record.")
        if kind in SCOPE_OF_TYPE:
            about = _(
                "Only with the optional permission %(permission)s.", permission=SCOPE_OF_TYPE[kind]
            )
        yield Section(_capitalized(_plural(kind)), about, _lines(purposes))


def _lines(purposes: tuple[what_is_read.Purpose, ...], of: str = "") -> tuple[Line, ...]:
    return tuple(
        Line(of, translated(purpose.because), _WITH_RECORD, purpose.names) for purpose in purposes
    )


def _history() -> Section:
    lines = [
        line
        for kind, purposes in what_is_read.HISTORY_PURPOSES.items()
        for line in _lines(purposes, _("of %(records)s", records=_plural(kind)))
    ]
    stage = Line(
        _("of companies"),
        _("Its day tells since when a company is a customer, if you choose so in Settings."),
        _WITH_RECORD,
        ("lifecyclestage",),
    )
    own = Line(
        _("of the contact properties below that say so"),
        _("The day tells when somebody was referred or left."),
        _WITH_RECORD,
    )
    return Section(
        _("Earlier values of properties"),
        _("HubSpot keeps each value that a property had, with its time. These alone are read so."),
        (*lines, stage, own),
    )


def _mapped(chosen: PortalMap | None) -> Section:
    """The properties that an account's settings name: each account has its own."""
    hints, sources = settings_form.hints(), {row.setting: row for row in text_sources.known()}
    lines = []
    for setting, value in dump_portal_map(chosen or PortalMap()).items():
        if setting in sources or setting.endswith("_property"):
            earlier = setting in sources and sources[setting].has_history
            unread = _("Read where it is named. No result rests on it yet.")
            because = translated(hints.get(setting, unread))
            name = translated(setting_label(setting))
            if earlier:
                name = _("%(setting)s, with its earlier values", setting=name)
            names = _listed(value) if chosen is not None else ()
            lines.append(Line(name, because, _WITH_RECORD, names))
    agencies = _("Company types that are agencies count differently, if Settings names some.")
    lines.append(Line(_("of companies"), agencies, _WITH_RECORD, ("type",)))
    return Section(
        _("Properties that your settings name"),
        _(
            "Properties of your own that mean what is said here. Settings shows which"
            " they are in your account, and so does the page /privacy while you are"
            " signed in; a property that is not named there is not read."
        ),
        tuple(lines),
    )


def _listed(value: object) -> tuple[str, ...]:
    """The property names in a stored setting: one, several or none."""
    names = value if isinstance(value, list) else [value]
    return tuple(str(name) for name in names if name)


def _links() -> Section:
    lines = tuple(
        Line(
            _(
                "between %(records)s and %(others)s",
                records=_plural(link.from_type),
                others=_plural(link.to_type),
            ),
            translated(link.because),
            _WITH_RECORD,
        )
        for link in what_is_read.LINK_PURPOSES
    )
    return Section(_("Links between records"), _("With their labels."), lines)


def _activities() -> Section:
    lines = tuple(
        Line(
            _plural(kind),
            translated(activity_records.BECAUSE[kind]),
            _WINDOW,
            activity_records.READ[kind],
        )
        for kind in activity_records.TYPES
    )
    return Section(
        _("Activities"),
        _(
            "Kept is that a contact had a meeting, call, e-mail or note on a day, with"
            " which company, and whether they took part. Subjects and addresses are"
            " compared, and not kept. Settings can switch all of it off."
        ),
        lines,
    )


def _texts() -> Section:
    longest = figures.count(activity_records.LONGEST_TEXT)
    lines = (
        Line(
            _("the first %(longest)s characters of a note", longest=longest),
            _("It may say who referred somebody, or that somebody left."),
            _WINDOW,
            ("hs_note_body",),
        ),
        Line(
            _(
                "the first %(longest)s characters of an automatic reply that says that"
                " somebody left",
                longest=longest,
            ),
            _("It is the reason for a job change, and shown with it."),
            _WINDOW,
            activity_records.TEXT,
        ),
        Line(
            _("other automatic replies"),
            _("They are read to see whether they say that somebody left."),
            _NOT_KEPT,
            activity_records.TEXT,
        ),
        Line(_("all other e-mails"), _("Their text is not asked for."), _("not read")),
        Line(
            _("comments of survey answers"),
            _("They may say who recommended you, or that somebody left."),
            _WITH_RECORD,
            ("hs_content", "hs_feedback_last_nps_follow_up"),
        ),
        Line(
            _("answers to “how did you hear about us” and the like"),
            _("They say who or what led somebody to you."),
            _WITH_RECORD,
        ),
    )
    return Section(
        _("Texts"),
        _("They are read by fixed rules on this server; no language model is asked."),
        lines,
    )


def _surroundings() -> Section:
    lines = (
        Line(
            _("the values that the app wrote into its own properties"),
            _("Only what has changed is written."),
            _WITH_RECORD,
        ),
        Line(
            _("the account's number, kind, currencies, time zone and address in HubSpot"),
            _("They tell which money and which months count, and lead links back to HubSpot."),
            _UNTIL_UNINSTALLED,
        ),
        Line(
            _("names, labels and options of properties; pipelines and stages; labels of links"),
            _("They tell what your own words mean."),
            _UNTIL_UNINSTALLED,
        ),
        Line(
            _(
                "up to %(page_size)s values each of up to %(most_sampled)s properties, when"
                " the app is installed and each night",
                page_size=PAGE_SIZE,
                most_sampled=MOST_SAMPLED,
            ),
            _("They tell what a property is used for."),
            _("not kept, but for the examples that a question in the set-up shows"),
        ),
        Line(
            _("tasks that we made for follow-ups: their subject and status, if you switch them on"),
            _("None is made twice, and one that is completed closes its follow-up."),
            _("its number and whether it is completed, until the follow-up goes"),
        ),
        Line(
            _("names, mail addresses and teams of your HubSpot users (optional permission)"),
            _(
                "Pages and reports name whom records belong to and who did what. The hosts of the"
                " addresses tell who your own people are, who refer nobody."
            ),
            _UNTIL_UNINSTALLED,
        ),
    )
    return Section(_("Around the records"), _("Of the account itself."), (*lines, _visits()))


def _visits() -> Line:
    return Line(
        _("of the referral program's personal links how often each was opened, by day"),
        _(
            "It tells what recommending brings. No cookie is set, and neither an address nor a"
            " browser is kept."
        ),
        _UNTIL_UNINSTALLED,
    )


def _other_tools() -> Section:
    lines = (
        Line(
            _(
                "survey answers: score, time, contact or mail address, comment up to"
                " %(longest_comment)s characters",
                longest_comment=figures.count(LONGEST_COMMENT),
            ),
            _("They count for NPS."),
            _UNTIL_UNINSTALLED,
        ),
        Line(
            _("when somebody's link to our survey was opened and answered, if you ask with it"),
            _("They tell how many answered, and leave people in peace for a while afterwards."),
            _UNTIL_UNINSTALLED,
        ),
        Line(
            _("figures of a company's use of your product"),
            _("They tell how a customer is doing."),
            _UNTIL_UNINSTALLED,
        ),
    )
    return Section(
        _("What your other tools send"),
        _("Only if you set them up to send it, with your account's own key."),
        lines,
    )


def _people_who_sign_in() -> Section:
    lines = (
        Line(
            _("digests by mail: who asked for one, how often, and what became of each"),
            _("Nobody gets two for one period. They go to the users' addresses in HubSpot."),
            _UNTIL_UNINSTALLED,
        ),
        Line(
            _("number and mail address of the HubSpot user, their role, and when they were here"),
            _(
                "Pages ask for the role. Changes of settings, answers and the like carry who made"
                " them."
            ),
            _UNTIL_UNINSTALLED,
        ),
        Line(
            _(
                "a cookie for the session, one for the way to HubSpot and back, and one for the"
                " language"
            ),
            _(
                "They keep you signed in, and others out, and pages in the language you chose."
                " There are no others, and nobody is tracked."
            ),
            _(
                "%(longest_hours)s hours at most, %(idle_minutes)s minutes without a click; the"
                " language a year",
                longest_hours=LONGEST_HOURS,
                idle_minutes=IDLE_MINUTES,
            ),
        ),
    )
    return Section(
        _("People who sign in"), _("HubSpot checks who you are; no password is kept here."), lines
    )


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plural(object_type: str) -> str:
    return translated(PLURALS.get(object_type, object_type))
