"""The layers of a project as its folders and files name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.core.rule import FileKind
from rules.core.source import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.facts import ModuleFacts
    from rules.core.project import Project

ROUTERS, SERVICES, DATA, MODELS = "routers", "services", "data", "models"
_WORDS = {
    "routers": ROUTERS, "router": ROUTERS, "routes": ROUTERS, "endpoints": ROUTERS,
    "endpoint": ROUTERS, "controllers": ROUTERS,
    "services": SERVICES, "service": SERVICES, "usecases": SERVICES, "use_cases": SERVICES,
    "db": DATA, "database": DATA, "repositories": DATA, "repository": DATA, "crud": DATA,
    "dal": DATA, "repos": DATA, "queries": DATA, "dao": DATA,
    "models": MODELS, "schemas": MODELS, "entities": MODELS, "domain": MODELS,
}  # fmt: skip

_ALSO_THINGS = {"service", "router", "endpoint", "repository", "database"}
"""Words for a layer that are also names of what an app is about."""
_COMMANDS = {"commands", "management", "cli"}
"""Programs for the terminal stand above all layers, wherever their folder is."""


def layer_of(module: str) -> str | None:
    """The layer that the innermost telling name in a dotted module name says."""
    parts = module.split(".")
    if not _COMMANDS.isdisjoint(parts):
        return None
    if parts[-1] in _ALSO_THINGS and _WORDS.get(".".join(parts[-2:-1])) is not None:
        parts.pop()  # `models/service.py` is the model of a service that somebody offers.
    for part in reversed(parts):
        if (layer := _WORDS.get(part)) is not None:
            return layer
    return None


def of_code(project: Project) -> Iterator[ModuleFacts]:
    """The modules that run in production: no tests, migrations or scripts."""
    for facts in project.modules.values():
        if kind_of(facts.path) is FileKind.CODE:
            yield facts


def in_layer(project: Project, layer: str) -> list[ModuleFacts]:
    """The modules of a layer; of routers, those that define path operations."""

    def find() -> list[ModuleFacts]:
        if layer == ROUTERS:
            return [facts for facts in of_code(project) if facts.routes]
        return [facts for facts in of_code(project) if layer_of(facts.module) == layer]

    return project.memo(f"layer {layer}", find)


def settings_classes(project: Project) -> frozenset[str]:
    """Dotted names of the project's classes that are read from the environment."""

    def find() -> frozenset[str]:
        bases = ("pydantic_settings.BaseSettings", "pydantic.BaseSettings")
        return frozenset(
            name for name in project.classes if any(project.inherits(name, base) for base in bases)
        )

    return project.memo("settings classes", find)
