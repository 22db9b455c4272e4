"""Events of all kinds, and the blocks that stand for them."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from hypothesis import strategies as st

from wsgiresp._protocol.event_stream import ServerSentEvent, encode
from wsgiresp._protocol.json_encoding import json_encoder

TEXTS = st.text() | st.text(" \t\r\n\0:ab\x0b\x0c\x1c\x85\u2028\u2029\ufeff")
LINES = TEXTS.map(lambda text: text.translate({ord(mark): None for mark in "\r\n\0"}))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "data": TEXTS,
        "event": LINES,
        "id": LINES,
        "retry": st.integers(0, 10**9),
        "comment": TEXTS,
    },
)

to_json = json_encoder().encode


class Kind(StrEnum):
    """Texts that are more than text."""

    TICK = "tick"


class Number(IntEnum):
    """A number that is more than one."""

    SEVEN = 7


def encoded(*args, **fields):
    return encode(ServerSentEvent(*args, **fields), to_json)


class Tagged(ServerSentEvent):
    """An application's own event."""

    def __init__(self, number):
        super().__init__({"number": number}, event="tagged")
