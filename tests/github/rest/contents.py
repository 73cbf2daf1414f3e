"""Files of a repository, and the git objects behind them."""

import base64

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from tests.github import refs
from tests.github.auth import Caller
from tests.github.errors import invalid_request, not_found, refused, unprocessable
from tests.github.git import GitError
from tests.github.rest.routing import Api, As, Body, Repo
from tests.github.shapes import repositories
from tests.github.state import Repository
from tests.github.world import World

RAW = "application/vnd.github.raw"
MAX_INLINE = 1024 * 1024


def routes(world: World) -> Api:
    """Return the endpoints."""
    api = Api(world)
    _contents(api, world)
    _objects(api, world)
    _refs(api, world)
    return api


def _contents(api: Api, world: World) -> None:
    @api.get("/repos/{owner}/{name}/contents/{path:path}")
    def read(request: Request, path: str, it: Repo, who: As) -> object:
        who.need(it, "read", "contents")
        ref = request.query_params.get("ref") or it.default_branch
        sha = it.git.branch(ref) or it.git.resolve(ref)
        data = it.git.blob(sha, path) if sha else None
        if data is None:
            raise not_found()
        if RAW in request.headers.get("accept", ""):
            return Response(data, media_type=f"{RAW}; charset=utf-8")
        return _file(world, it, path, ref, data)

    @api.put("/repos/{owner}/{name}/contents/{path:path}")
    def write(path: str, it: Repo, who: As, body: Body) -> Response:
        who.need(it, "write", "contents")
        branch = body.get("branch") or it.default_branch
        parent, old = it.git.branch(branch), it.git.blob(f"refs/heads/{branch}", path)
        if old is not None and body.get("sha") != _blob_sha(it, old):
            status, text = (409, f"{path} does not match {body['sha']}") if body.get("sha") else (
                422, 'Invalid request.\n\n"sha" wasn\'t supplied.')  # fmt: skip
            raise refused(status, text)
        before, data = it.git.refs(), base64.b64decode(body["content"])
        sha = it.git.commit(
            branch, {path: data}, message=body["message"], author=who.actor.login, parent=parent
        )
        refs.moved(world, it, before, who.actor)
        shown = {
            "content": _file(world, it, path, branch, data),
            "commit": _git_commit(world, it, sha),
        }
        return JSONResponse(shown, 200 if old is not None else 201)


def _objects(api: Api, world: World) -> None:
    git = "/repos/{owner}/{name}/git"

    @api.post(git + "/blobs")
    def blob(it: Repo, who: As, body: Body) -> Response:
        who.need(it, "write", "contents")
        text = body.get("content", "")
        data = base64.b64decode(text) if body.get("encoding") == "base64" else text.encode()
        sha = _blob_sha(it, data)
        return JSONResponse({"url": f"{_git_url(world, it)}/blobs/{sha}", "sha": sha}, 201)

    @api.get(git + "/blobs/{sha}")
    def read_blob(sha: str, it: Repo, who: As) -> dict:
        who.need(it, "read", "contents")
        try:
            data = it.git.run("cat-file", "blob", sha)
        except GitError as error:
            raise not_found() from error
        text = base64.encodebytes(data).decode()
        url = f"{_git_url(world, it)}/blobs/{sha}"
        return {
            "sha": sha,
            "node_id": f"B_{sha}",
            "size": len(data),
            "url": url,
            "content": text,
            "encoding": "base64",
        }

    @api.get(git + "/commits/{sha}")
    def read_commit(sha: str, it: Repo, who: As) -> dict:
        who.need(it, "read", "contents")
        if it.git.resolve(sha) is None:
            raise not_found()
        return _git_commit(world, it, sha)

    @api.post(git + "/trees")
    def tree(it: Repo, who: As, body: Body) -> Response:
        who.need(it, "write", "contents")
        sha = _new_tree(it, body)
        return JSONResponse(_tree(world, it, sha, recursive=False), 201)

    @api.get(git + "/trees/{sha}")
    def read_tree(request: Request, sha: str, it: Repo, who: As) -> dict:
        who.need(it, "read", "contents")
        return _tree(world, it, sha, recursive="recursive" in request.query_params)

    @api.post(git + "/commits")
    def commit(it: Repo, who: As, body: Body) -> Response:
        who.need(it, "write", "contents")
        parents = tuple(body.get("parents") or ())
        if any(it.git.resolve(one) is None for one in parents):
            raise refused(422, "Parent SHA does not exist or is not a commit object")
        try:
            sha = it.git.commit_tree(body["tree"], parents, body["message"], who.actor.login)
        except GitError as error:
            raise refused(422, "Tree SHA does not exist") from error
        return JSONResponse(_git_commit(world, it, sha), 201)


