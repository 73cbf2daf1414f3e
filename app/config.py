"""The operator's settings: one frozen object, read from the environment once, at the edge."""

import hashlib
import hmac
from pathlib import Path
from typing import Annotated, Literal, override

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.credentials import StoredCredentials
from rules.core.configuration.layers import NOTHING, Layer, policy_layer

MIB = 1024 * 1024
_API = "https://api.github.com"


class SettingsError(Exception):
    """The environment is not usable; the message lists every missing or wrong value."""


class Settings(BaseSettings):
    """What the operator decides. Each field is read from the variable of the same name.

    Seconds are seconds, bytes are bytes. `Settings(...)` raises pydantic's `ValidationError`;
    `load` turns it into a `SettingsError` that a person can act on.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    github_app_id: int
    """The number of the App, from its settings page."""
    github_private_key_path: Path | None = None
    """A file that holds the App's private key, read when `GITHUB_PRIVATE_KEY` is not given."""
    github_private_key: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """The App's private key as PEM text; `\\n` written out is understood."""
    github_webhook_secret: SecretStr = Field(min_length=8)
    """The secret that signs the deliveries. Without one nothing starts."""
    github_api_url: str = _API
    """Root of the REST interface."""
    github_url: str = Field(default="", validate_default=True)
    """What `/OWNER/NAME.git` is appended to when a repository is cloned; empty is the home of
    `GITHUB_API_URL`."""
    public_url: str = "http://127.0.0.1:8000"
    """Where people reach this service; links in comments begin with it."""

    data_dir: Path = Path("data")
    """Folder of the SQLite file and the git mirrors."""
    database_url: str = Field(default="", validate_default=True, repr=False)
    """SQLite or PostgreSQL; empty means a SQLite file in `DATA_DIR`."""
    redis_url: str = Field(default="redis://127.0.0.1:6379/0", repr=False)
    """Redis or Valkey: `redis://`, `rediss://`, `unix:///path`, or by its sentinels
    `redis+sentinel://HOST:PORT,HOST:PORT/MASTER` (`rediss+sentinel://` with TLS)."""

    policy_file: Path | None = None
    """A TOML file of configuration that counts more than what repositories say; see the README."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto` is console on a terminal and JSON elsewhere."""

    webhook_max_bytes: int = Field(default=25 * MIB, gt=0)
    """Larger deliveries are refused; GitHub itself sends none above 25 MB."""
    github_client_id: str = ""
    """The App's client id; with the secret it lets people sign in to read the history."""
    github_client_secret: SecretStr = SecretStr("")
    """A client secret of the App."""
    operators: Annotated[frozenset[str], NoDecode] = frozenset()
    """Logins, with commas between them, of those who see every repository and the operation."""
    session_secret: SecretStr = SecretStr("")
    """Signs sessions; made and kept in `DATA_DIR` when it is not given. Web processes share it."""
    history_local: bool = False
    """Show everything without sign-in to whoever is on this machine, as an operator."""
    history_public: bool = False
    """Show the history of every repository to anybody, without sign-in."""
    metrics_public: bool = False
    """Serve `/metrics` to anybody, not only to this machine."""
    worker_metrics_host: str = "127.0.0.1"
    """The address at which a worker serves its own `/metrics` and `/healthz`."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65_535)
    """The port for that; 0 is nowhere. Each worker of a machine needs its own."""

    debounce_seconds: float = Field(default=10.0, ge=0)
    """Pushes this soon after the start of a review wait for the end of that time."""
    sweep_seconds: float = Field(default=10.0, gt=0)
    """How often the worker looks for work that no wake-up announced."""
    reconcile_minutes: int = Field(default=10, ge=0, le=60)
    """How often lost deliveries and unreviewed pull requests are looked for; 0 is never."""
    lease_seconds: float = Field(default=60.0, gt=0)
    """How long a worker may be silent before its work is given to another."""
    review_timeout_seconds: float = Field(default=600.0, gt=0)
    """A review that takes longer is stopped and says so."""
    max_attempts: int = Field(default=8, gt=0)
    """How often a delivery or a review is tried before it counts as failed."""
    worker_concurrency: int = Field(default=4, gt=0)
    """How many reviews one worker process has under way."""
    write_burst: int = Field(default=5, gt=0)
    """How many writes an installation may make at once."""
    writes_per_second: float = Field(default=1.0, gt=0)
    """How fast the allowance of writes grows again."""
    points_per_minute: int = Field(default=900, gt=0)
    """GitHub's secondary limit for one installation: 1 for a read, 5 for a write."""
    content_per_minute: int = Field(default=80, gt=0)
    """How many comments and reviews GitHub lets one installation make in a minute."""
    content_per_hour: int = Field(default=500, gt=0)
    """The same for an hour. A GitHub Enterprise Server may allow more of all three."""
    mirrors_max_bytes: int = Field(default=5 * 1024 * MIB, gt=0)
    """Size of the cache of git mirrors above which the least recently used are dropped."""
    delivery_retention_days: float = Field(default=30.0, gt=0)
    """Finished deliveries are forgotten after this many days."""
    history_retention_days: float = Field(default=400.0, gt=0)
    """Closed pull requests with reviews and findings, and the audit, are kept for this many days."""
    uninstalled_retention_days: float = Field(default=7.0, ge=0)
    """Days after which everything of an account or repository that left the App is erased."""

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, then `.env`, then what set-up in the browser has kept."""
        return init_settings, env_settings, dotenv_settings, StoredCredentials(settings_cls)

    @field_validator("github_private_key", mode="before")
    @classmethod
    def _read_private_key(cls, value: object, info: ValidationInfo) -> str:
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        path: Path | None = info.data.get("github_private_key_path")
        if not text and path is not None:
            text = _read(path)
        text = text.replace("\\n", "\n").strip()
        if not text:
            raise ValueError("is missing; give the PEM text or GITHUB_PRIVATE_KEY_PATH")
        if not (text.startswith("-----BEGIN") and "PRIVATE KEY-----" in text):
            raise ValueError("is not a PEM private key")
        return text + "\n"

    @field_validator("database_url")
    @classmethod
    def _name_an_async_driver(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            folder: Path = info.data.get("data_dir", Path("data"))
            return f"sqlite+aiosqlite:///{folder / 'backend-expert.sqlite3'}"
        scheme, separator, rest = value.partition("://")
        driver = _DRIVERS.get(scheme)
        if not separator or driver is None:
            raise ValueError("must begin with sqlite:// or postgresql://")
        return f"{driver}://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _know_the_scheme(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        if scheme not in {"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel"}:
            raise ValueError("must begin with redis://, rediss://, unix:// or redis+sentinel://")
        hosts = rest.partition("/")[0].rpartition("@")[2].split(",")
        ports = [host.partition(":")[2] for host in hosts]
        if "+" in scheme and not all(port.isdecimal() for port in ports if port):
            raise ValueError("must name its sentinels as HOST:PORT,HOST:PORT/MASTER")
        return value

    @field_validator("github_url", mode="before")
    @classmethod
    def _find_the_home_of_the_api(cls, value: object, info: ValidationInfo) -> object:
        return value or _home_of(info.data.get("github_api_url", _API))

    @field_validator("github_api_url", "github_url", "public_url")
    @classmethod
    def _drop_the_last_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("operators", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = (name.strip().removeprefix("@").lower() for name in value.split(","))
        return frozenset(name for name in names if name)

    @field_validator("policy_file")
    @classmethod
    def _read_the_policy(cls, value: Path | None) -> Path | None:
        if value is not None:
            policy_layer(_read(value))
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def sign_in_is_possible(self) -> bool:
        """Whether people can sign in: GitHub asks for both of these."""
        return bool(self.github_client_id and self.github_client_secret.get_secret_value())

    @property
    def policy(self) -> Layer:
        """What the operator decides about every repository."""
        return NOTHING if self.policy_file is None else policy_layer(_read(self.policy_file))

    @property
    def marker_key(self) -> bytes:
        """The key that signs the markers in our comments, 32 bytes, made from the webhook secret."""
        secret = self.github_webhook_secret.get_secret_value().encode()
        return hmac.digest(secret, b"backend-expert:marker:v1", hashlib.sha256)


_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def load() -> Settings:
    """The settings of this process, from its environment and `.env`.

    Raises `SettingsError` naming every missing or wrong variable, never its value.
    """
    try:
        return Settings()  # pyright: ignore[reportCallIssue] the environment gives what is missing
    except ValidationError as error:
        raise SettingsError(_told(error, frozenset())) from None
    except ValueError as error:
        raise SettingsError(str(error)) from None


def check_without_app() -> None:
    """Raise `SettingsError` for what is wrong besides the App, which does not exist yet."""
    try:
        Settings()  # pyright: ignore[reportCallIssue] the environment gives what is missing
    except ValidationError as error:
        if told := _told(error, _OF_THE_APP):
            raise SettingsError(told) from None


_OF_THE_APP = frozenset({"github_app_id", "github_private_key", "github_webhook_secret"})


def _told(error: ValidationError, besides: frozenset[str]) -> str:
    wrong = [(str(e["loc"][0]), e["msg"]) for e in error.errors()]
    lines = [f"  {_sentence(field, text)}" for field, text in wrong if field not in besides]
    return "The settings are not usable:\n" + "\n".join(lines) if lines else ""


def _sentence(field: str, message: str) -> str:
    message = message.removeprefix("Value error, ")
    if message == "Field required":
        message = "is missing"
    joint = " " if message.startswith(("is ", "must ", "cannot ")) else ": "
    return f"{field.upper()}{joint}{message}"


def _home_of(api_url: str) -> str:
    """Where people and git reach the GitHub whose API has this address.

    `https://HOST/api/v3` of an Enterprise Server is at `https://HOST`, `https://api.HOST` too.
    """
    scheme, _, rest = api_url.removesuffix("/api/v3").partition("://")
    return f"{scheme}://{rest.removeprefix('api.')}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot be read from {path}: {error.strerror}") from None
