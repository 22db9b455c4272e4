"""``serve_files``: the files of a folder, as a WSGI application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias, TypedDict
from urllib.parse import quote

from wsgiresp._files.safe_open import NotRegularError
from wsgiresp._protocol.caching import MaxAge, cache_control
from wsgiresp._protocol.header_validation import extend, pairs
from wsgiresp._types import HeaderFields, Prepared, send

from .file import FileResponse
from .offload import Offload
from .redirect import RedirectResponse
from .text import PlainTextResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from wsgiresp._types import StartResponse, WSGIEnvironment

AgeOfPath: TypeAlias = "Callable[[str], MaxAge | None]"

_NOT_FOUND = PlainTextResponse("Not Found", 404)
_NOT_ALLOWED = PlainTextResponse("Method Not Allowed", 405, headers={"Allow": "GET, HEAD"})


def serve_files(
    root: str | os.PathLike[str],
    *,
    index: str | None = None,
    max_age: MaxAge | AgeOfPath | None = None,
    etag: bool = True,
    headers: HeaderFields | None = None,
    offload: Offload | None = None,
) -> WSGIApplication:
    """Return a WSGI application that serves the files in the folder *root*, by the path of the request.

    *index*: the name of the file that stands for a folder; without it folders are not found.

    *max_age* (seconds), *etag*, *headers* and *offload* are those of :class:`FileResponse`, for each file. *max_age*
    may also be a function of the path (relative, with slashes). Without it, and where the function returns None, files
    are sent with ``Cache-Control: no-cache``, unless *headers* has a Cache-Control or an Expires.

    What is not there, is no regular file, must not be read, or lies outside *root* is a 404; another method than GET
    and HEAD is a 405.

    Raises ``NotADirectoryError`` where *root* is no folder.

    .. versionchanged:: 0.2
        ``no-cache`` is the default.
    """
    folder = os.path.abspath(os.fsdecode(root))
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"root must be a folder, got {root!r}")
    return _Folder(folder, index, max_age, headers, {"etag": etag, "offload": offload})


class _FileOptions(TypedDict):
    """Arguments of FileResponse that are the same for each file of the folder."""

    etag: bool
    offload: Offload | None


class _Folder:
    def __init__(
        self,
        root: str,
        index: str | None,
        max_age: MaxAge | AgeOfPath | None,
        headers: HeaderFields | None,
        options: _FileOptions,
    ) -> None:
        self._root = root
        self._index = index
        self._max_age: MaxAge | AgeOfPath | None = max_age
        self._fields = [(name, str(value)) for name, value in pairs(headers or ())]
        self._options = options
        # What is wrong with them is said now, not to a client.
        extend([], self._fields)
        if max_age is not None and not callable(max_age):
            cache_control(max_age)
        # Beside an Expires, no-cache would win (RFC 9111, Section 5.3).
        has_expiry = any(name.lower() == "expires" for name, _ in self._fields)
        self._default_age: MaxAge | None = None if has_expiry else 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request of *environ* (PEP 3333)."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _NOT_ALLOWED(environ, start_response)
        try:
            prepared = self._prepare(environ)
        except (FileNotFoundError, IsADirectoryError, PermissionError, NotRegularError):
            return _NOT_FOUND(environ, start_response)
        return send(prepared, start_response)

    def _prepare(self, environ: WSGIEnvironment) -> Prepared:
        # PEP 3333, "Unicode Issues": the server has decoded the percent-encoding, and the bytes as latin-1.
        path = os.fsdecode(environ.get("PATH_INFO", "").encode("latin-1")).removeprefix("/")
        if self._index is not None and (not path or path.endswith("/")):
            return self._response(path + self._index).prepare(environ)
        try:
            return self._response(path).prepare(environ)
        except IsADirectoryError:
            if self._index is None:
                raise
            # The links of an index page are relative to its folder.
            return _with_slash(environ).prepare(environ)

    def _response(self, path: str) -> FileResponse:
        age = self._max_age(path) if callable(self._max_age) else self._max_age
        age = self._default_age if age is None else age
        return FileResponse(path, headers=self._fields, root=self._root, max_age=age, **self._options)


_IN_QUERY = "!$&'()*+,;=:@/?%[]"  # RFC 3986, Section 3.4, and what is encoded already


def _with_slash(environ: WSGIEnvironment) -> RedirectResponse:
    path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    query = environ.get("QUERY_STRING", "")
    # No host is allowed: a path that begins with two slashes would name one.
    target = quote(path.encode("latin-1")) + "/" + (query and "?" + quote(query.encode("latin-1"), safe=_IN_QUERY))
    return RedirectResponse(target, allowed_hosts=())
