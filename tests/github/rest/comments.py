"""Comments in the conversation and on lines, and reactions to both."""

from typing import cast

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from tests.github import conversation, events
from tests.github.auth import Caller
from tests.github.conversation import BadPlace, Place
from tests.github.errors import invalid_request, not_found, refused, unprocessable
from tests.github.rest.routing import Api, As, Body, Pull, Repo, page
from tests.github.shapes import comments
from tests.github.state import IssueComment, PullRequest, Repository, ReviewComment, now
from tests.github.world import World

ISSUES = ("issues", "pull_requests")


def routes(world: World) -> Api:
    """Return the endpoints."""
    api = Api(world)
    _issue_comments(api, world)
    _review_comments(api, world)
    _reactions(api, world)
    return api


def _issue_comments(api: Api, world: World) -> None:
    @api.get("/repos/{owner}/{name}/issues/{number}/comments")
    def listed(request: Request, it: Repo, pull: Pull, who: As) -> Response:
        who.need(it, "read", *ISSUES)
        return page(request, pull.comments, lambda one: comments.issue_comment(one, world.root))

    @api.post("/repos/{owner}/{name}/issues/{number}/comments")
    def create(it: Repo, pull: Pull, who: As, body: Body) -> Response:
        _may_comment(who, it)
        text = _text(body)
        app = who.installation.app if who.installation else None
        made = conversation.comment(world, pull, who.actor, text, app)
        return JSONResponse(comments.issue_comment(made, world.root), 201)

    @api.get("/repos/{owner}/{name}/issues/comments/{comment}")
    def one(comment: int, it: Repo, who: As) -> dict:
        who.need(it, "read", *ISSUES)
        return comments.issue_comment(_issue_comment(world, it, comment), world.root)

    @api.patch("/repos/{owner}/{name}/issues/comments/{comment}")
    def update(comment: int, it: Repo, who: As, body: Body) -> dict:
        found = _issue_comment(world, it, comment)
        _may_change(who, found, *ISSUES)
        text = _text(body)
        conversation.check_body(world, text)
        was, found.body, found.updated_at = found.body, text, now()
        events.issue_comment(world, found, "edited", who.actor, changes={"body": {"from": was}})
        return comments.issue_comment(found, world.root)

    @api.delete("/repos/{owner}/{name}/issues/comments/{comment}")
    def delete(comment: int, it: Repo, who: As) -> Response:
        found = _issue_comment(world, it, comment)
        who.need(it, "write", *ISSUES)
        found.pull.comments.remove(found)
        events.issue_comment(world, found, "deleted", who.actor)
        return Response(status_code=204)


def _review_comments(api: Api, world: World) -> None:
    @api.get("/repos/{owner}/{name}/pulls/{number}/comments")
    def listed(request: Request, it: Repo, pull: Pull, who: As) -> Response:
        who.need(it, "read", "pull_requests")
        seen = [one for one in pull.review_comments if one.review.state != "PENDING"]
        return page(request, seen, lambda one: comments.review_comment(one, world.root))

    @api.post("/repos/{owner}/{name}/pulls/{number}/comments")
    def create(it: Repo, pull: Pull, who: As, body: Body) -> Response:
        who.need(it, "write", "pull_requests")
        made = _create(world, pull, who, body)
        return JSONResponse(comments.review_comment(made, world.root), 201)

    @api.post("/repos/{owner}/{name}/pulls/{number}/comments/{comment}/replies")
    def reply(comment: int, it: Repo, pull: Pull, who: As, body: Body) -> Response:
        who.need(it, "write", "pull_requests")
        made = conversation.reply(world, _root(pull, comment), who.actor, _text(body))
        return JSONResponse(comments.review_comment(made, world.root), 201)

    @api.get("/repos/{owner}/{name}/pulls/comments/{comment}")
    def one(comment: int, it: Repo, who: As) -> dict:
        who.need(it, "read", "pull_requests")
        return comments.review_comment(_review_comment(world, it, comment), world.root)

    @api.patch("/repos/{owner}/{name}/pulls/comments/{comment}")
    def update(comment: int, it: Repo, who: As, body: Body) -> dict:
        found = _review_comment(world, it, comment)
        _may_change(who, found, "pull_requests")
        text = _text(body)
        conversation.check_body(world, text)
        was, found.body, found.updated_at = found.body, text, now()
        events.review_comment(world, found, "edited", who.actor, changes={"body": {"from": was}})
        return comments.review_comment(found, world.root)

    @api.delete("/repos/{owner}/{name}/pulls/comments/{comment}")
    def delete(comment: int, it: Repo, who: As) -> Response:
        found = _review_comment(world, it, comment)
        who.need(it, "write", "pull_requests")
        conversation.delete_review_comment(found)
        events.review_comment(world, found, "deleted", who.actor)
        return Response(status_code=204)


