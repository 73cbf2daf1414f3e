"""With which codes ruff reports the very problem that a finding is about.

Ruff sees one file, the names that it imports and the words of a call; it does not follow values,
types or data. So what a rule finds beyond that is not a repetition, even where a project's ruff
selects the nearest code. `tests/rules/test_said_by_ruff.py` asks ruff itself.
"""

from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING

from rules.core.scopes import FUNCTIONS, FunctionNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.core.rule import Rule
    from rules.core.source import SourceFile

    type Codes = tuple[str, ...]

_VERBS = {"get", "options", "head", "post", "put", "patch", "delete", "request"}
_TIMED = {f"requests.{verb}" for verb in _VERBS}
_UNTIMED = {f"httpx.{name}" for name in (*_VERBS, "stream", "Client", "AsyncClient")}
_LOOPS = {"asyncio.get_event_loop", "asyncio.get_running_loop", "asyncio.new_event_loop"}
_BLOCKING = (
    ("time.sleep", ("ASYNC251",)),
    ("requests.", ("ASYNC210",)),
    ("urllib.request.urlopen", ("ASYNC210",)),
    ("httpx.Client", ("ASYNC212",)),
    ("httpx.", ("ASYNC210",)),
    ("subprocess.", ("ASYNC220", "ASYNC221", "ASYNC222")),
    ("os.system", ("ASYNC221",)),
    ("open", ("ASYNC230",)),
    ("input", ("ASYNC250",)),
)
_NAIVE = {
    "datetime.datetime": "DTZ001",
    "datetime.datetime.today": "DTZ002",
    "datetime.datetime.utcnow": "DTZ003",
    "datetime.datetime.utcfromtimestamp": "DTZ004",
    "datetime.datetime.now": "DTZ005",
    "datetime.datetime.fromtimestamp": "DTZ006",
}
_IMMUTABLE = {"bool", "bytes", "complex", "float", "frozenset", "int", "object", "str", "tuple"}
_PASSWORD = re.compile(r"(^|_)(pas+wo?r?d|pass(phrase)?|pwd|token|secrete?)($|_)", re.IGNORECASE)
_SQL = re.compile(
    r"\b(?:select\s+.*\s+from\s|(?:delete|insert|replace|merge)\s+(?:from|into)\s|update\s+.*\s+set\s)",
    re.IGNORECASE | re.DOTALL,
)


def said_by_ruff(rule: Rule, node: ast.AST, file: SourceFile) -> Codes:
    """The codes, of those that the rule names as its peers, that ruff gives this place."""
    reach = _REACH.get(rule.code)
    return rule.ruff if reach is None else reach(node, file)


