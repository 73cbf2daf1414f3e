"""What a project asks for decides which version of a library its code is written for."""

from __future__ import annotations

import pytest

from rules.core.config import Config
from rules.core.requirements import Requirements, major_of
from rules.core.review import review
from tests.rules.trees import MemoryTree, change_of

MODEL = "from pydantic import BaseModel\n\n\nclass Mistake(BaseModel):\n    code = '000'\n"


@pytest.mark.parametrize(
    ("bounds", "major"),
    [
        ("==1.9.1", 1),
        ("1.8.2", 1),
        ("^1.10", 1),
        ("~=2.6", 2),
        (">=1.9,<2", 1),
        (">=1.9,<2.0.0", 1),
        ("<2", 1),
        (">=2,<3", 2),
        (">=1.9,<3", None),
        (">=1.9", None),
        (">=2.5", None),
        ("*", None),
    ],
)
def test_bounds_leave_one_major_version_or_several(bounds: str, major: int | None) -> None:
    assert major_of(bounds) == major


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "fastapi==0.85\npydantic==1.9.1 ; python_version > '3.7'\n"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npydantic = "1.8.2"\n'),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\npydantic = {extras = ["email"], version = "^1.10"}\n',
        ),
        ("pyproject.toml", '[project]\ndependencies = [\n  "pydantic[email]>=1.9,<2",\n]\n'),
    ],
)
def test_the_nearest_file_that_names_the_library_decides(path: str, text: str) -> None:
    tree = MemoryTree({f"backend/{path}": text, "pyproject.toml": '"pydantic>=2,<3"\n'})
    requirements = Requirements(tree)
    assert requirements.major("pydantic", "backend/app/models.py") == 1
    assert requirements.major("pydantic", "jobs/models.py") == 2
    assert requirements.major("pydantic_settings", "jobs/models.py") is None


def test_a_rule_about_version_2_is_silent_where_the_project_has_version_1() -> None:
    config = Config(select=("PYT113",))
    old = change_of({}, {"a.py": MODEL, "requirements.txt": "pydantic==1.9.1\n"})
    new = change_of({}, {"a.py": MODEL, "requirements.txt": "pydantic==2.9\n"})
    assert review(old, config).findings == ()
    assert [finding.line for finding in review(new, config).findings] == [5]


@pytest.mark.parametrize(("pin", "lines"), [("==1.4.50", []), (">=2,<3", [5])])
def test_plain_text_is_told_where_sqlalchemy_2_is_asked_for(pin: str, lines: list[int]) -> None:
    text = "from sqlalchemy.orm import Session\n\n\ndef go(session: Session) -> None:\n    session.execute('SELECT 1')\n"
    change = change_of({}, {"a.py": text, "requirements.txt": f"SQLAlchemy{pin}\n"})
    found = review(change, Config(select=("SQL120",))).findings
    assert [finding.line for finding in found] == lines
