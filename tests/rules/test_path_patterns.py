"""Which path takes the requests of which other, against Starlette's own matching."""

from __future__ import annotations

import pytest
from starlette.routing import compile_path

from rules.fastapi.path_patterns import PathTree, path_parameters

_UUID = "6f9619ff-8b86-4d01-b42d-00c04fc964ff"
_SAMPLES = {
    "str": ("zz~é", "a.b"),
    "int": ("7",),
    "float": ("7.5", "7"),
    "uuid": (_UUID, _UUID.replace("6", "7")),
    "path": ("zz/é", "", "a"),
}
PATHS = (
    "/items",
    "/items/",
    "/items/{id}",
    "/items/{id:int}",
    "/items/{id:float}",
    "/items/{id:uuid}",
    "/items/{rest:path}",
    "/items/42",
    "/items/me",
    f"/items/{_UUID}",
    "/items/{id}.json",
    "/items/{id}/parts",
    "/items/{id}/{part}",
    "/{kind}/{id}",
    "/{whole:path}",
    "/",
)


def requests_for(path: str) -> list[str]:
    """Requests that stand for all that a path matches."""
    found = [path]
    for name, converter in path_parameters(path):
        text = f"{{{name}}}" if converter == "str" else f"{{{name}:{converter}}}"
        found = [each.replace(text, sample) for each in found for sample in _SAMPLES[converter]]
    return found


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_covered_by_exactly_those_that_match_all_of_its_requests(path: str) -> None:
    tree = PathTree[str]()
    for other in PATHS:
        tree.add(other, other)

    found = set(tree.covering(path))

    assert found == {
        other
        for other in PATHS
        if all(compile_path(other)[0].match(request) for request in requests_for(path))
    }
