"""A real nginx in front of a server, with a ``server`` block as a user would write it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from clients.external_programs import PATIENCE, environ

# All that nginx would else write below its own prefix.
CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{server}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path, server: str) -> Iterator[tuple[str, int]]:
    """Run nginx with the block *server*, where ``{listen}`` stands for the address, until the ``with`` ends.

    *folder*, which must be empty, is for its files. Yields the address.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        block = server.replace("{listen}", "{}:{}".format(*address))
        # As root its worker would be somebody who must not see the folders of a test; as anybody else it has no choice.
        user = "" if os.geteuid() else "user root;"
        (folder / "nginx.conf").write_text(CONFIGURATION.format(user=user, server=block))
        process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-e", "stderr", "-c", "nginx.conf"],
            # It takes over a socket that listens already, as from an nginx that it replaces.
            env={**environ(folder), "NGINX": f"{listener.fileno()};"},
            stdin=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )
    try:
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)
