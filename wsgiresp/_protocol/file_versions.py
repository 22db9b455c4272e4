"""Version of a file, by the times and the size of its ``stat`` result (RFC 9110, Section 8.8). No file is read.

The question is: does the modification time (mtime) say when this file changed, or is it a constant of the program that
packed it?

**Constants of packagers.** For builds that can be repeated, packagers give all files one mtime: Nix 1, ``zip`` and App
Engine 315532800 (1980), npm 499162500 (1985), Bazel 946684800 (2000), others 0. As a Last-Modified such a time makes
browsers keep a file for years without asking (they take a tenth of its age: RFC 9111, Section 4.2.2), and as a tag it
is the same for all versions of one size. Reports: NixOS/nixpkgs#25485, GoogleChrome/web.dev#3913,
fedwiki/wiki-server#151. Other servers look for the values 0 and 1 alone (Caddy, Go, static-web-server#487); all of the
known constants lie before 2001, and hardly any file that is served today was last changed before that year.

**The tag** is made of mtime and size, which copies on several machines share (``rsync -t``, ``cp -p``, one archive
that all unpack). The inode number is another one on each machine (NixOS/nixpkgs#222354): a client that comes to another
machine would begin a download anew. It is part of the tag, with the time of the last change of the inode (ctime),
only where the mtime says nothing. A deployment changes them: a new file has another inode number, or, where that is
used again, a later ctime.

**Clock ticks.** File systems take the time from a clock that moves in ticks of up to 16 ms. A file that is changed in
place within the tick of its last change keeps ctime, inode number and size. So where these tell the version, the tag of
a small file has a digest of the content too: see :mod:`wsgiresp.responses.file_validators`. A file that keeps a time of
its own and its size over a change within one tick keeps its tag, as with every server that makes tags of times.
"""

from __future__ import annotations

FIRST_CREDIBLE = 978307200
"""First mtime, in seconds since 1970, that is taken for the time of a change: 2001-01-01 00:00:00 UTC."""

_SECOND = 10**9


def last_modified(mtime_ns: int, now: int) -> int | None:
    """Return the Last-Modified of a file in seconds since 1970, or None where its mtime is the constant of a packager.

    *now*: seconds since 1970. A later mtime becomes that: an origin server "MUST NOT generate a Last-Modified date that
    is later than the server's time of message origination" (RFC 9110, Section 8.8.2.1).
    """
    modified = mtime_ns // _SECOND
    return min(modified, now) if modified >= FIRST_CREDIBLE else None


def version(mtime_ns: int, size: int, inode: int, ctime_ns: int) -> str:
    """Return the text between the quotes of the tag of a file.

    *inode* and *ctime_ns* are in it only where *mtime_ns* is the constant of a packager.
    """
    of_all_copies = f"{mtime_ns:x}-{size:x}"
    if mtime_ns // _SECOND >= FIRST_CREDIBLE:
        return of_all_copies
    return f"{of_all_copies}-{inode:x}-{ctime_ns:x}"
