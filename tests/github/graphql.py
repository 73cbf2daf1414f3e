"""The few GraphQL operations that have no REST counterpart, recognised by name."""

import re
from typing import cast

from fastapi import Request
from fastapi.responses import JSONResponse

from tests.github import committing, events
from tests.github.auth import Caller
from tests.github.errors import GraphError, Refused
from tests.github.rest.routing import Api, As, Body
from tests.github.state import IssueComment, PullRequest, ReviewComment, Thread, User
from tests.github.world import World

CLASSIFIERS = ("SPAM", "ABUSE", "OFF_TOPIC", "OUTDATED", "DUPLICATE", "RESOLVED", "LOW_QUALITY")
OPERATIONS = (
    "minimizeComment",
    "unminimizeComment",
    "resolveReviewThread",
    "unresolveReviewThread",
    "createCommitOnBranch",
)


def routes(world: World) -> Api:
    """Return the endpoint."""
    api = Api(world)

    @api.post("/graphql")
    def graphql(request: Request, who: As, body: Body) -> JSONResponse:
        query, variables = str(body.get("query", "")), body.get("variables") or {}
        who.actor  # noqa: B018 - refuses nobody with 401.
        data: dict[str, object] = {}
        errors: list[dict] = []
        for alias, name, inputs in _fields(query, variables):
            try:
                data[alias] = _answer(world, who, name, inputs)
            except (GraphError, Refused) as error:
                kind = error.kind if isinstance(error, GraphError) else "FORBIDDEN"
                text = (
                    "Resource not accessible by integration"
                    if isinstance(error, Refused)
                    else str(error)
                )
                data[alias] = None
                errors.append(
                    {
                        "type": kind,
                        "path": [alias],
                        "message": text,
                        "locations": [{"line": 1, "column": 1}],
                    }
                )
        if not data:
            return JSONResponse(
                {"errors": [{"message": "Field of this query is not known to the local GitHub"}]}
            )
        return JSONResponse({"data": data, **({"errors": errors} if errors else {})})

    return api


def _fields(query: str, variables: dict) -> list[tuple[str, str, dict]]:
    """Return (alias, field, arguments) of the operations that a query asks for."""
    found = []
    for name in OPERATIONS:
        pattern = rf"(?:(\w+)\s*:\s*)?\b{name}\s*\(\s*input\s*:\s*(\$\w+|\{{[^}}]*\}})"
        asked = re.finditer(pattern, query)
        found += [(one[1] or name, name, _inputs(one[2], variables)) for one in asked]
    if not found and "reviewThreads" in query:
        found.append(
            (
                "repository" if "repository" in query else "node",
                "reviewThreads",
                {**variables, "query": query},
            )
        )
    if not found and "isMinimized" in query:
        found.append(("nodes" if "nodes" in query else "node", "isMinimized", variables))
    return found


def _inputs(text: str, variables: dict) -> dict:
    if text.startswith("$"):
        return variables.get(text[1:], {})
    pairs = re.findall(r"(\w+)\s*:\s*(\$\w+|\"[^\"]*\"|\w+)", text)
    return {
        name: variables.get(value[1:]) if value[0] == "$" else value.strip('"')
        for name, value in pairs
    }


def _answer(world: World, who: Caller, name: str, inputs: dict) -> object:
    if name == "createCommitOnBranch":
        return committing.commit_on_branch(world, who, inputs)
    if name == "reviewThreads":
        return _threads_of(world, who, inputs)
    if name == "isMinimized":
        ids = inputs.get("ids") or [inputs.get("id")]
        shown = [_minimized(_comment(world, str(one))) for one in ids]
        return shown if "ids" in inputs else shown[0]
    if name.endswith("minimizeComment"):
        return _minimize(
            world, who, inputs, None if name.startswith("un") else str(inputs.get("classifier"))
        )
    return _resolve(world, who, str(inputs.get("threadId")), resolved=not name.startswith("un"))


def _minimize(world: World, who: Caller, inputs: dict, classifier: str | None) -> dict:
    comment = _comment(world, str(inputs.get("subjectId")))
    who.need(comment.pull.repository, "write", "pull_requests", "issues")
    if classifier is not None and classifier not in CLASSIFIERS:
        raise GraphError("INVALID", f"'{classifier}' is not a member of ReportedContentClassifiers")
    comment.minimized = classifier and classifier.lower().replace("_", "-")
    field = "unminimizedComment" if classifier is None else "minimizedComment"
    return {field: _minimized(comment), "clientMutationId": None}


def _minimized(comment: IssueComment | ReviewComment) -> dict:
    reason = comment.minimized
    return {
        "id": _node(comment),
        "databaseId": comment.id,
        "isMinimized": reason is not None,
        "minimizedReason": reason,
    }


