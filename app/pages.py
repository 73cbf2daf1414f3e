"""Pages: templates that escape everything, and Markdown of our own rules."""

import functools
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

FOLDER = Path(__file__).parent


@functools.cache
def templates() -> Jinja2Templates:
    """The templates of the service."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(  # pyright: ignore[reportUnknownMemberType] jinja types it loosely
        moment=moment, day=day, duration=duration, sentence=sentence, stretch=stretch
    )
    environment.tests.update(plan=is_plan)  # pyright: ignore[reportUnknownMemberType] the same
    return Jinja2Templates(env=environment, context_processors=[_who])


def page(request: Request, name: str, values: dict[str, Any]) -> HTMLResponse:
    """One of our templates, filled."""
    return templates().TemplateResponse(request, name, values)


def _who(request: Request) -> dict[str, Any]:
    return {"viewer": getattr(request.state, "viewer", None)}


@functools.cache
def markdown() -> MarkdownIt:
    """Markdown without raw HTML; links only to where a browser may go."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def sentence(text: str) -> Markup:
    """A message of ours: escaped, and what stands in backticks shown as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )


def moment(value: datetime | None) -> str:
    """A time for people, in UTC."""
    return "—" if value is None else value.strftime("%Y-%m-%d %H:%M:%S UTC")


def day(value: datetime) -> str:
    """A day for people, in UTC."""
    return value.strftime("%Y-%m-%d")


def duration(seconds: float) -> str:
    """A stretch of time for people."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def stretch(seconds: float) -> str:
    """A long stretch of time for people, in its largest unit."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return "under a minute"


def is_plan(message: str) -> bool:
    """Whether a step of a trace is SQLite's plan of a query."""
    return message.startswith(("Plan now:", "With `CREATE INDEX"))
