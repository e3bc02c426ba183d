"""A portal's map: which of its properties, labels and pipelines mean what, as its owner chose."""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from mappings.kinds import ObjectType
from mappings.records import text_sources
from mappings.records.answer_records import AnswerProperties
from mappings.records.phones import COUNTRIES
from mappings.records.property_labels import UNKNOWN, LabelsByProperty, PropertyLabels
from mappings.records.text_sources import TextSource
from mappings.records.what_is_read import HISTORY, READ
from mappings.rules.facts import TextKind
from mappings.rules.success.health import FACTORS
from mappings.rules.text.domains import dns_form
from mappings.rules.text.mail_hosts import is_anybodys

WON_BY_FLAG: Final = "closed_won_flag"
WON_BY_STAGES: Final = "stages"
SINCE_REACHED: Final = "reached"
SINCE_ALWAYS: Final = "always"
ADDRESSES_LEFT: Final = "left"
ADDRESSES_HASHED: Final = "hashed"
ACTIVITIES_READ: Final = "read"
ACTIVITIES_IGNORED: Final = "ignored"
PER_YEAR: Final = "year"
PER_MONTH: Final = "month"
WITHOUT_EFFECT: Final = frozenset[str]()
# Each text source is a setting of its own, and labels are HubSpot's.
_NOT_STORED_BY_NAME: Final = frozenset({"texts", "labels"})
_TIMES: Final[Mapping[str, int]] = {PER_YEAR: 1, PER_MONTH: 12}
# What names of properties call a month, in the languages that detection reads.
_MONTHLY: Final = re.compile(r"mrr|month|monat|mensu|mensal|mois|(?<![a-z])mes(?![a-z])")
_LONGEST_WORDS: Final = 200
_COUNTRY: Final = validate.OneOf(["", *sorted(COUNTRIES)], error="is no country's two letters")
_NAME: Final = validate.Regexp(r"^[a-zA-Z][a-zA-Z0-9_]{0,254}\Z", error="is no property name")


