"""python -m bench.watched_worker FILE: the product's worker, whose first child writes down what it had to import."""

import os
import sys
from pathlib import Path
from typing import Any

from rq import Worker

from integration import settings
from workers import worker


def main() -> None:
    """Watch the first job."""
    target = Path(sys.argv[1])
    perform = Worker.perform_job

    def watched(self: Worker, *given: Any, **named: Any) -> bool:
        before = set(sys.modules)
        done = perform(self, *given, **named)
        draft = target.with_suffix(".new")
        draft.write_text(" ".join(sorted(set(sys.modules) - before)))
        os.replace(draft, target)
        return done

    Worker.perform_job = watched  # type: ignore[method-assign]  # the one place where a child can be looked at
    worker.run(settings.load())


if __name__ == "__main__":
    main()
