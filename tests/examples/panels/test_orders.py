"""An order is answered before its tasks are done, and its tasks are told as they are."""

from __future__ import annotations

import pytest
from examples.readme_tables import example
from werkzeug.test import Client

from wsgiresp._protocol.event_reader import EventReader

ORDERS = example("panels.orders")


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(ORDERS, "TASKS", dict.fromkeys(ORDERS.TASKS, 0))
    return Client(example("demo").app)


def order(client):
    """Order, and return the number once the answer is closed."""
    with client.post("/orders") as answer:
        return answer.get_json()["order"]


def follow(client, number, last_id=None):
    headers = {"Last-Event-ID": last_id} if last_id else {}
    return EventReader().feed(client.get("/orders", query_string={"order": number}, headers=headers).data)


def test_the_answer_is_a_202_with_the_number(client):
    answer = client.post("/orders")
    assert (answer.status_code, list(answer.get_json())) == (202, ["order"])


def test_nothing_is_done_before_the_answer_has_gone_out(client):
    answer = client.post("/orders", buffered=False)
    done = ORDERS.orders[answer.get_json()["order"]]
    before = len(done)
    answer.close()
    assert (before, len(done)) == (0, 3)


def test_the_tasks_are_told_in_their_order(client):
    number = order(client)
    events = follow(client, number)
    assert [(event.json()["task"], event.json()["left"]) for event in events] == [
        ("confirm", 2),
        ("pack", 1),
        ("send", 0),
    ]


@pytest.mark.parametrize(
    ("last_id", "left"),
    [("1", [1, 0]), ("x", [2, 1, 0]), ("9" * 5000, [2, 1, 0])],
    ids=["a task", "no number", "a number that int() refuses"],
)
def test_who_comes_back_gets_the_tasks_after(client, last_id, left):
    number = order(client)
    assert [event.json()["left"] for event in follow(client, number, last_id)] == left


def test_an_order_that_is_not_known_ends_the_connections(client):
    assert client.get("/orders?order=1").status_code == 204


def test_who_has_seen_all_need_not_come_back(client):
    number = order(client)
    answer = client.get("/orders", query_string={"order": number}, headers={"Last-Event-ID": "3"})
    assert answer.status_code == 204


def test_old_orders_are_forgotten(client):
    numbers = [order(client) for _ in range(ORDERS.KEPT + 1)]
    assert list(ORDERS.orders) == numbers[1:]
