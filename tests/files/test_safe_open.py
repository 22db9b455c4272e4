"""Safe open: regular files only, and with a root none outside of it."""

from __future__ import annotations

import errno
import os
import socket

import pytest
from files.ways_beneath_root import use_way

from wsgiresp._files import safe_open
from wsgiresp._files.safe_open import NotRegularError, open_regular, stat_regular


@pytest.fixture
def folder(tmp_path):
    """A folder ``files`` with ``a.txt`` and ``sub/b.txt``, beside a secret and a sibling whose name begins alike."""
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "files1").mkdir()
    (tmp_path / "files1" / "a.txt").write_bytes(b"secret")
    root = tmp_path / "files"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"0123456789")
    (root / "sub" / "b.txt").write_bytes(b"b")
    return root


@pytest.fixture(params=["openat2", "openat2 from the root", "descriptor", "name"])
def way(request, monkeypatch):
    """Each way to open beneath a root, see ``beneath_root``: the next ways decide what it cannot."""
    use_way(monkeypatch, request.param)


def open_descriptors():
    return len(os.listdir("/proc/self/fd"))


def content(opened):
    try:
        return opened.read_at(100, 0)
    finally:
        opened.close()


def test_the_length_is_that_of_the_descriptor(folder):
    opened = open_regular(str(folder / "a.txt"))
    (folder / "a.txt").write_bytes(b"")
    assert opened.length == 10
    opened.close()


def test_bytes_are_read_at_any_position(folder):
    opened = open_regular(str(folder / "a.txt"))
    assert opened.read_at(3, 4) == b"456"
    opened.close()


def test_nothing_is_read_beyond_the_end(folder):
    opened = open_regular(str(folder / "a.txt"))
    assert opened.read_at(3, 10) == b""
    opened.close()


def test_a_system_without_pread_reads_the_same(folder):
    opened = open_regular(str(folder / "a.txt"))
    assert safe_open._read_where(opened.descriptor, 3, 4) == b"456"
    opened.close()


def test_closing_twice_closes_no_other_file(folder):
    opened = open_regular(str(folder / "a.txt"))
    opened.close()
    other = os.open(folder / "a.txt", os.O_RDONLY)
    opened.close()
    os.close(other)


def test_a_file_that_is_garbage_collected_is_closed(folder):
    before = open_descriptors()
    open_regular(str(folder / "a.txt"))
    assert open_descriptors() == before


@pytest.mark.parametrize("look", [open_regular, stat_regular])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("none.txt", id="no such file"),
        pytest.param("a.txt/", id="a file as a folder"),
        pytest.param("a.txt/b", id="a file in a file"),
        pytest.param("n" * 300, id="a name that is too long"),
        pytest.param("n/" * 5000, id="a path that is too long"),
        pytest.param("a\x00", id="a NUL"),
        pytest.param("\ud800", id="a character that no name can hold"),
        pytest.param("loop", id="a link to itself"),
    ],
)
def test_a_path_without_a_file_is_not_found(folder, look, name):
    (folder / "loop").symlink_to("loop")
    with pytest.raises(FileNotFoundError) as caught:
        look(f"{folder}/{name}")
    assert caught.value.errno == errno.ENOENT


@pytest.mark.parametrize("look", [open_regular, stat_regular])
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("none.txt", id="no such file"),
        pytest.param("../secret", id="in the parent folder"),
        pytest.param("../files1/a.txt", id="a sibling whose name begins alike"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("a\x00.txt", id="a NUL"),
        pytest.param("n" * 300, id="a name that is too long"),
        pytest.param("out.txt", id="a link to a file outside"),
        pytest.param("beside.txt", id="a link to a sibling whose name begins alike"),
        pytest.param("out/a.txt", id="a link to a folder outside"),
        pytest.param("out", id="a folder outside"),
        pytest.param("loop", id="a link to itself"),
        pytest.param("a.txt/b", id="a file in a file"),
    ],
)
def test_a_path_out_of_the_root_is_not_found(folder, look, name):
    (folder / "out.txt").symlink_to("../secret")
    (folder / "beside.txt").symlink_to("../files1/a.txt")
    (folder / "out").symlink_to(folder.parent / "files1")
    (folder / "loop").symlink_to("loop")
    before = open_descriptors()
    with pytest.raises(FileNotFoundError) as caught:
        look(name, str(folder))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, name)
    assert open_descriptors() == before


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a.txt", id="a file"),
        pytest.param("./sub//b.txt", id="a file in a folder, with empty parts"),
        pytest.param("in/b.txt", id="a link to a folder inside"),
        pytest.param("in.txt", id="a link to a file inside"),
    ],
)
def test_a_path_in_the_root_is_opened(folder, name):
    (folder / "in").symlink_to("sub")
    (folder / "in.txt").symlink_to(folder / "a.txt")
    assert content(open_regular(name, str(folder)))


@pytest.mark.usefixtures("way")
def test_the_root_may_be_a_symbolic_link(folder, tmp_path):
    (tmp_path / "current").symlink_to("files")
    assert content(open_regular("a.txt", str(tmp_path / "current"))) == b"0123456789"


@pytest.mark.usefixtures("way")
def test_the_root_may_be_the_root_of_the_file_system(folder):
    assert content(open_regular(str(folder / "a.txt").lstrip("/"), "/")) == b"0123456789"


def test_a_path_that_is_swapped_for_a_link_after_the_check_is_not_found(folder, monkeypatch):
    use_way(monkeypatch, "name")
    real = os.open

    def swap_then_open(path, flags):
        (folder / "sub").rename(folder / "was")
        (folder / "sub").symlink_to(folder.parent / "files1")
        return real(path, flags)

    (folder.parent / "files1" / "b.txt").write_bytes(b"secret")
    monkeypatch.setattr(os, "open", swap_then_open)
    before = open_descriptors()
    with pytest.raises(FileNotFoundError):
        open_regular("sub/b.txt", str(folder))
    assert open_descriptors() == before


@pytest.mark.parametrize("look", [open_regular, stat_regular])
@pytest.mark.parametrize("root", [False, True])
def test_a_folder_is_refused(folder, look, root):
    before = open_descriptors()
    with pytest.raises(IsADirectoryError):
        look("sub" if root else str(folder / "sub"), str(folder) if root else None)
    assert open_descriptors() == before


@pytest.mark.parametrize("look", [open_regular, stat_regular])
def test_a_pipe_is_refused_without_blocking(folder, look):
    os.mkfifo(folder / "pipe")
    with pytest.raises(NotRegularError, match="pipe"):
        look(str(folder / "pipe"))


def test_a_device_is_refused(folder):
    with pytest.raises(ValueError, match="path must name a regular file, got '/dev/null'"):
        stat_regular("/dev/null")


def test_a_socket_cannot_be_opened(folder, monkeypatch):
    monkeypatch.chdir(folder)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    with pytest.raises(NotRegularError, match="socket"):
        open_regular(str(folder / "socket"))


def test_a_file_without_permission_raises_permission_error(folder, monkeypatch):
    def forbid(path, flags):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "open", forbid)
    with pytest.raises(PermissionError):
        open_regular("a.txt")


def test_the_stat_result_is_returned(folder):
    assert stat_regular(str(folder / "a.txt")).st_size == 10
