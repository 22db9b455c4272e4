"""TLS, for servers that are asked to speak it and for their clients."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from .http_client import Connection

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make a certificate")


def certificate(folder: Path) -> list[str]:
    """Return the options of gunicorn that make it speak TLS, with a certificate of our own in *folder*."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    subprocess.run([*command, "-keyout", key, "-out", made], check=True, capture_output=True)
    return ["--keyfile", str(key), "--certfile", str(made)]


def trusting() -> ssl.SSLContext:
    """Return what makes a client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def secured(connection: Connection, *, takes_any_end: bool = False) -> Connection:
    """Return *connection*, over TLS from now on.

    An end without a close_notify is an error (RFC 8446, Section 6.1), unless the client *takes any end*.
    """
    connection.socket = trusting().wrap_socket(connection.socket, suppress_ragged_eofs=takes_any_end)
    return connection
