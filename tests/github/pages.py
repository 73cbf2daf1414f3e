"""Pages that show a pull request and a check run to a person."""

from fastapi import APIRouter

from tests.github.world import World


def routes(world: World) -> APIRouter:
    """Return the pages."""
    return APIRouter()
