"""Files beneath a root: every way of opening gives the same verdict, and none gives a file from outside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from files.ways_beneath_root import require_openat2, require_proc, use_way, verdict, verdicts
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgiresp._files import beneath_root
from wsgiresp._files.safe_open import open_regular, unlink

SECRET = b"secret"
NAMES = ("a", "b", "c")


@pytest.fixture
def tree(tmp_path):
    """A folder ``root`` with files and all kinds of links, beside a secret; ``current`` is a link to it."""
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(SECRET)
    (tmp_path / "root1").mkdir()
    (tmp_path / "root1" / "a").write_bytes(SECRET)
    (root / "a").write_bytes(b"a")
    (root / "sub" / "b").write_bytes(b"b")
    for name, target in {
        "to-file": "sub/b",
        "to-folder": "sub",
        "absolute": str(root / "a"),
        "absolute-folder": str(root / "sub"),
        "through-current": str(tmp_path / "current" / "a"),
        "out-and-back": "../root/a",
        "far-out-and-back": f"../../../../../../../../../../../../..{root}/a",
        "to-root": ".",
        "chain": "to-folder/up-again",
        "sub/up": "../a",
        "sub/up-again": "../to-file",
        "out": "../out/a",
        "out-folder": "../out",
        "out-absolute": str(tmp_path / "out" / "a"),
        "sibling": "../root1/a",
        "above": "..",
        "dangling": "none",
        "loop": "loop",
        "loop-1": "loop-2",
        "loop-2": "loop-1",
        "magic-root": "/proc/self/root",
        "magic-cwd": "/proc/self/cwd",
        "magic": "/proc/self/fd",
    }.items():
        (root / name).symlink_to(target)
    (tmp_path / "current").symlink_to("root")
    os.mkfifo(root / "pipe")
    return root


GIVEN = {
    "a": b"a",
    "./a": b"a",
    "sub//b": b"b",
    "sub/./b": b"b",
    "to-file": b"b",
    "to-folder/b": b"b",
    "absolute": b"a",
    "absolute-folder/b": b"b",
    "through-current": b"a",
    "out-and-back": b"a",
    "far-out-and-back": b"a",
    "to-root/a": b"a",
    "to-root/to-root/sub/up": b"a",
    "chain": b"b",
    "sub/up": b"a",
    "above/root/a": b"a",
    "magic-root{root}/a": b"a",
}
REFUSED = {
    "": FileNotFoundError,
    "none": FileNotFoundError,
    "sub/none": FileNotFoundError,
    "a/": FileNotFoundError,
    "a/b": FileNotFoundError,
    ".": IsADirectoryError,
    "sub": IsADirectoryError,
    "sub/": IsADirectoryError,
    "to-folder": IsADirectoryError,
    "absolute-folder/": IsADirectoryError,
    "pipe": ValueError,
    "..": FileNotFoundError,
    "../out/a": FileNotFoundError,
    "sub/../../out/a": FileNotFoundError,
    "sub/../a": FileNotFoundError,
    "/etc/passwd": FileNotFoundError,
    "{root}/a": FileNotFoundError,
    "out": FileNotFoundError,
    "out-folder": FileNotFoundError,
    "out-folder/a": FileNotFoundError,
    "out-absolute": FileNotFoundError,
    "sibling": FileNotFoundError,
    "above/out/a": FileNotFoundError,
    "above/root1/a": FileNotFoundError,
    "dangling": FileNotFoundError,
    "loop": FileNotFoundError,
    "loop-1/a": FileNotFoundError,
    "magic-root/etc/passwd": FileNotFoundError,
    "magic/0": FileNotFoundError,
    "a\x00": FileNotFoundError,
    "a\x00b": FileNotFoundError,
    "\ud800": FileNotFoundError,
    "n" * 300: FileNotFoundError,
    "n/" * 5000: FileNotFoundError,
}


@pytest.mark.parametrize("spelling", ["{root}", "{root}/", "{root}/.", "{root}/sub/..", "{root}/../current", "/{root}"])
def test_all_ways_give_the_verdict_of_the_table(tree, spelling):
    for path, right in (GIVEN | REFUSED).items():
        found = verdicts(path.format(root=tree), spelling.format(root=tree))
        for way, seen in found.items():
            is_right = seen == right if isinstance(right, bytes) else issubclass(seen, right)
            assert is_right, (way, path, seen)


def test_a_root_that_is_relative_follows_the_working_directory(tree, monkeypatch):
    monkeypatch.chdir(tree.parent)
    assert set(verdicts("a", "root").values()) == {b"a"}
    monkeypatch.chdir(tree)
    assert set(verdicts("a", ".").values()) == {b"a"}
    assert set(verdicts("a", "root").values()) == {FileNotFoundError}


@pytest.mark.parametrize("root", ["", "none", "{root}/a", "{root}/loop", "{root}\x00", "{root}/\ud800"])
def test_a_root_that_is_no_folder_has_no_files(tree, monkeypatch, root):
    monkeypatch.chdir(tree)
    assert set(verdicts("a", root.format(root=tree)).values()) == {FileNotFoundError}


LINKS = ("link1", "link2", "link3")
parts = st.sampled_from([*NAMES, *NAMES, ".", "", "..", *LINKS, *LINKS])
paths = st.lists(parts, min_size=1, max_size=4).map("/".join)
starts = ["", "", "../", "../root/", "{root}/", "{base}/current/", "/proc/self/root{root}/", "/proc/self/cwd/"]
targets = st.tuples(st.sampled_from(starts), paths).map("".join).filter(bool)
trees = st.fixed_dictionaries(
    {
        "files": st.lists(st.sampled_from(["a", "b/a", "b/b/a", "b/b/b", "c/a", "c/b"]), min_size=1, unique=True),
        "links": st.lists(st.tuples(st.sampled_from(["", "b/", "b/b/", "c/"]), st.sampled_from(LINKS), targets)),
    }
)


def plant(base: Path, tree: dict) -> Path:
    """Make *tree* in the folder ``root`` of *base*, beside a secret file ``a`` and a link to ``root``."""
    root = base / "root"
    (root / "b" / "b").mkdir(parents=True)
    (root / "c").mkdir()
    (base / "a").write_bytes(SECRET)
    (base / "current").symlink_to("root")
    for file in tree["files"]:
        if not (root / file).exists():
            (root / file).write_bytes(file.encode())
    for folder, name, target in tree["links"]:
        if not os.path.lexists(f"{root}/{folder}{name}"):
            os.symlink(target.format(root=root, base=base), f"{root}/{folder}{name}")
    return root


@settings(max_examples=100, deadline=None)
@given(tree=trees, asked=st.lists(paths, min_size=1, max_size=8), spelling=st.sampled_from(["root", "current"]))
def test_all_ways_give_the_same_verdict_in_any_tree(tree, asked, spelling):
    require_openat2()
    with tempfile.TemporaryDirectory() as base:
        root = plant(Path(base).resolve(), tree)
        for path in asked:
            found = verdicts(path.format(root=root, base=base), f"{base}/{spelling}")
            assert len(set(found.values())) == 1, (path, found)
            assert SECRET not in found.values(), path


MOUNTS = """
import os, subprocess, sys
sys.path[:0] = {path!r}
from files.ways_beneath_root import verdicts
base = {base!r}
root = base + "/root"
for folder in ("inner", "outer", "over"):
    os.mkdir(f"{{root}}/{{folder}}")
