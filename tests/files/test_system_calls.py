"""System calls of files: ``openat2`` where the kernel has it, and the ``close`` that gevent does not replace."""

from __future__ import annotations

import builtins
import ctypes
import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest
from files.ways_beneath_root import require_openat2

from wsgiresp._files import system_calls
from wsgiresp._files.system_calls import AT_FDCWD, RESOLVE_BENEATH, close_descriptor, open_how, openat2

READ = open_how(os.O_RDONLY, 0)


@pytest.fixture
def anew():
    """Have it found out again whether there is an ``openat2``, now and after the test."""
    system_calls._system_call.cache_clear()
    yield
    system_calls._system_call.cache_clear()


def on(monkeypatch, machine="x86_64", release="6.1.0-13-amd64"):
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=machine, release=release))
    return system_calls.has_openat2()


def run(program):
    """Return what *program* prints in a process of its own."""
    command = [sys.executable, "-c", program]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_descriptor_is_not_inheritable(tmp_path):
    require_openat2()
    (tmp_path / "a").write_bytes(b"a")
    descriptor = openat2(AT_FDCWD, str(tmp_path / "a"), READ)
    assert not os.get_inheritable(descriptor)
    close_descriptor(descriptor)


@pytest.mark.parametrize("path", ["../b", "/etc/passwd", "none", "", "a\x00", "a\x00b", "n" * 5000])
def test_what_the_kernel_does_not_open_has_no_descriptor(tmp_path, path):
    (tmp_path / "a").write_bytes(b"a")
    folder = os.open(tmp_path, os.O_RDONLY)
    assert openat2(folder, path, open_how(os.O_RDONLY, RESOLVE_BENEATH)) == -1
    close_descriptor(folder)


def test_flags_that_the_kernel_does_not_know_have_no_descriptor(tmp_path):
    assert openat2(AT_FDCWD, str(tmp_path), open_how(os.O_RDONLY, 1 << 60)) == -1


def test_a_path_that_cannot_be_encoded_is_an_error():
    require_openat2()
    with pytest.raises(UnicodeEncodeError):
        openat2(AT_FDCWD, "\ud800", READ)


def test_audit_hooks_see_what_is_opened():
    require_openat2()
    program = """if True:
        import os, sys
        from wsgiresp._files.system_calls import AT_FDCWD, openat2, open_how
        how = open_how(os.O_RDONLY | os.O_NONBLOCK, 0)
        openat2(AT_FDCWD, "/", how)
        seen = []
        sys.addaudithook(lambda event, arguments: seen.append(arguments) if event == "open" else None)
        openat2(AT_FDCWD, "/", how)
        os.open("/", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        print(seen[0] == seen[1])"""
    assert run(program) == "True"


FILTERED = """if True:
    import ctypes, errno, os, struct
    from files.ways_beneath_root import verdict
    from wsgiresp._files.system_calls import AT_FDCWD, openat2, open_how
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
    libc = ctypes.CDLL(None)
    libc.prctl(38, ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
    for name in {names!r}:
        # "If the number is 437, fail with this errno; else allow", as prctl(2) takes it. The newest filter wins.
        answers = (0x50000 | getattr(errno, name), 0x7fff0000)
        code = struct.pack("=" + "HBBI" * 4, 0x20, 0, 0, 0, 0x15, 0, 1, 437, 6, 0, 0, answers[0], 6, 0, 0, answers[1])
        program = Program(4, ctypes.cast(ctypes.create_string_buffer(code), ctypes.c_void_p))
        if libc.prctl(22, ctypes.c_ulong(2), ctypes.byref(program)):
            print("no filter")
        how = open_how(os.O_RDONLY, 0)
        print(name, openat2(AT_FDCWD, "/", how), verdict("a", {folder!r}), verdict("../a", {folder!r}).__name__)
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="the filter is for these numbers")
def test_whatever_the_reason_of_a_refusal_the_next_way_decides(tmp_path):
    require_openat2()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a").write_bytes(b"a")
    names = ["EPERM", "ENOSYS", "EXDEV", "EAGAIN", "E2BIG", "EINVAL", "ELOOP", "EINTR", "EACCES", "EIO"]
    lines = run(FILTERED.format(folder=str(tmp_path / "files"), names=names)).splitlines()
    if lines[0] == "no filter":
        pytest.skip("this process must not have a seccomp filter")
    assert lines == [f"{name} -1 b'a' FileNotFoundError" for name in names]


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize(
    ("machine", "release", "is_tried"),
    [
        pytest.param("x86_64", "6.1.0-13-amd64", True, id="Debian 12"),
        pytest.param("x86_64", "5.6.0", True, id="the first release"),
        pytest.param("aarch64", "6.8-rc1", True, id="a release candidate"),
        pytest.param("riscv64", "10.0", True, id="a number of two digits"),
        pytest.param("x86_64", "5.5.19", False, id="the release before"),
        pytest.param("x86_64", "4.18.0-553.el8.x86_64", False, id="Red Hat 8"),
        pytest.param("x86_64", "4.4.0", False, id="gVisor"),
        pytest.param("x86_64", "six", False, id="no number"),
        pytest.param("x86_64", "6.x", False, id="half a number"),
        pytest.param("alpha", "6.1.0", False, id="another number of the call"),
        pytest.param("mips64", "6.1.0", False, id="another offset of numbers"),
        pytest.param("i686", "6.1.0", False, id="32 bits"),
    ],
)
def test_the_call_is_tried_where_its_number_is_known_and_the_kernel_is_new_enough(
    monkeypatch, machine, release, is_tried
):
    monkeypatch.setattr(sys, "platform", "linux")
    assert on(monkeypatch, machine, release) is is_tried


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        pytest.param(sys, "platform", "darwin", id="another system"),
        pytest.param(sys, "maxsize", 2**31 - 1, id="a 32-bit process on a 64-bit kernel, and x32"),
        pytest.param(sys, "getandroidapilevel", lambda: 30, id="Android, whose filter ends the process"),
        pytest.param(ctypes, "CDLL", lambda name: object(), id="a C library without syscall()"),
    ],
)
def test_the_call_is_not_tried_elsewhere(monkeypatch, module, name, value):
    monkeypatch.setattr(module, name, value, raising=False)
    assert on(monkeypatch) is False
    assert openat2(AT_FDCWD, "/", READ) == -1


@pytest.mark.usefixtures("anew")
def test_a_python_without_ctypes_does_not_try_it(monkeypatch):
    real = builtins.__import__

    def without_ctypes(name, *arguments):
        if name == "ctypes":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_ctypes)
    assert on(monkeypatch) is False


def test_ctypes_is_not_imported_before_the_first_file_beneath_a_root():
    assert run("import sys, wsgiresp; print('ctypes' in sys.modules)") == "False"


def test_the_close_of_a_patched_process_is_the_original_one():
    program = """if True:
        from gevent import monkey
        monkey.patch_all()
        import os
        from wsgiresp._files.system_calls import close_descriptor
        descriptor = os.open("/", os.O_RDONLY)
        close_descriptor(descriptor)
        try:
            os.fstat(descriptor)
        except OSError:
            print(close_descriptor is monkey.get_original("os", "close"), close_descriptor.__module__)"""
    assert run(program) == f"True {os.name}"
