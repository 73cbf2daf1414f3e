"""The tables of a page as people read them."""

from html.parser import HTMLParser
from typing import override


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._cell: list[str] | None = None

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"th", "td"}:
            self._cell = []

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in {"th", "td"} and self._cell is not None:
            self.tables[-1][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    @override
    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def rows_under(page: str, first: str) -> list[list[str]]:
    """The rows of the table whose first column is called `first`, without its head; [] for none."""
    reader = _Reader()
    reader.feed(page)
    return next((rows for (head, *rows) in reader.tables if head[:1] == [first]), [])
