"""The `backend-expert` command as people and programs use it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from worker.cli import main

if TYPE_CHECKING:
    from pathlib import Path

CLEAN = "x = 1\n"
NESTED = "import asyncio\n\n\nasync def run() -> None:\n    asyncio.run(other())\n"
COMMAND = [sys.executable, "-m", "worker.cli"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def facts_in(cache: Path) -> int:
    with closing(sqlite3.connect(cache / "facts.sqlite3")) as connection:
        return connection.execute("SELECT count(*) FROM facts").fetchone()[0]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(folder: Path) -> Path:
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "old.py").write_text(NESTED)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "old")
    git(folder, "switch", "--quiet", "-c", "change")
    (folder / "new.py").write_text(NESTED)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "new")
    return folder


def test_a_clean_file_is_status_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "clean.py").write_text(CLEAN)

    status = main(["check", "clean.py"])

    assert status == 0
    assert capsys.readouterr().out.startswith("No findings in 1 file (")


def test_a_finding_is_shown_with_its_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.py").write_text(NESTED)

    status = main(["check", "bad.py"])

    assert status == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "bad.py:5:5  critical  ASY106 nested-event-loop"
    assert lines[2:5] == [
        "      4 | async def run() -> None:",
        "      5 |     asyncio.run(other())",
        "        |     ^^^^^^^^^^^^^^^^^^^^",
    ]


def test_the_caret_stands_below_wide_characters(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.py").write_text(NESTED.replace("    asyncio", '    x = "日"; asyncio'))

    main(["check", "bad.py"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[4] == f"        | {' ' * 14}{'^' * 20}"


def test_code_cannot_send_control_characters_to_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.py").write_text(NESTED + "    # \x1b]0;owned\x07\n".replace("    ", "", 1))
    (folder / "bad.py").write_text(
        NESTED.replace("other()", "other())  # \x1b[2J\u202e".strip(")"))
    )

    main(["check", "bad.py", "--select", "ASY106"])

    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["check", "bad.py", "--fail-on", "never"], 0),
        (["check", "bad.py", "--ignore", "ASY106"], 0),
        (["check", "bad.py", "--select", "async-patterns"], 1),
        (["check", "bad.py", "--select", "nested-event-loop", "--fail-on", "suggestion"], 1),
        (["check", "bad.py", "--select", "nonsense"], 2),
        (["check", "missing.py"], 2),
        (["check", "broken.py"], 2),
        (["check", "bad.py", "broken.py"], 1),
        (["explain", "nonsense"], 2),
        (["review", "--repo", "."], 2),
    ],
)
def test_the_exit_status_says_what_happened(
    folder: Path, arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.py").write_text(NESTED)
    (folder / "broken.py").write_text("def (:\n")

    assert main(arguments) == status


def test_unusable_arguments_are_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["check", "x.py", "--format", "xml"])

    assert exit_.value.code == 2


def test_json_has_the_documented_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.py").write_text(NESTED)

    main(["check", "bad.py", "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    finding = document["findings"][0]
    assert set(document) >= {"findings", "fixed", "skipped", "verdict"}
    assert {key: finding[key] for key in ("rule", "name", "severity", "group", "path")} == {
        "rule": "ASY106",
        "name": "nested-event-loop",
        "severity": "critical",
        "group": "async_patterns",
        "path": "bad.py",
    }
    assert {"line", "end_line", "column", "message", "fingerprint", "trace", "fix"} <= set(finding)
    assert document["verdict"] == "findings"


def test_sarif_names_the_rule_the_place_and_the_fingerprint(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad one.py").write_text(NESTED)

    main(["check", "bad one.py", "--format", "sarif"])

    document = json.loads(capsys.readouterr().out)
    run = document["runs"][0]
    result = run["results"][0]
    assert document["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "ASY106"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "bad%20one.py"
    assert place["region"] == {"startLine": 5, "startColumn": 5, "endLine": 5}
    assert result["partialFingerprints"]["backendExpert/v1"]


def test_the_configuration_of_the_folder_counts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.py").write_text(NESTED)
    (folder / "pyproject.toml").write_text('[tool.backend-expert]\nignore = ["ASY"]\nfoo = 1\n')

    status = main(["check", "bad.py"])

    assert status == 0
    assert "Note: `foo` is not a setting." in capsys.readouterr().out


def test_a_range_is_reviewed_for_what_is_new_in_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["review", "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert status == 1
    assert [finding["path"] for finding in document["findings"]] == ["new.py"]


def test_a_change_cannot_soften_its_own_review(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "pyproject.toml").write_text('[tool.backend-expert]\nignore = ["ALL"]\n')
    git(repository, "commit", "--quiet", "-a", "-m", "soften")

    assert main(["review"]) == 1


def test_what_a_review_learnt_is_kept_for_the_next_one(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["review", "--format", "json"])
    first = capsys.readouterr().out
    main(["review", "--format", "json"])

    assert capsys.readouterr().out == first
    assert facts_in(repository / "home" / ".cache" / "backend-expert") == 2

    main(["review", "--cache", "elsewhere"])
    assert facts_in(repository / "elsewhere") == 2


def test_a_review_needs_no_folder_to_keep_anything_in(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "home").write_text("no folder")

    assert main(["review"]) == 1
    assert capsys.readouterr().err == ""


def test_what_is_not_committed_is_reviewed_on_request(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "newest.py").write_text(NESTED)

    main(["review", "--uncommitted", "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert [finding["path"] for finding in document["findings"]] == ["new.py", "newest.py"]


def test_a_bare_repository_is_reviewed(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.git"
    git(repository, "clone", "--quiet", "--bare", str(repository), str(bare))

    assert main(["review", "--repo", str(bare), "--base", "main", "--head", "change"]) == 1


@pytest.mark.parametrize("word", ["ASY106", "asy106", "nested-event-loop", "async_patterns"])
def test_a_rule_is_explained_by_code_name_or_group(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["explain", word])

    assert status == 0
    assert "ASY106 nested-event-loop" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["polymarket-api", "news_api", "TradingView-Widget"])
def test_a_service_is_explained_by_its_name(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["explain", word])

    assert status == 0
    assert (
        capsys.readouterr()
        .out.lower()
        .startswith("# " + word.lower().replace("-", " ").replace("_", " "))
    )


def test_the_rules_are_listed_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    main(["rules", "--format", "json"])

    listed = {rule["code"]: rule["name"] for rule in json.loads(capsys.readouterr().out)}
    assert listed["ASY106"] == "nested-event-loop"


def test_check_imports_nothing_of_the_service(folder: Path) -> None:
    (folder / "clean.py").write_text(CLEAN)
    code = (
        "import sys; from worker.cli import main; main(['check', 'clean.py']); "
        "heavy = {'fastapi', 'sqlalchemy', 'githubkit', 'libcst', 'sqlglot', 'rich', 'pydantic'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    (folder / "bad.py").write_text(NESTED * 200)
    process = subprocess.Popen(
        [*COMMAND, "check", "bad.py", "--fail-on", "never"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()

    _, complaint = process.communicate(timeout=30)

    assert complaint == b""


def test_a_terminal_without_unicode_is_served(folder: Path) -> None:
    (folder / "bad.py").write_text(NESTED.replace("asyncio.run", 'print("日") or asyncio.run'))

    out = subprocess.run(
        [*COMMAND, "check", "bad.py", "--fail-on", "never"],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert b"\\u65e5" in out.stdout


@pytest.mark.parametrize("given", ["--policy", "POLICY_FILE"])
def test_the_policy_of_the_operator_decides_here_too(
    folder: Path, given: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (folder / "app.py").write_text(NESTED)
    (folder / "pyproject.toml").write_text('[tool.backend-expert]\nignore = ["ASY106"]\n')
    (folder / "policy.toml").write_text('locked = ["ignore"]\nselect = ["ASY106"]\n')
    assert main(["check", "app.py"]) == 0
    capsys.readouterr()

    more = ["--policy", "policy.toml"] if given == "--policy" else []
    if not more:
        monkeypatch.setenv("POLICY_FILE", str(folder / "policy.toml"))

    assert main(["check", "app.py", *more]) == 1
    assert "`ignore` is decided by the operator of this service" in capsys.readouterr().out


def test_a_policy_that_the_service_would_refuse_is_bad_use(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "app.py").write_text(CLEAN)
    (folder / "policy.toml").write_text('selekt = ["ASY106"]\n')

    statuses = [
        main(["check", "app.py", "--policy", name]) for name in ("policy.toml", "nowhere.toml")
    ]

    assert statuses == [2, 2]
    said = capsys.readouterr().err
    assert "did you mean `select`?" in said
    assert "nowhere.toml: No such file" in said


def test_a_baseline_is_written_left_out_and_pruned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "pyproject.toml").touch()
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    source = "import asyncio\n\n\nasync def go() -> None:\n    asyncio.run(go())\n"
    old.write_text(source)

    assert main(["baseline", str(tmp_path)]) == 0
    assert " added, 0 taken out)." in capsys.readouterr().out
    assert main(["check", str(tmp_path), "--select", "ASY106"]) == 0
    assert "of the baseline left out." in capsys.readouterr().out
    old.rename(tmp_path / "moved.py")
    assert main(["check", str(tmp_path), "--select", "ASY106"]) == 0
    capsys.readouterr()
    assert main(["baseline", str(tmp_path), "--prune"]) == 0
    written = (tmp_path / ".github" / "backend-expert-baseline.json").read_text()
    assert ("moved.py ASY106 " in written, "old.py" in written) == (True, False)
    (tmp_path / "moved.py").rename(old)
    assert main(["baseline", str(tmp_path)]) == 0
    new.write_text(source)
    assert main(["check", str(tmp_path), "--select", "ASY106"]) == 1
    old.write_text('"""Nothing."""\n')
    capsys.readouterr()
    assert main(["baseline", str(tmp_path), "--prune"]) == 0

    assert ": 0 findings (0 added, " in capsys.readouterr().out