def _node(comment: IssueComment | ReviewComment) -> str:
    return f"{'IC' if isinstance(comment, IssueComment) else 'PRRC'}_kwDO{comment.id}"


def _comment(world: World, node: str) -> IssueComment | ReviewComment:
    number = re.fullmatch(r"(IC|PRRC)_kwDO(\d+)", node)
    for repository in world.repositories.values():
        find = world.issue_comment if node.startswith("IC") else world.review_comment
        found = find(repository, int(number[2])) if number else None
        if found:
            return found
    raise GraphError("NOT_FOUND", f"Could not resolve to a node with the global id of '{node}'")


def _resolve(world: World, who: Caller, node: str, *, resolved: bool) -> dict:
    thread = _thread(world, node)
    repository = thread.pull.repository
    who.need(repository, "write", "pull_requests")
    who.need(repository, "write", "contents")
    thread.resolved_by = who.actor if resolved else None
    events.thread(world, thread, "resolved" if resolved else "unresolved", who.actor)
    return {"thread": _shown(thread), "clientMutationId": None}


def _thread(world: World, node: str) -> Thread:
    for repository in world.repositories.values():
        for pull in repository.pulls.values():
            for thread in pull.threads:
                if thread.node_id == node:
                    return thread
    raise GraphError("NOT_FOUND", f"Could not resolve to a node with the global id of '{node}'")


def _threads_of(world: World, who: Caller, inputs: dict) -> dict:
    pull = _pull(world, inputs)
    who.see(pull.repository)
    who.need(pull.repository, "read", "pull_requests")
    size = next(
        (int(one) for one in re.findall(r"reviewThreads\([^)]*first:\s*(\d+)", inputs["query"])),
        100,
    )
    start = int(str(_after(inputs) or 0))
    shown = pull.threads[start : start + size]
    more = start + size < len(pull.threads)
    info = {"hasNextPage": more, "endCursor": str(start + len(shown)) if shown else None}
    threads = {
        "totalCount": len(pull.threads),
        "nodes": [_shown(one) for one in shown],
        "pageInfo": info,
    }
    inner = {"id": f"PR_kwDO{pull.id}", "number": pull.number, "reviewThreads": threads}
    return {"pullRequest": inner} if "repository" in inputs["query"] else inner


def _after(inputs: dict) -> object:
    name = re.search(r"after:\s*\$(\w+)", inputs["query"])
    return inputs.get(name[1]) if name else None


def _pull(world: World, inputs: dict) -> PullRequest:
    query = cast("str", inputs["query"])

    def value(argument: str) -> str:
        found = re.search(
            rf"\b{argument}\s*:\s*(?:\$(\w+)|\"?([^\s\",)]+)\"?)", query.split("{", 1)[-1]
        )
        return str(inputs.get(found[1]) if found and found[1] else found[2] if found else "")

    if node := value("id"):
        pulls = (pull for one in world.repositories.values() for pull in one.pulls.values())
        found = next((pull for pull in pulls if f"PR_kwDO{pull.id}" == node), None)
    else:
        repository = world.find_repository(f"{value('owner')}/{value('name')}")
        found = repository.pulls.get(int(value("number") or 0)) if repository else None
    if found is None:
        raise GraphError("NOT_FOUND", "Could not resolve to a PullRequest.")
    return found


def _shown(thread: Thread) -> dict:
    comments = thread.comments
    root = comments[0]
    at = root.current
    return {
        "id": thread.node_id,
        "isResolved": thread.resolved_by is not None,
        "isOutdated": at is None,
        "isCollapsed": thread.resolved_by is not None,
        "viewerCanResolve": True,
        "viewerCanReply": True,
        "resolvedBy": _author(thread.resolved_by) if thread.resolved_by else None,
        "path": root.original.path,
        "line": at and at.line,
        "originalLine": root.original.line,
        "startLine": at and at.start_line,
        "diffSide": root.original.side,
        "subjectType": "LINE" if root.original.line else "FILE",
        "comments": {
            "totalCount": len(comments),
            "nodes": [_shown_comment(one) for one in comments],
            "pageInfo": {"hasNextPage": False, "endCursor": None},
        },
    }


def _shown_comment(comment: ReviewComment) -> dict:
    return {
        **_minimized(comment),
        "fullDatabaseId": str(comment.id),
        "author": _author(comment.user),
        "body": comment.body,
        "path": comment.original.path,
        "outdated": comment.current is None,
        "replyTo": {"databaseId": comment.in_reply_to} if comment.in_reply_to else None,
    }


def _author(who: User) -> dict:
    """Return an actor; GraphQL names bots without the `[bot]` of REST."""
    kind = {"User": "User", "Bot": "Bot", "Organization": "Organization"}[who.type]
    return {"__typename": kind, "login": who.login.removesuffix("[bot]"), "databaseId": who.id}