def _name(node: ast.AST | None, file: SourceFile) -> str:
    """What an expression is called as its text and the imports tell; values are not followed."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    bindings = file.scopes.lookup(node.id, file.scopes.of(node))
    if any(binding.kind != "import" for binding in bindings):
        return ""
    root = bindings[-1].target if bindings else node.id
    return ".".join((root, *reversed(parts)))


def _called(node: ast.AST, file: SourceFile) -> str:
    """The name of what a call, or the only call of an expression statement, calls."""
    if isinstance(node, ast.Expr):
        node = node.value
    return _name(node.func, file) if isinstance(node, ast.Call) else ""


def _method(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Attribute(attr=name)):
            return name
        case _:
            return ""


def _keyword(node: ast.AST, name: str) -> ast.expr | None:
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return next((keyword.value for keyword in keywords if keyword.arg == name), None)


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _no_timeout(node: ast.AST, file: SourceFile) -> Codes:
    name = _called(node, file)
    is_told = name in _UNTIMED and _is(_keyword(node, "timeout"), value=None)
    return ("S113",) if is_told or name in _TIMED else ()


def _blocking(node: ast.AST, file: SourceFile) -> Codes:
    if not isinstance(file.enclosing_function(node), ast.AsyncFunctionDef):
        return ()
    name = _called(node, file)
    return next((codes for known, codes in _BLOCKING if name.startswith(known)), ())


def _dangling(node: ast.AST, file: SourceFile) -> Codes:
    """A statement of its own; what is bound to a name that nobody reads is rare enough to repeat."""
    if not isinstance(node, ast.Expr):
        return ()
    known = _called(node, file) in {"asyncio.create_task", "asyncio.ensure_future"}
    return ("RUF006",) if known or _on_a_loop(node.value, file) else ()


def _on_a_loop(call: ast.expr, file: SourceFile) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name() as loop, attr="create_task")):
            return _called(file.value(loop) or loop, file) in _LOOPS
        case _:
            return False


def _swallowed(node: ast.AST, file: SourceFile) -> Codes:
    if not isinstance(node, ast.ExceptHandler) or len(node.body) != 1:
        return ()
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    if node.type and not any(
        _name(each, file) in {"Exception", "BaseException"} for each in caught
    ):
        return ()
    match node.body[0]:
        case ast.Pass():
            return ("S110",)
        case ast.Continue():
            return ("S112",)
        case _:
            return ()


def _not_raised(node: ast.AST, file: SourceFile) -> Codes:
    known: object = getattr(builtins, _called(node, file), None)
    is_exception = isinstance(known, type) and issubclass(known, BaseException)
    return ("PLW0133",) if is_exception else ()


def _caught_twice(node: ast.AST, file: SourceFile) -> Codes:
    attempt = file.parent(node)
    if not isinstance(node, ast.ExceptHandler) or not isinstance(attempt, (ast.Try, ast.TryStar)):
        return ()
    caught = [file.source(handler.type) for handler in attempt.handlers if handler.type]
    return ("B025",) if node.type and caught.count(file.source(node.type)) > 1 else ()


def _naive(node: ast.AST, file: SourceFile) -> Codes:
    code = _NAIVE.get(_called(node, file))
    return (code,) if code else ()


def _mutable(node: ast.AST, _: SourceFile) -> Codes:
    """Defaults of functions; with a dataclass it is the value that is reported, else the statement."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.arg)):
        return ("B006",)
    return ("RUF008",) if isinstance(node, ast.expr) else ()


def _called_once(node: ast.AST, file: SourceFile) -> Codes:
    class_ = file.enclosing_class(node)
    for parent in file.ancestors(node):
        if isinstance(parent, ast.arguments):
            return () if _is_immutable(node, parent, file) else ("B008",)
        if isinstance(parent, ast.stmt):
            break
    decorators = class_.decorator_list if class_ else []
    is_dataclass = any("dataclass" in file.source(decorator) for decorator in decorators)
    return ("RUF009",) if is_dataclass else ()


def _is_immutable(default: ast.AST, arguments: ast.arguments, file: SourceFile) -> bool:
    """Whether the argument of a default says that its value cannot change."""
    function = file.parent(arguments)
    if not isinstance(function, FUNCTIONS):
        return False
    within = (
        argument
        for argument, value in file.parameters(function)
        if value is not None and default in file.within(value)
    )
    annotation = next((file.source(each.annotation) for each in within if each.annotation), "")
    return annotation in _IMMUTABLE


def _optional(node: ast.AST, file: SourceFile) -> Codes:
    return ("RUF013",) if isinstance(file.parent(node), ast.arg) else ()


def _generator(node: ast.AST, file: SourceFile) -> Codes:
    parent = file.parent(node)
    return ("C419",) if _called(parent or node, file) in {"any", "all"} else ()


def _self_type(node: ast.AST, file: SourceFile) -> Codes:
    function = _function_around(node, file)
    name = function.name if function else ""
    return ("PYI034",) if re.fullmatch(r"__(new|a?enter|i[a-z]+)__", name) else ()


def _function_around(node: ast.AST, file: SourceFile) -> FunctionNode | None:
    """The function that the node is or is a part of, its decorators and annotations too."""
    around = (node, *file.ancestors(node))
    return next((each for each in around if isinstance(each, FUNCTIONS)), None)


def _unclosed(node: ast.AST, file: SourceFile) -> Codes:
    if isinstance(file.statement(node), ast.Return):
        return ()
    name = _called(node, file)
    return ("SIM115",) if name in {"open", "io.open"} or name.startswith("tempfile.") else ()


def _sql(node: ast.AST, file: SourceFile) -> Codes:
    return ("S608",) if _SQL.search(file.source(node)) else ()


