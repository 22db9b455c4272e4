"""REDbot asks for a file, for a part of it and whether it changed, and has nothing to complain of."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys

import pytest
from clients.external_programs import run

pytestmark = pytest.mark.skipif(importlib.util.find_spec("redbot") is None, reason="not installed: redbot")

# "big.bin" is there already.
PAGES = {"page.html": "<!doctype html><title>Page</title>" + "<p>Grüße" * 99, "Grüße.txt": "Grüße\n" * 99, "empty": ""}

RESOURCES = [
    pytest.param("files", "big.bin", id="kept for an hour"),
    pytest.param("fresh", "big.bin", id="asked for each time"),
    pytest.param("fresh", "page.html", id="a page"),
    pytest.param("saved", "Grüße.txt", id="to be saved"),
]


def notes_of(found):
    for note in found:
        yield note
        yield from notes_of(note.get("subnotes", []))


@pytest.fixture(scope="module")
def reviewed(website, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    for name, text in PAGES.items():
        (website.folder / name).write_text(text, "utf-8")

    @functools.cache
    def review(route, name):
        """Return the notes that REDbot takes, by level."""
        found = json.loads(run(home, sys.executable, "-m", "redbot.cli", "-o", "har", website.url(route, name)))
        (entry,) = found["log"]["entries"]
        notes = {"GOOD": set(), "INFO": set(), "WARN": set(), "BAD": set()}
        for note in notes_of(entry["_red_messages"]):
            notes[note["level"]].add(f"{note['note_id']}: {note['summary']}")
        return notes

    return review


@pytest.mark.parametrize(
    ("route", "name"),
    [*RESOURCES, pytest.param("files", "empty", id="an empty file"), pytest.param("files", "missing", id="no file")],
)
def test_redbot_has_nothing_to_complain_of(reviewed, route, name):
    notes = reviewed(route, name)
    assert notes["WARN"] | notes["BAD"] == set()


@pytest.mark.parametrize(("route", "name"), RESOURCES)
def test_redbot_finds_that_a_file_can_be_asked_for_in_part_and_checked(reviewed, route, name):
    praise = {note.partition(":")[0] for note in reviewed(route, name)["GOOD"]}
    assert praise >= {"RANGE_CORRECT", "INM_304", "IMS_304", "CL_CORRECT"}


def test_redbot_finds_that_without_a_max_age_caches_guess_one(reviewed):
    notes = reviewed("plain", "big.bin")
    assert {note.partition(":")[0] for note in notes["WARN"] | notes["BAD"]} == {"FRESHNESS_HEURISTIC"}
