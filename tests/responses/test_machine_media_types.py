"""Media types do not depend on the machine: its mime.types, the registry of Windows, what programs add to mimetypes."""

from __future__ import annotations

import json
import mimetypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wsgiresp._protocol.file_endings import MEDIA_TYPES
from wsgiresp.responses.media_types import guessed

APACHE = [
    f".{word}"
    for line in Path(__file__).with_name("apache_endings.txt").read_text().splitlines()
    if not line.startswith("#")
    for word in line.split()
]
COMPRESSED = [".gz", ".br", ".zst", ".bz2", ".xz", ".Z", ".svgz", ".tgz", ".js.gz", ".tar.gz"]
ENDINGS = sorted({*APACHE, *MEDIA_TYPES, *vars(mimetypes)["_types_map_default"], *COMPRESSED})
HOSTILE = "".join(f"text/x-hostile {key.lstrip('.')}\n" for key in ENDINGS)

# Types of all endings after all that a machine or a program may have done; the last line of the output.
ASK = """
import json, mimetypes, os, sys
mimetypes.knownfiles[:] = [sys.argv[1]] if sys.argv[1] else mimetypes.knownfiles
how, endings = sys.argv[2], json.load(sys.stdin)
if how == "before":
    mimetypes.init()
    mimetypes.add_type("text/x-added", ".js")
class Registry:
    def read_windows_registry(self, strict=True):
        for ending in endings:
            self.add_type("text/x-registry", ending, strict)
if how == "registry":
    mimetypes.MimeTypes.read_windows_registry = Registry.read_windows_registry
    mimetypes.init()
if how == "forbidden":
    def fail(*_, **__):
        raise RuntimeError("mimetypes is asked")
    mimetypes.init = mimetypes.guess_type = mimetypes.MimeTypes.__init__ = mimetypes.read_mime_types = fail
from wsgiresp.responses import FileResponse
if how == "after":
    mimetypes.init([sys.argv[1]])
    mimetypes.add_type("text/x-added", ".js")
def types(ending):
    headers = FileResponse("a" + ending, stat_result=os.stat("a")).headers
    return headers["Content-Type"], headers.get("Content-Encoding")
print(json.dumps({ending: types(ending) for ending in endings}))
"""


def asked(folder, file, how="before", command=()):
    (folder / "a").touch()
    done = subprocess.run(
        [*command, sys.executable, "-c", ASK, file and str(file), how],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        input=json.dumps(ENDINGS),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    (folder / "mime.types").touch()
    return asked(folder, folder / "mime.types")


@pytest.fixture
def hostile(tmp_path):
    found = tmp_path / "mime.types"
    found.write_text(HOSTILE)
    return found


def test_the_table_of_apache_is_there():
    assert len(APACHE) > 900


def test_most_endings_that_we_know_are_asked_for(empty):
    known = {key for key, (media_type, _) in empty.items() if media_type != "application/octet-stream"}
    assert len(known & {*APACHE}) > 180
    assert MEDIA_TYPES.keys() - known == set()


# python/cpython#88141, Kludex/starlette#829, Pylons/pyramid#3570: text/plain for .js, from the registry.
@pytest.mark.parametrize("how", ["before", "after", "registry", "forbidden"])
def test_a_hostile_table_changes_no_type(tmp_path, hostile, empty, how):
    assert asked(tmp_path, hostile, how) == empty


def test_a_full_table_changes_no_type(tmp_path, empty):
    full = tmp_path / "mime.types"
    full.write_text("".join(f"application/x-of-{key[1:]} {key[1:]}\n" for key in APACHE))
    assert asked(tmp_path, full) == empty


def test_the_tables_of_this_machine_change_no_type(tmp_path, empty):
    assert asked(tmp_path, "") == empty


def may_mount():
    if shutil.which("unshare") is None or not os.path.exists("/etc/mime.types"):
        return False
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "mount",
        "--bind",
        "/etc/mime.types",
        "/etc/mime.types",
    ]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="no /etc/mime.types, or nothing can be mounted over it")
@pytest.mark.parametrize("text", ["", HOSTILE], ids=["empty", "hostile"])
def test_another_table_at_its_place_changes_no_type(tmp_path, empty, text):
    (tmp_path / "mime.types").write_text(text)
    mount = f"mount --bind '{tmp_path}/mime.types' /etc/mime.types && exec \"$@\""
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    assert asked(tmp_path, "", command=unshare) == empty


def test_the_hostile_table_is_one_that_mimetypes_believes(tmp_path, hostile):
    assert mimetypes.read_mime_types(str(hostile))[".js"] == "text/x-hostile"
    assert guessed("a.js")[0] == "text/javascript"
