"""What set-up has to know before there is an App."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.access.keys import Keys
from app.access.secret import session_secret
from app.setup.progress import Progress


class SetupSettings(BaseSettings):
    """The few settings that mean something before there is an App."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Path("data")
    public_url: str = ""
    github_url: str = "https://github.com"
    github_app_id: str = ""
    session_secret: SecretStr = SecretStr("")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the credentials go, where this service is reached, and how far set-up has come."""

    data_dir: Path
    public_url: str
    github_url: str
    session_secret: SecretStr = field(default_factory=lambda: SecretStr(""))
    progress: Progress = field(default_factory=Progress)

    @property
    def keys(self) -> Keys:
        """The keys that the service will have."""
        return Keys(session_secret(self.session_secret, self.data_dir))

    @property
    def link(self) -> str:
        """What the person opens."""
        return f"{self.public_url}/setup?token={self.progress.link}"
