"""Which calls carry data on, and which make it harmless."""

from __future__ import annotations

PASSES = frozenset({
    "str", "bytes", "bytearray", "repr", "format", "list", "tuple", "set", "frozenset", "dict",
    "sorted", "reversed", "next", "iter", "zip", "map", "filter", "enumerate", "max", "min",
    "copy.copy", "copy.deepcopy", "json.loads", "json.dumps", "orjson.loads", "orjson.dumps",
    "ujson.loads", "ujson.dumps", "simplejson.loads", "simplejson.dumps",
    "urllib.parse.unquote", "urllib.parse.unquote_plus", "urllib.parse.urljoin",
    "urllib.parse.urlparse", "urllib.parse.urlsplit", "urllib.parse.parse_qs",
    "urllib.parse.urlunparse", "os.path.join", "os.path.abspath", "os.path.normpath",
    "os.path.realpath", "os.path.expanduser", "os.fspath", "posixpath.join", "pathlib.Path",
    "pathlib.PurePath", "pathlib.PurePosixPath", "base64.b64decode", "base64.urlsafe_b64decode",
    "base64.b64encode", "bytes.fromhex", "textwrap.dedent", "textwrap.indent", "html.unescape",
    "typing.cast", "io.StringIO", "io.BytesIO", "sqlalchemy.text", "markupsafe.Markup",
    "httpx.URL", "yarl.URL", "string.Template", "getattr", "operator.itemgetter", "anyio.Path",
    "collections.ChainMap", "collections.OrderedDict", "itertools.chain", "vars", "dataclasses.asdict", "markdown.markdown", "mistune.html", "markdown2.markdown",
})  # fmt: skip
"""Callables whose result still holds what they were given."""

CLEANS: dict[str, frozenset[str] | None] = {
    "int": None,
    "float": None,
    "bool": None,
    "len": None,
    "abs": None,
    "round": None,
    "sum": None,
    "ord": None,
    "hash": None,
    "id": None,
    "type": None,
    "isinstance": None,
    "any": None,
    "all": None,
    "range": None,
    "uuid.UUID": None,
    "decimal.Decimal": None,
    "fractions.Fraction": None,
    "datetime.datetime.fromisoformat": None,
    "datetime.datetime.strptime": None,
    "datetime.datetime.fromtimestamp": None,
    "datetime.date.fromisoformat": None,
    "ipaddress.ip_address": None,
    "html.escape": frozenset({"html"}),
    "markupsafe.escape": frozenset({"html"}),
    "flask.escape": frozenset({"html"}),
    "bleach.clean": frozenset({"html"}),
    "nh3.clean": frozenset({"html"}),
    "xml.sax.saxutils.escape": frozenset({"html"}),
    "cgi.escape": frozenset({"html"}),
    "django.utils.html.escape": frozenset({"html"}),
    "urllib.parse.quote": frozenset({"html", "url", "path", "sql", "shell", "redirect"}),
    "urllib.parse.quote_plus": frozenset({"html", "url", "path", "sql", "shell", "redirect"}),
    "urllib.parse.urlencode": frozenset({"html", "url", "path", "sql", "shell", "redirect"}),
    "shlex.quote": frozenset({"shell"}),
    "shlex.join": frozenset({"shell"}),
    "pipes.quote": frozenset({"shell"}),
    "os.path.basename": frozenset({"path"}),
    "io.BytesIO": frozenset({"path"}),
    "io.StringIO": frozenset({"path"}),
    "posixpath.basename": frozenset({"path"}),
    "ntpath.basename": frozenset({"path"}),
    "werkzeug.utils.secure_filename": frozenset({"path", "html"}),
    "werkzeug.utils.safe_join": frozenset({"path"}),
    "werkzeug.security.safe_join": frozenset({"path"}),
    "re.sub": None,
    "slugify.slugify": None,
    "hashlib.sha256": None,
}
"""Callable to the kinds of use that its result is harmless for; None: for all of them."""

