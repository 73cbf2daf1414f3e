"""The same two commits give the same bytes, however Python and the files are ordered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rules.core.config import Config
from rules.core.examples import parse
from rules.core.review import review
from tests.rules.trees import change_of

ROOT = Path(__file__).parents[3]
CASES = sorted((ROOT / "tests" / "rules" / "cases").glob("*.md"))


def project() -> dict[str, str | bytes | None]:
    """All cases of several rules as folders of one project."""
    return {
        f"{page.stem.replace('-', '_')}/n{number}/{file.path}": file.text
        for page in CASES[::3]
        for number, example in enumerate(parse(page.read_text(encoding="utf-8")))
        for file in example.files
    }


def reviewed(order: int, facts: dict[str, bytes] | None = None) -> str:
    """The review of a change to every second file, as text; `order` turns all files round."""
    texts = list(project().items())[::order]
    base = {path: text for number, (path, text) in enumerate(sorted(texts)) if number % 2}
    change = change_of(dict(list(base.items())[::order]), dict(texts))
    return json.dumps(review(change, Config(), facts=facts).to_json())


if __name__ == "__main__":
    sys.stdout.write(reviewed(1))


def test_the_order_of_the_files_and_the_cache_change_nothing() -> None:
    cache: dict[str, bytes] = {}

    cold = reviewed(1, cache)

    assert len(json.loads(cold)["findings"]) > 20
    assert reviewed(-1) == cold
    assert reviewed(-1, cache) == cold
    assert reviewed(1, dict(list(cache.items())[::2])) == cold


@pytest.mark.timeout(300)
def test_the_hashes_of_a_process_change_nothing() -> None:
    command = [sys.executable, "-m", "tests.rules.core.test_determinism"]
    said = {
        subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "4711")
    }

    assert len(said) == 1
    assert len(json.loads(said.pop())["findings"]) > 20
