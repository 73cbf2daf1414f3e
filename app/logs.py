"""Logging: one line per event, JSON or for a console, without secrets and control characters."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.config import Settings

REDACTED = "[redacted]"
LONGEST = 20_000
_SECRET_KEYS = re.compile(
    r"token|secret|password|passwd|authorization|cookie|private_?key|signature|credential|^pem$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"gh[pousr]_[A-Za-z0-9_.\-]+"
    r"|github_pat_[A-Za-z0-9_]+"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*(?:-----END[A-Z ]{0,40}-----)?"
    r"|(?i:\bbearer )[A-Za-z0-9+/=_.~\-]{8,}|(?i:\bbasic )[A-Za-z0-9+/=]{12,}"
    r"|(?<=://)[^/\s@:]{0,256}:[^/\s@]{1,512}(?=@)"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONG = frozenset({"exception", "trace"})
"""Keys whose texts have several lines."""
_CONTROL_BUT_NEWLINE = re.compile(_CONTROL.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))


def configure_logging(settings: Settings) -> None:
    """Send structlog and the standard library's loggers, in one form, to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        clean,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for chatty in ("httpx", "httpcore", "aiosqlite", "alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redact secrets by key and by form, and take control characters out of every text."""
    for key, value in event.items():
        event[key] = REDACTED if _is_secret(key, value) else cleaned(value, key=key)
    return event


def cleaned(value: object, *, key: str = "") -> object:
    """The value fit for a log; texts inside of mappings and lists too."""
    if isinstance(value, str):
        return _clean_text(value, _CONTROL_BUT_NEWLINE if key in _LONG else _CONTROL)
    if isinstance(value, bytes):
        return _clean_text(value[:LONGEST].decode("utf-8", "replace"), _CONTROL)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {k: REDACTED if _is_secret(str(k), v) else cleaned(v) for k, v in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [cleaned(item) for item in cast("list[object]", value)]
    if value is None or isinstance(value, (bool, int, float)) or key.startswith("_"):
        return value
    return _clean_text(repr(value), _CONTROL)


def _is_secret(key: str, value: object) -> bool:
    return isinstance(value, (str, bytes)) and _SECRET_KEYS.search(key) is not None


def _clean_text(text: str, control: re.Pattern[str]) -> str:
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return control.sub("\N{REPLACEMENT CHARACTER}", _SECRET_TEXT.sub(REDACTED, text))


def _renderer(settings: Settings) -> Processor:
    console = settings.log_format == "console" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    if console:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer()
