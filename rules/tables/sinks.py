"""Callables into which data from outside must not go unchecked."""

from __future__ import annotations

SQL_METHODS = {
    "execute": 0,
    "executemany": 0,
    "executescript": 0,
    "execute_fetchall": 0,
    "execute_insert": 0,
    "execute_statement": 0,
    "execute_query": 0,
    "run_query": 0,
    "fetch": 0,
    "fetchrow": 0,
    "fetchval": 0,
    "fetch_all": 0,
    "fetch_one": 0,
    "fetch_val": 0,
    "fetchall": 0,
    "fetchone": 0,
    "iterate": 0,
    "exec_driver_sql": 0,
    "exec": 0,
    "scalar": 0,
    "scalars": 0,
    "query": 0,
    "read_sql": 0,
    "read_sql_query": 0,
    "raw": 0,
    "prepare": 0,
    "mogrify": 0,
    "copy_expert": 0,
    "text": 0,
    "literal_column": 0,
    "execute_sql": 0,
    "executesql": 0,
    "run_sql": 0,
    "fetch_dict": 0,
    "DDL": 0,
}
"""Last name of a call that takes an SQL text to the position of that text."""

PATH_CALLS: dict[str, tuple[int, str]] = {
    "open": (0, "file"),
    "io.open": (0, "file"),
    "aiofiles.open": (0, "file"),
    "anyio.open_file": (0, "file"),
    "codecs.open": (0, "filename"),
    "gzip.open": (0, "filename"),
    "zipfile.ZipFile": (0, "file"),
    "tarfile.open": (0, "name"),
    "fastapi.responses.FileResponse": (0, "path"),
    "starlette.responses.FileResponse": (0, "path"),
    "fastapi.staticfiles.StaticFiles": (99, "directory"),
    "flask.send_file": (0, "path_or_file"),
    "sqlite3.connect": (0, "database"),
    "aiosqlite.connect": (0, "database"),
    "os.remove": (0, "path"),
    "os.unlink": (0, "path"),
    "os.rmdir": (0, "path"),
    "os.listdir": (0, "path"),
    "os.scandir": (0, "path"),
    "os.makedirs": (0, "name"),
    "os.mkdir": (0, "path"),
    "os.rename": (0, "src"),
    "os.replace": (1, "dst"),
    "os.walk": (0, "top"),
    "aiofiles.os.remove": (0, "path"),
    "aiofiles.os.unlink": (0, "path"),
    "shutil.rmtree": (0, "path"),
    "shutil.copy": (0, "src"),
    "shutil.copyfile": (0, "src"),
    "shutil.copy2": (0, "src"),
    "shutil.move": (0, "src"),
    "numpy.load": (0, "file"),
    "pandas.read_csv": (0, "filepath_or_buffer"),
    "pandas.read_parquet": (0, "path"),
    "PIL.Image.open": (0, "fp"),
}
"""Qualified name of a callable that opens a path to the path's position and keyword."""

PATH_SECOND = {"shutil.copy", "shutil.copyfile", "shutil.copy2", "shutil.move", "os.rename"}
"""Callables in `PATH_CALLS` whose second argument is a path as well."""

PATH_METHODS = frozenset({
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "rmdir",
    "iterdir", "glob", "rglob", "rename", "touch",
})  # fmt: skip
"""Methods of a `pathlib.Path` that touch the file system."""

SHELL = {
    "os.system": "always",
    "os.popen": "always",
    "commands.getoutput": "always",
    "subprocess.getoutput": "always",
    "subprocess.getstatusoutput": "always",
    "asyncio.create_subprocess_shell": "always",
    "subprocess.run": "shell",
    "subprocess.call": "shell",
    "subprocess.check_call": "shell",
    "subprocess.check_output": "shell",
    "subprocess.Popen": "shell",
    "asyncio.AbstractEventLoop.subprocess_shell": "always",
    "paramiko.SSHClient.exec_command": "always",
    "anyio.run_process": "text",
    "anyio.open_process": "text",
    "pty.spawn": "always",
}
"""Callable that runs a command to when a shell reads it: always, with `shell=True`, for a text."""

CODE = frozenset(
    {"eval", "exec", "compile", "builtins.eval", "builtins.exec", "asteval.Interpreter"}
)
"""Callables that run a text as Python."""

HTML_CLASSES = frozenset({
    "fastapi.responses.HTMLResponse", "markupsafe.Markup", "flask.Markup", "jinja2.Markup",
    "django.utils.safestring.mark_safe", "django.utils.safestring.SafeString",
    "flask.render_template_string", "nicegui.ui.html", "nicegui.ui.add_head_html",
    "nicegui.ui.add_body_html", "starlette.responses.HTMLResponse", "streamlit.components.v1.html",
    "sanic.response.html", "sanic.html", "email.mime.text.MIMEText",
})  # fmt: skip
"""Callables that take a text as HTML."""

HTML_ADDERS = frozenset({"add_head_html", "add_body_html", "add_html"})
"""Last names that mean the same whoever owns them."""

HTML_NAMES = HTML_ADDERS | frozenset(name.rsplit(".", 1)[-1] for name in HTML_CLASSES)
"""Their last names, for a first look."""

SQL_OWNERS = (
    "sqlite3.", "aiosqlite.", "asyncpg.", "psycopg.", "psycopg2.", "pymysql.", "aiomysql.",
    "MySQLdb.", "mysql.connector.", "duckdb.", "databases.", "sqlalchemy.", "sqlmodel.",
    "pandas.read_sql", "apsw.",
)  # fmt: skip
"""Beginnings of the qualified names of what runs an SQL text."""
