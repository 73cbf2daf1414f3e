"""Charts as SVG: made here, printed as they are, with the same numbers as text beside them. Pure.

Colours are classes, so that the style sheet decides for light, dark and paper.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from app.db.tallies import NO_GROUP, Day, monday
from rules.core.rule import GROUPS

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 10, 24
FEWEST = 4
"""The axis goes up to this at least, so that one finding does not look like a catastrophe."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from a Monday: what was found by group, and what was fixed."""

    start: datetime
    found: Mapping[str, int]
    fixed: int
    fix_seconds: int
    reviews: int

    @property
    def total(self) -> int:
        """All that was found."""
        return sum(self.found.values())


def weeks(days: Sequence[Day], now: datetime, count: int) -> list[Week]:
    """The last weeks, the present one last; a week in which nothing was done is there too."""
    by_day: dict[str, list[Day]] = {}
    for day in days:
        by_day.setdefault(day.day, []).append(day)
    last = monday(now)
    return [_week(by_day, last - timedelta(weeks=ago)) for ago in reversed(range(count))]


def _week(by_day: Mapping[str, Sequence[Day]], start: datetime) -> Week:
    names = [(start + timedelta(days=number)).strftime("%Y-%m-%d") for number in range(7)]
    mine = [day for name in names for day in by_day.get(name, ())]
    found = Counter(dict.fromkeys(GROUPS, 0))
    for day in mine:
        if day.group in GROUPS:
            found[day.group] += day.found
    return Week(
        start,
        found,
        sum(day.fixed for day in mine),
        sum(day.fix_seconds for day in mine),
        sum(day.reviews for day in mine if day.group == NO_GROUP),
    )


def columns(shown: Sequence[Week]) -> Markup:
    """Findings of each week as a stack of the groups, with what was fixed as a line over it."""
    most = _nice(max((max(week.total, week.fixed) for week in shown), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(len(shown), 1)
    parts = [*_axis(most), *_names(shown, step)]
    for number, week in enumerate(shown):
        parts += _stack(week, LEFT + number * step + step * 0.18, step * 0.64, most)
    parts += _line([week.fixed for week in shown], step, most)
    told = _told(shown)
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, told, Markup("").join(parts))


def _axis(most: int) -> list[Markup]:
    line = Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')
    text = Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>')
    marks: list[Markup] = []
    for value in (0, most // 2, most):
        y = _y(value, most)
        marks += [line.format(LEFT, WIDTH - RIGHT, y, y), text.format(LEFT - 8, y + 4, value)]
    return marks


def _names(shown: Sequence[Week], step: float) -> list[Markup]:
    text = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
    return [
        text.format(LEFT + (number + 0.5) * step, HEIGHT - 6, f"{week.start:%-d %b}")
        for number, week in enumerate(shown)
        if number % 2 == (len(shown) - 1) % 2
    ]


def _stack(week: Week, x: float, width: float, most: int) -> list[Markup]:
    rect = Markup(
        '<rect class="g-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    )
    below, parts = 0, list[Markup]()
    for group, count in week.found.items():
        if count:
            top, bottom = _y(below + count, most), _y(below, most)
            told = f"{GROUPS[group]}, week of {week.start:%-d %B}: {count}"
            parts.append(rect.format(group, x, top, width, bottom - top, told))
            below += count
    return parts


def _line(values: Sequence[int], step: float, most: int) -> list[Markup]:
    points = [(LEFT + (n + 0.5) * step, _y(value, most)) for n, value in enumerate(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dot = Markup('<circle class="fixed-dot" cx="{:.1f}" cy="{:.1f}" r="3"/>')
    dots = [dot.format(x, y) for (x, y), value in zip(points, values, strict=True) if value]
    return [Markup('<polyline class="fixed-line" points="{}"/>').format(path), *dots]


def _told(shown: Sequence[Week]) -> str:
    found, fixed = sum(week.total for week in shown), sum(week.fixed for week in shown)
    return str(
        escape(f"{found} found and {fixed} fixed in {len(shown)} weeks; the table below says each.")
    )


def _y(value: int, most: int) -> float:
    return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)


def _nice(most: int) -> int:
    """The next even number that people count in."""
    unit = 10 ** max(len(str(most)) - 1, 0)
    for factor in (1, 2, 4, 6, 8, 10):
        if factor * unit >= most and factor * unit >= FEWEST:
            return factor * unit
    return max(FEWEST, 20 * unit)
