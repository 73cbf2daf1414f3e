"""Pages that show a pull request, its diff and its check runs to a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup
from pygments.formatters import HtmlFormatter

from tests.github.diffs import changed_files, patch_lines
from tests.github.errors import not_found
from tests.github.markdown import diff_row, rendered
from tests.github.shapes import repositories
from tests.github.shapes.pulls import association

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.github.state import (
        CheckRun,
        IssueComment,
        PullRequest,
        PullReview,
        Reaction,
        Repository,
        ReviewComment,
        Thread,
    )
    from tests.github.world import World

EMOJI = {
    "+1": "👍", "-1": "👎", "laugh": "😄", "hooray": "🎉",
    "confused": "😕", "heart": "❤️", "rocket": "🚀", "eyes": "👀",
}  # fmt: skip
COLOURS = ("#6639ba", "#0969da", "#1a7f37", "#9a6700", "#bc4c00", "#cf222e", "#bf3989", "#1b7c83")
CONTEXT_LINES = 3


def routes(world: World) -> APIRouter:
    """Return the pages."""
    api = APIRouter()
    templates = _templates()

    def page(name: str, **values: object) -> Response:
        return HTMLResponse(templates.get_template(name).render(**values))

    async def conversation(request: Request) -> Response:
        pull = _pull(world, request)
        with world.lock:
            return page("pull.html", tab="conversation", items=list(_timeline(pull)), **_head(pull))

    async def files(request: Request) -> Response:
        pull = _pull(world, request)
        with world.lock:
            return page("files.html", tab="files", files=list(_files(pull)), **_head(pull))

    async def check(request: Request) -> Response:
        found = world.check_run(int(request.path_params["run"]))
        if found is None:
            raise not_found()
        return page("check.html", run=found[1], repository=found[0], pull=_of_check(*found))

    async def index(_: Request) -> Response:
        alive = [one for one in world.repositories.values() if not one.deleted]
        return page("index.html", repositories=alive)

    async def avatar(request: Request) -> Response:
        number = int(request.path_params["number"])
        user = next((one for one in world.users.values() if one.id == number), None)
        return Response(_avatar(number, user.login if user else "?"), media_type="image/svg+xml")

    api.add_route("/", index)
    api.add_route("/avatars/{number:int}.svg", avatar)
    api.add_route("/checks/{run:int}", check)
    api.add_route("/{owner}/{name}/checks/{run:int}", check)
    api.add_route("/{owner}/{name}/pull/{number:int}", conversation)
    api.add_route("/{owner}/{name}/pull/{number:int}/files", files)
    return api


@dataclass(frozen=True)
class Item:
    """One entry of the timeline."""

    kind: str
    comment: IssueComment | None = None
    review: PullReview | None = None
    threads: tuple[Thread, ...] = ()


def _timeline(pull: PullRequest) -> Iterator[Item]:
    """Yield comments and reviews as they came; a reply shows in its thread only."""
    entries = sorted([*pull.comments, *pull.reviews], key=lambda one: one.id)
    for one in entries:
        if one in pull.comments:
            yield Item("comment", comment=one)  # pyright: ignore[reportArgumentType]
            continue
        threads = tuple(
            thread
            for thread in pull.threads
            if thread.comments and thread.comments[0].review is one
        )
        if threads or one.body:  # pyright: ignore[reportAttributeAccessIssue]
            yield Item("review", review=one, threads=threads)  # pyright: ignore[reportArgumentType]


def _head(pull: PullRequest) -> dict[str, object]:
    repository = pull.repository
    shas = repositories.commits_between(repository.git, pull.merge_base, pull.head_sha)
    commits = [repositories.commit(repository, sha, "") for sha in shas]
    files = changed_files(repository.git, pull.merge_base, pull.head_sha)
    runs = [one for one in repository.check_runs.values() if one.head_sha == pull.head_sha]
    latest = list({(one.app.id, one.name): one for one in runs}.values())
    changed = {
        "additions": sum(one.additions for one in files),
        "deletions": sum(one.deletions for one in files),
    }
    return {
        "pull": pull,
        "repository": repository,
        "commits": commits,
        "runs": latest,
        "count": len(files),
        **changed,
    }


def _files(pull: PullRequest) -> Iterator[dict[str, object]]:
    for file in changed_files(pull.repository.git, pull.merge_base, pull.head_sha):
        threads = [
            one
            for one in pull.threads
            if one.comments and one.comments[0].original.path == file.path
        ]
        rows: list[tuple[Markup, list[Thread]]] = []
        for line in patch_lines(file.patch or ""):
            here = [one for one in threads if _stands_at(one.comments[0], line.left, line.right)]
            rows.append((Markup(_row(line.left, line.right, line.text)), here))
        yield {"file": file, "rows": rows, "whole": [one for one in threads if one.file_level]}


def _stands_at(comment: ReviewComment, left: int | None, right: int | None) -> bool:
    at = comment.current
    return bool(at and at.line and at.line == (right if at.side == "RIGHT" else left))


def _row(left: int | None, right: int | None, text: str) -> str:
    kind = {"+": "add", "-": "del"}.get(text[:1], "ctx")
    return diff_row(kind, left, right, text[1:].rstrip("\r"))


def _hunk(thread: Thread) -> Markup:
    """Return the last lines of the hunk above a comment, as many as it spans."""
    at = thread.comments[0].original
    lines = list(patch_lines(at.hunk))
    span = (at.line or 0) - (at.start_line or at.line or 0)
    shown = lines[-(span + 1 + CONTEXT_LINES) :]
    rows = "".join(_row(one.left, one.right, one.text) for one in shown)
    return Markup(f'<table class="diff"><tbody>{rows}</tbody></table>')


def _body(comment: ReviewComment | IssueComment) -> Markup:
    """Return a comment as HTML, suggestions as a diff over the lines it stands on."""
    thread = getattr(comment, "thread", None)
    return Markup(rendered(comment.body, _spanned(thread) if thread else ()))


def _spanned(thread: Thread) -> list[str]:
    at = thread.comments[0].original
    data = thread.pull.repository.git.blob(at.commit, at.path) or b""
    if at.line is None or at.side == "LEFT":
        return []
    lines = data.decode(errors="replace").split("\n")
    return [line.rstrip("\r") for line in lines[(at.start_line or at.line) - 1 : at.line]]


def _reactions(found: list[Reaction]) -> list[tuple[str, list[str]]]:
    by = {name: [one.user.login for one in found if one.content == name] for name in EMOJI}
    return [(EMOJI[name], logins) for name, logins in by.items() if logins]


def _of_check(repository: Repository, run: CheckRun) -> PullRequest | None:
    return next((one for one in repository.pulls.values() if one.head_sha == run.head_sha), None)


def _pull(world: World, request: Request) -> PullRequest:
    values = request.path_params
    repository = world.find_repository(f"{values['owner']}/{values['name']}")
    pull = repository.pulls.get(int(values["number"])) if repository else None
    if pull is None:
        raise not_found()
    return pull


def _avatar(number: int, login: str) -> str:
    colour, letter = COLOURS[number % len(COLOURS)], login[:1].upper()
    shape = 'rx="8"' if login.endswith("[bot]") else 'rx="20"'
    text = f'<text x="20" y="27" font-family="sans-serif" font-size="20" fill="#fff" text-anchor="middle">{letter}</text>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" {shape} fill="{colour}"/>{text}</svg>'


def _templates() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    templates = Environment(
        loader=loader, autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )
    templates.filters.update(
        markdown=lambda text: Markup(rendered(text or "")), body=_body, hunk=_hunk
    )
    light, dark = HtmlFormatter(style="default"), HtmlFormatter(style="github-dark")
    templates.globals.update(
        reactions=_reactions,
        association=association,
        light=Markup(_styles(light)),
        dark=Markup(_styles(dark)),
    )
    return templates


def _styles(formatter: HtmlFormatter[str]) -> str:
    prefixes = (".src", ".code")
    return "\n".join(formatter.get_style_defs(prefix) for prefix in prefixes)