CLEANING_METHODS = frozenset({
    "isdigit", "isalnum", "isalpha", "isnumeric", "isdecimal", "isidentifier", "startswith",
    "endswith", "index", "find", "rfind", "count", "timestamp", "total_seconds", "is_file",
    "exists", "is_dir", "hexdigest", "digest", "bit_length", "is_relative_to", "stat", "quantize",
    "sub", "isoformat", "strftime", "date", "year", "hex",
})  # fmt: skip
"""Methods whose result holds nothing that an attacker could choose freely."""

KEEPING_METHODS = frozenset({
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace", "split", "join",
    "format", "keys", "values", "items", "get", "copy", "encode", "decode", "removeprefix",
    "removesuffix", "splitlines", "zfill", "ljust", "rjust", "partition", "pop", "union",
})  # fmt: skip
"""Methods of texts and containers whose result is as harmless as their owner and arguments."""

HARMLESS_TYPES = frozenset({
    "int", "float", "bool", "complex", "decimal.Decimal", "uuid.UUID", "datetime.datetime",
    "datetime.date", "datetime.time", "datetime.timedelta", "typing.Literal",
    "typing_extensions.Literal", "enum.Enum", "pydantic.PositiveInt", "pydantic.NonNegativeInt",
    "pydantic.PositiveFloat", "pydantic.NonNegativeFloat", "pydantic.UUID4", "pydantic.AwareDatetime",
    "pydantic.StrictInt", "pydantic.StrictBool", "pydantic.StrictFloat", "pydantic.UUID1",
    "pydantic.conint", "pydantic.confloat", "pydantic.PastDatetime", "pydantic.FutureDatetime",
    "pydantic.NaiveDatetime", "ipaddress.IPv4Address", "ipaddress.IPv6Address",
    "fastapi.Response", "fastapi.responses.Response", "fastapi.BackgroundTasks",
    "fastapi.security.SecurityScopes", "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.AsyncSession", "aiosqlite.Connection", "sqlite3.Connection",
    "httpx.AsyncClient", "httpx.Client", "fastapi.security.HTTPBasicCredentials",
})  # fmt: skip
"""Annotations of parameters and fields whose values cannot carry a text of one's choice."""

REQUEST_ATTRIBUTES = {
    "query_params": "query",
    "path_params": "path",
    "headers": "header",
    "cookies": "cookie",
    "json": "body",
    "body": "body",
    "form": "form",
    "stream": "body",
    "url": "request",
    "args": "query",
    "values": "query",
    "view_args": "path",
    "get_json": "body",
    "get_data": "body",
    "data": "body",
    "files": "file",
    "match_info": "path",
    "query": "query",
    "post": "form",
    "text": "body",
    "read": "body",
    "content": "body",
    "query_string": "query",
    "rel_url": "request",
}
"""Attributes and methods of a request object to the part of the request that they give."""

SOCKET_METHODS = frozenset({
    "receive_text", "receive_json", "receive_bytes", "iter_text", "iter_json", "iter_bytes", "receive",
})  # fmt: skip
"""Methods of a websocket that give what the client sent."""

REQUESTS = frozenset({
    "fastapi.Request", "fastapi.WebSocket", "starlette.requests.HTTPConnection", "flask.request",
    "flask.Request", "quart.request", "aiohttp.web.Request", "sanic.Request", "sanic.request.Request",
    "werkzeug.wrappers.Request", "litestar.Request", "aiohttp.web_request.Request",
})  # fmt: skip
"""Classes and objects that stand for the request that is being served."""

ANSWERS = frozenset({
    "httpx.Response", "requests.Response", "aiohttp.ClientResponse", "http.client.HTTPResponse",
})  # fmt: skip
"""Classes of what other services answered."""

ANSWER_PARTS = frozenset(
    {"json", "text", "content", "read", "iter_lines", "iter_content", "raw", "body"}
)
"""Attributes and methods of an answer that give its body."""

MARKERS = {
    "Path": "path",
    "Query": "query",
    "Header": "header",
    "Cookie": "cookie",
    "Body": "body",
    "Form": "form",
    "File": "file",
}
"""FastAPI's parameter markers to the part of the request that they name."""
