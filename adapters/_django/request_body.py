"""Body of Django's request for coroutines under WSGI: read in the thread or greenlet of the request.

Django's request keeps methods of ``wsgi.input``, which are replaced beside it. Forms are parsed there as a whole, since
an upload handler may query the database, which Django refuses to do on a loop.
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
    """Let the coroutine that is run inside of this, and its child tasks, read and parse the body of *request*."""
    reads = reads_of_body(request)
    token = may_block.set(reads)
    if reads is not NEVER:
        parse = functools.partial(type(request)._load_post_and_files, request)
        vars(request)[_PARSE] = functools.partial(call_outside, parse)
    try:
        yield
    finally:
        # It references the request, which would be freed late; and copies of the request must parse for themselves.
        vars(request).pop(_PARSE, None)
        may_block.reset(token)
