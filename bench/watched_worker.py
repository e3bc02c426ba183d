"""python -m bench.watched_worker FILE: a worker whose first child notes what it had to import."""

import sys
from pathlib import Path
from typing import Any

from rq import Worker

from integration.core import environment
from workers import worker


def main() -> None:
    """Watch the first job."""
    target = Path(sys.argv[1])
    perform = Worker.perform_job

    def watched(self: Any, *given: Any, **named: Any) -> bool:  # noqa: ANN401 - RQ's own signature
        before = set(sys.modules)
        done: bool = perform(self, *given, **named)
        draft = target.with_suffix(".new")
        draft.write_text(" ".join(sorted(set(sys.modules) - before)))
        draft.replace(target)
        return done

    Worker.perform_job = watched  # type: ignore[method-assign]  # the one place where a child can be looked at
    worker.run(environment.load())


if __name__ == "__main__":
    main()
