"""What a pull request that edits the configuration would change, once it is merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.catalog import all_rules
from rules.core.configuration.layers import FILES
from worker.reviewing.configured import differences, layered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.core.change import ChangedFile, Tree
    from rules.core.configuration.layers import Above


def preview(base: Tree, head: Tree, files: Iterable[ChangedFile], above: Above) -> tuple[str, ...]:
    """A sentence about each value that would be another, and each key that would be wrong.

    None when the configuration is not touched. The base decides in any case.
    """
    touched = {path for file in files for path in (file.path, file.old_path) if path}
    if touched.isdisjoint(FILES):
        return ()
    old, new = layered(base, above), layered(head, above)
    changed = [
        f"This change edits the configuration: once it is merged, `{key}` is `{after}` "
        f"instead of `{before}`."
        for key, before, after in differences(old.config, new.config)
    ]
    known = {*old.notes, *old.config.unknown_rules(all_rules().values())}
    wrong = (*new.notes, *new.config.unknown_rules(all_rules().values()))
    return (
        *changed,
        *(f"In the configuration of this change, {n}" for n in wrong if n not in known),
    )
