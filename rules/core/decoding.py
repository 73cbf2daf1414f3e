"""From the bytes of a Python file to its text, as Python itself reads them."""

from __future__ import annotations

import codecs
import io
import re
import tokenize

MAX_BYTES = 1_000_000
_LONE_RETURN = re.compile(r"\r(?!\n)")


class UnreadableTextError(Exception):
    """The bytes are not a Python text; the message is a reason for the reader."""


def decode(data: bytes) -> str:
    """The text by byte order mark, PEP 263 cookie or UTF-8; line ends are kept.

    Raises `UnreadableTextError` when it is too large, binary, or not in its own encoding.
    """
    if len(data) > MAX_BYTES:
        message = f"larger than {MAX_BYTES // 1_000_000} MB"
        raise UnreadableTextError(message)
    if b"\0" in data:
        message = "contains NUL bytes"
        raise UnreadableTextError(message)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.removeprefix(codecs.BOM_UTF8).decode(encoding.removesuffix("-sig"))
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        message = "not readable in the encoding that it declares"
        raise UnreadableTextError(message) from error
    if _LONE_RETURN.search(text):
        message = "has carriage returns inside lines, which git does not count as line ends"
        raise UnreadableTextError(message)
    return text
