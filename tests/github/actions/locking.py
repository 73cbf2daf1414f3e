"""One change of the world at a time."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.github.world import World


class Actions:
    """A group of actions on one world."""

    def __init__(self, world: World) -> None:
        self.world = world


def action[A: Actions, **P, R](
    method: Callable[Concatenate[A, P], R],
) -> Callable[Concatenate[A, P], R]:
    """Hold the world's lock during the method."""

    @wraps(method)
    def locked(self: A, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.world.lock:
            return method(self, *args, **kwargs)

    return locked
