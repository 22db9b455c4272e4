"""What threads share can be looked at while one of them changes it."""

from __future__ import annotations

import sys
import threading
from weakref import WeakKeyDictionary

import pytest

from wsgiresp._runtime.process import live_items


class Key:
    """Something that can be referred to weakly."""


@pytest.fixture
def often():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_the_pairs_whose_keys_live_are_there():
    first, second = Key(), Key()
    shared = WeakKeyDictionary({first: 1, second: 2})
    del second
    assert live_items(shared) == [(first, 1)]


def test_what_is_taken_out_meanwhile_is_not_there():
    key = Key()

    class Emptied(WeakKeyDictionary):
        def keyrefs(self):
            found = super().keyrefs()
            self.clear()
            return found

    assert live_items(Emptied({key: 1})) == []


def test_another_thread_may_change_it_meanwhile(often):
    keys = [Key() for _ in range(200)]
    shared = WeakKeyDictionary(dict.fromkeys(keys))
    is_over = threading.Event()

    def change():
        while not is_over.is_set():
            more = [Key() for _ in range(20)]
            shared.update(dict.fromkeys(more))

    changing = threading.Thread(target=change)
    changing.start()
    try:
        assert all(len(live_items(shared)) >= len(keys) for _ in range(200))
    finally:
        is_over.set()
        changing.join()
