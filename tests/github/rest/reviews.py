"""Reviews: created whole or not at all."""

from fastapi import Request, Response

from tests.github import conversation, events
from tests.github.conversation import BadPlace, Place
from tests.github.errors import invalid_request, not_found, refused, unprocessable
from tests.github.rest.routing import Api, As, Body, Pull, Repo, page
from tests.github.shapes import comments
from tests.github.state import Anchor, PullRequest, PullReview, User, now
from tests.github.world import World

EVENTS = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
    None: "PENDING",
}
OWN = {
    "APPROVE": "Review Can not approve your own pull request",
    "REQUEST_CHANGES": "Review Can not request changes on your own pull request",
}
PENDING = "User can only have one pending review per pull request"


def routes(world: World) -> Api:
    """Return the endpoints."""
    api = Api(world)
    base = "/repos/{owner}/{name}/pulls/{number}/reviews"

    @api.get(base)
    def listed(request: Request, it: Repo, pull: Pull, who: As) -> Response:
        who.need(it, "read", "pull_requests")
        seen = [one for one in pull.reviews if one.state != "PENDING" or one.user is who.user]
        return page(request, seen, lambda one: comments.review(one, world.root))

    @api.post(base)
    def create(it: Repo, pull: Pull, who: As, body: Body) -> dict:
        who.need(it, "write", "pull_requests")
        return comments.review(_create(world, pull, who.actor, body), world.root)

    @api.get(base + "/{review}")
    def one(review: int, it: Repo, pull: Pull, who: As) -> dict:
        who.need(it, "read", "pull_requests")
        return comments.review(_find(pull, review), world.root)

    @api.put(base + "/{review}")
    def update(review: int, it: Repo, pull: Pull, who: As, body: Body) -> dict:
        who.need(it, "write", "pull_requests")
        found = _own(pull, review, who.actor)
        conversation.check_body(world, body.get("body", ""))
        found.body = body.get("body", "")
        return comments.review(found, world.root)

    @api.delete(base + "/{review}")
    def delete(review: int, it: Repo, pull: Pull, who: As) -> dict:
        who.need(it, "write", "pull_requests")
        found = _own(pull, review, who.actor)
        if found.state != "PENDING":
            raise unprocessable("Can not delete a non-pending pull request review")
        _remove(pull, found)
        return comments.review(found, world.root)

    @api.post(base + "/{review}/events")
    def submit(review: int, it: Repo, pull: Pull, who: As, body: Body) -> dict:
        who.need(it, "write", "pull_requests")
        found = _own(pull, review, who.actor)
        _check_event(pull, who.actor, body)
        found.state, found.submitted_at = EVENTS[body.get("event", "COMMENT")], now()
        found.body = body.get("body") or found.body
        conversation.announce(world, found)
        return comments.review(found, world.root)

    @api.put(base + "/{review}/dismissals")
    def dismiss(review: int, it: Repo, pull: Pull, who: As, body: Body) -> dict:
        who.need(it, "write", "pull_requests")
        found = _find(pull, review)
        if found.state not in ("APPROVED", "CHANGES_REQUESTED") or not body.get("message"):
            raise unprocessable(f"Can not dismiss a {found.state.lower()} pull request review")
        found.state = "DISMISSED"
        events.review(world, found, "dismissed", who.actor)
        return comments.review(found, world.root)

    @api.get(base + "/{review}/comments")
    def its_comments(request: Request, review: int, it: Repo, pull: Pull, who: As) -> Response:
        who.need(it, "read", "pull_requests")
        found = _find(pull, review)
        own = [one for one in pull.review_comments if one.review is found]
        return page(request, own, lambda one: comments.review_comment(one, world.root))

    return api


def _create(world: World, pull: PullRequest, who: User, body: dict) -> PullReview:
    conversation.check_open_to(world, pull, who)
    _check_event(pull, who, body)
    text = body.get("body") or ""
    conversation.check_body(world, text)
    if any(one.user is who and one.state == "PENDING" for one in pull.reviews):
        raise unprocessable(PENDING)
    commit = body.get("commit_id") or pull.head_sha
    placed = [
        (_anchor(world, pull, commit, one), one["body"]) for one in body.get("comments") or []
    ]
    review = conversation.review(world, pull, who, text, EVENTS[body.get("event")], commit)
    for at, words in placed:
        conversation.review_comment(world, review, at, words)
    if review.state != "PENDING":
        conversation.announce(world, review)
    return review


def _check_event(pull: PullRequest, who: User, body: dict) -> None:
    event = body.get("event")
    if event not in EVENTS:
        raise invalid_request(
            f'"{event}" is not a member of ["APPROVE", "REQUEST_CHANGES", "COMMENT"].'
        )
    if event in OWN and pull.user is who:
        raise unprocessable(OWN[event])
    if event in ("COMMENT", "REQUEST_CHANGES") and not (body.get("body") or body.get("comments")):
        raise unprocessable("Review body can't be blank")


def _anchor(world: World, pull: PullRequest, commit: str, wanted: dict) -> Anchor:
    """Return the anchor of one entry of `comments`. Refuses, which refuses the whole review."""
    for name in ("path", "body"):
        if not isinstance(wanted.get(name), str):
            raise invalid_request(f'"{name}" wasn\'t supplied.')
    if wanted.get("subject_type") == "file":
        raise invalid_request('"subject_type" is not a permitted key.')
    conversation.check_body(world, wanted["body"])
    place = Place(
        wanted["path"], wanted.get("line"), wanted.get("side") or "RIGHT",
        wanted.get("start_line"), wanted.get("start_side"),
    )  # fmt: skip
    try:
        return conversation.anchor(pull, commit, place)
    except BadPlace as error:
        raise unprocessable(str(error)) from error


def _find(pull: PullRequest, number: int) -> PullReview:
    found = next((one for one in pull.reviews if one.id == number), None)
    if found is None:
        raise not_found()
    return found


def _own(pull: PullRequest, number: int, who: User) -> PullReview:
    found = _find(pull, number)
    if found.user is not who:
        raise refused(403, "Resource not accessible by integration")
    return found


def _remove(pull: PullRequest, review: PullReview) -> None:
    for made in [one for one in pull.review_comments if one.review is review]:
        conversation.delete_review_comment(made)
    pull.reviews.remove(review)
