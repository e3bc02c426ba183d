"""The page before a change of settings: what it would alter, with the button that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template

from integration.admin import preview
from integration.admin.preview import HURRIED, Preview
from integration.admin.sign_in import Session
from integration.pages import figures, settings_form
from integration.pages.portal_pages import account_of
from integration.pages.texts import gettext as _
from integration.pages.texts import lazy_gettext
from integration.portal.context import PortalContext
from integration.portal.settings import PortalSettings
from mappings.records.portal_map import PortalMap

# Buttons; everything else that is sent goes on with the page.
_BUTTONS = frozenset({"preview", "edit", "csrf"})


@dataclass(frozen=True, slots=True)
class Act:
    """What the page's button does: where its form goes, and what it says."""

    path: str
    label: str
    may_edit: bool = False


SAVE = Act("settings", lazy_gettext("Save, and work everything out again"), may_edit=True)


def of_map(
    portal: PortalContext,
    session: Session,
    seen: PortalSettings,
    wanted: PortalMap,
    form: Mapping[str, str],
) -> str:
    """Return the page for a map that is not saved; the typed form goes on with it.

    Raises ChangedMeanwhile, as saving would.
    """
    found = preview.preview(
        portal, portal_map=wanted, expected_version=seen.version, patience=HURRIED
    )
    return page(portal, session, found, SAVE, form)


def page(
    portal: PortalContext,
    session: Session,
    found: Preview,
    act: Act,
    form: Mapping[str, str],
) -> str:
    """Return the page for what a preview found; what was sent goes on with its button."""
    return render_template(
        "settings_preview.html",
        session=session,
        portal=account_of(portal),
        found=found,
        act=act,
        changes=[_change(change.name, change.before, change.after) for change in found.changes],
        sources=_sources(found),
        months=_months(found),
        total=tuple(
            figures.money(sum(booked.values()), found.home)
            for booked in (found.booked_before, found.booked_after)
        ),
        records=sum(found.records_to_write.values()),
        typed={name: text for name, text in form.items() if name not in _BUTTONS},
    )


def _change(name: str, before: object, after: object) -> dict[str, str]:
    return {
        "name": name,
        "before": _line(name, before),
        "after": _line(name, after),
    }


def _line(name: str, value: object) -> str:
    return settings_form.as_text(name, value).replace("\n", ", ") or _("nothing")


def _sources(found: Preview) -> list[dict[str, Any]]:
    names = sorted({*found.sources_before, *found.sources_after})
    return [
        {
            "source": name,
            "before": found.sources_before.get(name, 0),
            "after": found.sources_after.get(name, 0),
        }
        for name in names
    ]


def _months(found: Preview) -> list[dict[str, str]]:
    """The months whose booked revenue would change."""
    lines: list[dict[str, str]] = []
    for month in sorted({*found.booked_before, *found.booked_after}):
        before, after = found.booked_before.get(month, 0), found.booked_after.get(month, 0)
        if before != after:
            shown = (figures.money(minor, found.home) for minor in (before, after))
            lines.append(dict(zip(("month", "before", "after"), (month, *shown), strict=True)))
    return lines
