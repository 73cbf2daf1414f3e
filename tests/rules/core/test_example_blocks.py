"""The examples in documentation are read as their authors meant them."""

from __future__ import annotations

from rules.core.examples import Example, ExampleFile, Expected, parse
from rules.core.rule import Severity

DOCUMENT = """A title.

    The wrong way, twice:

    ```python
    run(sql)  # finding
    run(
        sql,
    )  # finding x2
    go()  # finding: warning
    ```

    ```python fixed
    run_safely(sql)
    ```

    Elsewhere it is fine:

    ```python
    # path: tests/test_x.py
    run(sql)
    ```

    Two files and a schema:

    ```python app/db.py
    x = 1
    ```
    ```python app/api.py
    y = 2  # finding
    ```
    ```sql schema.sql
    CREATE TABLE a (b);
    ```

    What the configuration says is no example:

    ```toml
    x = 1
    ```
    """


def test_markers_and_paths_and_fixed_code_are_read() -> None:
    first, second, third = parse(DOCUMENT)

    assert first == Example(
        title="The wrong way, twice",
        line=5,
        files=(
            ExampleFile(
                path="app/example.py",
                text="run(sql)\nrun(\n    sql,\n)\ngo()\n",
                expected=(Expected(1), Expected(4, 2), Expected(5, 1, Severity.WARNING)),
                fixed="run_safely(sql)\n",
            ),
        ),
    )
    assert second.files == (ExampleFile("tests/test_x.py", "# path: tests/test_x.py\nrun(sql)\n"),)
    assert third == Example(
        title="Two files and a schema",
        line=26,
        files=(
            ExampleFile("app/db.py", "x = 1\n"),
            ExampleFile("app/api.py", "y = 2\n", (Expected(1),)),
            ExampleFile("schema.sql", "CREATE TABLE a (b);\n"),
        ),
    )


def test_a_longer_fence_holds_a_shorter_one() -> None:
    (example,) = parse('````python\nx = """\n```\n"""\n````\n')

    assert example.files[0].text == 'x = """\n```\n"""\n'
