"""What GitHub gave for the App at set-up: kept in a folder that only its owner may enter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, override

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.access.private import FOLDER, folder_of, write_private

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

FILE = "app.json"
KEY = "private-key.pem"


class Credentials(BaseModel):
    """The App as it was registered, and where. The private key lies in a file of its own."""

    app_id: int
    slug: str
    client_id: str
    client_secret: str
    webhook_secret: str
    github_url: str
    github_api_url: str
    public_url: str
    operators: list[str] = []


def store(data_dir: Path, credentials: Credentials, private_key: str) -> None:
    """Keep them; the file that says the App is there is written last."""
    folder = folder_of(data_dir)
    write_private(folder / KEY, private_key)
    write_private(folder / FILE, credentials.model_dump_json(indent=2))


def stored(data_dir: Path) -> Credentials | None:
    """What was kept, None before set-up. Raises `ValueError` for a file that is not ours."""
    try:
        text = (data_dir / FOLDER / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"{data_dir / FOLDER / FILE} cannot be read: {error.strerror}") from None
    try:
        return Credentials.model_validate(json.loads(text))
    except (json.JSONDecodeError, ValidationError):
        raise ValueError(f"{data_dir / FOLDER / FILE} is damaged; set up anew") from None


def add_operator(data_dir: Path, login: str) -> None:
    """Let the person who did the set-up operate the service."""
    found = stored(data_dir)
    if found is not None and login.lower() not in found.operators:
        found.operators.append(login.lower())
        write_private(folder_of(data_dir) / FILE, found.model_dump_json(indent=2))


class StoredCredentials(PydanticBaseSettingsSource):
    """Gives what the environment does not: the App that was set up in the browser.

    An App id in the environment means another App, of which nothing here is true.
    """

    def __init__(self, settings: type[BaseSettings]) -> None:
        super().__init__(settings)

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        given = self.current_state
        data_dir = Path(cast("str | Path", given.get("data_dir", "data")))
        found = None if given.get("github_app_id") else stored(data_dir)
        if found is None:
            return {}
        return {
            "github_app_id": found.app_id,
            "github_private_key_path": data_dir / FOLDER / KEY,
            "github_webhook_secret": found.webhook_secret,
            "github_client_id": found.client_id,
            "github_client_secret": found.client_secret,
            "github_url": found.github_url,
            "github_api_url": found.github_api_url,
            "public_url": found.public_url,
            "operators": frozenset(found.operators),
        }