@dataclass(frozen=True, slots=True)
class PortalMap:
    """The portal's names by setting. None or empty: this portal has no such thing.

    `included_pipelines` empty means all. `replaced_stages` are closed stages in which another
    contract took a won deal's place: that is no loss. `recurring_on` says which object the
    recurring value sits on, and `recurring_per` whether it is a year's or a month's; empty: as the
    property's name says, else a year's. `term_months_property` of deals says how long a contract
    runs, and `recurring_deal_property`, where there is one, that a deal recurs at all.
    `customer_stage` is the lifecycle stage that makes a company a customer; empty: its first won
    deal does. `customer_stage_since` says from when: the day the stage was reached, or always,
    where the stage was set in bulk and its dates say nothing. `texts` names the properties of each
    text source by its setting (see `text_sources`). `left_options` are the values that mean that
    somebody left; empty: those whose label says so. Properties named here are read beside the
    standard ones. `not_applicable` are factors of health that do not apply to this portal, each
    with its owner's words. `usage_metric` is the metric by which a product tells how much it is
    used, where no property does. `ticket_good_ratings` are the values of a ticket's rating that are
    good; empty: none is. `home_country` says how telephone numbers without a country are read;
    empty: they are not compared. `labels` are no choice of anybody's: what HubSpot calls the
    properties of text sources and their options, as last read.
    """

    included_pipelines: tuple[str, ...] = ()
    won_rule: str = WON_BY_FLAG
    won_stages: tuple[str, ...] = ()
    replaced_stages: tuple[str, ...] = ()
    amount_property: str = "amount"
    recurring_property: str | None = None
    recurring_on: str = "company"
    recurring_per: str = ""
    term_months_property: str | None = None
    recurring_deal_property: str | None = None
    buying_role_property: str | None = "hs_buying_role"
    nps_property: str | None = None
    nps_date_property: str | None = None
    nps_comment_property: str | None = None
    role_labels: tuple[tuple[str, str], ...] = ()
    deal_renewal_types: tuple[str, ...] = ("renewal",)
    renewal_date_property: str | None = None
    usage_property: str | None = None
    usage_metric: str = ""
    milestone_property: str | None = None
    goal_date_property: str | None = None
    onboarding_date_property: str | None = None
    health_score_property: str | None = None
    customer_stage: str = ""
    customer_stage_since: str = SINCE_REACHED
    staff_domains: tuple[str, ...] = ()
    extra_free_hosts: tuple[str, ...] = ()
    left_options: tuple[str, ...] = ()
    referred_by_labels: tuple[str, ...] = ()
    referred_by_type_ids: tuple[int, ...] = ()
    agency_types: tuple[str, ...] = ()
    home_currency: str = ""
    home_country: str = ""
    ticket_closed_stages: tuple[str, ...] = ()
    ticket_rating_property: str | None = None
    ticket_good_ratings: tuple[str, ...] = ()
    not_applicable: tuple[tuple[str, str], ...] = ()
    activities: str = ACTIVITIES_READ
    forgotten_addresses: str = ADDRESSES_LEFT
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: LabelsByProperty = field(default_factory=dict)

    @property
    def reads_activities(self) -> bool:
        """Whether meetings, calls, e-mails and notes are read."""
        return self.activities == ACTIVITIES_READ

    def read_properties(self, object_type: str) -> tuple[str, ...]:
        """Every property to read on one object type: the standard ones and this portal's own."""
        mapped = [name for name in self._mapped(object_type) if name]
        return tuple(dict.fromkeys([*READ.get(object_type, ()), *mapped]))

    def history_properties(self, object_type: str) -> tuple[str, ...]:
        """The properties read with every value they had, since a rule needs their dates."""
        timed = [name for source, name in self.mapped_texts(object_type) if source.has_history]
        if object_type == ObjectType.CONTACT and self.nps_property:
            timed.append(self.nps_property)
        dates_stage = self.customer_stage and self.customer_stage_since == SINCE_REACHED
        if object_type == ObjectType.COMPANY:
            timed += ["lifecyclestage"] if dates_stage else []
            timed += self.figure_properties().values()
        return tuple(dict.fromkeys([*HISTORY.get(object_type, ()), *timed]))

    def mapped_texts(self, object_type: str, *kinds: TextKind) -> Iterator[tuple[TextSource, str]]:
        """The text sources of one object type, with each property mapped to them.

        Given kinds leave out all others.
        """
        for source in text_sources.known():
            if source.object_type != object_type or (kinds and source.kind not in kinds):
                continue
            for name in self.texts.get(source.setting, ()):
                yield source, name

    def naming_referrers(self) -> list[tuple[str, str]]:
        """The properties that name who referred a record, with their object type."""
        return [
            (object_type, name)
            for object_type in (ObjectType.CONTACT, ObjectType.DEAL)
            for _, name in self.mapped_texts(object_type, TextKind.REFERRER, TextKind.CODE)
        ]

    def labels_of(self, object_type: str, name: str) -> PropertyLabels:
        """What people see of a property; nothing where its labels were not read."""
        return self.labels.get((object_type, name), UNKNOWN)

    @property
    def text_properties(self) -> tuple[tuple[str, str], ...]:
        """The properties of all text sources, each with its object type."""
        return tuple(
            (source.object_type, name)
            for source in text_sources.known()
            for name in self.texts.get(source.setting, ())
        )

    @property
    def sent_metric(self) -> str:
        """The metric that health reads as usage; empty where a property or nothing tells it."""
        return "" if self.usage_property else self.usage_metric

    def figure_properties(self) -> Mapping[str, str]:
        """The properties of companies that health reads, by setting; those that are mapped."""
        on_company = self.recurring_on == ObjectType.COMPANY
        mapped = {
            "usage_property": self.usage_property,
            "milestone_property": self.milestone_property,
            "goal_date_property": self.goal_date_property,
            "onboarding_date_property": self.onboarding_date_property,
            "renewal_date_property": self.renewal_date_property,
            "recurring_property": self.recurring_property if on_company else None,
        }
        return {setting: name for setting, name in mapped.items() if name}

    @property
    def recurs_in_a_year(self) -> int:
        """How often a year what the recurring property says is paid: once, or every month."""
        if self.recurring_per:
            return _TIMES[self.recurring_per]
        name = (self.recurring_property or "").lower()
        return _TIMES[PER_MONTH if _MONTHLY.search(name) else PER_YEAR]

    @property
    def answer_properties(self) -> AnswerProperties | None:
        """The properties of contacts that hold answers to a survey of another tool, if mapped."""
        if not self.nps_property:
            return None
        return AnswerProperties(
            self.nps_property, self.nps_date_property, self.nps_comment_property
        )

    def _mapped(self, object_type: str) -> tuple[str | None, ...]:
        texts = (name for _, name in self.mapped_texts(object_type))
        if object_type == ObjectType.CONTACT:
            answers = (self.nps_property, self.nps_date_property, self.nps_comment_property)
            return (self.buying_role_property, *answers, *texts)
        if object_type == ObjectType.COMPANY:
            agency = "type" if self.agency_types else None
            figures = self.figure_properties().values()
            return (*figures, self.health_score_property, agency, *texts)
        if object_type == ObjectType.DEAL:
            recurring = self.recurring_property if self.recurring_on == object_type else None
            terms = (self.term_months_property, self.recurring_deal_property)
            return (self.amount_property, recurring, *terms, *texts)
        if object_type == ObjectType.TICKET:
            return (self.ticket_rating_property,)
        return ()


