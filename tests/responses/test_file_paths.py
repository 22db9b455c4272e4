"""FileResponse of a path: what is there, what was put there, what grows or shrinks, what leads elsewhere."""

from __future__ import annotations

import os

import pytest
from responses.sample_file import DATA
from responses.wsgi_calls import call, environ, start

from wsgiresp.responses import FileResponse


class TestAPath:
    def test_a_missing_file_is_refused_at_once(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            FileResponse(tmp_path / "none")

    def test_a_folder_is_refused_at_once(self, tmp_path):
        with pytest.raises(IsADirectoryError):
            FileResponse(tmp_path)

    def test_a_device_is_refused_at_once(self):
        with pytest.raises(ValueError, match="regular file"):
            FileResponse("/dev/null")

    def test_a_file_that_was_removed_is_reported_by_prepare(self, path):
        response = FileResponse(path)
        path.unlink()
        with pytest.raises(FileNotFoundError):
            response.prepare(environ())

    def test_a_given_stat_result_decides_no_length(self, path, tmp_path):
        (tmp_path / "short").write_bytes(b"ab")
        answer = call(FileResponse(path, stat_result=(tmp_path / "short").stat()))
        assert answer.body == DATA

    def test_a_file_that_was_replaced_is_sent_as_it_is_now(self, path, tmp_path):
        response = FileResponse(path)
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").rename(path)
        answer = call(response)
        assert (answer.body, answer.values("Content-Length")) == (b"new", ["3"])

    def test_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was(self, path, tmp_path):
        answer = start(FileResponse(path))
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").rename(path)
        assert b"".join(answer.iterable) == DATA
        answer.close()

    def test_a_file_that_grows_is_sent_up_to_its_length(self, path):
        answer = start(FileResponse(path))
        with path.open("ab") as handle:
            handle.write(b"more")
        assert b"".join(answer.iterable) == DATA
        answer.close()

    @pytest.mark.parametrize("asked", ["bytes=0-", "bytes=0-1,1000-1010", "bytes=1023-"])
    def test_a_file_that_shrinks_is_an_error(self, path, asked, descriptors):
        answer = start(FileResponse(path), HTTP_RANGE=asked)
        os.truncate(path, 1)
        with pytest.raises(EOFError):
            list(answer.iterable)
        answer.close()
        assert descriptors.leaked == 0

    def test_an_empty_file_is_an_empty_answer(self, tmp_path):
        (tmp_path / "a").write_bytes(b"")
        answer = call(FileResponse(tmp_path / "a"))
        assert (answer.status, answer.values("Content-Length"), answer.body) == ("200 OK", ["0"], b"")

    def test_a_path_is_kept_to_its_root(self, path, tmp_path):
        assert call(FileResponse("photo.png", root=tmp_path)).body == DATA
        with pytest.raises(FileNotFoundError):
            FileResponse("../photo.png", root=tmp_path / "sub")

    def test_a_link_out_of_the_root_made_after_the_constructor_is_not_followed(self, path, tmp_path):
        root = tmp_path / "root"
        root.mkdir()
        (root / "a.png").write_bytes(b"a")
        response = FileResponse("a.png", root=root)
        (root / "a.png").unlink()
        (root / "a.png").symlink_to(path)
        with pytest.raises(FileNotFoundError):
            response.prepare(environ())
