"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.db.connection import create_schema
from app.routers import markets


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Prepare the database before the first request."""
    await create_schema()
    yield


app = FastAPI(title="Market desk", lifespan=lifespan)
app.include_router(markets.router)
