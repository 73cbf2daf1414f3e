"""Settings for a test, independent of the environment that the test runs in."""

from typing import Any

from app.config import Settings

SECRET = "the secret of the tests"
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nmade up\n-----END PRIVATE KEY-----\n"


def make_settings(**values: Any) -> Settings:
    """Settings of a made-up App, with nobody at the Redis address unless one is given."""
    known = {
        "_env_file": None,
        "github_app_id": 1,
        "github_private_key": PRIVATE_KEY,
        "github_webhook_secret": SECRET,
        "redis_url": "redis://127.0.0.1:1/0",
    }
    return Settings(**known | values)
