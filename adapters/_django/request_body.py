"""Body of Django's request for coroutines under WSGI: it is read in the thread or greenlet of the request.

Django's request stores methods of ``wsgi.input``, so these are replaced too. The whole parsing of a form runs in that
thread or greenlet, since an upload handler may query the database, which Django refuses on an event loop.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from wsgiresp._runtime.greenlet_coroutine import NEVER, Condition, may_block
from wsgiresp._runtime.request_input import call_outside, reads_of, replace_reads
from wsgiresp._runtime.server_profile import ServerProfile

_PARSE = "_load_post_and_files"  # called by request.POST and request.FILES


def reads_of_body(request: Any) -> Condition:
    """Let coroutines read the body of *request*; return the value of :data:`may_block` for them.

    Called in the thread or greenlet of the request. A second call has no effect.
    """
    server = ServerProfile(request.META)
    reads = reads_of(server)
    if reads is not NEVER:
        replace_reads(getattr(request, "_stream", None), server.input)
    return reads


@contextlib.contextmanager
def body_in_coroutines(request: Any) -> Iterator[None]:
    """Let the coroutine that runs inside of the ``with``, and its child tasks, read and parse the body of *request*."""
    reads = reads_of_body(request)
    token = may_block.set(reads)
    if reads is not NEVER:
        parse = functools.partial(type(request)._load_post_and_files, request)
        vars(request)[_PARSE] = functools.partial(call_outside, parse)
    try:
        yield
    finally:
        # It references the request, which would be freed late; and a copy of the request would parse the original.
        vars(request).pop(_PARSE, None)
        may_block.reset(token)
