"""The ways in which a file beneath a root is opened, each for itself."""

from __future__ import annotations

import os

import pytest

from wsgiresp._files import beneath_root, system_calls
from wsgiresp._files.safe_open import open_regular

WAYS = ("openat2", "openat2 from the root", "descriptor", "name")


def use_way(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Leave out the ways that come before *way* of :data:`WAYS`; skip the test where the system does not have it."""
    monkeypatch.setattr(beneath_root, "_LINKED_ROOTS", {})
    if way.startswith("openat2"):
        require_openat2()
    elif way == "descriptor":
        require_proc()
    if way == "openat2 from the root":
        real = system_calls.openat2
        monkeypatch.setattr(
            beneath_root,
            "openat2",
            lambda folder, path, how: -1 if folder == system_calls.AT_FDCWD else real(folder, path, how),
        )
    elif way in ("descriptor", "name"):
        monkeypatch.setattr(beneath_root, "openat2", lambda *arguments: -1)
        monkeypatch.setattr(beneath_root, "_HAS_PROC_FD", way == "descriptor")


def require_proc() -> None:
    """Skip the test where nothing shows the path of a descriptor."""
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("there is no /proc/self/fd on this system")


def require_openat2() -> None:
    """Skip the test where the kernel does not have ``openat2``, or something forbids it."""
    descriptor = system_calls.openat2(system_calls.AT_FDCWD, ".", system_calls.open_how(os.O_RDONLY, 0))
    if descriptor < 0:
        pytest.skip("this system has no openat2(): it is Linux before 5.6, another kernel, or a filter forbids it")
    os.close(descriptor)


def verdict(path: str, root: str) -> bytes | type[Exception]:
    """Return the content of the file at *path* beneath *root*, or the class of the error."""
    try:
        opened = open_regular(path, root)
    except Exception as error:
        return type(error)
    try:
        return opened.read_at(100, 0)
    finally:
        opened.close()


def verdicts(path: str, root: str) -> dict[str, bytes | type[Exception]]:
    """Return the verdict of each way that begins on a descriptor; :data:`WAYS` has their names."""
    found = {}
    for way in ("openat2", "openat2 from the root", "descriptor"):
        with pytest.MonkeyPatch.context() as monkeypatch:
            use_way(monkeypatch, way)
            found[way] = verdict(path, root)
    return found
