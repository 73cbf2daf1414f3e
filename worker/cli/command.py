"""The `backend-expert` command.

`check` and `review` start fast: each command imports what it needs when it runs, and the
arguments are read with argparse, which is loaded in a tenth of the time of its successors.
"""

from __future__ import annotations

import argparse
import difflib
import io
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from worker.cli.checking import Choice, Reviewed

    class _Commands(Protocol):
        def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser: ...  # noqa: A002 argparse calls it so


_BAD_USE = 2
_INTERRUPTED, _NOBODY_READS = 130, 141  # As a shell reports SIGINT and SIGPIPE.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 fine, 1 findings, 2 bad use or input."""
    _print_anything()
    options = command_line().parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _print_anything() -> None:
    """Write out what the encoding of the terminal does not have, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            cast("io.TextIOWrapper", stream).reconfigure(errors="backslashreplace")


def command_line() -> argparse.ArgumentParser:
    """Every command with its arguments; `run` of what it reads carries the command out."""
    parser = argparse.ArgumentParser(
        prog="backend-expert",
        description="Reviews Python, FastAPI and SQLite backends.",
        epilog="Exit status: 0 nothing at or above --fail-on, 1 findings, 2 bad use or input.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_check(commands)
    _add_review(commands)
    _add_baseline(commands)
    _add_explain(commands)
    _add_rules(commands)
    _add_services(commands)
    _add_database(commands)
    return parser


class _Version(argparse.Action):
    """Look the version up only for whom it matters: that alone takes as long as a small file."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(version("backend-expert"))
        parser.exit()


def _add_check(commands: _Commands) -> None:
    command = commands.add_parser("check", help="review whole files")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    _add_review_options(command)
    command.set_defaults(run=_check)


def _add_review(commands: _Commands) -> None:
    command = commands.add_parser("review", help="review a range of commits, as the App would")
    command.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="default: here")
    command.add_argument("--base", metavar="REV", help="default: the main branch")
    command.add_argument("--head", metavar="REV", help="default: HEAD")
    command.add_argument(
        "--uncommitted", action="store_true", help="review the files as they are on disk now"
    )
    command.add_argument(
        "--cache",
        type=Path,
        default=_cache_of_user(),
        metavar="DIR",
        help="where to keep what was learnt of files; default: ~/.cache/backend-expert",
    )
    _add_review_options(command)
    command.set_defaults(run=_review)


def _add_baseline(commands: _Commands) -> None:
    command = commands.add_parser(
        "baseline", help="write down what stands today, so that only later findings are told"
    )
    command.add_argument("path", nargs="?", type=Path, default=Path(), metavar="DIR")
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="default: where the configuration has it"
    )
    command.add_argument(
        "--prune", action="store_true", help="only take out what is not found any more"
    )
    command.set_defaults(run=_baseline)


def _cache_of_user() -> Path | None:
    """None for a user without a home."""
    try:
        return Path.home() / ".cache" / "backend-expert"
    except RuntimeError:
        return None


def _add_review_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format", choices=("text", "markdown", "json", "sarif"), default="text", dest="form"
    )
    command.add_argument(
        "--policy",
        type=Path,
        default=os.environ.get("POLICY_FILE") or None,
        metavar="FILE",
        help="what the operator of the service decides; default: the file that POLICY_FILE names",
    )
    command.add_argument("--select", action="append", default=[], metavar="CODES")
    command.add_argument("--ignore", action="append", default=[], metavar="CODES")
    command.add_argument(
        "--fail-on",
        choices=("critical", "warning", "suggestion", "never"),
        help="least severity for exit status 1; default: the project's setting, or critical",
    )


def _add_explain(commands: _Commands) -> None:
    command = commands.add_parser("explain", help="show the page of a rule")
    command.add_argument(
        "word", metavar="CODE", help="a code, a name, a group, or a service as polymarket-api"
    )
    command.add_argument("--format", choices=("text", "markdown"), default="text", dest="form")
    command.set_defaults(run=_explain)


def _add_rules(commands: _Commands) -> None:
    command = commands.add_parser("rules", help="list all rules")
    command.add_argument(
        "--format", choices=("text", "markdown", "json"), default="text", dest="form"
    )
    command.set_defaults(run=_rules)


