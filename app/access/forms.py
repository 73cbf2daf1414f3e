"""Forms that browsers send: read within bounds, and only those that our own pages sent."""

import hmac
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

MOST_BYTES = 64 * 1024
FIELD = "csrf"


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form; 413 for more than 64 KB."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "That is more than any form here sends.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise HTTPException(400, "That is not a form.") from None


def ensure_ours(request: Request, form: dict[str, str], token: str) -> None:
    """403 unless a page that we gave to this very browser sent the form."""
    given = form.get(FIELD, "")
    foreign = request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    if foreign or not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise HTTPException(403, "This form was not sent by a page of ours. Load the page again.")