def _reactions(api: Api, world: World) -> None:
    for kind, finder in (("issues", _issue_comment), ("pulls", _review_comment)):
        _reactions_of(api, world, kind, finder)


def _reactions_of(api: Api, world: World, kind: str, finder) -> None:  # noqa: ANN001
    path = f"/repos/{{owner}}/{{name}}/{kind}/comments/{{comment}}/reactions"
    permissions = ISSUES if kind == "issues" else ("pull_requests",)

    @api.get(path)
    def listed(request: Request, comment: int, it: Repo, who: As) -> Response:
        who.need(it, "read", *permissions)
        wanted = request.query_params.get("content")
        own = [one for one in finder(world, it, comment).reactions if wanted in (None, one.content)]
        return page(request, own, lambda one: comments.reaction(one, world.root))

    @api.post(path)
    def create(comment: int, it: Repo, who: As, body: Body) -> Response:
        _may_comment(who, it, *permissions)
        found = finder(world, it, comment)
        made, new = conversation.react(world, found, who.actor, body.get("content", ""))
        return JSONResponse(comments.reaction(made, world.root), 201 if new else 200)

    @api.delete(path + "/{reaction}")
    def delete(comment: int, reaction: int, it: Repo, who: As) -> Response:
        _may_comment(who, it, *permissions)
        found = finder(world, it, comment)
        own = [one for one in found.reactions if one.id == reaction]
        if not own:
            raise not_found()
        if own[0].user is not who.actor:
            raise refused(403, "Resource not accessible by integration")
        found.reactions.remove(own[0])
        return Response(status_code=204)


def _may_comment(who: Caller, it: Repository, *permissions: str) -> None:
    """Refuse an App without permission; a user may comment wherever he can read."""
    level = "write" if who.installation or who.user is None else "read"
    who.need(it, level, *(permissions or ISSUES))


def _may_change(who: Caller, found: IssueComment | ReviewComment, *permissions: str) -> None:
    """An App may edit only what it wrote."""
    who.need(found.pull.repository, "write", *permissions)
    if who.installation and found.user is not who.user:
        raise refused(403, "Resource not accessible by integration")


def _text(body: dict) -> str:
    text = body.get("body")
    if not isinstance(text, str):
        raise invalid_request('"body" wasn\'t supplied.')
    if not text.strip():
        raise unprocessable({"resource": "IssueComment", "code": "missing_field", "field": "body"},
                            message="Validation Failed")  # fmt: skip
    return text


def _issue_comment(world: World, it: Repository, number: int) -> IssueComment:
    found = world.issue_comment(it, number)
    if found is None:
        raise not_found()
    return found


def _review_comment(world: World, it: Repository, number: int) -> ReviewComment:
    found = world.review_comment(it, number)
    if found is None:
        raise not_found()
    return found


def _root(pull: PullRequest, number: int) -> ReviewComment:
    found = next((one for one in pull.review_comments if one.id == number), None)
    if found is None or found.in_reply_to:
        raise not_found()
    return found


def _create(world: World, pull: PullRequest, who: Caller, body: dict) -> ReviewComment:
    text = _text(body)
    if body.get("in_reply_to"):
        return conversation.reply(
            world, _root(pull, cast("int", body["in_reply_to"])), who.actor, text
        )
    for name in ("commit_id", "path"):
        if not isinstance(body.get(name), str):
            raise invalid_request(f'"{name}" wasn\'t supplied.')
    conversation.check_open_to(world, pull, who.actor)
    conversation.check_body(world, text)
    place = Place(
        body["path"], body.get("line"), body.get("side") or "RIGHT",
        body.get("start_line"), body.get("start_side"), body.get("subject_type") == "file",
    )  # fmt: skip
    try:
        at = conversation.anchor(pull, body["commit_id"], place)
    except BadPlace as error:
        raise unprocessable(error.as_object(), message="Validation Failed") from error
    review = conversation.review(world, pull, who.actor, "", "COMMENTED", body["commit_id"])
    made = conversation.review_comment(world, review, at, text)
    conversation.announce(world, review)
    return made
