"""Tries: a row's try is counted before it runs, and given back when the row was not the reason."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from integration.core.errors import Refused, SecondOrderError
from integration.storage.database import Transaction


@contextlib.contextmanager
def counted(
    begin: Callable[[], AbstractContextManager[Transaction]],
    give_back: Callable[[Transaction], None],
) -> Iterator[None]:
    """Run a try that was counted; give it back when what stopped it says nothing about the row.

    Such are a full disk, a database or a HubSpot that is away, a lost lease, and no memory. What
    the row itself provokes counts, and so does the end of the process. The try counts, too, when
    giving it back fails: then the spacing of the tries keeps short trouble from using them up.
    """
    try:
        yield
    except Refused:
        raise
    except (SecondOrderError, MemoryError):
        with contextlib.suppress(SecondOrderError), begin() as tx:
            give_back(tx)
        raise