def _refs(api: Api, world: World) -> None:
    git = "/repos/{owner}/{name}/git"

    @api.get(git + "/ref/{ref:path}")
    def read(ref: str, it: Repo, who: As) -> dict:
        who.need(it, "read", "contents")
        sha = it.git.resolve(f"refs/{ref}")
        if sha is None:
            raise not_found()
        return _ref(world, it, f"refs/{ref}", sha)

    @api.post(git + "/refs")
    def create(it: Repo, who: As, body: Body) -> Response:
        ref, sha = body.get("ref", ""), body.get("sha", "")
        _may_move(it, who, sha)
        if it.git.resolve(ref):
            raise refused(422, "Reference already exists")
        _move(world, it, who, ref, sha)
        return JSONResponse(_ref(world, it, ref, sha), 201)

    @api.patch(git + "/refs/{ref:path}")
    def update(ref: str, it: Repo, who: As, body: Body) -> dict:
        full, sha = f"refs/{ref}", body.get("sha", "")
        _may_move(it, who, sha)
        old = it.git.resolve(full)
        if old is None:
            raise refused(422, "Reference does not exist")
        if not body.get("force") and not it.git.is_ancestor(old, sha):
            raise refused(422, "Update is not a fast forward")
        _move(world, it, who, full, sha)
        return _ref(world, it, full, sha)

    @api.delete(git + "/refs/{ref:path}")
    def delete(ref: str, it: Repo, who: As) -> Response:
        who.need(it, "write", "contents")
        if it.git.resolve(f"refs/{ref}") is None:
            raise refused(422, "Reference does not exist")
        before = it.git.refs()
        it.git.delete_ref(f"refs/{ref}")
        refs.moved(world, it, before, who.actor)
        return Response(status_code=204)


def _may_move(it: Repository, who: Caller, sha: str) -> None:
    who.need(it, "write", "contents")
    if it.git.resolve(sha) is None:
        raise refused(422, "Object does not exist")


def _move(world: World, it: Repository, who: Caller, ref: str, sha: str) -> None:
    if not ref.startswith("refs/"):
        raise refused(422, "Reference name must start with 'refs/'.")
    before = it.git.refs()
    it.git.set_ref(ref, sha)
    refs.moved(world, it, before, who.actor)


def _git_url(world: World, it: Repository) -> str:
    return f"{repositories.api_url(it, world.root)}/git"


def _ref(world: World, it: Repository, ref: str, sha: str) -> dict:
    url = _git_url(world, it)
    target = {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"}
    return {"ref": ref, "node_id": f"REF_{ref}", "url": f"{url}/{ref}", "object": target}


def _git_commit(world: World, it: Repository, sha: str) -> dict:
    whole = repositories.commit(it, sha, world.root)
    inner = whole["commit"]
    kept = {
        name: inner[name] for name in ("author", "committer", "message", "tree", "verification")
    }
    names = {name: whole[name] for name in ("sha", "node_id", "html_url", "parents")}
    return {**names, "url": inner["url"], **kept}


def _blob_sha(it: Repository, data: bytes) -> str:
    return it.git.run("hash-object", "-w", "--stdin", data=data).decode().strip()


def _file(world: World, it: Repository, path: str, ref: str, data: bytes) -> dict:
    sha, small = _blob_sha(it, data), len(data) <= MAX_INLINE
    url = f"{repositories.api_url(it, world.root)}/contents/{path}?ref={ref}"
    git_url, page = (
        f"{_git_url(world, it)}/blobs/{sha}",
        f"{world.root}/{it.full_name}/blob/{ref}/{path}",
    )
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": sha,
        "size": len(data),
        "url": url,
        "html_url": page,
        "git_url": git_url,
        "download_url": f"{world.root}/{it.full_name}/raw/{ref}/{path}",
        "type": "file",
        "content": base64.encodebytes(data).decode() if small else "",
        "encoding": "base64" if small else "none",
        "_links": {"self": url, "git": git_url, "html": page},
    }


def _tree(world: World, it: Repository, sha: str, *, recursive: bool) -> dict:
    try:
        tree = it.git.run("rev-parse", "--verify", f"{sha}^{{tree}}").decode().strip()
    except GitError as error:
        raise not_found() from error
    listed = it.git.run("ls-tree", "-z", "-l", *(["-r", "-t"] if recursive else []), tree)
    url = _git_url(world, it)
    entries = [_entry(url, line) for line in listed.decode(errors="replace").split("\0") if line]
    return {"sha": tree, "url": f"{url}/trees/{tree}", "tree": entries, "truncated": False}


def _entry(url: str, line: str) -> dict:
    facts, path = line.split("\t", 1)
    mode, kind, sha, size = facts.split()
    entry = {"path": path, "mode": mode, "type": kind, "sha": sha, "url": f"{url}/{kind}s/{sha}"}
    return entry if size == "-" else {**entry, "size": int(size)}


def _new_tree(it: Repository, body: dict) -> str:
    """Write a tree from `base_tree` and the entries of a request, through a commit of its own."""
    base = body.get("base_tree")
    files: dict[str, str | bytes | None] = {}
    for one in body.get("tree") or []:
        if "content" in one:
            files[one["path"]] = one["content"]
        elif one.get("sha") is None:
            files[one["path"]] = None
        else:
            files[one["path"]] = _known_blob(it, one["sha"])
    if not files:
        raise invalid_request('"tree" wasn\'t supplied.')
    parent = it.git.commit_tree(_tree_of(it, base), (), "base", "web-flow") if base else None
    sha = it.git.commit("__tree__", files, message="tree", author="web-flow", parent=parent)
    it.git.delete_ref("refs/heads/__tree__")
    return _tree_of(it, sha)


def _known_blob(it: Repository, sha: str) -> bytes:
    try:
        return it.git.run("cat-file", "blob", sha)
    except GitError as error:
        raise unprocessable(message=f"tree.sha {sha} is not a valid blob") from error


def _tree_of(it: Repository, revision: str) -> str:
    try:
        return it.git.run("rev-parse", "--verify", f"{revision}^{{tree}}").decode().strip()
    except GitError as error:
        raise refused(422, f"base_tree {revision} is not a valid tree oid") from error
