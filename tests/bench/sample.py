"""Real code to measure on: packages of this virtual environment, copied out of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_path

PACKAGES = (
    "hypothesis",
    "pydantic",
    "fastapi",
    "alembic",
    "redis",
    "starlette",
    "httpx",
    "httpcore",
    "uvicorn",
    "arq",
    "rich",
    "structlog",
)
"""Each is here because the product or its tests need it, so every machine has them."""

SMALL = ("arq", "httpx")
"""For tools that would take minutes for everything."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A folder with nothing but Python files, and how many lines they have."""

    folder: Path
    files: int
    lines: int


def sample(folder: Path, packages: tuple[str, ...] = PACKAGES) -> Sample:
    """Copy the Python files of some packages into `folder`, so that no tool has a reason to skip.

    What is generated or vendored is left out, because the tools differ in what they make of it.
    """
    installed = Path(get_path("purelib"))
    sources = [path for package in packages for path in sorted((installed / package).rglob("*.py"))]
    contents: list[bytes] = []
    for path in sources:
        content = path.read_bytes()
        if b"generated" in content[:2000].lower() or "_vendor" in path.parts:
            continue
        target = folder / path.relative_to(installed)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        contents.append(content)
    return Sample(folder, len(contents), sum(content.count(b"\n") for content in contents))