subprocess.run(["mount", "--bind", root + "/sub", root + "/inner"], check=True)
subprocess.run(["mount", "--bind", base + "/out", root + "/outer"], check=True)
subprocess.run(["mount", "-t", "tmpfs", "none", root + "/over"], check=True)
with open(root + "/over/f", "w") as file:
    file.write("f")
os.symlink("../a", root + "/over/in")
os.symlink("../../out/a", root + "/over/out")
for name in ("inner/b", "inner/up", "outer/a", "over/f", "over/in", "over/out"):
    print(name, *sorted(map(str, set(verdicts(name, root).values()))))
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("unshare"), reason="no unshare() of mounts here")
def test_all_ways_cross_mounts_and_judge_by_the_place_in_the_tree(tree):
    require_openat2()
    trial = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True)
    if trial.returncode:
        pytest.skip("this process must not mount anything")
    program = MOUNTS.format(path=sys.path, base=str(tree.parent))
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.stdout.splitlines() == [
        "inner/b b'b'",
        "inner/up b'a'",
        # What the administrator has mounted inside the root is inside it.
        "outer/a b'secret'",
        "over/f b'f'",
        "over/in b'a'",
        "over/out <class 'FileNotFoundError'>",
    ], done.stderr


@pytest.mark.parametrize("way", ["openat2", "openat2 from the root", "descriptor"])
def test_links_and_folders_that_are_swapped_meanwhile_never_lead_out(tree, monkeypatch, way):
    use_way(monkeypatch, way)
    (tree / "swapped").mkdir()
    (tree / "swapped" / "a").write_bytes(b"a")
    (tree / "away").symlink_to("../out")
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            for source, target in (("swapped", "was"), ("away", "swapped"), ("swapped", "away"), ("was", "swapped")):
                os.rename(tree / source, tree / target)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        seen = {verdict("swapped/a", str(tree)) for _ in range(1500)}
    finally:
        is_over.set()
        swapper.join()
    assert seen <= {b"a", FileNotFoundError}


