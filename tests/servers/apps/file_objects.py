"""File objects whose descriptor has other bytes than their ``read()``, or stands elsewhere.

See ``test_file_objects.py``, which writes the folder FILES of the environment.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp.responses import FileResponse

CONTENT = bytes(range(256)) * 4096
PLAIN, ZIPPED = (os.path.join(os.environ["FILES"], name) for name in ("a", "a.gz"))
VERSIONS = {"old": CONTENT, "new": CONTENT[::-1]}
WRITE = f"import sys; sys.stdout.buffer.write(bytes(range(256)) * {len(CONTENT) // 256})"


def after_its_head(handle: Any) -> Any:
    handle.read(4)
    return handle


def output_of_a_process() -> Any:
    return subprocess.Popen([sys.executable, "-c", WRITE], stdout=subprocess.PIPE).stdout


OBJECTS: dict[str, Callable[[], Any]] = {
    "file": lambda: after_its_head(open(PLAIN, "rb")),  # noqa: SIM115
    "unbuffered-file": lambda: after_its_head(open(PLAIN, "rb", buffering=0)),  # noqa: SIM115
    "gzip": lambda: gzip.open(ZIPPED),  # noqa: SIM115
    "memory": lambda: after_its_head(io.BytesIO(b"head" + CONTENT)),
    "process": output_of_a_process,
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/object`` and ``/version``."""
    name = environ["PATH_INFO"].lstrip("/")
    handle = io.BytesIO(VERSIONS[name]) if name in VERSIONS else OBJECTS[name]()
    return FileResponse(handle)(environ, start_response)
