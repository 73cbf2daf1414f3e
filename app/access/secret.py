"""The secret of the sessions."""

import secrets
from pathlib import Path

from pydantic import SecretStr

from app.access.private import folder_of, write_private

FILE = "session-secret"


def session_secret(given: SecretStr, data_dir: Path) -> bytes:
    """The operator's secret, or one that is made at the first start and kept."""
    if given.get_secret_value():
        return given.get_secret_value().encode()
    path = folder_of(data_dir) / FILE
    if not path.exists():
        made = path.with_name(f".{FILE}.{secrets.token_hex(4)}")
        write_private(made, secrets.token_hex(32))
        try:
            path.hardlink_to(made)  # Of two processes that start at once the first one decides.
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text(encoding="utf-8").encode()
