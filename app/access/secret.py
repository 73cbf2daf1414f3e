"""The secret of the sessions, and the files that only their owner may read."""

import os
import secrets
from pathlib import Path

from app.config import Settings

FOLDER = "credentials"
SESSION_SECRET = "session-secret"  # noqa: S105 the name of a file


def folder_of(data_dir: Path) -> Path:
    """The folder of credentials, made if it is not there; nobody but its owner may enter it."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody but its owner may read; it is there whole or not at all."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 it takes a descriptor
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)


def session_secret(settings: Settings) -> bytes:
    """The operator's secret, or one that is made at the first start and kept."""
    given = settings.session_secret.get_secret_value()
    if given:
        return given.encode()
    path = folder_of(settings.data_dir) / SESSION_SECRET
    made = path.with_name(f".{SESSION_SECRET}.{secrets.token_hex(4)}")
    if not path.exists():
        write_private(made, secrets.token_hex(32))
        try:
            path.hardlink_to(made)  # Of two processes that start at once the first one decides.
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text(encoding="utf-8").encode()
