"""What a review says on a pull request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.core.findings import Finding, Review, Skipped, Suggestion, Verdict
from rules.core.render import Links, comment, fixed_comment, grouped_comment
from rules.core.report.assessment import Assessment, Item
from rules.core.report.check_run import annotation, check_run
from rules.core.report.summary import component_of, summary
from rules.core.rule import Severity, Step

SHA = "0123456789abcdef0123456789abcdef01234567"
LINKS = Links("https://expert.example/", "https://github.com/o/r", SHA, lambda _: "So it is.")
SQL = Finding(
    rule="SEC101",
    name="sql-injection",
    severity=Severity.CRITICAL,
    group="security",
    path="app/db.py",
    line=12,
    end_line=12,
    column=5,
    message="The f-string puts `user_id` into the SQL text; bind it.",
    fingerprint="deadbeefcafe0000",
)
SLEEP = Finding(
    rule="ASY101",
    name="blocking-call-in-async",
    severity=Severity.WARNING,
    group="async_patterns",
    path="app/poll.py",
    line=3,
    end_line=3,
    column=5,
    message="`time.sleep` blocks the event loop; use `asyncio.sleep`.",
    fingerprint="0badcafe00000000",
)


def test_a_comment_says_what_why_and_what_to_do() -> None:
    finding = replace(
        SQL,
        trace=(Step("app/api.py", 4, "`get` calls `fetch`"),),
        fix=Suggestion(12, 12, "    run(sql, (user_id,))\n"),
    )

    body = comment(finding, LINKS, marker="<!-- marker -->")

    blob = f"https://github.com/o/r/blob/{SHA}"
    assert body == (
        "<!-- marker -->\n"
        "🔴 **sql-injection** [`SEC101`](https://expert.example/rules/SEC101) · Security\n\n"
        "The f-string puts `user_id` into the SQL text; bind it.\n\n"
        "So it is.\n\n"
        f"1. [`app/api.py:4`]({blob}/app/api.py#L4) `get` calls `fetch`\n\n"
        "```suggestion\n    run(sql, (user_id,))\n```\n\n"
        "<sub>On purpose? Comment `/dismiss deadbeef reason`, "
        "or write `# noqa: SEC101` on the line.</sub>\n"
    )


def test_a_suggestion_that_hides_something_is_not_offered() -> None:
    fix = Suggestion(12, 12, "run(sql)  # \u202egnol\n")

    body = comment(replace(SQL, fix=fix), LINKS)

    assert "suggestion" not in body


def test_many_findings_of_one_rule_become_one_comment() -> None:
    other = replace(SQL, line=20, fingerprint="feedface00000000")

    body = grouped_comment([SQL, other], Links())

    assert body == (
        "🔴 **sql-injection** `SEC101` · Security · 2 places\n\n"
        "The f-string puts `user_id` into the SQL text; bind it.\n\n"
        "- `app/db.py:12` <sub>`deadbeef`</sub>\n"
        "- `app/db.py:20` <sub>`feedface`</sub>\n\n"
        "<sub>On purpose? Comment `/dismiss deadbeef reason`, "
        "or write `# noqa: SEC101` on the line.</sub>\n"
    )


def test_a_fixed_finding_says_in_which_commit() -> None:
    body = fixed_comment(SQL, SHA, LINKS)

    assert body.startswith(
        f"✅ **sql-injection** fixed in [`0123456`](https://github.com/o/r/commit/{SHA})\n"
    )


def test_the_summary_has_the_form_of_the_skill() -> None:
    items = (
        Item(SQL, url="https://github.com/o/r/pull/1#discussion_r1"),
        Item(SLEEP, "fixed", fixed_sha=SHA),
        Item(replace(SLEEP, line=9), "dismissed", dismissed_by="alice", reason="a script, @bob"),
    )
    review = Review(
        findings=(SQL,), verdict=Verdict.FINDINGS, reviewed=3, out_of_scope={"not Python": 2}
    )

    body = summary(Assessment(review, items), "app (2 files)", Links())

    rows = [
        "| | Checklist | 🔴 | 🟡 | 🟢 |",
        "|:-:|---|:-:|:-:|:-:|",
        "| 🔴 | Security | 1 |  |  |",
        "| ✅ | Error handling |  |  |  |",
        "| ✅ | Async patterns |  |  |  |",
        "| ✅ | Resource management |  |  |  |",
        "| ✅ | Python 3.12 |  |  |  |",
        "| ✅ | FastAPI |  |  |  |",
        "| ✅ | SQLite |  |  |  |",
        "| ✅ | API integrations |  |  |  |",
        "| ✅ | Architecture |  |  |  |",
    ]
    at = "[`app/db.py:12`](https://github.com/o/r/pull/1#discussion_r1)"
    assert body.split("\n\n") == [
        "## Code Review: app (2 files)",
        "### 🔴 Critical Issues",
        (
            f"- [ ] **sql-injection** `SEC101` {at}: "
            "The f-string puts `user_id` into the SQL text; bind it. <sub>`deadbeef`</sub>"
        ),
        "### 🟡 Warnings",
        (
            "- [x] ~~**blocking-call-in-async** `ASY101` `app/poll.py:3`~~ fixed in `0123456`\n"
            "- [x] ~~**blocking-call-in-async** `ASY101` `app/poll.py:9`~~ dismissed by **alice**: "
            "a script, @\u200bbob <sub>`0badcafe`</sub>"
        ),
        "### 🟢 Suggestions",
        "None.",
        "### Summary",
        "**1 critical** in 3 files. So far 1 fixed and 1 dismissed.",
        f"Fix first: sql-injection at {at}.",
        "\n".join(rows),
        "<sub>2 files out of scope (2 not Python).</sub>",
        "<sub>Reviewed 3 files. Comment `/recheck` to look again, `/help` for more.</sub>\n",
    ]


def test_a_clean_review_is_short() -> None:
    body = summary(Assessment.of(Review(reviewed=1)), "app/x.py", Links())

    assert body.startswith(
        "## Code Review: app/x.py\n\n### Summary\n\n✅ Nothing to report in 1 file.\n\n| |"
    )


def test_what_was_not_reviewed_is_listed_and_nothing_is_ticked() -> None:
    review = Review(skipped=(Skipped("a.py", "syntax error at line 3"),), verdict=Verdict.PARTIAL)

    body = summary(Assessment.of(review), "a.py", Links())

    assert "<summary>Not reviewed (1)</summary>\n\n- `a.py`: syntax error at line 3\n" in body
    assert "✅" not in body


@pytest.mark.parametrize(
    ("review", "fail_on", "conclusion", "title"),
    [
        (Review(), "critical", "success", "No findings"),
        (Review(findings=(SLEEP,)), "critical", "neutral", "1 warning"),
        (Review(findings=(SLEEP,)), "warning", "failure", "1 warning"),
        (Review(findings=(SQL, SLEEP)), "critical", "failure", "1 critical, 1 warning"),
        (Review(findings=(SQL,)), "never", "neutral", "1 critical"),
        (
            Review(skipped=(Skipped("a.py", "x"),), verdict=Verdict.PARTIAL),
            "critical",
            "neutral",
            "Partial review: no findings; 1 file not reviewed",
        ),
        (
            Review(findings=(SQL,), skipped=(Skipped("a", "x"),), verdict=Verdict.PARTIAL),
            "critical",
            "failure",
            "Partial review: 1 critical; 1 file not reviewed",
        ),
        (Review(verdict=Verdict.FAILED), "critical", "failure", "The review failed: see the log"),
        (Review(verdict=Verdict.SKIPPED), "critical", "skipped", "Not reviewed: nothing to review"),
    ],
)
def test_the_check_concludes_from_the_same_numbers(
    review: Review, fail_on: str, conclusion: str, title: str
) -> None:
    assessment = Assessment.of(review, fail_on=fail_on)  # type: ignore[arg-type]

    run = check_run(assessment, Links())

    assert (run.conclusion, run.title) == (conclusion, title)


def test_a_dismissed_finding_does_not_fail_the_check() -> None:
    review = Review(findings=(SQL,), verdict=Verdict.FINDINGS)

    assessment = Assessment(review, (Item(SQL, "dismissed"),))

    assert (assessment.conclusion, assessment.title) == ("success", "no findings")


def test_an_annotation_is_plain_text_on_its_lines() -> None:
    made = annotation(replace(SQL, end_line=14, message="a\x1b[2J `b`"))

    assert (made.path, made.start_line, made.end_line) == ("app/db.py", 12, 14)
    assert (made.annotation_level, made.title) == ("failure", "SEC101 sql-injection")
    assert made.message == "a\\u001b[2J `b`"


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        ([], "no files"),
        (["app/x.py"], "app/x.py"),
        (["app/x.py", "app/db/y.py"], "app (2 files)"),
        (["app/x.py", "worker/y.py"], "2 files"),
        (["x.py", "app/y.py"], "2 files"),
    ],
)
def test_a_review_is_named_after_what_it_reviewed(paths: list[str], name: str) -> None:
    assert component_of(paths) == name


def test_ten_thousand_findings_fit_into_one_comment() -> None:
    findings = tuple(replace(SQL, line=line) for line in range(1, 10_001))

    body = summary(Assessment.of(Review(findings=findings)), "app", LINKS)

    assert len(body) < 65_536
    assert "and 9940 more" in body
