from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wsgiresp._protocol.json_encoding import json_encoder, orjson_encode
from wsgiresp._protocol.json_lines import line

TEXTS = st.text() | st.text(st.sampled_from("\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\r\nâÂ\ud800\\"))
DOCUMENTS = st.recursive(
    TEXTS | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("encode", [json_encoder().encode, json_encoder(ensure_ascii=True).encode, orjson_encode])
@given(document=DOCUMENTS)
@example(document="\\\u2028")
def test_a_reader_that_knows_every_end_of_a_line_gets_the_document(encode, document):
    [text] = line(encode(document)).decode().splitlines()
    assert json.loads(text) == document


def test_other_letters_are_sent_as_they_are():
    assert line('"é€Âb\u2027"'.encode()) == '"é€Âb\u2027"\n'.encode()
