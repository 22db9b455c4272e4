"""File sources: a path that is opened for each request, or a file object that is open."""

from __future__ import annotations

import io
import os

import pytest

from wsgiresp._files.file_sources import DeleteFile, HandleSource, PathSource


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "a.txt"
    found.write_bytes(b"0123456789")
    return str(found)


def test_a_missing_path_is_refused_at_once(tmp_path):
    with pytest.raises(FileNotFoundError):
        PathSource(str(tmp_path / "none"))


def test_with_a_stat_result_the_path_is_not_checked(tmp_path, path):
    PathSource(str(tmp_path / "not yet"), None, os.stat(path))


def test_the_stat_result_of_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        PathSource("a", None, os.stat(tmp_path))


def test_with_a_stat_result_a_path_outside_the_root_is_not_found(tmp_path, path):
    with pytest.raises(FileNotFoundError):
        PathSource("../a.txt", str(tmp_path / "sub"), os.stat(path))


def test_each_iteration_reads_the_whole_file(path):
    source = PathSource(path)
    assert [b"".join(source), b"".join(source)] == [b"0123456789"] * 2


def test_an_iteration_that_is_closed_closes_the_file(path):
    before = len(os.listdir("/proc/self/fd"))
    chunks = iter(PathSource(path))
    next(chunks)
    chunks.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_real_path_has_no_links(tmp_path, path):
    (tmp_path / "link").symlink_to("a.txt")
    assert PathSource("link", str(tmp_path)).real_path() == path


def test_the_real_path_of_a_relative_path_is_absolute(path, monkeypatch):
    monkeypatch.chdir(os.path.dirname(path))
    assert PathSource("a.txt").real_path() == path


def test_a_real_path_outside_the_root_is_not_found(tmp_path, path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.txt").write_bytes(b"")
    source = PathSource("a.txt", str(tmp_path / "root"))
    (tmp_path / "root" / "a.txt").unlink()
    (tmp_path / "root" / "a.txt").symlink_to(path)
    with pytest.raises(FileNotFoundError):
        source.real_path()


def test_a_file_is_deleted_once(tmp_path, path):
    deletion = DeleteFile(PathSource("a.txt", str(tmp_path)))
    deletion()
    assert not os.path.exists(path)
    (tmp_path / "a.txt").write_bytes(b"of another program")
    deletion()
    assert os.path.exists(path)
    assert "deletion" in repr(deletion)


def test_the_deletion_of_a_missing_file_is_no_error(path):
    source = PathSource(path)
    os.unlink(path)
    source.delete()


def test_a_file_object_is_read_from_its_position():
    handle = io.BytesIO(b"0123456789")
    handle.seek(4)
    assert b"".join(HandleSource(handle)) == b"456789"


def test_a_file_object_in_text_mode_is_refused():
    with pytest.raises(TypeError, match="binary mode"):
        HandleSource(io.StringIO())


def test_the_log_knows_a_deletion_by_the_repr_of_its_path(tmp_path):
    path = tmp_path / "a\nseen: INFO.txt"
    path.write_bytes(b"")
    assert repr(DeleteFile(PathSource(str(path)))) == f"the deletion of {str(path)!r}"
