"""Edits touch only the lines that change, and are offered only when they prove right."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from rules import catalog
from rules.core import fixes
from rules.core.findings import Suggestion
from rules.core.rule import Problem
from rules.core.source import SourceFile

if TYPE_CHECKING:
    from rules.core.rule import Fix


def edit_of_call(text: str, fix: Fix, name: str = "old") -> Suggestion | None:
    file = SourceFile("app/x.py", text)
    return fixes.edit(file, Problem(next(file.calls(name)), "", fix))


NEW = fixes.expression("new()")


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("old()\n", "new()\n"),
        ("x = old()  # why\n", "x = new()  # why\n"),
        (
            "if a:\n    x = 1\nelif old():\n    y = 2\n",
            "if a:\n    x = 1\nelif new():\n    y = 2\n",
        ),
        ("with a, old() as b:\n    pass\n", "with a, new() as b:\n    pass\n"),
        (
            "class A:\n    def f(self):\n        return [\n            old(),\n            2,\n        ]\n",
            None,
        ),
        ("def f(a=old()):\n    return a\n", "def f(a=new()):\n    return a\n"),
        ("@old()\ndef f():\n    pass\n", "@new()\ndef f():\n    pass\n"),
        ("x = old()", "x = new()\n"),
        ("x = 'ü' + old() + 'ü'\n", "x = 'ü' + new() + 'ü'\n"),
        ("if a:\n\tx = old()\n", "if a:\n\tx = new()\n"),
    ],
)
def test_an_edit_replaces_the_call_and_nothing_else(text: str, edited: str | None) -> None:
    suggestion = edit_of_call(text, NEW)
    assert suggestion is not None
    assert fixes.applied(text, [suggestion]) == (edited or text.replace("old()", "new()"))


@pytest.mark.parametrize("text", ["old(); x = 1\n", "x = 1; old()\n", "if a: old()\n"])
def test_a_statement_that_shares_its_line_is_left_alone_or_edited_whole(text: str) -> None:
    suggestion = edit_of_call(text, NEW)
    assert suggestion is None or fixes.applied(text, [suggestion]) == text.replace("old", "new")


def test_only_the_changed_line_of_a_long_statement_is_suggested() -> None:
    text = "def f():\n    return [\n        1,\n        old(),\n        3,\n    ]\n"
    assert edit_of_call(text, NEW) == Suggestion(4, 4, "        new(),\n")


def test_line_ends_of_the_file_are_kept() -> None:
    assert edit_of_call("def f():\r\n    old()\r\n", NEW) == Suggestion(2, 2, "    new()\r\n")


def test_deep_nesting_never_reaches_libcst() -> None:
    assert edit_of_call("x = " + "(" * 80 + "old()" + ")" * 80 + "\n", NEW) is None


def test_a_statement_can_become_several_and_none() -> None:
    file = SourceFile("a.py", "def f():\n    x = old()\n    return x\n")
    statement = file.of(ast.Assign)[0]
    two = fixes.edit(file, Problem(statement, "", fixes.statement("x = new()\ny = x\n")))
    assert two == Suggestion(2, 2, "    x = new()\n    y = x\n")
    gone = fixes.edit(file, Problem(statement, "", fixes.remove))
    assert gone == Suggestion(2, 2, "")


def suggestion_for(text: str, fix: Fix) -> Suggestion | None:
    """The verified suggestion for a nested event loop in a text."""
    rule = catalog.all_rules()["ASY106"]
    file = SourceFile("app/x.py", text)
    (made,) = fixes.suggest(file, [(rule, Problem(next(file.calls("run")), "", fix))], [rule])
    return made


RUN = "import asyncio\n\nasync def go():\n    asyncio.run(go())\n"


def test_an_edit_that_repairs_the_problem_is_offered() -> None:
    found = suggestion_for(RUN, fixes.expression("await go()"))
    assert found == Suggestion(4, 4, "    await go()\n")


def test_one_edit_that_does_not_prove_right_spoils_no_other() -> None:
    rule = catalog.all_rules()["ASY106"]
    body = "".join(f"    asyncio.run(go({number}))\n" for number in range(5))
    file = SourceFile("app/x.py", f"import asyncio\n\nasync def go(number):\n{body}")
    texts = ["await go(0)", "await go(1)", "await not_defined_here()", "await go(3)", "await go(4)"]
    asked = [
        (rule, Problem(call, "", fixes.expression(text)))
        for call, text in zip(file.calls("run"), texts, strict=True)
    ]

    made = fixes.suggest(file, asked, [rule])

    assert [one and one.replacement.strip() for one in made] == [*texts[:2], None, *texts[3:]]


def test_an_edit_that_repairs_more_makes_up_for_no_other() -> None:
    rule = catalog.all_rules()["ASY106"]
    file = SourceFile(
        "app/x.py",
        "import asyncio\n\nasync def go(number):\n"
        "    asyncio.run(go(0)), asyncio.run(go(1))\n    asyncio.run(go(2))\n",
    )
    first, _, last = file.calls("run")
    both, same = "await go(0), await go(1)", "asyncio.run(go(3))"
    asked = [
        (rule, Problem(file.statement(first), "", fixes.statement(both))),
        (rule, Problem(last, "", fixes.expression(same))),
    ]

    made = fixes.suggest(file, asked, [rule])

    assert made == [Suggestion(4, 4, f"    {both}\n"), None]


def test_an_edit_that_needs_what_another_one_defines_is_not_offered() -> None:
    rule = catalog.all_rules()["ASY106"]
    file = SourceFile(
        "app/x.py",
        "import asyncio\n\nasync def go(number):\n    asyncio.run(go(0))\n    asyncio.run(go(1))\n",
    )
    texts = ["made = await go(0)", "await go(made)"]
    asked = [
        (rule, Problem(file.statement(call), "", fixes.statement(text)))
        for call, text in zip(file.calls("run"), texts, strict=True)
    ]

    first, second = fixes.suggest(file, asked, [rule])

    assert first == Suggestion(4, 4, "    made = await go(0)\n")
    assert second is None


@pytest.mark.parametrize(
    "text",
    ["asyncio.run(go(1))", "await not_defined_here()", "asyncio.run(asyncio.run(go()))"],
)
def test_an_edit_that_does_not_prove_right_is_not_offered(text: str) -> None:
    assert suggestion_for(RUN, fixes.expression(text)) is None
