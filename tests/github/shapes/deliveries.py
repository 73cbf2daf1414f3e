"""Webhook deliveries as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.state import iso

if TYPE_CHECKING:
    from tests.github.state import Delivery


def item(it: Delivery) -> dict:
    """Return a delivery as the list holds it."""
    return {
        "id": it.id,
        "guid": it.guid,
        "delivered_at": iso(it.delivered_at),
        "redelivery": it.redelivery,
        "duration": it.duration,
        "status": it.status,
        "status_code": it.status_code,
        "event": it.event,
        "action": it.action,
        "installation_id": it.installation_id,
        "repository_id": it.repository_id,
        "throttled_at": None,
    }


def full(it: Delivery) -> dict:
    """Return a delivery with its request and response."""
    return {
        **item(it),
        "url": it.app.webhook_url or "",
        "request": {"headers": it.request_headers, "payload": it.payload},
        "response": {"headers": it.response_headers, "payload": it.response_body},
    }
