"""What every REST endpoint shares: its caller, its repository, its JSON, its pages."""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from tests.github.auth import Caller, caller_of
from tests.github.errors import Refused, not_found, refused
from tests.github.state import PullRequest, Repository
from tests.github.world import World

MAX_PAGE = 100


class Api(APIRouter):
    """A router whose endpoints run one at a time, under the world's lock."""

    def __init__(self, world: World, **fields: object) -> None:
        super().__init__(**fields)  # pyright: ignore[reportArgumentType]
        self.world = world

    def add_api_route(self, path: str, endpoint: Callable[..., object], **fields: object) -> None:
        """Add an endpoint."""

        @wraps(endpoint)
        def locked(*args: object, **kwargs: object) -> object:
            with self.world.lock:
                return endpoint(*args, **kwargs)

        fields["response_model"] = None
        super().add_api_route(path, locked, **fields)  # pyright: ignore[reportArgumentType]


async def caller(request: Request) -> Caller:
    """Return who calls."""
    found = caller_of(request.app.state.world, request.headers.get("authorization"))
    request.scope["caller"] = found.name
    return found


async def json_body(request: Request) -> dict:
    """Return the JSON object of the request; an empty body is an empty object."""
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise refused(400, "Problems parsing JSON") from error
    if not isinstance(body, dict):
        raise refused(400, "Body should be a JSON object")
    return body


As = Annotated[Caller, Depends(caller)]
Body = Annotated[dict, Depends(json_body)]


async def repository(request: Request, who: As) -> Repository:
    """Return the repository of the path, if the caller may see it; 301 after a rename."""
    world: World = request.app.state.world
    name = f"{request.path_params['owner']}/{request.path_params['name']}"
    found = world.find_repository(name)
    if found is None:
        raise _moved(request, world, name)
    who.see(found)
    return found


Repo = Annotated[Repository, Depends(repository)]


def _moved(request: Request, world: World, name: str) -> Refused:
    number = world.redirects.get(name.lower())
    if number is None or world.repositories[number].deleted:
        return not_found()
    rest = request.url.path.removeprefix(f"/repos/{name}")
    query = f"?{request.url.query}" if request.url.query else ""
    location = f"{world.root}/repositories/{number}{rest}{query}"
    answer = refused(301, "Moved Permanently", url=location)
    answer.headers["location"] = location
    return answer


async def pull(number: int, it: Repo) -> PullRequest:
    """Return the pull request of the path."""
    if number not in it.pulls:
        raise not_found()
    return it.pulls[number]


Pull = Annotated[PullRequest, Depends(pull)]


def page[T](
    request: Request, items: Sequence[T], shape: Callable[[T], dict], key: str | None = None
) -> Response:
    """Return one page with its `Link` header, wrapped as `{total_count, key: [...]}` if `key` is given."""
    size = min(_number(request, "per_page", 30), MAX_PAGE)
    number = _number(request, "page", 1)
    shown = [shape(item) for item in items[(number - 1) * size : number * size]]
    body = {"total_count": len(items), key: shown} if key else shown
    last = max(1, -(-len(items) // size))
    return JSONResponse(body, headers=_links(request, number, last))


def _number(request: Request, name: str, default: int) -> int:
    try:
        return max(1, int(request.query_params.get(name, default)))
    except ValueError:
        return default


def _links(request: Request, number: int, last: int) -> dict[str, str]:
    wanted = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    if number <= 1:
        del wanted["prev"], wanted["first"]
    if number >= last:
        del wanted["next"], wanted["last"]
    base = f"{request.app.state.world.root}{request.scope.get('asked_path', request.url.path)}"
    kept = dict(request.query_params)
    links = [
        f'<{base}?{urlencode({**kept, "page": at})}>; rel="{name}"' for name, at in wanted.items()
    ]
    return {"link": ", ".join(links)} if links else {}
