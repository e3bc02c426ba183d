"""Log lines: one fact each, as JSON, with portal and job bound at the edge, without secrets."""

import contextlib
import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

# Whatever looks like a bearer token, an OAuth parameter or an e-mail address is blotted out: the
# last net under code that should not have said it.
_SECRETS = re.compile(
    r"(?i)(bearer\s+)[\w.~+/=-]+"
    r"|((?:access_token|refresh_token|client_secret|code|password)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+"
)
_CREDENTIALS = re.compile(r"(?i)(\w+://[^\s:/@]*:)[^\s@/]+@")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+")


def redact(text: str) -> str:
    """Return *text* without tokens, passwords and e-mail addresses, line breaks made visible."""
    text = _SECRETS.sub(lambda m: f"{m.group(1) or m.group(2)}***", text)
    text = _CREDENTIALS.sub(r"\1***@", text)
    return _EMAIL.sub("***@***", text).replace("\r", "\\r").replace("\n", "\\n")


def _redact_values(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's own signature
    return {
        key: redact(value) if isinstance(value, str) else value for key, value in fields.items()
    }


class _StandardError:
    """Standard error, whose own trouble ends no process: its file's disk may be full."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def configure(level: str) -> None:
    """Send the project's lines and every library's through one pipeline to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_values,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _StandardError())),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact_values,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(
        handlers=[handler], level=max(getattr(logging, level), logging.WARNING), force=True
    )


def catch_uncaught() -> None:
    """Write what nobody caught, and every library's warning, as lines of the same form.

    For processes that run unattended; a command at a terminal shows its traceback as it is.
    """
    log = get("uncaught")

    def of_process(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.critical("process ends", exc_info=(kind, error, trace))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            log.error("thread ends", exc_info=args.exc_value)

    sys.excepthook = of_process
    threading.excepthook = of_thread
    logging.captureWarnings(capture=True)


def get(name: str) -> "structlog.typing.FilteringBoundLogger":
    """Return a module's logger."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger
