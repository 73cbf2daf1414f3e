"""The web application."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from app import problems
from app.access.viewer import NotKnownNowError, SignInNeededError
from app.conditional import ConditionalGet
from app.config import Settings
from app.db import schema
from app.headers import StrictHeaders
from app.pages import FOLDER
from app.routers import (
    api,
    configuration,
    health,
    installed,
    operation,
    pages,
    rules,
    sign_in,
    webhook,
)
from app.services import Services


def create_app(settings: Settings) -> FastAPI:
    """The application with these settings; its lifespan brings the database up to date."""
    services = Services.of(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await schema.upgrade(settings)
        yield
        await services.close()

    app = FastAPI(
        title="Backend Expert", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None
    )
    app.state.services = services
    app.add_middleware(ConditionalGet)
    app.add_middleware(StrictHeaders)
    app.add_exception_handler(HTTPException, problems.show)
    app.add_exception_handler(SignInNeededError, problems.ask_to_sign_in)
    app.add_exception_handler(NotKnownNowError, problems.say_later)
    for module in (
        webhook,
        health,
        rules,
        configuration,
        sign_in,
        installed,
        pages,
        operation,
        api,
    ):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))
    return app
