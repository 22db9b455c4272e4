"""Safe paths: which paths lead out of a folder, by their text alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._files.beneath_root import stays_beneath


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("..", id="the folder above"),
        pytest.param("../secret", id="a file above"),
        pytest.param("../files1/a", id="a sibling whose name begins alike"),
        pytest.param("a/../../secret", id="up again and further"),
        pytest.param("a/..", id="down and up, which a link may turn into out"),
        pytest.param(".. /secret", id="a blank that Windows drops"),
        pytest.param("a/.../b", id="three dots, which old Windows took for two steps up"),
        pytest.param("/etc/passwd", id="an absolute path"),
        pytest.param("//etc/passwd", id="an absolute path behind an empty part"),
        pytest.param("a\x00.txt", id="a NUL"),
        pytest.param("..\\secret", id="the other separator"),
        pytest.param("\\\\host\\share", id="a network path"),
        pytest.param("C:x", id="a drive and a relative path"),
        pytest.param("a/c:/x", id="a drive inside"),
        pytest.param("CON", id="a device"),
        pytest.param("a/nul", id="a device in a folder"),
        pytest.param("NUL.txt", id="a device under an extension"),
        pytest.param("CON.txt ", id="a device with a blank at the end"),
        pytest.param("aux .c", id="a device with a blank before the extension"),
        pytest.param("COM1:", id="a device with a colon"),
        pytest.param("LPT\u00b9", id="a device numbered by a superscript"),
        pytest.param("CONIN$/a", id="a device as a folder"),
    ],
)
def test_a_path_that_leads_out_of_the_folder_is_detected(path):
    assert not stays_beneath(path)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("a.txt", id="a name"),
        pytest.param("a/b/c.txt", id="a name in folders"),
        pytest.param("..foo.txt", id="a name that begins with two dots"),
        pytest.param("foo..", id="a name that ends with two dots"),
        pytest.param("a..b", id="two dots inside"),
        pytest.param(".hidden", id="a hidden file"),
        pytest.param("./a", id="the folder itself as a part"),
        pytest.param("console", id="a name that begins like a device"),
        pytest.param("falcon", id="a name that ends like a device"),
        pytest.param("a.con", id="a device as an extension"),
        pytest.param("12:30.txt", id="a colon that is no drive's"),
        pytest.param("a\nb", id="a line end, which POSIX allows"),
        pytest.param("\u00e4/\u4e2d", id="other scripts"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_path_within_the_folder_is_accepted(path):
    assert stays_beneath(path)


@given(parts=st.lists(st.text("ab.\u00e4", min_size=1).filter(lambda part: set(part) != {"."}), min_size=1))
def test_a_path_of_names_alone_is_accepted(parts):
    assert stays_beneath("/".join(parts))


@given(before=st.text("ab./"), after=st.text("ab./"))
def test_a_path_with_two_dots_as_a_part_is_always_detected(before, after):
    assert not stays_beneath(f"{before}/../{after}")
