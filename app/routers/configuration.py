"""`/config.schema.json`: what an editor needs to help with a repository's configuration."""

from typing import Any

from fastapi import APIRouter

from rules.core.configuration import json_schema as config_schema

router = APIRouter()


@router.get("/config.schema.json")
def schema() -> dict[str, Any]:
    """The JSON schema of `.github/backend-expert.toml`. Open to everybody."""
    return config_schema.schema()
