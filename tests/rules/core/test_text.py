"""Text that code builds is read as constant parts and holes."""

from __future__ import annotations

import ast

import pytest

from rules.core.source import SourceFile


def read(code: str) -> list[str] | None:
    """The parts of the argument of `use(...)`, holes in angle brackets."""
    file = SourceFile("a.py", code)
    text = file.text_of(next(file.calls("use")).args[0])
    if text is None:
        return None
    return [part if isinstance(part, str) else f"<{ast.unparse(part)}>" for part in text.parts]


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("use('a' 'b')", ["ab"]),
        ("use(f'a {x} b {y!r}')", ["a ", "<x>", " b ", "<y>"]),
        ("use('a ' + x + ' b' + 'c')", ["a ", "<x>", " bc"]),
        ("use('a %s b %d %%' % (x, y))", ["a ", "<x>", " b ", "<y>", " %"]),
        ("use('a %(n)s' % {'n': x})", ["a ", "<x>"]),
        ("use('a {} {n} {{}}'.format(x, n=y))", ["a ", "<x>", " ", "<y>", " {}"]),
        ("use('{0} {0}'.format(x))", ["<x>", " ", "<x>"]),
        ("use(', '.join(['a', x]))", ["a, ", "<x>"]),
        ("use(', '.join(xs))", ["<xs>"]),
        ("use('A '.strip().lower() + x)", ["A ", "<x>"]),
        ("T = 'users'\nuse(f'from {T} where {x}')", ["from users where ", "<x>"]),
        ("def f():\n    q = 'a'\n    q += x\n    use(q)", None),
        ("def f(q):\n    use(q)", None),
        ("def f(b):\n    q = 'a'\n    if b:\n        q = 'b'\n    use(q)", None),
        ("use(f'{1} {True}')", ["1 True"]),
        ("use(x)", None),
    ],
)
def test_the_parts_of_a_text(code: str, parts: list[str] | None) -> None:
    assert read(code) == parts


def test_a_long_sum_does_not_recurse() -> None:
    assert read("use(" + " + ".join(["'a'"] * 900) + ")") == ["a" * 900]
