from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import SettingsError, load
from tests.app.settings import PRIVATE_KEY, make_settings

NAMES = (
    "GITHUB_APP_ID",
    "GITHUB_PRIVATE_KEY",
    "GITHUB_PRIVATE_KEY_PATH",
    "GITHUB_WEBHOOK_SECRET",
    "GITHUB_API_URL",
    "GITHUB_URL",
    "DATABASE_URL",
    "REDIS_URL",
    "LOG_LEVEL",
    "DATA_DIR",
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_every_missing_or_wrong_value_is_named_at_once_and_no_secret_shown(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "short")
    monkeypatch.setenv("DATABASE_URL", "mysql://u:p4ss@h/d")
    monkeypatch.setenv("REDIS_URL", "http://x")

    with pytest.raises(SettingsError) as caught:
        load()

    names = [line.split()[0].rstrip(":") for line in str(caught.value).splitlines()[1:]]
    assert sorted(names) == [
        "DATABASE_URL",
        "GITHUB_APP_ID",
        "GITHUB_PRIVATE_KEY",
        "GITHUB_WEBHOOK_SECRET",
        "REDIS_URL",
    ]
    assert "p4ss" not in str(caught.value)


def test_the_environment_and_a_dotenv_file_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "key.pem").write_text(PRIVATE_KEY, encoding="utf-8")
    (tmp_path / ".env").write_text(
        "GITHUB_APP_ID=5\nGITHUB_PRIVATE_KEY_PATH=key.pem\nOF_SOMEBODY_ELSE=1\n", encoding="utf-8"
    )
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "a long secret")
    monkeypatch.setenv("LOG_LEVEL", "INFO")

    settings = load()

    assert (settings.github_app_id, settings.log_level) == (5, "info")
    assert settings.github_private_key.get_secret_value() == PRIVATE_KEY
    assert settings.database_url == "sqlite+aiosqlite:///data/backend-expert.sqlite3"


def test_a_key_with_written_out_line_ends_is_understood():
    settings = make_settings(github_private_key=PRIVATE_KEY.replace("\n", "\\n"))

    assert settings.github_private_key.get_secret_value() == PRIVATE_KEY


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://h/d", "postgresql+psycopg://h/d"),
        ("postgresql://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:////x.db", "sqlite+aiosqlite:////x.db"),
    ],
)
def test_the_database_is_reached_by_an_async_driver(given: str, used: str):
    assert make_settings(database_url=given).database_url == used


@pytest.mark.parametrize(
    ("api", "home"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://ghes.example/api/v3/", "https://ghes.example"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com"),
    ],
)
def test_people_and_git_reach_the_github_that_has_the_api(api: str, home: str):
    """A token of an Enterprise Server must never be sent to another GitHub."""
    assert make_settings(github_api_url=api).github_url == home
    assert make_settings(github_api_url=api, github_url="https://x.example/").github_url == (
        "https://x.example"
    )


def test_settings_cannot_be_changed_and_show_no_secret():
    settings = make_settings(database_url="postgresql://u:p4ss@h/d")

    with pytest.raises(ValidationError):
        settings.github_app_id = 9  # pyright: ignore[reportAttributeAccessIssue]
    assert "p4ss" not in repr(settings)
    assert "made up" not in repr(settings)
    assert len(settings.marker_key) == 32
