"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.db.connection import create_schema
from app.routers import markets, news, users


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Prepare the database before the first request."""
    await create_schema()
    yield


app = FastAPI(title="Market desk", lifespan=lifespan)
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
app.include_router(markets.router)
app.include_router(news.router)
app.include_router(users.router)


@app.on_event("startup")
async def say_hello() -> None:
    """Tell the log that we are here."""
    print("market desk is up")
