"""SQL120."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.imported import local_name
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import FUNCTIONS
from rules.core.sql.queries import builder_of, calls_named, queries
from rules.sqlite.lazy import lazy_reads, single_reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile

_FILTERS = frozenset({"where", "filter", "having", "and_", "or_"})
_IMPORTS = ("sqlalchemy", "sqlmodel")
_SECOND = 2
_RUNS = frozenset({"execute", "scalar", "scalars"})
_ASYNC_OWNERS = {
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.AsyncConnection",
}
_OWNERS = {"sqlalchemy.orm.Session", "sqlalchemy.Connection"}
_LIMIT = re.compile(r"\.limit\(|\blimit\s+\S", re.IGNORECASE)


@rule("SQL120", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.MIGRATION,))
def sqlalchemy_misuse(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Python that SQLAlchemy cannot see: the query runs, and asks for something else.

    `and`, `or`, `not`, `is None` and `in` are decided by Python before SQLAlchemy sees them: the
    condition disappears or is always false, with no error. A `delete(...)` or `update(...)` that
    nobody executes changes nothing.

    ```python
    from sqlalchemy import delete, select
    from sqlalchemy.orm import Session

    from app.models import Article


    def find(session: Session, ids: list[int]) -> None:
        articles = select(Article)
        session.scalars(articles.where(Article.id == 1 and Article.title == "x"))  # finding
        session.scalars(articles.where(not Article.hidden))  # finding
        session.scalars(articles.where(Article.deleted_at is None))  # finding
        session.scalars(articles.where(Article.id in ids))  # finding
        delete(Article).where(Article.id == 1)  # finding
        session.commit()
    ```

    The rewrite of a test for NULL is certain:

    ```python
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from app.models import Article


    def visible(session: Session) -> list[Article]:
        query = select(Article).where(Article.deleted_at is None)  # finding
        return list(session.scalars(query))
    ```

    ```python fixed
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from app.models import Article


    def visible(session: Session) -> list[Article]:
        query = select(Article).where(Article.deleted_at.is_(None))
        return list(session.scalars(query))
    ```

    Counting by loading all rows is a warning:

    ```python
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from app.models import Article


    def count(session: Session) -> int:
        return len(session.scalars(select(Article)).all())  # finding: warning
    ```

    A lazy relationship in an async session raises `MissingGreenlet`:

    ```python
    from sqlalchemy import ForeignKey, select
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


    class Base(DeclarativeBase): ...


    class Author(Base):
        __tablename__ = "authors"
        id: Mapped[int] = mapped_column(primary_key=True)


    class Article(Base):
        __tablename__ = "articles"
        id: Mapped[int] = mapped_column(primary_key=True)
        author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
        author: Mapped[Author] = relationship()


    async def names(session: AsyncSession) -> list[int]:
        rows = (await session.scalars(select(Article))).all()
        return [row.author.id for row in rows]  # finding


    async def name(session: AsyncSession, key: int) -> int:
        article = await session.get(Article, key)
        return article.author.id  # finding
    ```

    Operators and functions that SQLAlchemy understands, and Python on plain values:

    ```python
    from sqlalchemy import and_, delete, select
    from sqlalchemy.orm import Session

    from app.models import Article


    def find(session: Session, ids: list[int], title: str | None, hidden: bool) -> None:
        session.scalars(select(Article).where(and_(Article.id == 1, Article.title == "x")))
        session.scalars(select(Article).where((Article.id == 1) & (Article.title == "x")))
        session.scalars(
            select(Article).where(~Article.hidden, Article.deleted_at.is_(None))
        )
        session.scalars(select(Article).where(Article.title == (title or "none")))
        session.scalars(select(Article).where(Article.hidden == (not hidden)))
        session.scalars(select(Article).where(Article.id.in_(ids)))
        session.execute(delete(Article).where(Article.id == 1))
        session.commit()
    ```
    """
    if not file.imports(*_IMPORTS):
        return
    yield from _python_in_filters(file)
    yield from _never_executed(file)
    yield from _counted_in_python(file)
    yield from _lazy_in_async(file)
    yield from _plain_texts(file)