def _property(**more: Any) -> fields.String:  # noqa: ANN401 - field options
    return fields.String(allow_none=True, load_default=None, validate=_NAME, **more)


def _nobodys_own(host: str) -> None:
    """Refuse a host at which anybody can have an address: its people are not the account's own."""
    if is_anybodys(dns_form(host)):
        raise ValidationError(f"{host} is a free-mail host: anybody can have an address there")


def _declared(pair: Sequence[str]) -> None:
    """Refuse a factor that is none, or one that is left out without a word."""
    name, words = pair if len(pair) == 2 else ("", "")  # noqa: PLR2004 - a pair
    if name not in FACTORS:
        raise ValidationError(f"names no factor of health: {', '.join(FACTORS)}")
    if not 0 < len(words) <= _LONGEST_WORDS:
        raise ValidationError(f"{name} needs a reason of at most {_LONGEST_WORDS} characters")


def _some_apply(pairs: Sequence[Sequence[str]]) -> None:
    """Refuse a list that leaves nothing of health, or names a factor twice."""
    names = [pair[0] for pair in pairs if pair]
    if len(set(names)) < len(names):
        raise ValidationError("names a factor twice")
    if set(names) >= set(FACTORS):
        raise ValidationError("leaves no factor of health")


def _texts(default: tuple[str, ...] = ()) -> fields.List[Any]:
    text = fields.String(validate=validate.Length(1, 255))
    return fields.List(text, load_default=list(default), validate=validate.Length(max=500))


def _properties() -> fields.List[Any]:
    return fields.List(
        fields.String(validate=_NAME), load_default=[], validate=validate.Length(max=20)
    )


