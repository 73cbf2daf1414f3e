"""The two ends of signing in: what is remembered when somebody leaves for GitHub, and the return."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from app.access.keys import Keys

PATIENCE = 600
"""Seconds that a person has for saying yes on GitHub."""


@dataclass(frozen=True, slots=True)
class Departure:
    """What the browser keeps, sealed, while its person is at GitHub."""

    state: str
    verifier: str
    after: str

    @property
    def challenge(self) -> str:
        """The verifier as PKCE's S256 shows it."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def depart(after: str) -> Departure:
    """Leave for GitHub; `after` is the page that was wanted."""
    return Departure(secrets.token_urlsafe(24), secrets.token_urlsafe(48), own_path(after))


def sealed(departure: Departure, keys: Keys) -> str:
    """For the cookie."""
    plain = {"s": departure.state, "v": departure.verifier, "a": departure.after}
    return keys.seal("sign-in", plain)


def returned(cookie: str, state: str, keys: Keys) -> Departure | None:
    """The departure that this return belongs to, None when it belongs to none of this browser."""
    held = keys.unseal("sign-in", cookie, PATIENCE)
    if held is None or not hmac.compare_digest(held["s"].encode(), state.encode()):
        return None
    return Departure(held["s"], held["v"], held["a"])


def own_path(path: str) -> str:
    """A path of this site; anything that a browser could take for another site becomes `/`."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_ours and path.isprintable() and "\\" not in path else "/"