def test_a_link_that_is_put_there_after_the_kernel_refused_is_judged_anew(tree, monkeypatch):
    require_proc()

    def refuse_and_swap(*arguments: object) -> int:
        if (tree / "a").is_file() and not (tree / "a").is_symlink():
            (tree / "a").unlink()
            (tree / "a").symlink_to("../out/a")
        return -1

    monkeypatch.setattr(beneath_root, "openat2", refuse_and_swap)
    assert verdict("a", str(tree)) is FileNotFoundError


def test_a_root_that_is_exchanged_between_two_calls_is_followed(tree):
    current = tree.parent / "current"
    for _ in range(2):
        assert verdict("a", str(current)) == b"a"
    (tree.parent / "next").symlink_to("root1")
    (tree.parent / "next").rename(current)
    assert verdict("a", str(current)) == SECRET  # which is inside of this root
    tree.rename(tree.parent / "old")
    (tree.parent / "root1").rename(tree)
    assert verdict("a", str(tree)) == SECRET


@pytest.mark.parametrize("way", ["openat2", "openat2 from the root", "descriptor"])
def test_a_descriptor_is_not_inherited_and_none_is_left(tree, monkeypatch, way):
    use_way(monkeypatch, way)
    before = os.listdir("/proc/self/fd")
    for path in GIVEN | REFUSED:
        verdict(path.format(root=tree), str(tree))
    assert os.listdir("/proc/self/fd") == before
    opened = open_regular("a", str(tree))
    assert not os.get_inheritable(opened.descriptor)
    opened.close()


def tries(monkeypatch: pytest.MonkeyPatch, root: str) -> list[bool]:
    """Return, for each call of ``openat2`` that opens ``a`` twice, whether it starts at the root's descriptor."""
    seen = []
    real = beneath_root.openat2

    def noting(folder: int, path: str, how: bytes) -> int:
        seen.append(folder >= 0)
        return real(folder, path, how)

    monkeypatch.setattr(beneath_root, "_LINKED_ROOTS", {})
    monkeypatch.setattr(beneath_root, "openat2", noting)
    for _ in range(2):
        assert verdict("a", root) == b"a"
    return seen


def test_a_root_without_links_needs_no_descriptor_of_it(tree, monkeypatch):
    require_openat2()
    assert tries(monkeypatch, str(tree)) == [False, False]
    assert beneath_root._LINKED_ROOTS == {}


def test_the_second_file_of_a_root_behind_a_link_is_opened_from_its_descriptor_at_once(tree, monkeypatch):
    require_openat2()
    assert tries(monkeypatch, str(tree.parent / "current")) == [False, True, True]


def test_a_link_inside_of_the_root_says_nothing_of_the_root(tree, monkeypatch):
    require_openat2()
    monkeypatch.setattr(beneath_root, "_LINKED_ROOTS", {})
    assert verdict("to-file", str(tree)) == b"b"
    assert list(beneath_root._LINKED_ROOTS.items()) == [(str(tree), False)]


def test_what_is_remembered_of_roots_has_a_limit(tree, monkeypatch):
    monkeypatch.setattr(beneath_root, "_LINKED_ROOTS", {})
    monkeypatch.setattr(beneath_root, "_MOST_ROOTS", 3)
    monkeypatch.setattr(beneath_root, "has_openat2", lambda: True)
    for number in range(5):
        verdict("none", f"{tree}/{number}")
    assert len(beneath_root._LINKED_ROOTS) == 3


def test_a_file_whose_whole_path_is_too_long_for_proc_is_opened_by_openat2(tmp_path, monkeypatch):
    require_openat2()
    name = "x" * 250
    monkeypatch.chdir(tmp_path)
    for _ in range(17):
        os.mkdir(name)
        os.chdir(name)
    Path("a").write_bytes(b"a")
    found = verdicts("a", ".")
    # openat() opens the file too, but readlink() cannot tell where it is: ENAMETOOLONG.
    assert found == {"openat2": b"a", "openat2 from the root": b"a", "descriptor": FileNotFoundError}


@pytest.mark.parametrize("way", ["openat2", "openat2 from the root", "descriptor", "name"])
def test_only_files_whose_folder_is_inside_are_removed(tree, monkeypatch, way):
    use_way(monkeypatch, way)
    for path in ("out-folder/a", "../out/a", "none", "none/a", "above/out/a"):
        unlink(path, str(tree))
    assert (tree.parent / "out" / "a").exists()
    for path in ("a", "to-folder/b"):
        unlink(path, str(tree))
    assert not (tree / "a").exists()
    assert not (tree / "sub" / "b").exists()
