"""The web application as it is before there is an App: set-up, the rules, and whether it lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from app import problems
from app.headers import StrictHeaders
from app.pages import FOLDER
from app.routers import rules, setup

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.setup.place import Place


def create_setup_app(place: Place, finished: Callable[[], None]) -> FastAPI:
    """The application; it calls `finished` when the credentials are kept."""
    app = FastAPI(title="Backend Expert", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.place = place
    app.state.finished = finished
    app.add_middleware(StrictHeaders)
    app.add_exception_handler(HTTPException, problems.show)
    for module in (setup, rules):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))
    return app
