"""Who asks: whether a request comes from this machine and from nowhere behind it."""

import ipaddress

from starlette.requests import Request

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "cf-connecting-ip")


def is_this_machine(request: Request) -> bool:
    """Whether a person or program on this machine asks, by a name of this machine.

    A reverse proxy on the same machine also connects from a loopback address, so a request that
    was forwarded is not from here; and a page of another site that resolves its own name to
    127.0.0.1 is told by the Host that it asks for.
    """
    if any(name in request.headers for name in FORWARDED):
        return False
    client = request.client.host if request.client else ""
    return _is_loopback(client) and _is_local_name(request.url.hostname or "")


def _is_local_name(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
