"""Safe paths: which paths lead out of a folder, by their text alone, on POSIX and on Windows."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._files.beneath_root import stays_beneath

on_both = pytest.mark.parametrize("is_windows", [False, True], ids=["POSIX", "Windows"])


@on_both
@pytest.mark.parametrize(
    "path",
    [
        pytest.param("..", id="the folder above"),
        pytest.param("../secret", id="a file above"),
        pytest.param("../files1/a", id="a sibling whose name begins alike"),
        pytest.param("a/../../secret", id="up again and further"),
        pytest.param("a/..", id="down and up, which a link may turn into out"),
        pytest.param("./..", id="up after the folder itself"),
        pytest.param("a//../b", id="up after an empty part"),
        pytest.param("/etc/passwd", id="an absolute path"),
        pytest.param("//etc/passwd", id="an absolute path behind an empty part"),
        pytest.param("a\x00.txt", id="a NUL"),
        pytest.param("..\x00", id="a NUL after two dots"),
    ],
)
def test_a_path_that_leads_out_of_the_folder_is_detected(path, is_windows):
    assert not stays_beneath(path, is_windows)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(".. /secret", id="a blank that Windows drops"),
        pytest.param("a/.../b", id="three dots, which old Windows took for two steps up"),
        pytest.param("....", id="four dots"),
        pytest.param("..\\secret", id="the other separator"),
        pytest.param("x\\y.txt", id="the other separator inside"),
        pytest.param("\\\\host\\share", id="a network path"),
        pytest.param("C:x", id="a drive and a relative path"),
        pytest.param("d:e.txt", id="a drive, or a stream of a file"),
        pytest.param("a/c:/x", id="a drive inside"),
        pytest.param("CON", id="a device"),
        pytest.param("a/nul", id="a device in a folder"),
        pytest.param("prn/report.txt", id="a device as the first folder"),
        pytest.param("aux.png", id="a device under an extension"),
        pytest.param("com3.csv", id="a numbered device under an extension"),
        pytest.param("CON.txt ", id="a device with a blank at the end"),
        pytest.param("aux .c", id="a device with a blank before the extension"),
        pytest.param("COM1:", id="a device with a colon"),
        pytest.param("LPT\u00b9", id="a device numbered by a superscript"),
        pytest.param("CONIN$/a", id="a device as a folder"),
    ],
)
def test_what_leads_elsewhere_on_windows_alone_is_an_ordinary_name_on_posix(path):
    assert not stays_beneath(path, is_windows=True)
    assert stays_beneath(path, is_windows=False)


@on_both
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
def test_a_path_within_the_folder_is_accepted(path, is_windows):
    assert stays_beneath(path, is_windows)


def test_the_rule_is_that_of_this_system_unless_another_is_named():
    assert stays_beneath("aux.png") is (os.name == "posix")


@on_both
@given(parts=st.lists(st.text("ab.\u00e4", min_size=1).filter(lambda part: set(part) != {"."}), min_size=1))
def test_a_path_of_names_alone_is_accepted(parts, is_windows):
    assert stays_beneath("/".join(parts), is_windows)


@on_both
@given(before=st.text("ab./"), after=st.text("ab./"))
def test_a_path_with_two_dots_as_a_part_is_always_detected(before, after, is_windows):
    assert not stays_beneath(f"{before}/../{after}", is_windows)


_PATHS = st.text(st.sampled_from("ab./\\:\x00 ")) | st.text()


@given(path=_PATHS)
def test_on_posix_a_path_is_refused_for_these_three_reasons_alone(path):
    is_refused = path.startswith("/") or "\x00" in path or ".." in path.split("/")
    assert stays_beneath(path, is_windows=False) is not is_refused


@given(path=_PATHS)
def test_what_stays_beneath_on_windows_stays_beneath_on_posix(path):
    assert stays_beneath(path, is_windows=False) or not stays_beneath(path, is_windows=True)
