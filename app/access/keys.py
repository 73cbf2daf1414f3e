"""What is made of the session secret: one key for each purpose, so that nothing serves another."""

import base64
import hashlib
import hmac
import json
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken


class Keys:
    """Signing and sealing with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, purpose: str, text: str) -> str:
        """A signature of 43 characters that fits only this text for this purpose."""
        digest = hmac.digest(self._key(purpose), text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether `sign` gave this signature."""
        expected = self.sign(purpose, text).encode()
        return hmac.compare_digest(expected, signature.encode(errors="replace"))

    def seal(self, purpose: str, value: Any) -> str:
        """A value as JSON that only `unseal` can read or change."""
        return self._box(purpose).encrypt(json.dumps(value).encode()).decode()

    def unseal(self, purpose: str, text: str, seconds: int) -> dict[str, str] | None:
        """What was sealed at most so many seconds ago, None for anything else."""
        try:
            plain = self._box(purpose).decrypt(text.encode(errors="replace"), ttl=seconds)
        except InvalidToken:
            return None
        return cast("dict[str, str]", json.loads(plain))

    def _box(self, purpose: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._key(purpose)))

    def _key(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, f"backend-expert:{purpose}".encode(), hashlib.sha256)
