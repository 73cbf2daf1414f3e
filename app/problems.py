"""Answers to what cannot be answered: a page for a person, JSON for a program."""

from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from app.pages import templates


async def show(request: Request, error: Exception) -> Response:
    """The answer for an `HTTPException`."""
    assert isinstance(error, HTTPException)
    if not _is_person(request):
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)
    return templates().TemplateResponse(
        request,
        "problem.html",
        {
            "status": error.status_code,
            "title": HTTPStatus(error.status_code).phrase,
            "detail": _told(error),
        },
        error.status_code,
        error.headers,
    )


async def ask_to_sign_in(request: Request, _error: Exception) -> Response:
    """The way to the sign-in and back for a person, 401 for a program."""
    if request.method == "GET" and _is_person(request):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'next': wanted})}", 303)
    return await show(request, HTTPException(401, "Sign in first."))


async def say_later(request: Request, _error: Exception) -> Response:
    """Nothing is shown while GitHub does not say who may see it."""
    later = "GitHub does not say at the moment what you may read. Try again in a minute."
    return await show(request, HTTPException(503, later, {"Retry-After": "60"}))


def _is_person(request: Request) -> bool:
    is_data = request.url.path.startswith("/api/")
    return not is_data and "text/html" in request.headers.get("accept", "")


def _told(error: HTTPException) -> str:
    """What a person can make of it; the framework's own words only repeat the heading."""
    is_ours = error.detail != HTTPStatus(error.status_code).phrase
    return error.detail if is_ours else "There is nothing at this address."
