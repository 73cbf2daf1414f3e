"""Every rule there is, found by walking the package: adding a file adds the rule."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from rules.core.rule import GROUPS, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from rules.core.config import Config


@functools.cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its code, in the order of the checklist and then of the codes.

    Raises `ValueError` when two rules share a code or a name.
    """
    found = sorted(_walk(), key=lambda rule: (list(GROUPS).index(rule.group), rule.code))
    by_code = {rule.code: rule for rule in found}
    if len(by_code) != len(found) or len({rule.name for rule in found}) != len(found):
        twice = sorted({r.code for r in found if _shared(r, found)})
        message = f"Rules that share a code or a name: {', '.join(twice)}"
        raise ValueError(message)
    return by_code


@functools.cache
def by_name() -> Mapping[str, Rule]:
    """Every rule by its name."""
    return {rule.name: rule for rule in all_rules().values()}


@functools.lru_cache(maxsize=256)
def selected(config: Config, ignored: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules that a configuration selects for files in which these words are ignored."""
    return tuple(rule for rule in all_rules().values() if config.selects_beside(rule, ignored))


def find(word: str) -> tuple[Rule, ...]:
    """The rules that a code, a prefix of codes, a name or a group means; none when it means nothing."""
    known = all_rules()
    if not word:
        return ()
    if (rule := known.get(word.upper()) or by_name().get(word.lower())) is not None:
        return (rule,)
    group = word.lower().replace("-", "_").replace(" ", "_")
    in_group = tuple(rule for rule in known.values() if rule.group == group)
    return in_group or tuple(rule for rule in known.values() if rule.code.startswith(word.upper()))


def _walk() -> Iterator[Rule]:
    for group in GROUPS:
        package = importlib.import_module(f"rules.{group}")
        yield from _rules_of(package)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield from _rules_of(importlib.import_module(module.name))


def _rules_of(module: ModuleType) -> Iterator[Rule]:
    for value in vars(module).values():
        if isinstance(value, Rule) and value.check.__module__ == module.__name__:
            yield value


def _shared(rule: Rule, found: list[Rule]) -> bool:
    return sum(rule.code == other.code or rule.name == other.name for other in found) > 1
