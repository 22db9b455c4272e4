"""What views do in a transaction of Django's, and what comes after it."""

from __future__ import annotations

import pytest
from django.db import connection, connections, transaction
from django.http import Http404
from django_apps import asked

from wsgiresp import BackgroundTasks, HTTPException
from wsgiresp.responses import StreamingResponse


@pytest.fixture
def table():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE written (word TEXT)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE written")
    connection.close()


def write(word):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO written VALUES (%s)", [word])


def written():
    with connection.cursor() as cursor:
        return [word for (word,) in cursor.execute("SELECT word FROM written").fetchall()]


@pytest.fixture
def atomic():
    connections.settings["default"]["ATOMIC_REQUESTS"] = True
    yield
    connections.settings["default"]["ATOMIC_REQUESTS"] = False


@pytest.mark.usefixtures("table", "atomic")
@pytest.mark.parametrize("error", [HTTPException(409), Http404()], ids=["an HTTPException", "Django's"])
def test_an_exception_rolls_its_transaction_back(error):
    def view(request):
        write("a")
        raise error

    asked(view, raise_request_exception=False)
    assert written() == []


@pytest.mark.usefixtures("table", "atomic")
def test_a_response_commits_and_its_stream_and_tasks_run_in_no_transaction():
    def steps():
        yield str(connection.in_atomic_block)

    def view(request, tasks: BackgroundTasks):
        write(str(connection.in_atomic_block))
        tasks.add_task(lambda: write(str(connection.in_atomic_block)))
        return StreamingResponse(steps())

    assert asked(view).data == b"False"
    assert written() == ["True", "False"]


@pytest.mark.usefixtures("table", "atomic")
def test_a_generator_view_runs_outside_of_the_transaction():
    def view(request):
        yield str(connection.in_atomic_block)

    assert asked(view).data == b"False"


@pytest.mark.usefixtures("table")
def test_a_generator_may_be_atomic_by_itself():
    def view(request):
        with transaction.atomic():
            write("a")
            yield "done"

    asked(view)
    assert written() == ["a"]
