"""Known faults of the servers, whatever an app says, and their answers as they would be without them.

See ``known_faults.py`` for what becomes of a row that can go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from known_faults import Fault, faults

from .expected_answers import Row
from .http_client import Answer, Connection
from .server_processes import KINDS

HERE = "tests/servers/server_faults.py"

# These two send a stream without chunks or a length, and do not show the socket that could be reset. The third ended
# the chunks before its version 2.8.9 as if all were well, whatever an app raised.
END_AS_IF_WHOLE = faults(
    f"{HERE}, END_AS_IF_WHOLE", "ends a stream that failed as if it were whole", "wsgiref", "uwsgi", "granian"
)
# It writes the last error into its log.
TELLS_NO_CAUSES = faults(f"{HERE}, TELLS_NO_CAUSES", "leaves out of its log what an error was caused by", "granian")
ANSWERS_NOTHING = faults(f"{HERE}, ANSWERS_NOTHING", "closes without an answer when an app raises", "uwsgi")
LENGTH_OF_NOTHING = faults(
    f"{HERE}, LENGTH_OF_NOTHING", "says Content-Length: 0 where an app has said none and written nothing", "wsgiref"
)
LATIN_AS_UTF8 = faults(f"{HERE}, LATIN_AS_UTF8", "sends fields in latin-1 as UTF-8", "granian")
OWN_PHRASES = faults(f"{HERE}, OWN_PHRASES", "knows no reason phrases but its own", "granian")
# Only a connection that is closed tells such a client where a stream ends.
NO_END_FOR_OLD_CLIENTS = faults(
    f"{HERE}, NO_END_FOR_OLD_CLIENTS", "keeps the connection of HTTP/1.0 open behind a stream", "gevent.pywsgi"
)
END_CHUNKS_OF_NO_BODY = faults(
    f"{HERE}, END_CHUNKS_OF_NO_BODY",
    "ends the chunks of an answer to HEAD, which has none",
    "gevent.pywsgi",
    "waitress",
)
# It says nothing of it, which is a no.
KEEPS_NO_OLD_CLIENT = faults(
    f"{HERE}, KEEPS_NO_OLD_CLIENT", "closes the connection of HTTP/1.0 that is to be kept", "cheroot"
)
CLOSES_BEHIND_NO_BODY = faults(
    f"{HERE}, CLOSES_BEHIND_NO_BODY", "closes behind an answer that can have no body and has no length", "waitress"
)

SENDS_NO_HINTS = faults(f"{HERE}, SENDS_NO_HINTS", "sends no early hints", *KINDS)

PHRASES = {404: "Not Found", 599: "<none>"}  # of granian


def answer_to(connection: Connection, server: str, row: Row, note: Callable[..., None], method: str = "GET") -> Answer:
    """Return the answer to the request for *row* that was sent, as it would be without the known faults of *server*.

    Each fault that would show in it is noted by *note*; anything else that is not due stays in the answer.
    """
    head = connection.head()
    if server in LENGTH_OF_NOTHING and row.length is None and (method == "HEAD" or row.body == b""):
        head = without_length(head, LENGTH_OF_NOTHING[server], note)
    if server in LATIN_AS_UTF8:
        head = in_latin(head, LATIN_AS_UTF8[server], row, note)
    if server in OWN_PHRASES and PHRASES.get(row.status, row.reason) != row.reason:
        head = with_phrase(head, OWN_PHRASES[server], row, note)
    return replace(head, body=b"".join(connection.pieces(head, method)))


def without_length(head: Answer, fault: Fault, note: Callable[..., None]) -> Answer:
    """Return *head* without a length of nothing: then the body is what comes until the end, which is to be nothing."""
    shows = head.values("Content-Length") == ["0"]
    note(fault, shows=shows)
    return replace(head, fields=tuple(f for f in head.fields if not (shows and f[0].lower() == "content-length")))


def in_latin(head: Answer, fault: Fault, row: Row, note: Callable[..., None]) -> Answer:
    """Return *head* with the values of *row* in latin-1 that were sent as UTF-8."""
    beyond = {(name, value.encode().decode("latin-1")): value for name, value in row.sent if not value.isascii()}
    for wrong in beyond:
        note(fault, shows=wrong in [(name.lower(), value) for name, value in head.fields])
    return replace(head, fields=tuple((n, beyond.get((n.lower(), value), value)) for n, value in head.fields))


def with_phrase(head: Answer, fault: Fault, row: Row, note: Callable[..., None]) -> Answer:
    """Return *head* with the phrase of *row* in the place of the server's own."""
    shows = head.reason == PHRASES[row.status]
    note(fault, shows=shows)
    return replace(head, reason=row.reason) if shows else head
