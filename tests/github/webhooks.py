"""Signed webhooks, delivered in the background and never again by themselves."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import httpx

from tests.github.shapes import accounts, repositories
from tests.github.state import Delivery

if TYPE_CHECKING:
    from tests.github.state import App, Installation, Repository, User
    from tests.github.world import World

ALWAYS = {"installation", "installation_repositories", "installation_target", "ping"}
FOR_CHECKS = {"check_run", "check_suite"}
MAX_PAYLOAD = 25 * 1024 * 1024


@dataclass
class DeliveryFault:
    """Deliveries of `event` that are lost on the way or answered by a proxy."""

    event: str
    how: Literal["lost", "refused"]
    times: int


class Webhooks:
    """Sends deliveries and remembers each attempt in `deliveries`, oldest first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.deliveries: list[Delivery] = []
        self.faults: list[DeliveryFault] = []
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="webhook")
        self._client = httpx.Client(
            timeout=world.limits.webhook_timeout, trust_env=False, verify=False
        )
        self._pending = 0
        self._changed = threading.Condition()
        self._flowing = threading.Event()
        self._flowing.set()

    def emit(self, event: str, repository: Repository, sender: User, **payload: object) -> None:
        """Send `event` to every App installed on `repository` that wants it."""
        root = self._world.root
        for installation in self._world.installations_of(repository):
            if installation.suspended_at or not wants(installation, event):
                continue
            if not self._world.limits.own_events and sender is installation.app.bot:
                continue
            body = {**payload, "repository": repositories.repository(repository, root)}
            body["sender"] = accounts.user(sender, root)
            body["installation"] = {"id": installation.id, "node_id": f"MDIzOk{installation.id}"}
            self.send(installation.app, event, body, installation.id, repository.id)

    def emit_installation(
        self, event: str, installation: Installation, sender: User, **payload: object
    ) -> None:
        """Send an event about an installation to its App."""
        root = self._world.root
        body = {
            **payload,
            "installation": accounts.installation(installation, root),
            "sender": accounts.user(sender, root),
        }
        self.send(installation.app, event, body, installation.id, None)

    def send(
        self, app: App, event: str, payload: dict, installation: int | None, repository: int | None
    ) -> Delivery:
        """Deliver one event for the first time."""
        guid = str(uuid.uuid1())
        delivery = Delivery(
            self._world.new_id(),
            guid,
            app,
            event,
            payload.get("action"),
            payload,
            installation,
            repository,
        )
        self._start(delivery)
        return delivery

    def redeliver(self, old: Delivery) -> Delivery:
        """Deliver the same GUID again."""
        delivery = Delivery(
            self._world.new_id(), old.guid, old.app, old.event, old.action, old.payload,
            old.installation_id, old.repository_id, redelivery=True,
        )  # fmt: skip
        self._start(delivery)
        return delivery

    def fail(
        self, event: str = ".*", how: Literal["lost", "refused"] = "lost", times: int = 1
    ) -> None:
        """Let the next `times` deliveries whose event matches fail."""
        self.faults.append(DeliveryFault(event, how, times))

    def hold(self) -> None:
        """Keep deliveries back until `release`."""
        self._flowing.clear()

    def release(self) -> None:
        """Let deliveries go that `hold` kept back."""
        self._flowing.set()

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until nothing is under way; False after `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pending == 0, seconds)

    def close(self) -> None:
        """Stop sending."""
        self._flowing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def _start(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if not delivery.app.webhook_url:
            delivery.status = "no webhook URL"
            return
        with self._changed:
            self._pending += 1
        self._pool.submit(self._deliver, delivery)

    def _deliver(self, delivery: Delivery) -> None:
        try:
            self._flowing.wait()
            self._attempt(delivery)
        finally:
            with self._changed:
                self._pending -= 1
                self._changed.notify_all()

    def _attempt(self, delivery: Delivery) -> None:
        body = json.dumps(delivery.payload).encode()
        delivery.request_headers = _headers(delivery, body)
        started = time.perf_counter()
        fault = self._fault_for(delivery)
        try:
            if fault:
                _fail(delivery, fault)
            elif len(body) <= MAX_PAYLOAD:
                self._post(delivery, body)
        except httpx.TimeoutException:
            delivery.status, delivery.status_code = "timed out", 504
        except httpx.HTTPError:
            delivery.status, delivery.status_code = "failed to connect to host", 502
        delivery.duration = round(time.perf_counter() - started, 3)

    def _post(self, delivery: Delivery, body: bytes) -> None:
        url = delivery.app.webhook_url or ""
        answer = self._client.post(url, content=body, headers=delivery.request_headers)
        delivery.status_code = answer.status_code
        delivery.status = "OK" if answer.is_success else answer.reason_phrase
        delivery.response_headers = dict(answer.headers)
        delivery.response_body = answer.text

    def _fault_for(self, delivery: Delivery) -> DeliveryFault | None:
        for fault in self.faults:
            if fault.times > 0 and re.fullmatch(fault.event, delivery.event):
                fault.times -= 1
                return fault
        return None


def _fail(delivery: Delivery, fault: DeliveryFault) -> None:
    lost = fault.how == "lost"
    delivery.status = "failed to connect to host" if lost else "Service Unavailable"
    delivery.status_code = 502 if lost else 503


def wants(installation: Installation, event: str) -> bool:
    """Whether GitHub would send `event` to this installation."""
    if event in FOR_CHECKS:
        return installation.permissions.get("checks") == "write"
    return event in ALWAYS or event in installation.app.events


def _headers(delivery: Delivery, body: bytes) -> dict[str, str]:
    app = delivery.app
    secret = app.webhook_secret.encode()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/local",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(app.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature": "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
    }
