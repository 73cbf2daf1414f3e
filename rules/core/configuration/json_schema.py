"""The JSON schema of a repository's configuration, for editors."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

from rules.core.config import Config
from rules.core.configuration.reading import KEYS, SEVERITIES

if TYPE_CHECKING:
    from rules.core.configuration.reading import Key


def schema() -> dict[str, Any]:
    """A JSON schema of the file, for editors."""
    defaults = {field.name.replace("_", "-"): field.default for field in fields(Config)}
    properties = {
        name: {"description": key.about, "default": _plain(defaults[name]), **_shape(key)}
        for name, key in KEYS.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Backend Expert",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _plain(default: Any) -> Any:
    return list(cast("tuple[Any, ...]", default)) if isinstance(default, tuple) else default


def _shape(key: Key) -> dict[str, Any]:
    words = {"type": "array", "items": {"type": "string"}}
    match key.kind:
        case "words" | "globs":
            return words
        case "switch":
            return {"type": "boolean"}
        case "count":
            return {"type": "integer", "minimum": key.least, "maximum": key.most}
        case "path":
            return {"type": "string"}
        case "choice":
            return {"enum": list(key.choices)}
        case "words by glob":
            return {"type": "object", "additionalProperties": words, "default": {}}
        case "severities":
            allowed = {"enum": list(SEVERITIES)}
            return {"type": "object", "additionalProperties": allowed, "default": {}}
