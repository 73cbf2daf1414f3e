"""What a file is for, by its path."""

from __future__ import annotations

import pytest

from rules.core.source import kind_of, module_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("app/main.py", "code"),
        ("app/tools/search.py", "code"),
        ("app/docs/routes.py", "code"),
        ("app/api/versions/v1.py", "code"),
        ("tools/release.py", "script"),
        ("backend/scripts/fill.py", "script"),
        ("setup.py", "script"),
        ("tests/unit/helpers.py", "test"),
        ("app/prices_test.py", "test"),
        ("conftest.py", "test"),
        ("alembic/versions/0001_first.py", "migration"),
        ("app/migrations/0001.py", "migration"),
    ],
)
def test_a_path_tells_what_its_file_is_for(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("app/db/__init__.py", "app.db"),
        ("src/app/main.py", "app.main"),
        ("backend/src/app/main.py", "app.main"),
        ("main.py", "main"),
    ],
)
def test_a_path_tells_the_name_of_its_module(path: str, module: str) -> None:
    assert module_of(path) == module
