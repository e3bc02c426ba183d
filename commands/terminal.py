"""The terminal: arguments, options and output that commands share."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from integration.admin import overview
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import open_runtime

_ANY_SIGN = "\N{LATIN SMALL LETTER L WITH STROKE}\N{CJK UNIFIED IDEOGRAPH-682A}"
# The largest id that the database can hold; a larger one is a typing error.
ID = click.IntRange(1, (1 << 63) - 1)
portal_argument = click.argument("portal_id", metavar="PORTAL", type=ID)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def installed_portal(portal_id: int) -> Iterator[PortalContext]:
    """Open a portal; refuse one that never installed the app or is being erased."""
    with open_runtime() as runtime, open_portal(runtime, portal_id) as portal:
        overview.check_known(runtime, portal_id)
        yield portal


def json_text(value: object) -> str:
    """Return JSON for scripts: dates as ISO text, keys in order."""
    return json.dumps(
        value, default=str, indent=2, sort_keys=True, ensure_ascii=not prints_every_sign()
    )


def prints_every_sign() -> bool:
    """Whether the output has all of Unicode; JSON escapes signs where it has not."""
    try:
        _ANY_SIGN.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True
