"""Chromium seeks in a video, takes a part at a time, and asks again for what it has."""

from __future__ import annotations

import struct

import pytest
from clients.external_programs import needs

pytestmark = needs("chromium", "chromedriver")

RATE = 16_000  # bytes a second
SECONDS = 4_000
HEADER = 44  # bytes of a WAV file before its sound
SOUGHT = HEADER + 3_900 * RATE

SEEK = """
const [seconds, done] = arguments;
const video = document.querySelector("video");
const report = () => done({
    error: video.error && video.error.message,
    at: video.currentTime,
    duration: video.duration,
    seekable: video.seekable.length && video.seekable.end(0),
});
const seek = () => { video.onseeked = report; video.currentTime = seconds; };
video.onerror = report;
if (video.error) report();
else if (video.readyState >= HTMLMediaElement.HAVE_METADATA) seek();
else video.onloadedmetadata = seek;
"""


def head_of_sound():
    """Return what a WAV file begins with: 16 bits, 8 kHz, one channel."""
    length = RATE * SECONDS
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE // 2, RATE, 2, 16)
    return b"RIFF" + struct.pack("<I", HEADER - 8 + length) + b"WAVE" + form + b"data" + struct.pack("<I", length)


@pytest.fixture
def player(website, mark):
    """Return the URL of a page with a long video, of which nothing is in a cache."""
    with open(website.folder / "long.wav", "wb") as video:
        video.write(head_of_sound())
        video.truncate(HEADER + RATE * SECONDS)  # silence is zeros
    page = f'<!doctype html><title>Player</title><video preload="metadata" src="/fresh/long.wav?{mark}"></video>'
    (website.folder / "player.html").write_text(page)
    return website.url("fresh", "player.html")


def test_a_video_can_be_sought_to_where_nothing_is_loaded(browser, player):
    browser.open(player)
    assert browser.run(SEEK, 3_900) == {"error": None, "at": 3_900, "duration": SECONDS, "seekable": SECONDS}


def test_seeking_asks_for_the_bytes_from_there_on(browser, website, player, mark):
    browser.open(player)
    browser.run(SEEK, 3_900)
    sought, *_ = (part for part in website.seen(mark) if SOUGHT - 2**20 < part.start <= SOUGHT)
    assert sought.code == 206
    # It holds the beginning already, and wants the rest of that very version.
    assert sought.environ["HTTP_IF_RANGE"] == dict(sought.fields)["ETag"]


def test_a_page_that_is_loaded_again_is_not_sent_again(browser, website, mark):
    (website.folder / "page.html").write_text("<!doctype html><title>Page</title>")
    url = website.url("fresh", "page.html", mark)
    browser.open(url)
    browser.open("about:blank")
    browser.open(url)
    assert [seen.code for seen in website.seen(mark)] == [200, 304]
