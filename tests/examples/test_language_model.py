"""The gateway to a language model, asked by OpenAI's own client on real servers; the model is a fake."""

from __future__ import annotations

import contextlib
import signal

import pytest
from examples.fake_model import TOKENS, fake_model
from examples.readme_tables import EXAMPLES
from servers.server_processes import serve

openai = pytest.importorskip("openai", reason="openai is not installed: the extra test has it")

WORKERS = {"gevent": ("--config", "python:wsgiresp.adapters.gunicorn"), "gthread": ("--threads", "8")}
PATHS = {"AsyncClient": "/v1", "Client": "/sync/v1"}


@pytest.fixture(scope="module")
def model():
    with fake_model() as server:
        yield server


@pytest.fixture(params=WORKERS)
def worker(request):
    return request.param


@contextlib.contextmanager
def gateway(worker, model):
    options = WORKERS[worker]
    with serve(
        f"gunicorn:{worker}", "language_model:app", *options, folder=EXAMPLES, environ={"MODEL_URL": model.url}
    ) as server:
        yield server


@pytest.fixture(scope="module")
def gateways(model):
    """Return ``gateways(worker)``: the running gateway, the same one for the same worker."""
    running = {}
    with contextlib.ExitStack() as stack:

        def find(worker):
            if worker not in running:
                running[worker] = stack.enter_context(gateway(worker, model))
            return running[worker]

        yield find


@pytest.fixture
def server(gateways, worker):
    return gateways(worker)


def asked(server, model, by="AsyncClient"):
    """Return the answer of *model*, as OpenAI's client gives it."""
    base_url = "http://{}:{}{}".format(*server.address, PATHS[by])
    client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=20)
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": "?"}], stream=True)


def content(chunk):
    return chunk.choices[0].delta.content or "" if chunk.choices else ""


by_each_client = pytest.mark.parametrize("by", PATHS)


@by_each_client
def test_the_whole_answer_arrives_with_its_usage(server, by):
    chunks = list(asked(server, "steady", by))
    assert "".join(map(content, chunks)) == "".join(TOKENS)
    assert chunks[-1].usage.completion_tokens == len(TOKENS)
    server.log.wait_for(r'steady: complete, usage \{"prompt_tokens": 3')


@by_each_client
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_the_whole_answer_arrives_though_the_worker_is_told_to_stop(worker, model, by, how):
    with gateway(worker, model) as server:
        chunks = asked(server, "steady", by)
        received = content(next(chunks)) + content(next(chunks))
        server.process.send_signal(how)
        assert received + "".join(map(content, chunks)) == "".join(TOKENS)


@by_each_client
def test_a_refusal_has_the_status_and_the_reason_of_the_model(server, by):
    with pytest.raises(openai.RateLimitError) as refused:
        asked(server, "refuses", by)
    answer = refused.value.response
    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["error"]["message"] == "too many questions"
    server.log.wait_for("refuses: refused: 429, usage null")


@by_each_client
def test_a_model_that_does_not_answer_is_a_bad_gateway(server, by):
    with pytest.raises(openai.InternalServerError) as failed:
        asked(server, "dies", by)
    answer = failed.value.response
    assert (answer.status_code, answer.json()["error"]["message"]) == (502, "the model has failed")


@by_each_client
def test_an_error_after_the_first_token_is_an_error_of_the_client(server, by):
    chunks = asked(server, "breaks", by)
    assert content(next(chunks)) == TOKENS[0]
    with pytest.raises(openai.APIError, match="the model has failed"):
        list(chunks)
    server.log.wait_for("breaks: failed: RemoteProtocolError")


def test_a_client_that_leaves_ends_the_request_to_the_model(server, model):
    model.left.clear()
    chunks = asked(server, "endless")
    assert content(next(chunks)) == TOKENS[0]
    chunks.close()
    assert model.left.wait(10)
    server.log.wait_for("endless: the client has left, or the worker has ended, usage null")


def test_a_client_that_leaves_ends_the_request_of_the_sync_client_under_gevent(gateways, model):
    model.left.clear()
    chunks = asked(gateways("gevent"), "endless", "Client")
    assert content(next(chunks)) == TOKENS[0]
    chunks.close()
    assert model.left.wait(10)
