"""Facts of every file of a version, from the cache or by reading the file once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.core.change import UnreadableFileError
from rules.core.decoding import UnreadableTextError, decode
from rules.core.facts import VERSION, ModuleFacts, facts_of
from rules.core.schema.extraction import schema_facts_of_sql
from rules.core.source import NotPythonError, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping

    from rules.core.change import Entry, Tree
    from rules.core.config import Config

_KEPT_CHARACTERS = 10_000_000
"""Of how much text the syntax trees are kept for the rules; about 2 kB of memory a line."""
_MAX_SQL_FILE = 300_000
"""A larger `.sql` file is a dump of data."""


class Learner:
    """Reads facts for both versions of a project; a content that both share is read once."""

    def __init__(
        self,
        config: Config,
        cache: MutableMapping[str, bytes] | None,
        avoid: Mapping[str, str],
        progress: Callable[[str], None],
    ) -> None:
        self._config = config
        self._cache = cache
        self._avoid = avoid
        self._progress = progress
        self._known: dict[str, ModuleFacts] = {}
        self._new: dict[str, bytes] = {}
        self._kept = 0
        self.failed: dict[str, str] = {}
        """Paths of files that could be read but not be understood, which is a bug of ours."""

    def learn(
        self, tree: Tree, keep: dict[str, SourceFile | None] | None = None
    ) -> Iterator[ModuleFacts]:
        """The facts of every Python and SQL file of a tree that can be read, ordered by path.

        The paths in `keep` get their parsed files, as many as fit.
        """
        wanted = {f"{VERSION}:{entry.id}:{path}": path for path, entry in self._files(tree)}
        missing = [key for key in wanted if key not in self._known]
        for key, data in _get_many(self._cache, missing).items():
            if (facts := ModuleFacts.loads(data)) is not None:
                self._known[key] = facts
        for key, path in wanted.items():
            if key not in self._known and (facts := self._read(tree, path, keep)) is not None:
                self._known[key] = facts
                if self._cache is not None:
                    self._new[key] = facts.dumps()
            if key in self._known:
                yield self._known[key]

    def save(self) -> None:
        """Put what was read into the cache."""
        if self._cache is not None:
            self._cache.update(self._new)
        self._new.clear()

    def _files(self, tree: Tree) -> Iterator[tuple[str, Entry]]:
        for path, entry in sorted(tree.entries().items()):
            if not path.endswith((".py", ".sql")) or path in self._avoid:
                continue
            if path.endswith(".sql") and entry.size > _MAX_SQL_FILE:
                continue
            if not (self._config.is_vendored(path) or self._config.is_generated(path)):
                yield path, entry

    def _read(
        self, tree: Tree, path: str, keep: dict[str, SourceFile | None] | None
    ) -> ModuleFacts | None:
        self._progress(path)
        try:
            text = decode(tree.read(path))
            if path.endswith(".sql"):
                return ModuleFacts(path, path, schema=schema_facts_of_sql(path, text))
            file = SourceFile(path, text)
        except (UnreadableFileError, UnreadableTextError, NotPythonError):
            return None
        try:
            facts = facts_of(file)
        except MemoryError:
            raise  # The process is at its limit; whoever set the limit names the file.
        except Exception as error:  # noqa: BLE001 one file must not cost the whole review
            self.failed[path] = f"{type(error).__name__}: {error}"
            return None
        if keep is not None and path in keep and self._kept + len(text) <= _KEPT_CHARACTERS:
            self._kept += len(text)
            keep[path] = file
        else:
            file.close()
        return facts


def _get_many(cache: MutableMapping[str, bytes] | None, keys: list[str]) -> Mapping[str, bytes]:
    """What the cache, if any, holds of these keys; in one question where it can be asked so."""
    if cache is None:
        return {}
    ask: Callable[[list[str]], Mapping[str, bytes]] | None = getattr(cache, "get_many", None)
    if ask is not None:
        return ask(keys)
    return {key: cache[key] for key in keys if key in cache}