def _add_services(commands: _Commands) -> None:
    for name, about in (
        ("serve", "run everything on this machine: web, worker and a Valkey of its own"),
        ("web", "run only the web process"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("--host", default="127.0.0.1")
        command.add_argument("--port", type=int, default=8000)
        command.set_defaults(run=_serve if name == "serve" else _web)
    commands.add_parser("worker", help="run only the worker").set_defaults(run=_worker)
    doctor = commands.add_parser("doctor", help="say what keeps the service from running")
    doctor.set_defaults(run=_doctor)


def _add_database(commands: _Commands) -> None:
    command = commands.add_parser("database", help="upgrade, back up or restore the database")
    actions = command.add_subparsers(metavar="ACTION", required=True, dest="action")
    actions.add_parser("upgrade", help="bring the schema to the one that this version needs")
    for name, about in (
        ("backup", "copy the database to a new file; the service may run meanwhile"),
        ("restore", "replace the database by such a copy; stop the service first"),
    ):
        actions.add_parser(name, help=about).add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=_database)


def _check(options: argparse.Namespace) -> int:
    from worker.cli.checking import UsageError, check
    from worker.cli.progress import progress

    began = time.perf_counter()
    try:
        with progress() as begin:
            reviewed = check(options.paths, _choice(options), begin)
    except UsageError as error:
        return _complain(error)
    return _report(reviewed, options, began)


def _review(options: argparse.Namespace) -> int:
    from worker.cli.checking import Range, UsageError, review_range
    from worker.cli.progress import progress

    began = time.perf_counter()
    wanted = Range(options.repo, options.base, options.head, options.uncommitted, options.cache)
    try:
        with progress() as begin, review_range(wanted, _choice(options), begin) as reviewed:
            return _report(reviewed, options, began)
    except UsageError as error:
        return _complain(error)


def _baseline(options: argparse.Namespace) -> int:
    from worker.cli.baseline import write
    from worker.cli.checking import UsageError
    from worker.cli.progress import progress

    try:
        with progress() as begin:
            print(write(options.path, options.out, begin, prune=options.prune))
    except UsageError as error:
        return _complain(error)
    return 0


def _choice(options: argparse.Namespace) -> Choice:
    from worker.cli.checking import Choice, read_policy

    return Choice(_words(options.select), _words(options.ignore), read_policy(options.policy))


def _words(given: list[str]) -> tuple[str, ...]:
    return tuple(word.strip() for words in given for word in words.split(",") if word.strip())


def _report(reviewed: Reviewed, options: argparse.Namespace, began: float) -> int:
    from worker.cli import report

    review = reviewed.review
    match options.form:
        case "json":
            sys.stdout.write(report.as_json(review))
        case "markdown":
            sys.stdout.write(report.as_markdown(review))
        case "sarif":
            from worker.cli.sarif import as_sarif

            sys.stdout.write(as_sarif(review))
        case _:
            _show(reviewed, time.perf_counter() - began)
    return report.exit_status(review, options.fail_on or reviewed.config.fail_on)


def _show(reviewed: Reviewed, seconds: float) -> None:
    from worker.cli.report import closing_lines

    if reviewed.review.findings:
        from worker.cli.terminal import show

        show(reviewed)
    print("\n".join(closing_lines(reviewed.review, seconds)))


def _explain(options: argparse.Namespace) -> int:
    from rules.catalog import by_name, find
    from rules.docs import page, references

    reference = references().get(options.word.lower().replace("_", "-"))
    found = find(options.word)
    if not found and reference is None:
        known: list[str] = [*by_name(), *references()]
        near = difflib.get_close_matches(str(options.word).lower(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`backend-expert rules` lists all."
        return _complain(f"There is no rule {options.word!r}; {hint}")
    pages = reference or "\n".join(page(rule) for rule in found)
    if options.form == "text":
        from worker.cli.terminal import show_markdown

        show_markdown(pages)
    else:
        sys.stdout.write(pages)
    return 0


def _rules(options: argparse.Namespace) -> int:
    from worker.cli import listing

    forms: dict[str, Callable[[], str]] = {
        "json": listing.as_json,
        "markdown": listing.as_markdown,
        "text": listing.as_text,
    }
    sys.stdout.write(forms[options.form]())
    return 0


def _serve(options: argparse.Namespace) -> int:
    from app.config import SettingsError
    from worker.service.serve import CannotServeError, serve

    try:
        serve(options.host, options.port)
    except (SettingsError, CannotServeError) as error:
        return _complain(error)
    return 0


def _web(options: argparse.Namespace) -> int:
    from app.config import SettingsError, load
    from worker.service.serve import CannotServeError, run_web

    try:
        run_web(load(), options.host, options.port)
    except (SettingsError, CannotServeError) as error:
        return _complain(error)
    return 0


def _worker(_options: argparse.Namespace) -> int:
    from app.config import SettingsError, load
    from worker.main import run_worker

    try:
        run_worker(load())
    except SettingsError as error:
        return _complain(error)
    return 0


def _doctor(_options: argparse.Namespace) -> int:
    from worker.cli.doctor import run

    return run()


def _database(options: argparse.Namespace) -> int:
    from worker.cli.database import DatabaseCommandError, run

    try:
        print(run(options))
    except DatabaseCommandError as error:
        return _complain(error)
    return 0


def _complain(error: object) -> int:
    print(f"backend-expert: {error}", file=sys.stderr)
    return _BAD_USE
