"""The large file: a sound, the same in every worker, and a note of each request for it."""

from __future__ import annotations

import base64
import hashlib
import wave

import pytest
from examples.readme_tables import example
from werkzeug.test import Client

TONES = example("panels.tones")


@pytest.fixture
def client():
    return Client(example("demo").app)


def test_the_file_is_ten_minutes_of_sound():
    with wave.open(str(TONES.tones_response().path)) as sound:
        assert (sound.getnframes() / sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (600, 2, 1)


def test_each_minute_has_another_note():
    with wave.open(str(TONES.tones_response().path)) as sound:
        minutes = {sound.readframes(60 * sound.getframerate())[:1000] for _ in range(10)}
    assert len(minutes) == 10


def test_another_worker_has_the_same_version(tmp_path):
    first, second = (TONES.write_tones(tmp_path / name) for name in ("a", "b") if not (tmp_path / name).mkdir())
    assert (first.digest, first.path.stat().st_mtime) == (second.digest, second.path.stat().st_mtime)


@pytest.mark.parametrize("part", [None, "bytes=19200000-"], ids=["the whole", "a part"])
def test_the_digest_is_that_of_the_whole(client, part):
    digest = hashlib.sha256(TONES.tones_response().path.read_bytes()).digest()
    with client.get("/tones.wav", headers={"Range": part} if part else {}) as answer:
        assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"


@pytest.mark.parametrize(
    ("query", "part", "status", "content_range"),
    [
        ("", "", 200, ""),
        ("listen", "bytes=44-", 206, "bytes 44-19200043/19200044"),
        ("take", "bytes=19200044-", 416, "bytes */19200044"),
    ],
)
def test_a_request_is_noted_with_its_answer(client, query, part, status, content_range):
    with client.get("/tones.wav", query_string=query, headers={"Range": part} if part else {}) as answer:
        assert answer.status_code == status
    noted = client.get("/tones/requests").get_json()[-1]
    assert noted == {"query": query, "range": part, "status": status, "content_range": content_range}


def test_the_notes_have_a_limit(client):
    for _ in range(25):
        client.head("/tones.wav")
    assert len(client.get("/tones/requests").get_json()) == 20