class PortalMapSchema(Schema):
    """A PortalMap as JSON: what the settings page sends and the settings table keeps."""

    class Meta:
        """Settings of a newer version may hold more: other names are left out."""

        unknown = EXCLUDE

    included_pipelines = _texts()
    won_rule = fields.String(
        load_default=WON_BY_FLAG, validate=validate.OneOf([WON_BY_FLAG, WON_BY_STAGES])
    )
    won_stages = _texts()
    replaced_stages = _texts()
    amount_property = fields.String(load_default="amount", validate=_NAME)
    recurring_property = _property()
    recurring_on = fields.String(
        load_default="company", validate=validate.OneOf(["company", "deal"])
    )
    recurring_per = fields.String(
        load_default="", validate=validate.OneOf(["", PER_YEAR, PER_MONTH])
    )
    term_months_property = _property()
    recurring_deal_property = _property()
    buying_role_property = fields.String(
        allow_none=True, load_default="hs_buying_role", validate=_NAME
    )
    role_labels = fields.List(
        fields.List(fields.String(), validate=validate.Length(equal=2)), load_default=[]
    )
    deal_renewal_types = _texts(("renewal",))
    renewal_date_property = _property()
    usage_property = _property()
    usage_metric = fields.String(
        load_default="", validate=validate.Regexp(r"^([a-z][a-z0-9_]{0,99})?\Z")
    )
    milestone_property = _property()
    nps_property = _property()
    nps_date_property = _property()
    nps_comment_property = _property()
    goal_date_property = _property()
    onboarding_date_property = _property()
    health_score_property = _property()
    customer_stage = fields.String(load_default="", validate=validate.Length(max=100))
    customer_stage_since = fields.String(
        load_default=SINCE_REACHED, validate=validate.OneOf([SINCE_REACHED, SINCE_ALWAYS])
    )
    staff_domains = fields.List(
        fields.String(validate=[validate.Length(1, 255), _nobodys_own]),
        load_default=[],
        validate=validate.Length(max=500),
    )
    extra_free_hosts = _texts()
    left_options = _texts()
    referred_by_labels = _texts()
    referred_by_type_ids = fields.List(fields.Integer(strict=True), load_default=[])
    agency_types = _texts()
    home_currency = fields.String(load_default="", validate=validate.Regexp(r"^([A-Z]{3})?\Z"))
    home_country = fields.String(load_default="", validate=_COUNTRY)
    ticket_closed_stages = _texts()
    ticket_rating_property = _property()
    ticket_good_ratings = _texts()
    not_applicable = fields.List(
        fields.List(fields.String(), validate=_declared), load_default=[], validate=_some_apply
    )
    activities = fields.String(
        load_default=ACTIVITIES_READ, validate=validate.OneOf([ACTIVITIES_READ, ACTIVITIES_IGNORED])
    )
    forgotten_addresses = fields.String(
        load_default=ADDRESSES_LEFT, validate=validate.OneOf([ADDRESSES_LEFT, ADDRESSES_HASHED])
    )

    @post_load
    def _frozen(self, data: dict[str, Any], **_: object) -> PortalMap:
        return of_settings(data)


@functools.lru_cache(maxsize=8)
def _schema(sources: tuple[TextSource, ...]) -> Schema:
    """The map's own settings, and one for each text source."""
    own: dict[str, fields.Field[Any]] = {
        source.setting: _properties() if source.takes_several else _property() for source in sources
    }
    return PortalMapSchema.from_dict(own)()


def of_settings(values: Mapping[str, Any]) -> PortalMap:
    """A map of checked values by setting, as they are stored."""
    texts, own = {}, dict(values)
    for source in text_sources.known():
        if names := source.properties(own.pop(source.setting, None)):
            texts[source.setting] = names
    return PortalMap(**{name: _tuple(value) for name, value in own.items()}, texts=texts)


def load_portal_map(data: Mapping[str, Any]) -> PortalMap:
    """Settings as stored or sent; raises marshmallow's ValidationError naming each wrong field."""
    portal_map: PortalMap = _schema(text_sources.known()).load(data)
    return portal_map


def dump_portal_map(portal_map: PortalMap) -> dict[str, Any]:
    """The same as JSON, for the settings table and page."""
    stored: dict[str, Any] = {}
    for part in fields_of(portal_map):
        if part.name not in _NOT_STORED_BY_NAME:
            stored[part.name] = _plain(getattr(portal_map, part.name))
    for source in text_sources.known():
        stored[source.setting] = source.stored(portal_map.texts.get(source.setting, ()))
    return stored


def _tuple(value: Any) -> Any:  # noqa: ANN401 - the schema has checked it
    return tuple(map(_tuple, value)) if isinstance(value, list | tuple) else value


def _plain(value: object) -> object:
    return list(map(_plain, value)) if isinstance(value, tuple) else value