def _secret(node: ast.AST, file: SourceFile) -> Codes:
    match file.parent(node):
        case (
            ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)])
            | ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name))
        ):
            code = "S105"
        case ast.Compare(left=ast.Name(id=name) | ast.Attribute(attr=name)):
            code = "S105"
        case ast.keyword(arg=str(name)):
            code = "S106"
        case ast.arguments():
            return ("S107",) if _PASSWORD.search(_argument_of(node, file)) else ()
        case _:
            return ()
    return (code,) if _PASSWORD.search(name) else ()


def _argument_of(default: ast.AST, file: SourceFile) -> str:
    for function in file.ancestors(default):
        if isinstance(function, FUNCTIONS):
            pairs = file.parameters(function)
            return next((argument.arg for argument, value in pairs if value is default), "")
    return ""


def _request(node: ast.AST, file: SourceFile) -> Codes:
    return ("S310",) if _called(node, file).startswith("urllib.request.url") else ()


def _unverified(node: ast.AST, file: SourceFile) -> Codes:
    name = _called(node, file)
    if name == "ssl._create_unverified_context":
        return ("S323",)
    if name in {*_TIMED, *_UNTIMED} and _is(_keyword(node, "verify"), value=False):
        return ("S501",)
    return ()


def _shell(node: ast.AST, file: SourceFile) -> Codes:
    name = _called(node, file)
    if name in {"os.system", "os.popen"}:
        return ("S605",)
    if not _is(_keyword(node, "shell"), value=True):
        return ()
    return ("S602",) if name.startswith("subprocess.") else ("S604",)


def _markup(node: ast.AST, file: SourceFile) -> Codes:
    name = _called(node, file)
    if name == "jinja2.Environment":
        return ("S701",)
    return ("S704",) if name in {"markupsafe.Markup", "flask.Markup"} else ()


def _extracted(node: ast.AST, _: SourceFile) -> Codes:
    return ("S202",) if _method(node) == "extractall" else ()


def _weak_hash(node: ast.AST, file: SourceFile) -> Codes:
    name = _called(node, file)
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    weak = name == "hashlib.new" and file.literal(given) in {"md5", "sha1"}
    return ("S324",) if weak or name in {"hashlib.md5", "hashlib.sha1"} else ()


def _xml(node: ast.AST, file: SourceFile) -> Codes:
    return () if _called(node, file).startswith("lxml.") else ("S314", "S317", "S318")


def _debug(node: ast.AST, _: SourceFile) -> Codes:
    return ("S201",) if _method(node) == "run" else ()


def _of_a_route(code: str) -> Callable[[ast.AST, SourceFile], Codes]:
    """The code where a function is decorated with a router that its own file makes."""

    def reach(node: ast.AST, file: SourceFile) -> Codes:
        function = _function_around(node, file)
        for decorator in function.decorator_list if function else ():
            match decorator:
                case ast.Call(func=ast.Attribute(value=ast.Name() as router)):
                    made = _called(file.value(router) or router, file)
                    if made in {"fastapi.APIRouter", "fastapi.FastAPI"}:
                        return (code,)
                case _:
                    pass
        return ()

    return reach


def _nothing(*_: object) -> Codes:
    return ()


_REACH: dict[str, Callable[[ast.AST, SourceFile], Codes]] = {
    "API101": _no_timeout,
    "ASY101": _blocking,
    "ASY105": _dangling,
    "ASY118": _nothing,  # ASYNC119 speaks in preview only.
    "ERR101": _swallowed,
    "ARC111": _nothing,  # RUF100 looks at `noqa`, this rule at our own comments.
    "ERR105": _not_raised,
    "ERR113": _caught_twice,
    "FAS102": _of_a_route("FAST001"),
    "FAS103": _of_a_route("FAST002"),
    "FAS104": _of_a_route("FAST003"),
    "PYT104": _self_type,
    "PYT109": _mutable,
    "PYT110": _naive,
    "PYT116": _optional,
    "PYT117": _generator,
    "PYT118": _called_once,
    "RES106": _unclosed,
    "SEC101": _sql,
    "SEC102": _sql,
    "SEC103": _secret,
    "SEC109": _request,
    "SEC110": _unverified,
    "SEC111": _shell,
    "SEC113": _weak_hash,
    "SEC119": _markup,
    "SEC120": _xml,
    "SEC121": _extracted,
    "SEC123": _debug,
}
