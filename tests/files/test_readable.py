"""Permission to read a file (F6): told by the constructor, for the effective user; no file is kept open for that.

Others had to catch that error where the file is opened: aiohttp pull request 8538, Starlette pull request 1220.
"""

from __future__ import annotations

import errno
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wsgiresp._files import safe_open
from wsgiresp._files.file_sources import PathSource
from wsgiresp._files.safe_open import require_readable

NOBODY = 65534

# What each way of naming the file gives: the class of an error, or the step at which it comes.
PROGRAM = """if True:
    import json, os, sys
    from wsgiresp.responses import FileResponse, XSendfile

    def outcome(make):
        try:
            response = make()
        except Exception as error:
            return type(error).__name__
        try:
            response.prepare({"REQUEST_METHOD": "GET"}).close()
        except Exception as error:
            return "call: " + type(error).__name__
        return "sent"

    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    folder, *names = sys.argv[1:]
    found = {}
    for name in names:
        path = folder + "/" + name
        open_before = len(os.listdir("/proc/self/fd"))
        found[name] = {
            "plain": outcome(lambda: FileResponse(path)),
            "root": outcome(lambda: FileResponse(name, root=folder)),
            "stat_result": outcome(lambda: FileResponse(path, stat_result=os.stat(path))),
            "root and stat_result": outcome(lambda: FileResponse(name, root=folder, stat_result=os.stat(path))),
            "offload": outcome(lambda: FileResponse(path, offload=XSendfile())),
        }
        assert len(os.listdir("/proc/self/fd")) == open_before
    print(json.dumps(found))
"""

WAYS = ("plain", "root", "stat_result", "root and stat_result")
SENT = dict.fromkeys((*WAYS, "offload"), "sent")
REFUSED = {**dict.fromkeys(WAYS, "PermissionError"), "offload": "sent"}  # the server in front opens the file

needs_users = pytest.mark.skipif(
    not hasattr(os, "geteuid") or not os.path.isdir("/proc/self/fd"), reason="this system has no users or no /proc"
)
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make files of several users"
)


def outcomes(folder, *names):
    """Return what a process that is not root sees of the files *names*."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROGRAM, str(folder), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, env=environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def folder():
    """A folder that every user may enter: the parents of ``tmp_path`` are for this user alone."""
    with tempfile.TemporaryDirectory() as found:
        os.chmod(found, 0o711)
        yield Path(found)


def make(folder, name, mode, owner=None, group=None):
    path = folder / name
    path.write_bytes(b"x")
    if owner is not None:
        os.chown(path, owner, group)
    path.chmod(mode)
    return path


@needs_users
def test_an_owner_who_may_not_read_is_told_by_the_constructor(folder):
    user = (NOBODY, NOBODY) if os.geteuid() == 0 else ()
    for name, mode in {"none": 0, "others": 0o044, "write": 0o200, "own": 0o400, "all": 0o444}.items():
        make(folder, name, mode, *user)
    assert outcomes(folder, "none", "others", "write", "own", "all") == {
        "none": REFUSED,
        "others": REFUSED,
        "write": REFUSED,
        "own": SENT,
        "all": SENT,
    }


@needs_root
def test_the_rights_of_owner_group_and_others_are_told_by_the_constructor(folder):
    make(folder, "all", 0o644, 0, 0)
    make(folder, "owner", 0o600, 0, 0)
    make(folder, "group", 0o640, 0, 0)
    make(folder, "my group", 0o640, 0, NOBODY)
    make(folder, "not my group", 0o604, 0, NOBODY)
    make(folder, "not others", 0o440, 0, 0)
    found = outcomes(folder, "all", "owner", "group", "my group", "not my group", "not others")
    assert found == {
        "all": SENT,
        "owner": REFUSED,
        "group": REFUSED,
        "my group": SENT,
        "not my group": REFUSED,
        "not others": REFUSED,
    }


def set_list(path, named, mask, others):
    """Give *path* a list of POSIX.1e with the rights of user ``NOBODY``, the mask, and the rights of others."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, named, NOBODY), (4, 4, nobody), (16, mask, nobody), (32, others, nobody)]
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", packed)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EPERM):
            raise
        pytest.skip("this file system has no access control lists")


@needs_root
@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="only Linux shows access control lists as attributes")
def test_an_access_control_list_is_asked_where_the_mode_does_not_let_all_read(folder):
    set_list(make(folder, "granted", 0o600, 0, 0), named=4, mask=4, others=0)
    set_list(make(folder, "masked", 0o600, 0, 0), named=4, mask=0, others=0)
    set_list(make(folder, "denied", 0o600, 0, 0), named=0, mask=4, others=0)
    found = outcomes(folder, "granted", "masked", "denied")
    assert found == {"granted": SENT, "masked": REFUSED, "denied": REFUSED}


@needs_root
@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="only Linux shows access control lists as attributes")
def test_a_list_that_denies_one_user_what_the_mode_lets_all_do_is_told_by_the_call(folder):
    path = make(folder, "denied", 0o644, 0, 0)
    set_list(path, named=0, mask=4, others=4)
    assert path.stat().st_mode & 0o777 == 0o644
    found = outcomes(folder, "denied")["denied"]
    assert (found["plain"], found["root"]) == ("call: PermissionError", "PermissionError")


def test_the_system_is_not_asked_about_a_file_that_all_may_read(tmp_path, monkeypatch):
    path = str(make(tmp_path, "a", 0o644))
    monkeypatch.setattr(os, "access", lambda *arguments, **named: pytest.fail("asked"))
    monkeypatch.setattr(os, "open", lambda *arguments, **named: pytest.fail("opened"))
    PathSource(path)
    PathSource(path, None, os.stat(path))


@pytest.mark.skipif(os.access not in os.supports_effective_ids, reason="access() knows the real user alone here")
def test_another_file_is_not_opened_by_the_constructor(tmp_path, monkeypatch):
    path = str(make(tmp_path, "a", 0o600))
    monkeypatch.setattr(os, "open", lambda *arguments, **named: pytest.fail("opened"))
    PathSource(path)


def test_a_refusal_of_access_is_checked_by_opening_the_file(tmp_path, monkeypatch):
    # moby issue 41704: old filters of Docker answer EPERM to faccessat2(), by which glibc 2.33 asks.
    path = make(tmp_path, "a", 0o600)
    monkeypatch.setattr(safe_open, "_HAS_EFFECTIVE_ACCESS", True)
    monkeypatch.setattr(os, "access", lambda *arguments, **named: False)
    require_readable(str(path))


def test_a_system_that_knows_the_real_user_alone_is_asked_by_opening_the_file(tmp_path, monkeypatch):
    path = make(tmp_path, "a", 0o600)
    monkeypatch.setattr(safe_open, "_HAS_EFFECTIVE_ACCESS", False)
    monkeypatch.setattr(os, "access", lambda *arguments, **named: pytest.fail("asked"))
    require_readable(str(path))


def test_a_file_that_has_been_removed_meanwhile_is_not_found(tmp_path):
    path = make(tmp_path, "a", 0o600)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        require_readable(str(path))
