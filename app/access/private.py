"""Files that only their owner may read."""

import os
import secrets
from pathlib import Path

FOLDER = "credentials"


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
