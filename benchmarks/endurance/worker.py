"""The demo under gunicorn, as ``examples/serve`` starts it, with what is in its worker."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ..harness.servers import ROOT, Server

EXAMPLES = ROOT / "examples"
PATIENCE = 30.0  # s for a worker that is busy to say what is in it
STALL = 5.0  # s
SETTLED = 20.0  # s after which what is still there has been left behind
LARGE = 16 * 1024 * 1024  # bytes: more than the buffers of both sockets hold

_FAULT = re.compile(r"Traceback|\[(?:ERROR|CRITICAL|WARNING)\]|^(?:wsgiresp|asyncio): |^Exception ignored", re.M)


class Sample(NamedTuple):
    """What is in the worker after *seconds*: bytes of memory, all (RSS) and its own (USS), and numbers of things.

    *objects*: the blocks that Python has allocated (``sys.getallocatedblocks``), whatever memory they are spread over.
    """

    seconds: float
    rss: int
    uss: int
    descriptors: int
    greenlets: int
    threads: int
    objects: int

    @property
    def things(self) -> tuple[int, int, int]:
        """What must be left behind by nobody."""
        return self.descriptors, self.greenlets, self.threads


class Demo:
    """The demo on a free port of the loopback, with files and a log of its own in *place*; to be closed.

    ``files``: what it answers to the targets of files.
    """

    def __init__(self, place: Path) -> None:
        self._counts = str(place / "counts")
        self._log = place / "log.txt"
        self._folders = {name: place / name for name in ("flask", "django")}
        for folder in self._folders.values():
            folder.mkdir()
        # To its own folder: what Python finds there is what examples/serve has it find.
        command = [sys.executable, "-m", "gunicorn", "--config", "python:benchmarks.endurance.hooks"]
        options = ["--no-control-socket", "--chdir", str(EXAMPLES), "--capture-output", "--log-file", str(self._log)]
        environ = {"COUNTS": self._counts, "PYTHONPATH": str(ROOT)}
        environ |= {f"{name.upper()}_APP_FOLDER": str(folder) for name, folder in self._folders.items()}
        for name, value in environ.items():
            options += ["--env", f"{name}={value}"]
        self._server = Server(lambda listener: [*command, *options, "--bind", f"fd://{listener.fileno()}", "demo:app"])
        self.address = ("127.0.0.1", self._server.port)
        self._server.answer("/text")
        self.files = self._replaced_files()
        self._began = time.monotonic()
        self._process = self.counts()["process"]

    def counts(self, word: str = "look") -> dict[str, int]:
        """Return the numbers of what is in the worker, and its id; with the word "collect", garbage is not counted."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(self._counts)
            connection.sendall(f"{word}\n".encode())
            found: dict[str, int] = json.loads(b"".join(iter(lambda: connection.recv(4096), b"")))
            return found

    def sample(self, word: str = "look") -> Sample:
        """Return what is in the worker now; ``RuntimeError`` if it is another process than at first."""
        counts = self.counts(word)
        if counts["process"] != self._process:
            raise RuntimeError(f"the worker {self._process} has ended, and {counts['process']} is in its place")
        text = Path(f"/proc/{self._process}/smaps_rollup").read_text(encoding="ascii")
        sizes = {name: int(size) * 1024 for name, size in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
        return Sample(
            time.monotonic() - self._began,
            sizes["Rss"],
            sizes["Private_Clean"] + sizes["Private_Dirty"],
            counts["descriptors"],
            counts["greenlets"],
            counts["threads"],
            counts["objects"],
        )

    def stall(self) -> None:
        """Stop the worker for a moment, as a machine does that is too busy: then all want an answer at once."""
        os.kill(self._process, signal.SIGSTOP)
        try:
            time.sleep(STALL)
        finally:
            os.kill(self._process, signal.SIGCONT)

    def sample_at_rest(self, at_most: Sample | None = None) -> Sample:
        """Return what is left when nobody asks, as soon as it does not change, or is no more than *at_most*.

        After a while, return it in any case.
        """
        deadline = time.monotonic() + SETTLED
        last = None
        while True:
            now = self.sample("collect")
            things = now.things
            is_settled = things == last if at_most is None else all(map(int.__le__, things, at_most.things))
            if is_settled or time.monotonic() > deadline:
                return now
            last = things
            time.sleep(3)  # more than gunicorn keeps an idle connection

    def faults(self) -> list[str]:
        """Return the lines of the log that tell of something wrong."""
        return [line for line in self._lines(self._log) if _FAULT.search(line)]

    def tasks(self) -> Counter[str]:
        """Return how often each task has logged its line."""
        found = Counter(line for line in self._lines(self._log) if line.startswith("plain_app: answered "))
        for name, folder in self._folders.items():
            found.update(f"{name}: {line}" for line in self._lines(folder / "log.txt"))
        return found

    def close(self) -> None:
        """End it."""
        self._server.close()

    def _replaced_files(self) -> dict[str, bytes]:
        """Make the small files of the frameworks' examples large; return all files by their targets."""
        weather = (EXAMPLES / "data" / "weather.csv").read_bytes()
        found = {"/file": weather, "/data/weather.csv": weather}
        for name, folder in self._folders.items():
            for target, file in (("download", "report.pdf"), ("video", "video.mp4")):
                # The video is streamed line by line, so it has lines of 64 KiB, the last one shorter.
                chance = random.Random(f"{name} {file}")
                lines = [chance.randbytes(65535).replace(b"\n", b"\r") + b"\n" for _ in range(LARGE // 65536)]
                found[f"/{name}/{target}"] = content = b"".join(lines)[:-100]
                (folder / file).write_bytes(content)
        return found

    def _lines(self, path: Path) -> list[str]:
        return path.read_text("utf-8", "replace").splitlines() if path.exists() else []
