"""Many streams and as many tasks that query the database, a third of them left: no connection stays open."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers.server_processes import cases, serve

COUNTS = {"gunicorn:gevent": 1000, "gunicorn:gthread": 300, "uvicorn": 300}
CLIENTS = 20
NOBODY = 65534
# Debian puts the programs of a cluster beside the PATH.
INITDB = shutil.which("initdb") or next((str(path) for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)


class SQLite:
    """A file; open connections are open descriptors of it."""

    def __init__(self, folder):
        self.options = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}

    def open(self, server):
        return int(server.exchange("GET", "/descriptors").body)

    def stop(self):
        """Leave the file to the folder."""


class PostgreSQL:
    """A cluster of its own, which counts its clients."""

    def __init__(self, _):
        self.psycopg = pytest.importorskip("psycopg")
        self.folder = Path(tempfile.mkdtemp(prefix="wsgiresp-pg-"))
        data = self.folder / "data"
        programs = Path(INITDB).resolve().parent
        # It does not run as root.
        self.drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if not os.getuid() else []
        if self.drop:
            os.chown(self.folder, NOBODY, NOBODY)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self.folder}
        subprocess.run(
            [*self.drop, programs / "initdb", "-D", data, "-U", "tests", "-A", "trust", "--no-sync"],
            check=True,
            **quiet,
        )
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off"]
        self.process = subprocess.Popen(
            [*self.drop, programs / "postgres", "-D", data, "-c", "max_connections=300", *options], **quiet
        )
        self.options = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "tests",
            "HOST": str(self.folder),
        }
        self.connection = self.connect()

    def connect(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                return self.psycopg.connect(host=str(self.folder), user="tests", dbname="postgres", autocommit=True)
            except self.psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)  # it is starting

    def open(self, server):
        asked = (
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return self.connection.execute(asked).fetchone()[0]

    def stop(self):
        self.connection.close()
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(
    scope="module",
    params=[
        SQLite,
        pytest.param(PostgreSQL, marks=pytest.mark.skipif(not INITDB, reason="PostgreSQL's initdb is not installed")),
    ],
    ids=lambda kind: kind.__name__,
)
def database(request, tmp_path_factory):
    made = request.param(tmp_path_factory.mktemp("database"))
    yield made
    made.stop()


@pytest.fixture(params=cases(*COUNTS))
def served(request, database):
    name = request.param
    options = ["--threads", "8"] if name == "gunicorn:gthread" else []
    app = "django_queries:asgi" if name == "uvicorn" else "django_queries:app"
    with serve(name, app, *options, environ={"DATABASE": json.dumps(database.options)}) as running:
        yield running, COUNTS[name]


def visit(server, target, leaves):
    with server.connect() as connection:
        connection.request("GET", target, ("Connection", "close"))
        head = connection.head()
        if leaves:
            connection.reset()
            return head.status
        return head.status, b"".join(connection.pieces(head))


@pytest.mark.timeout(240)  # PostgreSQL starts a process for each connection
def test_no_connection_stays_open(served, database):
    server, count = served
    targets = [f"/{kind}/{number}" for number in range(count) for kind in ("stream", "task")]
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(lambda place: visit(server, targets[place], place % 3 == 0), range(len(targets))))
    assert set(answers) == {200, (200, b"111"), (200, b"a")}
    assert eventually(lambda: server.log.text.count("django_queries: done "), len(targets)) == len(targets)
    assert eventually(lambda: database.open(server), 0) == 0


def eventually(number, wanted):
    """Return *number()* once it is what is *wanted*, or what it is after 20 s."""
    deadline = time.monotonic() + 20
    while (found := number()) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
