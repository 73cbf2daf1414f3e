from __future__ import annotations

from textwrap import dedent

from rules.core.flow.tracing import flow_of
from rules.core.project import Project
from rules.core.source import SourceFile

HEAD = """
from typing import Annotated
from uuid import UUID
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from pydantic import BaseModel
import httpx
router = APIRouter()
"""


def source(text: str) -> SourceFile:
    file = SourceFile("app/example.py", HEAD + dedent(text))
    file.project = Project.of_files([file])
    return file


def labels(text: str) -> dict[str, str | None]:
    """What `sink(x)` calls are given: source of the argument to where it comes from."""
    file = source(text)
    flow = flow_of(file)
    return {
        file.source(call.args[0]): origin.label() if (origin := flow.origin(call.args[0])) else None
        for call in file.calls("sink")
    }


def test_parameters_of_a_route_are_told_apart_by_where_they_come_from() -> None:
    found = labels(
        """
        class Body(BaseModel):
            name: str
            number: int

        @router.post("/m/{market}")
        def route(market: str, body: Body, q: str, n: int, key: UUID, x_key: str = Header()):
            sink(market), sink(body.name), sink(body.number), sink(q), sink(n), sink(key), sink(x_key)
        """
    )

    assert found == {
        "market": "path parameter `market` of `POST /m/{market}`",
        "body.name": "request body `body` of `POST /m/{market}`",
        "body.number": None,
        "q": "query parameter `q` of `POST /m/{market}`",
        "n": None,
        "key": None,
        "x_key": "request header `x_key` of `POST /m/{market}`",
    }


def test_data_is_followed_through_assignments_texts_and_containers() -> None:
    found = labels(
        """
        @router.get("/")
        def route(q: str):
            first, second = q, "constant"
            text = "a"
            text += f"{q}!"
            items = [item.strip() for item in q.split(",")]
            sink(first), sink(second), sink(text), sink(items[0]), sink({"a": q}), sink("%s" % q)
        """
    )

    query = "query parameter `q` of `GET /`"
    assert found == {
        "first": query,
        "second": None,
        "text": query,
        "items[0]": query,
        '{"a": q}': query,
        '"%s" % q': query,
    }


def test_a_check_before_the_use_makes_it_harmless() -> None:
    found = labels(
        """
        ALLOWED = {"a", "b"}

        @router.get("/")
        def route(one: str, two: str, three: str, four: Annotated[str, Query(pattern="^a$")]):
            sink(one)
            if one not in ALLOWED:
                raise HTTPException(400)
            sink(one.strip())
            if two.isdigit():
                sink(two)
            sink(three if three in ALLOWED else "a")
            sink(four)
        """
    )

    assert found == {
        "one": "query parameter `one` of `GET /`",
        "one.strip()": None,
        "two": None,
        'three if three in ALLOWED else "a"': None,
        "four": None,
    }


def test_data_is_followed_into_and_out_of_functions_of_the_file() -> None:
    found = labels(
        """
        def build(a, b):
            return f"{a}"

        def run(text):
            sink(text)

        def page(q: str = ""):
            return q.strip()

        @router.get("/")
        def route(q: str, p: str = Depends(page)):
            run(q)
            sink(build(q, 1)), sink(build(1, q)), sink(p)
        """
    )

    assert found == {
        "text": "query parameter `q` of `GET /`",
        "build(q, 1)": "query parameter `q` of `GET /`",
        "build(1, q)": None,
        "p": "query parameter `q` of `page()`",
    }


def test_requests_and_answers_are_sources() -> None:
    found = labels(
        """
        @router.post("/")
        async def route(request: Request, client: httpx.AsyncClient):
            data = await request.json()
            answer = await client.get("https://example.org")
            sink(data["a"]), sink(request.headers["x"]), sink(answer.json()["b"]), sink(answer.status_code)
        """
    )

    assert found == {
        'data["a"]': "request body `request.json` of `POST /`",
        'request.headers["x"]': "request header `request.headers` of `POST /`",
        'answer.json()["b"]': "answer of another service `answer.json`",
        "answer.status_code": None,
    }


def test_the_trace_leads_from_the_source_to_the_use() -> None:
    file = source(
        """
        def run(text):
            sink(text)

        @router.get("/")
        def route(q: str):
            name = q.strip()
            run(name)
        """
    )

    origin = flow_of(file).request_data(next(iter(file.calls("sink"))).args[0])

    assert origin is not None
    assert [(step.line, step.message) for step in origin.trace] == [
        (13, "query parameter `q` of `GET /`"),
        (14, "`name` is set from it"),
        (15, "passed to `run()`"),
    ]
