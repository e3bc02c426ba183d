"""What makes an account before it has records: money, people, pipelines, property definitions, labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypedDict

from .associations import Labels
from .defaults import standard_definitions, standard_group
from .pipelines import Owner, Pipeline, Stage, default_pipelines
from .properties import Definition, Option
from .records import TYPE_IDS, object_type, to_ms
from .segments import Segment


class Settings(TypedDict, total=False):
    """How an account may differ from the usual one."""

    currency: str  # "EUR"
    currencies: Mapping[str, str] | None  # others, with what one unit is worth in the home currency
    time_zone: str  # "Europe/Berlin"
    ui_domain: str  # "app.hubspot.com"
    service_hub: bool  # True
    account_type: str  # "STANDARD"


class Account:
    """The settings of one account, as its admins change them."""

    def __init__(self, portal_id: int, name: str, settings: Settings) -> None:
        self.id = portal_id
        self.name = name
        self.currency = settings.get("currency", "EUR")
        self.time_zone = settings.get("time_zone", "Europe/Berlin")
        self.ui_domain = settings.get("ui_domain", "app.hubspot.com")
        self.service_hub = settings.get("service_hub", True)
        self.account_type = settings.get("account_type", "STANDARD")
        self.hub_domain = f"{name.lower().replace(' ', '-')}.example"
        self.rates: dict[str, Decimal] = {}  # home currency per unit of another one
        self.user_id, self.user_email = 88, f"admin@{self.hub_domain}"
        self.closed = False  # the account itself is gone: refreshing answers BAD_HUB
        self.denied_scopes: set[str] = set()  # optional scopes this account's admin will not grant
        self.refused_users: set[str] = (
            set()
        )  # e-mails of users without the rights to connect the app
        self.labels = Labels()
        self.definitions = {kind: standard_definitions(kind) for kind in TYPE_IDS}
        self.groups: dict[str, dict[str, str]] = {
            kind: {standard_group(kind): f"{kind.replace('_', ' ').capitalize()} information"}
            for kind in TYPE_IDS
        }
        self.owners: dict[int, Owner] = {}
        self.pipelines: dict[str, dict[str, Pipeline]] = default_pipelines()
        self.segments: dict[int, Segment] = {}
        currencies = settings.get("currencies") or {}
        for extra in () if currencies else ("deal_currency_code", "hs_exchange_rate"):
            del self.definitions["deal"][extra]
        for code, rate in currencies.items():
            self.add_currency(code, rate)

    def define_property(
        self, kind: str, name: str, type_: str = "string", *, label: str = "", field_type: str = "",
        options: Sequence[str] | Mapping[str, str] = (), group: str = "", read_only: bool = False, unique: bool = False,
    ) -> Definition:  # fmt: skip
        """A custom property of the account (not one of the app's); *options* may have labels by value."""
        kind = object_type(kind)
        field_types = {"number": "number", "enumeration": "select", "date": "date", "datetime": "date",
                       "bool": "booleancheckbox", "phone_number": "phonenumber"}  # fmt: skip
        made = Definition(
            name=name, label=label or name.replace("_", " ").capitalize(), type=type_,
            field_type=field_type or field_types.get(type_, "text"), group=group or standard_group(kind),
            options=[
                Option(options[value] if isinstance(options, Mapping) else value, value, display_order=place)
                for place, value in enumerate(options)
            ],
            read_only=read_only, unique=unique, created=to_ms(None), updated=to_ms(None),
        )  # fmt: skip
        self.definitions[kind][name] = made
        return made

    def add_owner(
        self, email: str, first_name: str = "", last_name: str = "", *, owner_id: int | None = None,
        teams: Sequence[str] = (),
    ) -> Owner:  # fmt: skip
        """A user records can belong to."""
        new_id = max(self.owners, default=70_000) + 1 if owner_id is None else owner_id
        self.owners[new_id] = Owner(
            new_id,
            email,
            first_name,
            last_name,
            new_id + 1_000_000,
            tuple(teams),
            created=to_ms(None),
        )
        return self.owners[new_id]

    def add_currency(self, code: str, rate: str) -> None:
        """Another currency, worth *rate* of the home currency; the first makes deals have one."""
        self.rates[code] = Decimal(rate)
        for name, definition in standard_definitions("deal").items():
            self.definitions["deal"].setdefault(name, definition)

    def add_pipeline(self, kind: str, pipeline: Pipeline) -> Pipeline:
        """Another pipeline for deals or tickets (or another version of one)."""
        self.pipelines.setdefault(object_type(kind), {})[pipeline.id] = pipeline
        return pipeline

    def stage(self, kind: str, stage_id: str) -> Stage | None:
        """A stage of any pipeline of deals or tickets."""
        for pipeline in self.pipelines.get(kind, {}).values():
            for stage in pipeline.stages:
                if stage.id == stage_id:
                    return stage
        return None
