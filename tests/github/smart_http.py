"""Git over smart HTTP: `git http-backend` behind GitHub's rules of access."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from tests.github import refs
from tests.github.auth import Caller, caller_of
from tests.github.errors import Refused
from tests.github.git import environment
from tests.github.state import Repository, User
from tests.github.world import World

CHUNK = 64 * 1024
CHALLENGE = {"www-authenticate": 'Basic realm="GitHub"'}


def routes(world: World) -> APIRouter:
    """Return the endpoints of every repository."""
    api = APIRouter()

    @api.api_route("/{owner}/{name}.git/{rest:path}", methods=["GET", "POST"], response_model=None)
    async def serve(request: Request, owner: str, name: str, rest: str) -> Response:
        service = request.query_params.get("service", rest)
        writes = "receive-pack" in service
        try:
            who = caller_of(world, request.headers.get("authorization"))
        except Refused as error:
            return _answer(error.status, error.body["message"])
        request.scope["caller"] = who.name
        full_name = f"{owner}/{name}"
        repository = world.find_repository(full_name)
        if repository is None and (number := world.redirects.get(full_name.lower())):
            query = f"?{request.url.query}" if request.url.query else ""
            moved = f"{world.root}/{world.repositories[number].full_name}.git/{rest}{query}"
            return Response(status_code=301, headers={"location": moved})
        refusal = _refusal(who, repository, writes=writes)
        if refusal or repository is None:
            return refusal or _answer(404, "Repository not found.")
        return await _backend(world, request, repository, rest, who.user if writes else None)

    return api


def _answer(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, headers=CHALLENGE if status == 401 else None)


def _refusal(who: Caller, repository: Repository | None, *, writes: bool) -> Response | None:
    """Return why this caller may not, or None. GitHub asks nobody in particular to log in."""
    if repository is None or (repository.private and not who.reaches(repository)):
        return _answer(404 if who.token else 401, "Repository not found.")
    if writes and who.token is None:
        return _answer(401, "Repository not found.")
    if not writes and not repository.private:
        return None
    try:
        who.need(repository, "write" if writes else "read", "contents")
    except Refused as error:
        return _answer(
            403, "Write access to repository not granted." if writes else error.body["message"]
        )
    return None


async def _backend(
    world: World, request: Request, it: Repository, rest: str, writer: User | None
) -> Response:
    body = await request.body()
    before = it.git.refs() if writer and rest == "git-receive-pack" else None
    process = await asyncio.create_subprocess_exec(
        "git", "http-backend",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env=_cgi(request, it, rest, len(body)), limit=2**20,
    )  # fmt: skip
    if process.stdin is None or process.stdout is None:
        return _answer(500, "no pipe")
    feeder = asyncio.create_task(_feed(process.stdin, body))
    try:
        head = await process.stdout.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        await asyncio.gather(feeder, process.wait())
        return _answer(500, "git http-backend gave no answer")
    headers = dict(line.split(": ", 1) for line in head.decode().strip().split("\r\n"))
    status = int(headers.pop("Status", "200 OK").split()[0])

    async def stream() -> AsyncIterator[bytes]:
        while chunk := await process.stdout.read(CHUNK):  # pyright: ignore[reportOptionalMemberAccess]
            yield chunk
        await feeder
        await process.wait()
        if before is not None and writer:
            await asyncio.to_thread(_pushed, world, it, before, writer)

    return StreamingResponse(stream(), status, headers=headers)


async def _feed(stdin: asyncio.StreamWriter, body: bytes) -> None:
    try:
        stdin.write(body)
        await stdin.drain()
        stdin.close()
        await stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        return


def _pushed(world: World, it: Repository, before: dict[str, str], writer: User) -> None:
    with world.lock:
        refs.moved(world, it, before, writer)


def _cgi(request: Request, it: Repository, rest: str, length: int) -> dict[str, str]:
    headers = request.headers
    variables = {
        "GIT_PROJECT_ROOT": str(it.git.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{it.git.path.name}/{rest}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.url.query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(length),
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": "git",
    }
    if "content-encoding" in headers:
        variables["HTTP_CONTENT_ENCODING"] = headers["content-encoding"]
    if "git-protocol" in headers:
        variables["GIT_PROTOCOL"] = headers["git-protocol"]
    return {**environment(), **variables}
