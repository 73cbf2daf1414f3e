"""What lies in deploy/ says nothing that the code does not know, and leaves no setting out."""

from __future__ import annotations

import json
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from app.config import Settings
from app.metrics import Metrics as WebMetrics
from worker.cli.command import command_line
from worker.metrics import Metrics as WorkerMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = Path("deploy")
MANUAL = (DEPLOY / "README.md").read_text(encoding="utf-8")
SETTINGS = {name.upper() for name in Settings.model_fields}
NOT_OURS = {"PATH", "PYTHONDONTWRITEBYTECODE"}
COMPOSE = (DEPLOY / "compose.yaml", DEPLOY / "compose.many.yaml")
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for inner in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from walk(inner)


def is_understood(words: list[str]) -> bool:
    """Whether the command line takes these words; a wrong use would raise SystemExit."""
    return callable(command_line().parse_args(words).run)


def test_every_setting_is_in_the_manual_and_nothing_else() -> None:
    told = set(re.findall(r"`([A-Z][A-Z_]+)`", MANUAL.split("## Settings")[1].split("\n## ")[0]))

    assert told == SETTINGS


def test_the_contents_of_the_manual_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line[3:].lower()).replace(" ", "-")
        for line in MANUAL.splitlines()
        if line.startswith("## ")
    }
    links = set(re.findall(r"\]\(#([a-z-]+)\)", MANUAL))
    files = re.findall(r"\]\((?!#|https:)([^)]+)\)", MANUAL)

    assert links == headings
    assert [name for name in files if not (DEPLOY / name).exists()] == []


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_starts_commands_that_exist_with_settings_that_exist(path: Path) -> None:
    (document,) = documents(path)
    ours = [one for one in document["services"].values() if one["image"] == "backend-expert"]

    assert ours
    for service in ours:
        assert set(service.get("environment", {})) <= SETTINGS
        assert is_understood(service.get("command", ["serve"]))


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_kubernetes_starts_commands_that_exist_with_settings_that_exist(path: Path) -> None:
    for node in chain.from_iterable(map(walk, documents(path))):
        if node.get("image") == "backend-expert":
            assert is_understood(node["args"])
            assert {one["name"] for one in node.get("env", [])} <= SETTINGS
        for literal in chain.from_iterable(
            one["literals"] for one in node.get("configMapGenerator", [])
        ):
            assert literal.partition("=")[0] in SETTINGS


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_start_commands_that_exist_with_settings_that_exist(path: Path) -> None:
    text = re.sub(r"\$\([^)]*\)", "now", path.read_text(encoding="utf-8").replace("%i", "1"))
    command = re.search(r"bin/backend-expert ([^'\n]+)", text)
    named = {
        pair.partition("=")[0]
        for line in re.findall(r"^Environment=(.+)$", text, re.MULTILINE)
        for pair in line.split()
    }

    assert command is not None
    assert is_understood(command[1].split())
    assert named <= SETTINGS


def test_the_image_starts_a_command_that_exists_with_settings_that_exist() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    last = text.rsplit("FROM ", 1)[1]
    command = json.loads(re.findall(r"^CMD (\[.+\])$", last, re.MULTILINE)[-1])
    (block,) = re.findall(r"^ENV ((?:.+\\\n)*.+)$", last, re.MULTILINE)
    named = {pair.partition("=")[0] for pair in block.replace("\\\n", " ").split()}
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE))
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8")

    assert is_understood(command)
    assert named <= SETTINGS | NOT_OURS
    for name in chain.from_iterable(line.split() for line in copied):
        assert Path(name).exists(), name
        assert f"!{name}\n" in kept, name


@pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
def test_only_metrics_that_exist_are_watched(name: str) -> None:
    text = (DEPLOY / "monitoring" / name).read_text(encoding="utf-8")
    asked = set(re.findall(r"backend_expert_[a-z_]+", text))
    known: set[str] = set()
    for registry in (WebMetrics().registry, WorkerMetrics().registry):
        for metric in registry.collect():
            ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
            known |= {metric.name + end for end in ends.get(metric.type, ("",))}

    assert asked
    assert asked <= known
