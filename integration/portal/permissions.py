"""Permissions: what each role may do, and what each page, button and command asks for.

A route or a command without a row here answers nobody, so adding one means adding a row.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mappings.kinds import Labelled, Role


class Permission(Labelled):
    """What a user may do."""

    READ = "read", "See reports, records and sync health"
    EXPORT = "export", "Export lists and reports"
    SAVE_REPORTS = "save_reports", "Save reports"
    ANSWER_OWN = "answer_own", "Answer questions about records that they own"
    ANSWER = "answer", "Answer every question in Review"
    UPLOAD_ANSWERS = "upload_answers", "Upload survey answers, and match those of strangers"
    ASK = "ask", "Ask people at their own customers, and note what became of it"
    ASK_FOR_ALL = "ask_for_all", "Ask people at everybody's customers"
    READ_COMMENTS = "read_comments", "Read what people wrote in surveys"
    OVERRIDE_OWN = "override_own", "Set the health band of customers that they own"
    OVERRIDE = "override", "Set the health band of every customer, and leave factors out"
    ENTER_COSTS = "enter_costs", "Enter what winning customers costs"
    CLOSE_MONTHS = "close_months", "Close months and open them again"
    MANAGE_PROGRAM = "manage_program", "Give referral links and rewards"
    OPERATE = "operate", "Pause, repair and replay"
    CHANGE_SETTINGS = "change_settings", "See and change settings"
    MANAGE_USERS = "manage_users", "Hand out roles and invite"
    UNINSTALL = "uninstall", "Uninstall the app"


class Open(StrEnum):
    """What needs no role in an account."""

    ANYBODY = "anybody, signed in or not"
    LINK = "whoever has a link whose secret says who it is for"
    PERSON = "a customer's person who got a link of their own by mail"
    OPERATOR = "whoever runs the server"
    PROGRAMS = "programs, which sign or send a key of their own"


_EVERYBODY: Final = frozenset(Role)
_WHO_TELL: Final = frozenset({Role.ADMIN, Role.MARKETER, Role.SUCCESS})
_ADMINS: Final = frozenset({Role.ADMIN})

GRANTED: Final[Mapping[Permission, frozenset[Role]]] = MappingProxyType(
    {
        Permission.READ: _EVERYBODY,
        Permission.EXPORT: _WHO_TELL,
        Permission.SAVE_REPORTS: _WHO_TELL,
        Permission.ANSWER_OWN: frozenset({Role.ADMIN, Role.SUCCESS, Role.SELLER}),
        Permission.ANSWER: frozenset({Role.ADMIN, Role.SUCCESS}),
        Permission.UPLOAD_ANSWERS: frozenset({Role.ADMIN, Role.SUCCESS}),
        Permission.ASK: frozenset({Role.ADMIN, Role.SUCCESS, Role.SELLER}),
        Permission.ASK_FOR_ALL: frozenset({Role.ADMIN, Role.SUCCESS}),
        Permission.READ_COMMENTS: frozenset({Role.ADMIN, Role.SUCCESS, Role.SELLER}),
        Permission.OVERRIDE_OWN: frozenset({Role.ADMIN, Role.SUCCESS, Role.SELLER}),
        Permission.OVERRIDE: frozenset({Role.ADMIN, Role.SUCCESS}),
        Permission.ENTER_COSTS: frozenset({Role.ADMIN, Role.MARKETER}),
        Permission.CLOSE_MONTHS: _ADMINS,
        Permission.MANAGE_PROGRAM: _WHO_TELL,
        Permission.OPERATE: _ADMINS,
        Permission.CHANGE_SETTINGS: _ADMINS,
        Permission.MANAGE_USERS: _ADMINS,
        Permission.UNINSTALL: _ADMINS,
    }
)

ENDPOINTS: Final[Mapping[str, Permission | Open]] = MappingProxyType(
    {
        "entry.static": Open.ANYBODY,
        "entry.front": Open.ANYBODY,
        "entry.begin_install": Open.ANYBODY,
        "entry.begin_sign_in": Open.ANYBODY,
        "entry.callback": Open.ANYBODY,
        "entry.sign_out": Open.ANYBODY,
        "entry.choose_language": Open.ANYBODY,
        "public.help_": Open.ANYBODY,
        "public.privacy": Open.ANYBODY,
        "public.terms": Open.ANYBODY,
        "survey.show": Open.PERSON,
        "survey.answer": Open.PERSON,
        "survey_setup.show": Permission.CHANGE_SETTINGS,
        "survey_setup.change": Permission.CHANGE_SETTINGS,
        "digests.ask": Open.LINK,
        "digests.stop": Open.LINK,
        "personal_links.follow": Open.PERSON,
        "public_leaders.show": Open.PERSON,
        "join.look": Open.LINK,
        "join.come_in": Open.LINK,
        "receiver.receive": Open.PROGRAMS,
        "machines.survey": Open.PROGRAMS,
        "products.usage": Open.PROGRAMS,
        "machines.healthz": Open.PROGRAMS,
        "machines.readyz": Open.PROGRAMS,
        "metrics.metrics": Open.PROGRAMS,
        "portal.home": Permission.READ,
        "portal.progress": Permission.READ,
        "portal.health": Permission.READ,
        "portal.replay": Permission.OPERATE,
        "portal.repair": Permission.OPERATE,
        "portal.pause": Permission.OPERATE,
        "portal.resume": Permission.OPERATE,
        "report_files.as_json": Permission.READ,
        "reconciliation.show": Permission.READ,
        "reconciliation.changes": Permission.READ,
        "reconciliation.save": Permission.EXPORT,
        "reconciliation.statement_csv": Permission.EXPORT,
        "reconciliation.statement_xlsx": Permission.EXPORT,
        "reconciliation.close": Permission.CLOSE_MONTHS,
        "reconciliation.reopen": Permission.CLOSE_MONTHS,
        "report_files.as_csv": Permission.EXPORT,
        "report_files.as_xlsx": Permission.EXPORT,
        "report_files.deals_as_csv": Permission.EXPORT,
        "report_files.deals_as_xlsx": Permission.EXPORT,
        "records.record": Permission.READ,
        "pulse.give": Permission.ANSWER_OWN,
        "search.find": Permission.READ,
        "records.suggest": Permission.READ,
        "health.set_band": Permission.OVERRIDE_OWN,
        "health.withdraw_band": Permission.OVERRIDE_OWN,
        "health.leave_out": Permission.OVERRIDE,
        "health.count_again": Permission.OVERRIDE,
        "lists.follow-ups_csv": Permission.EXPORT,
        "follow_ups.show": Permission.READ,
        "follow_ups.close": Permission.ANSWER_OWN,
        "follow_ups.reopen": Permission.ANSWER_OWN,
        "follow_ups.hand_over": Permission.ANSWER_OWN,
        "follow_ups.add_tag": Permission.CHANGE_SETTINGS,
        "follow_ups.retire_tag": Permission.CHANGE_SETTINGS,
        "follow_ups.choose_tasks": Permission.CHANGE_SETTINGS,
        "lists.deals": Permission.READ,
        "lists.deals_csv": Permission.EXPORT,
        "comparison.show": Permission.READ,
        "board.show": Permission.READ,
        "board.rows": Permission.READ,
        "board.as_json": Permission.READ,
        "board.as_csv": Permission.EXPORT,
        "board.as_xlsx": Permission.EXPORT,
        "costs.show": Permission.ENTER_COSTS,
        "costs.enter": Permission.ENTER_COSTS,
        "costs.look": Permission.ENTER_COSTS,
        "costs.save": Permission.ENTER_COSTS,
        "costs.take_back": Permission.ENTER_COSTS,
        "costs.confirm_margin": Permission.CHANGE_SETTINGS,
        "sentiment.show": Permission.READ,
        "back_test.show": Permission.READ,
        "sentiment.as_json": Permission.READ,
        "reports.show": Permission.READ,
        "reports.ready": Permission.READ,
        "reports.choose": Permission.READ,
        "reports.chart_svg": Permission.EXPORT,
        "reports.chart_png": Permission.EXPORT,
        "saved_reports.show": Permission.READ,
        "saved_reports.save": Permission.SAVE_REPORTS,
        "saved_reports.change": Permission.SAVE_REPORTS,
        "saved_reports.rename": Permission.SAVE_REPORTS,
        "saved_reports.copy": Permission.SAVE_REPORTS,
        "saved_reports.delete": Permission.SAVE_REPORTS,
        "saved_reports.take_back": Permission.SAVE_REPORTS,
        "lists.people": Permission.READ,
        "lists.people_csv": Permission.EXPORT,
        "lists.customers": Permission.READ,
        "customers.months": Permission.READ,
        "customers.touch": Permission.READ,
        "customers.day": Permission.READ,
        "lists.customers_csv": Permission.EXPORT,
        "lists.wins": Permission.READ,
        "lists.wins_csv": Permission.EXPORT,
        "awaited.show": Permission.READ,
        "lists.companies": Permission.READ,
        "lists.companies_csv": Permission.EXPORT,
        "lists.moves": Permission.READ,
        "lists.moves_csv": Permission.EXPORT,
        "tree.show": Permission.READ,
        "tree.of": Permission.READ,
        "tree.download": Permission.EXPORT,
        "asks.show": Permission.ASK,
        "asks.save": Permission.ASK_FOR_ALL,
        "asks.note": Permission.ASK,
        "asks.conclude": Permission.ASK,
        "asks.take_back": Permission.ASK,
        "asks.leave_alone": Permission.ASK,
        "asks.may_ask_again": Permission.ASK,
        "asks.done": Permission.ASK,
        "review.show": Permission.READ,
        "review.decided": Permission.READ,
        "review.question": Permission.READ,
        "review.open_json": Permission.READ,
        "review.decided_json": Permission.READ,
        "review.decide": Permission.ANSWER_OWN,
        "review.split": Permission.ANSWER,
        "review.flag": Permission.ANSWER,
        "settings.show": Permission.CHANGE_SETTINGS,
        "settings.change": Permission.CHANGE_SETTINGS,
        "settings.confirm": Permission.CHANGE_SETTINGS,
        "settings.renew_inbound_key": Permission.CHANGE_SETTINGS,
        "surveys.show": Permission.CHANGE_SETTINGS,
        "surveys.add": Permission.CHANGE_SETTINGS,
        "surveys.change": Permission.CHANGE_SETTINGS,
        "surveys.renew": Permission.CHANGE_SETTINGS,
        "surveys.remove": Permission.CHANGE_SETTINGS,
        "uploads.show": Permission.UPLOAD_ANSWERS,
        "uploads.look": Permission.UPLOAD_ANSWERS,
        "uploads.refused": Permission.UPLOAD_ANSWERS,
        "uploads.add": Permission.UPLOAD_ANSWERS,
        "uploads.check": Permission.UPLOAD_ANSWERS,
        "uploads.start": Permission.UPLOAD_ANSWERS,
        "uploads.remove": Permission.UPLOAD_ANSWERS,
        "unmatched.show": Permission.UPLOAD_ANSWERS,
        "unmatched.match": Permission.UPLOAD_ANSWERS,
        "unmatched.dismiss": Permission.UPLOAD_ANSWERS,
        "settings.ask": Permission.UNINSTALL,
        "settings.leave": Permission.UNINSTALL,
        "setup.show": Permission.CHANGE_SETTINGS,
        "setup.answer": Permission.CHANGE_SETTINGS,
        "asking_works.show": Permission.READ,
        "asking_works.prepare": Permission.CHANGE_SETTINGS,
        "asking_works.start": Permission.CHANGE_SETTINGS,
        "asking_works.end": Permission.CHANGE_SETTINGS,
        "program.show": Permission.READ,
        "program.change": Permission.CHANGE_SETTINGS,
        "program.publish": Permission.CHANGE_SETTINGS,
        "program.give": Permission.MANAGE_PROGRAM,
        "program.revoke": Permission.MANAGE_PROGRAM,
        "program.name": Permission.MANAGE_PROGRAM,
        "program.approve": Permission.MANAGE_PROGRAM,
        "program.pay": Permission.MANAGE_PROGRAM,
        "program.withdraw": Permission.MANAGE_PROGRAM,
        "program.advocates_csv": Permission.EXPORT,
        "program.rewards_csv": Permission.EXPORT,
        "digests.show": Permission.READ,
        "digests.want": Permission.READ,
        "digests.end": Permission.READ,
        "users.show": Permission.MANAGE_USERS,
        "users.change": Permission.MANAGE_USERS,
        "users.invite": Permission.MANAGE_USERS,
        "users.take_back": Permission.MANAGE_USERS,
        "versions.show": Permission.CHANGE_SETTINGS,
        "versions.restore": Permission.CHANGE_SETTINGS,
        "versions.judge_history": Permission.CHANGE_SETTINGS,
    }
)


COMMANDS: Final[Mapping[str, Permission | Open]] = MappingProxyType(
    {
        "up": Open.OPERATOR,
        "web": Open.OPERATOR,
        "worker": Open.OPERATOR,
        "schedule": Open.OPERATOR,
        "migrate": Open.OPERATOR,
        "portals": Open.OPERATOR,
        "settle": Open.OPERATOR,
        "rotate-keys": Open.OPERATOR,
        "project": Open.OPERATOR,
        "doctor": Open.OPERATOR,
        "status": Permission.READ,
        "explain": Permission.READ,
        "report": Permission.EXPORT,
        "board": Permission.EXPORT,
        "ask": Permission.ASK_FOR_ALL,
        "review": Permission.ANSWER,
        "ledger": Permission.CLOSE_MONTHS,
        "backfill": Permission.OPERATE,
        "replay": Permission.OPERATE,
        "orders": Permission.OPERATE,
        "forget": Permission.OPERATE,
        "policy": Permission.CHANGE_SETTINGS,
        "preview": Permission.CHANGE_SETTINGS,
        "settings": Permission.CHANGE_SETTINGS,
        "inbound-key": Permission.CHANGE_SETTINGS,
        "users": Permission.MANAGE_USERS,
        "uninstall": Permission.UNINSTALL,
    }
)
"""What a command asks for, as far as its options go."""


def may(role: Role | None, permission: Permission) -> bool:
    """Whether a role is allowed something; nobody's role is allowed nothing."""
    return role in GRANTED[permission]


def who_may(permission: Permission) -> tuple[Role, ...]:
    """The roles that are allowed something, the most powerful first."""
    return tuple(role for role in Role if role in GRANTED[permission])


def of_endpoint(endpoint: str) -> Permission | Open:
    """Return what a route asks for. Raises :class:`LookupError` for a route without a row."""
    if endpoint not in ENDPOINTS:
        raise LookupError(f"no row in permissions.ENDPOINTS says who may see {endpoint}")
    return ENDPOINTS[endpoint]


def of_command(name: str) -> Permission | Open:
    """Return what a command asks for. Raises :class:`LookupError` for one without a row."""
    if name not in COMMANDS:
        raise LookupError(f"no row in permissions.COMMANDS says who may run {name}")
    return COMMANDS[name]


def may_use(role: Role | None, endpoint: str) -> bool:
    """Whether a role may open a page or press a button, by the name of its route."""
    asked = of_endpoint(endpoint)
    return isinstance(asked, Open) or may(role, asked)
