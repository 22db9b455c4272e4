"""Names of file objects: what the bytes are that come out of archives and compressed files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import pytest

from wsgiresp._files.content_names import content_name
from wsgiresp.responses import FileResponse


def described(handle):
    response = FileResponse(handle)
    response.close()
    return response.headers["Content-Type"], response.headers.get("Content-Encoding")


unpacking = gzip.open  # the response closes it
OCTET_STREAM = "application/octet-stream", None
TEXT = "text/plain; charset=utf-8", None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("notes.txt.gz", TEXT),
        ("NOTES.TXT.GZ", TEXT),
        ("notes.txt", TEXT),
        ("app.js.gz", ("text/javascript; charset=utf-8", None)),
        ("pic.svgz", ("image/svg+xml", None)),
        ("site.tgz", ("application/x-tar", None)),
        ("site.tar.gz", ("application/x-tar", None)),
        ("notes.gz", OCTET_STREAM),
        ("twice.txt.gz.gz", ("application/gzip", None)),
        ("twice.js.gz.gz", ("application/gzip", None)),
    ],
)
def test_what_gzip_unpacks_has_the_type_of_the_name_without_its_ending(tmp_path, name, found):
    (tmp_path / name).write_bytes(gzip.compress(b"note"))
    assert described(unpacking(tmp_path / name)) == found
    with (tmp_path / name).open("rb") as file:
        assert described(gzip.GzipFile(fileobj=file)) == found
    assert described(io.BufferedReader(unpacking(tmp_path / name))) == found


def test_what_gzip_unpacks_from_memory_has_no_name():
    assert described(unpacking(io.BytesIO(gzip.compress(b"note")))) == OCTET_STREAM


def test_a_name_that_is_given_to_gzip_is_heard():
    assert described(gzip.GzipFile("notes.txt.gz", fileobj=io.BytesIO(gzip.compress(b"note")))) == TEXT
    assert described(gzip.GzipFile(b"notes.txt.gz", fileobj=io.BytesIO(gzip.compress(b"note")))) == TEXT


@pytest.mark.parametrize("kind", [bz2, lzma])
def test_what_bzip2_and_lzma_unpack_has_the_type_of_what_is_in_it(tmp_path, kind):
    ending = {bz2: "bz2", lzma: "xz"}[kind]
    path = tmp_path / f"notes.txt.{ending}"
    path.write_bytes(kind.compress(b"note"))
    # Before Python 3.13 these objects have no name.
    assert described(kind.open(path)) == (TEXT if sys.version_info >= (3, 13) else OCTET_STREAM)


# python/cpython#74468: up to Python 3.11 a member has the name of its archive.
@pytest.mark.parametrize(("name", "mode"), [("photos.tar.gz", "w:gz"), ("photos.tar", "w"), ("photos.tgz", "w:gz")])
def test_a_member_of_a_tar_archive_never_has_the_type_of_the_archive(tmp_path, name, mode):
    with tarfile.open(tmp_path / name, mode) as archive:
        archive.addfile(tarfile.TarInfo("one.png"), io.BytesIO(b""))
    with tarfile.open(tmp_path / name) as archive:
        found = described(archive.extractfile("one.png"))
    assert found == (("image/png", None) if sys.version_info >= (3, 12) else OCTET_STREAM)


def test_a_compressed_member_of_a_tar_archive_is_unpacked_with_its_own_name(tmp_path):
    packed = gzip.compress(b"note")
    member = tarfile.TarInfo("notes.txt.gz")
    member.size = len(packed)
    with tarfile.open(tmp_path / "notes.tar.gz", "w:gz") as archive:
        archive.addfile(member, io.BytesIO(packed))
    with tarfile.open(tmp_path / "notes.tar.gz") as archive:
        found = described(unpacking(archive.extractfile("notes.txt.gz")))
    assert found == (TEXT if sys.version_info >= (3, 12) else OCTET_STREAM)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("one.png", ("image/png", None)),
        ("folder.gz/one.png", ("image/png", None)),
        ("data.csv.gz", ("application/gzip", None)),
        ("app.js.gz", ("application/gzip", None)),
        ("one", OCTET_STREAM),
    ],
)
def test_a_member_of_a_zip_archive_has_its_own_type(name, found):
    archive = io.BytesIO()
    archive.name = "photos.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr(name, b"")
    with zipfile.ZipFile(archive) as reader:
        assert described(reader.open(name)) == found


def test_a_file_on_disk_has_its_name(tmp_path):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(b"")
    for buffering in (0, -1):
        with path.open("rb", buffering) as handle:
            assert content_name(handle) == (str(path), True)
    with path.open("r+b") as handle:
        assert content_name(handle) == (str(path), True)
    with open(bytes(path), "rb") as handle:
        assert content_name(handle) == (str(path), True)


def test_temporary_files_have_their_names():
    with tempfile.NamedTemporaryFile(suffix=".csv.gz") as handle:
        assert content_name(handle) == (handle.name, True)
    with tempfile.TemporaryFile() as handle:
        assert content_name(handle) == ("", True)


def test_bytes_in_memory_may_have_a_name():
    handle = io.BytesIO()
    assert content_name(handle) == ("", True)
    handle.name = "data.csv.gz"
    assert content_name(handle) == ("data.csv.gz", True)


class Unknown:
    """A file object of a kind that this library has never heard of."""

    def __init__(self, name, file=None):
        self.name = name
        if file is not None:
            self.file = file

    def read(self, size=-1):
        return b""


def test_an_unknown_object_with_the_name_of_a_compressed_file_tells_nothing():
    # Its bytes may be those from before or from after the compression.
    assert content_name(Unknown("data.csv.gz")) == ("", False)
    assert described(Unknown("data.csv.gz")) == OCTET_STREAM


def test_an_unknown_object_has_the_type_of_any_other_name():
    assert described(Unknown("data.csv")) == ("text/csv; charset=utf-8", None)
    assert described(Unknown(3)) == OCTET_STREAM


def test_an_object_that_stands_for_a_file_is_as_that_file(tmp_path):
    # As the files of Django do.
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b""))
    with path.open("rb") as handle:
        assert content_name(Unknown("stored/data.csv.gz", handle)) == ("stored/data.csv.gz", True)
    with gzip.open(path) as handle:
        assert content_name(Unknown("stored/data.csv.gz", handle)) == ("", False)


def test_objects_that_stand_for_one_another_end():
    one = Unknown("data.csv.gz")
    one.file = one
    assert content_name(one) == ("", False)
    packed = gzip.GzipFile("data.csv.gz", fileobj=io.BytesIO())
    packed.fileobj = packed
    assert content_name(packed) == ("", False)


def test_the_modules_of_archives_are_not_imported():
    # Beyond what the dependencies import.
    code = (
        "import sys, werkzeug, gevent, simplejson; before = {*sys.modules}; import wsgiresp.responses;"
        "print(*{'gzip', 'bz2', 'lzma', 'tarfile', 'zipfile'} & ({*sys.modules} - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