def _python_in_filters(file: SourceFile) -> Iterator[Problem]:
    for call in calls_named(file, _FILTERS):
        if not _is_filter(call):
            continue
        for condition in call.args:
            if (problem := _python_in(condition, file)) is not None:
                yield problem


def _is_filter(call: ast.Call) -> bool:
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if last in {"and_", "or_"}:
        return True
    return isinstance(call.func, ast.Attribute) and not isinstance(call.func.value, ast.Constant)


def _python_in(condition: ast.expr, file: SourceFile) -> Problem | None:
    match condition:
        case ast.BoolOp(op=op, values=values) if all(_is_condition(v, file) for v in values):
            word, sign = ("and", "&") if isinstance(op, ast.And) else ("or", "|")
            return Problem(
                condition,
                f"`{word}` is decided by Python: only one side reaches the query."
                f" Use `{word}_(…)` or `(…) {sign} (…)`.",
            )
        case ast.UnaryOp(op=ast.Not(), operand=operand) if _is_column(
            operand, file
        ) or _is_condition(operand, file):
            return Problem(
                condition,
                "`not` is decided by Python, so the condition is constant. Use `~(…)` or `not_(…)`.",
            )
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[right]) if (
            _is_column(left, file)
        ):
            method = "is_" if isinstance(op, ast.Is) else "is_not"
            return Problem(
                condition,
                f"`{file.source(condition)}` is decided by Python and is always"
                f" `{isinstance(op, ast.IsNot)}`. Use `{file.source(left)}.{method}({file.source(right)})`.",
                fix=_method(f"{file.source(left)}.{method}({file.source(right)})"),
            )
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn() as op], comparators=[right]) if (
            _is_column(left, file)
        ):
            method = "in_" if isinstance(op, ast.In) else "not_in"
            return Problem(
                condition,
                f"`in` is decided by Python, not by the query."
                f" Use `{file.source(left)}.{method}({file.source(right)})`.",
                fix=_method(f"{file.source(left)}.{method}({file.source(right)})"),
            )
        case _:
            return None


def _is_column(node: ast.expr, file: SourceFile) -> bool:
    """`Article.title`: an attribute of a class, in upper camel case or known as a model."""
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value
    last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    if last in {"c", "columns"}:
        return True
    if not (last[:1].isupper() and any(letter.islower() for letter in last)):
        return False
    return not node.attr.isupper() and not _is_enum(owner, file)


def _is_enum(owner: ast.expr, file: SourceFile) -> bool:
    class_ = file.defined.classes.get(file.qualified_name(owner) or "")
    return class_ is not None and any("Enum" in file.source(base) for base in class_.bases)


def _is_condition(node: ast.expr, file: SourceFile) -> bool:
    match node:
        case ast.Compare(left=left, comparators=[right]):
            return _is_column(left, file) or _is_column(right, file)
        case ast.Call(func=ast.Attribute(value=value, attr=attr)):
            return attr in {"in_", "is_", "like", "ilike", "contains", "any", "has", "not_in"} and (
                _is_column(value, file)
            )
        case ast.BoolOp(values=values):
            return all(_is_condition(value, file) for value in values)
        case _:
            return False


def _method(text: str) -> Fix:
    def fix(_: cst.CSTNode) -> Rewritten:
        import libcst as cst

        return cst.parse_expression(text)

    return fix


def _never_executed(file: SourceFile) -> Iterator[Problem]:
    for statement in file.of(ast.Expr):
        if not isinstance(statement.value, ast.Call):
            continue
        built = builder_of(file, statement.value)
        if built is not None and built[0] in {"delete", "update", "insert"}:
            if _runs(statement.value):
                continue
            yield Problem(
                statement.value,
                f"This `{built[0]}(…)` is built and thrown away: nothing runs it."
                " Give it to `session.execute(…)`.",
            )


