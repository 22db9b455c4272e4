"""A folder that a server publishes, and the requests that it has seen: what a client did, not what it says it did."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from servers.server_processes import Server, serve


class Seen(NamedTuple):
    """One request and its answer, as the application saw them."""

    method: str
    target: str
    environ: dict[str, str]
    status: str
    fields: list[list[str]]

    @property
    def code(self) -> int:
        """The status code of the answer."""
        return int(self.status[:3])

    @property
    def start(self) -> int:
        """The first position that was asked for; 0 without a Range."""
        match = re.match("bytes=([0-9]+)-", self.environ.get("HTTP_RANGE", ""))
        return int(match[1]) if match else 0


class Website(NamedTuple):
    """The running server of ``apps/downloads.py`` and its folder."""

    server: Server
    folder: Path

    def url(self, route: str, name: str, mark: str = "") -> str:
        """Return the URL of the file *name*, with *mark* to find its requests by."""
        host, port = self.server.address
        return f"http://{host}:{port}/{route}/{quote(name)}?{mark}"

    def seen(self, mark: str) -> list[Seen]:
        """Return the requests with *mark* that were answered before this call, in order."""
        self.server.exchange("GET", f"/files/?after-{mark}")
        # The log comes in order: once this last request is there, all before it are.
        self.server.log.wait_for(rf"\?after-{mark}\b")
        lines = re.findall(r"^downloads: (.*)$", self.server.log.text, re.M)
        return [seen for seen in (Seen(*json.loads(line)) for line in lines) if seen.target.endswith(f"?{mark}")]


@contextlib.contextmanager
def publish(folder: Path, server: str) -> Iterator[Website]:
    """Serve *folder* until the ``with`` ends; *server* is one of gunicorn's names in ``server_processes.KINDS``."""
    with serve(server, "downloads:app", "--threads", "4", environ={"FILES": str(folder)}) as running:
        yield Website(running, folder)
