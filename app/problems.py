"""Answers to what cannot be answered: a page for a person, JSON for a program."""

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from app.pages import templates


async def show(request: Request, error: Exception) -> Response:
    """The answer for an `HTTPException`."""
    assert isinstance(error, HTTPException)
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)
    return templates().TemplateResponse(
        request,
        "problem.html",
        {
            "status": error.status_code,
            "title": HTTPStatus(error.status_code).phrase,
            "detail": error.detail,
        },
        error.status_code,
        error.headers,
    )