def _runs(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in {
        "execute",
        "exec",
        "all",
        "run",
    }


def _counted_in_python(file: SourceFile) -> Iterator[Problem]:
    if file.kind is FileKind.TEST:
        return  # A test knows how few there are.
    for call in calls_named(file, frozenset({"len"})):
        if len(call.args) != 1:
            continue
        given = call.args[0].value if isinstance(call.args[0], ast.Await) else call.args[0]
        if isinstance(given, ast.Call) and _loads_all(given, file) and not _is_limited(given, file):
            shown = " ".join(file.source(call).split())[:60]
            yield Problem(
                call,
                f"`{shown}` loads every row to count them."
                " Ask the database: `select(func.count())`.",
                severity=Severity.WARNING,
            )


def _is_limited(call: ast.Call, file: SourceFile) -> bool:
    """Whether no more rows than a number come back: they are counted up to that."""
    texts = [
        query.sql if query.text is not None else file.source(query.statement or query.call)
        for query in queries(file)
        if any(node is query.call for node in ast.walk(call))
    ]
    return any(_LIMIT.search(text) for text in (file.source(call), *texts))


def _loads_all(call: ast.Call, file: SourceFile) -> bool:
    """`session.query(X).all()`, `session.scalars(select(X)).all()`, `list(session.exec(…))`."""
    func = call.func
    if isinstance(func, ast.Name) and func.id == "list" and call.args:
        inner = call.args[0]
    elif isinstance(func, ast.Attribute) and func.attr in {"all", "fetchall"}:
        if any(query.call is call and query.verb == "select" for query in queries(file)):
            return True
        inner = func.value
    else:
        return False
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in {
        "scalars", "unique",
    } and not inner.args:  # fmt: skip
        inner = inner.func.value
    if isinstance(inner, ast.Await):
        inner = inner.value
    return any(query.call is inner and query.verb == "select" for query in queries(file))


def _lazy_in_async(file: SourceFile) -> Iterator[Problem]:
    for read in (*lazy_reads(file), *single_reads(file)):
        function = file.enclosing_function(read.node)
        if not isinstance(function, ast.AsyncFunctionDef) or not file.imports(
            "sqlalchemy.ext.asyncio", "sqlmodel.ext.asyncio"
        ):
            continue
        if any(
            isinstance(parent, (*FUNCTIONS, ast.Lambda)) and parent is not function
            for parent in _until(read.node, function, file)
        ):
            continue
        yield Problem(
            read.node,
            f"`{file.source(read.node)}` is loaded lazily, which an async session refuses"
            f" (`MissingGreenlet`). Add `.options(selectinload({read.model}.{read.attribute}))`.",
        )


def _plain_texts(file: SourceFile) -> Iterator[Problem]:
    """`session.execute("SELECT 1")`: SQLAlchemy 2 takes statements and no plain text."""
    for call in calls_named(file, _RUNS):
        name = file.qualified_name(call.func) or ""
        owner = name.rpartition(".")[0]
        if owner not in _ASYNC_OWNERS | _OWNERS or not _is_second(owner, file):
            continue
        given = call.args[0] if call.args else None
        if given is None or not (
            isinstance(given, ast.JoinedStr) or isinstance(file.literal(given), str)
        ):
            continue
        text = local_name(file, "sqlalchemy", "text")
        yield Problem(
            given,
            f"`{file.source(call.func)}` takes no plain text since SQLAlchemy 2 and raises"
            " `ObjectNotExecutableError`. Wrap it: `text(…)`.",
            fix=fixes.expression(f"{text}({file.source(given)})")
            if text and given.lineno == given.end_lineno
            else None,
        )


def _is_second(owner: str, file: SourceFile) -> bool:
    """Whether the project asks for SQLAlchemy 2; else the file uses what hardly anybody has before."""
    major = file.project.requirements.major("sqlalchemy", file.path) if file.project else None
    if major is not None:
        return major == _SECOND
    return owner in _ASYNC_OWNERS or file.imports(
        "sqlalchemy.orm.DeclarativeBase", "sqlalchemy.orm.Mapped", "sqlalchemy.orm.mapped_column"
    )


def _until(node: ast.AST, end: ast.AST, file: SourceFile) -> Iterator[ast.AST]:
    for parent in file.ancestors(node):
        if parent is end:
            return
        yield parent
