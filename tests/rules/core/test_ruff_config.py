"""What a project's own ruff reports is read as ruff reads it."""

from __future__ import annotations

import pytest

from rules.core.configuration.ruff import RuffConfig


def project(**texts: str) -> RuffConfig:
    files = {
        name.replace("__", "/").replace("_toml", ".toml"): text for name, text in texts.items()
    }
    return RuffConfig.of(lambda path: files[path].encode() if path in files else None)


@pytest.mark.parametrize(
    ("settings", "code", "selected"),
    [
        ("", "F401", True),
        ("", "S608", False),
        ("lint.select = ['S']", "S608", True),
        ("lint.select = ['S']", "SIM115", False),
        ("lint.select = ['A']", "ASYNC210", False),
        ("lint.select = ['PL']", "PLW0133", True),
        ("lint.select = ['ALL']", "ASYNC251", True),
        ("lint.select = ['ALL']\nlint.ignore = ['S6']", "S608", False),
        ("lint.select = ['S608']\nlint.ignore = ['S']", "S608", True),
        ("lint.select = ['S']\nlint.ignore = ['S608']", "S608", False),
        ("lint.extend-select = ['B']", "B904", True),
        ("lint.extend-select = ['B']", "F401", True),
        ("select = ['B']", "B904", True),
        ("select = ['B']\nlint.select = ['S']", "B904", False),
        ("lint.select = ['S']\nlint.per-file-ignores = {'app/*' = ['S']}", "S608", False),
        ("lint.select = ['S']\nlint.per-file-ignores = {'!app/*' = ['S']}", "S608", True),
        ("lint.select = ['S']\nlint.per-file-ignores = {'x.py' = ['S608']}", "S608", False),
        ("lint.select = ['S']\nextend-exclude = ['app']", "S608", False),
        ("lint.select = 7", "F401", True),
        ("lint = 7", "F401", True),
        ("not toml", "F401", False),
    ],
)
def test_the_more_specific_selector_wins(settings: str, code: str, selected: bool) -> None:
    ruff = project(ruff_toml=settings)

    assert ruff.selects("app/x.py", code) is selected


def test_a_project_without_a_ruff_table_does_not_use_ruff() -> None:
    ruff = project(pyproject_toml="[project]\nname = 'x'")

    assert ruff.selects("x.py", "F401") is False


def test_the_nearest_configuration_decides_alone() -> None:
    ruff = project(
        pyproject_toml="[tool.ruff.lint]\nselect = ['S']", api__ruff_toml="lint.select = ['B']"
    )

    answers = [ruff.selects(path, "S608") for path in ("x.py", "api/x.py", "api/deep/x.py")]

    assert answers == [True, False, False]


def test_what_is_extended_is_merged() -> None:
    ruff = project(
        ruff_toml="lint.select = ['S']\nlint.ignore = ['S101']",
        api__ruff_toml="extend = '../ruff.toml'\nlint.extend-select = ['B']",
    )

    answers = [ruff.selects("api/x.py", code) for code in ("S608", "S101", "B904")]

    assert answers == [True, False, True]


@pytest.mark.parametrize("target", ["ruff.toml", "../outside.toml", "/etc/ruff.toml", "gone.toml"])
def test_an_extend_that_leads_nowhere_is_ignored(target: str) -> None:
    ruff = project(ruff_toml=f"extend = '{target}'\nlint.select = ['S']")

    assert ruff.selects("x.py", "S608") is True
