"""Ten extensions of Flask's beside ours: views return our responses, and each extension does its work on them."""

from __future__ import annotations

import functools
import importlib
import warnings

import flask
import pytest
from flask_apps import application

from wsgiresp import BackgroundTasks, HTTPException, Response
from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)

LONG = "a long text, again and again; " * 100


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.txt").write_text(LONG, "ascii")
    return tmp_path / "a.txt"


@pytest.fixture
def app():
    return application()


def needed(module):
    """Return the extension *module*; the test is skipped where it is not installed."""
    with warnings.catch_warnings():
        # What they import is older than the Python, or the marshmallow, that they run with.
        warnings.simplefilter("ignore")
        return pytest.importorskip(module, reason=f"{module} is not installed: wsgiresp[flask-extensions]")


KINDS = ["text", "json", "redirect", "file", "part", "stream", "events", "error", "injected"]


def views(app, path, decorate=lambda view: view):
    """Add a view of each kind, decorated."""

    def part(response: Response):
        return FileResponse(path)

    def injected(response: Response, tasks: BackgroundTasks):
        response.headers["X-Injected"] = "1"
        return {"a": 1}

    def error():
        raise HTTPException(409, "taken")

    made = {
        "text": lambda: PlainTextResponse(LONG),
        "json": lambda: JSONResponse({"text": LONG}),
        "redirect": lambda: RedirectResponse("/text"),
        "file": lambda: FileResponse(path),
        "part": part,
        "stream": lambda: StreamingResponse((LONG for _ in range(2)), media_type="text/plain"),
        "events": lambda: EventSourceResponse(iter(["a"])),
        "error": error,
        "injected": injected,
    }
    for kind, view in made.items():
        view.__name__ = kind
        app.add_url_rule(f"/{kind}", kind, decorate(view))
    return app.test_client()


STATUSES = {"redirect": 307, "part": 206, "error": 409}


def asked(client, kind, **headers):
    if kind == "part":
        headers["Range"] = "bytes=0-9"
    with client.get(f"/{kind}", headers=headers) as answer:
        answer.get_data()
    assert answer.status_code == STATUSES.get(kind, 200)
    return answer


@pytest.mark.parametrize("kind", KINDS)
def test_flask_cors_lets_other_origins_read_it(app, path, kind):
    needed("flask_cors").CORS(app, origins=["https://a.example"])
    answer = asked(views(app, path), kind, Origin="https://a.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"


class User:
    is_authenticated = is_active = True

    def get_id(self):
        return "7"


@pytest.fixture
def login(app):
    flask_login = needed("flask_login")
    manager = flask_login.LoginManager(app)
    manager.user_loader(lambda number: User())
    app.add_url_rule("/login", "login", lambda: JSONResponse(flask_login.login_user(User())))
    return flask_login


@pytest.mark.parametrize("kind", KINDS)
def test_flask_login_lets_a_user_in(app, path, login, kind):
    client = views(app, path, login.login_required)
    client.get("/login")
    asked(client, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_flask_login_keeps_others_out(app, path, login, kind):
    assert views(app, path, login.login_required).get(f"/{kind}").status_code == 401


@pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")  # of Flask-Login 0.6.3, from Python 3.12 on
def test_flask_login_remembers_by_a_cookie(app, login):
    app.add_url_rule(
        "/remember", "remember", lambda: JSONResponse(login.login_user(User(), remember=True), headers={"X-A": "1"})
    )
    cookies = app.test_client().get("/remember").headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"remember_token", "session"}


def test_flask_login_knows_the_user_in_a_stream(app, login):
    def steps():
        yield login.current_user.get_id()

    app.add_url_rule("/stream", "stream", lambda: StreamingResponse(steps()))
    client = app.test_client()
    client.get("/login")
    with client.get("/stream") as answer:
        assert answer.data == b"7"


@pytest.mark.parametrize("kind", KINDS)
def test_flask_session_keeps_the_session_in_its_store(app, path, kind):
    cachelib = needed("cachelib")
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cachelib.SimpleCache())
    needed("flask_session").Session(app)

    @app.before_request
    def count():
        flask.session["count"] = flask.session.get("count", 0) + 1

    app.add_url_rule("/count", "count", lambda: JSONResponse(flask.session["count"]))
    client = views(app, path)
    asked(client, kind)
    assert client.get("/count").json == 2


@pytest.fixture
def compressed(app, path):
    needed("flask_compress").Compress(app)
    return views(app, path)


@pytest.mark.parametrize("kind", ["text", "json", "file", "stream"])
def test_flask_compress_compresses_it(compressed, kind):
    answer = asked(compressed, kind, **{"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert len(answer.data) < len(LONG)


@pytest.mark.parametrize("kind", ["redirect", "events", "error"])
def test_flask_compress_leaves_it_as_it_is(compressed, kind):
    answer = asked(compressed, kind, **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


def test_what_flask_compress_reads_is_closed_and_its_tasks_are_run(app, path):
    needed("flask_compress").Compress(app)
    ran = []
    handle = path.open("rb")
    app.add_url_rule(
        "/", "file", lambda: FileResponse(handle, media_type="text/plain", background=BackgroundTask(ran.append, 1))
    )
    with app.test_client().get("/", headers={"Accept-Encoding": "br"}) as answer:
        assert answer.headers["Content-Encoding"] == "br"
    assert (handle.closed, ran) == (True, [1])


@pytest.mark.parametrize("kind", KINDS)
def test_flask_limiter_counts_it(app, path, kind):
    limiter = needed("flask_limiter").Limiter(
        lambda: "everybody", app=app, storage_uri="memory://", headers_enabled=True
    )
    client = views(app, path, limiter.limit("2/hour"))
    assert asked(client, kind).headers["X-RateLimit-Remaining"] == "1"
    asked(client, kind)
    assert client.get(f"/{kind}").status_code == 429


@pytest.fixture
def cache(app):
    return needed("flask_caching").Cache(app, config={"CACHE_TYPE": "SimpleCache"})


@pytest.mark.parametrize("kind", ["text", "json", "redirect", "injected"])
def test_flask_caching_gives_it_again(app, path, cache, kind):
    calls = []

    def counted(view):
        @functools.wraps(view)
        def wrapper(**kwargs):
            calls.append(1)
            return view(**kwargs)

        return cache.cached(60)(wrapper)

    client = views(app, path, counted)
    answers = [asked(client, kind) for _ in range(2)]
    assert (len(calls), answers[0].data) == (1, answers[1].data)
    assert answers[0].mimetype == answers[1].mimetype


@pytest.mark.parametrize("kind", KINDS)
def test_flask_talisman_sets_its_headers(app, path, kind):
    needed("flask_talisman").Talisman(app, force_https=False)
    answer = asked(views(app, path), kind)
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "error"])
def test_flask_restful_passes_it_on(app, path, kind):
    flask_restful = needed("flask_restful")
    plain = flask.Flask("plain")
    views(plain, path)
    view = plain.view_functions[kind]

    class Item(flask_restful.Resource):
        def get(self, response: Response, tasks: BackgroundTasks):
            return view(response=response, tasks=tasks) if kind == "injected" else view(**only(view, response))

    flask_restful.Api(app).add_resource(Item, f"/{kind}")
    asked(app.test_client(), kind)


def only(view, response):
    return {"response": response} if view.__annotations__ else {}


def test_flask_restful_answers_our_exception(app):
    flask_restful = needed("flask_restful")

    class Item(flask_restful.Resource):
        def get(self):
            raise HTTPException(409, "taken", {"X-A": "1"})

    flask_restful.Api(app).add_resource(Item, "/item")
    answer = app.test_client().get("/item")
    assert (answer.status_code, answer.json) == (409, {"message": "taken"})


@pytest.fixture
def smorest(app):
    flask_smorest = needed("flask_smorest")
    app.config.update(API_TITLE="tested", API_VERSION="1", OPENAPI_VERSION="3.0.2")
    blueprint = flask_smorest.Blueprint("items", "items")
    return flask_smorest.Api(app), blueprint


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "injected"])
def test_flask_smorest_passes_it_on(app, path, smorest, kind):
    api, blueprint = smorest
    plain = flask.Flask("plain")
    views(plain, path)
    view = plain.view_functions[kind]

    @blueprint.route(f"/{kind}")
    @blueprint.response(200)
    def item(response: Response):
        return view(**only(view, response))

    api.register_blueprint(blueprint)
    asked(app.test_client(), kind)


@pytest.fixture
def database(app):
    flask_sqlalchemy = needed("flask_sqlalchemy")
    sqlalchemy = importlib.import_module("sqlalchemy")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db = flask_sqlalchemy.SQLAlchemy(app)
    numbers = sqlalchemy.Table("numbers", db.metadata, sqlalchemy.Column("number", sqlalchemy.Integer))
    with app.app_context():
        db.create_all()
        db.session.execute(numbers.insert(), [{"number": number} for number in range(3)])
        db.session.commit()

    def read():
        return [row.number for row in db.session.execute(numbers.select())]

    yield db, read
    with app.app_context():
        db.engine.dispose()


def test_flask_sqlalchemy_is_there_in_a_view(app, database):
    _, read = database
    app.add_url_rule("/", "view", lambda: JSONResponse(read()))
    assert app.test_client().get("/").json == [0, 1, 2]


def test_flask_sqlalchemy_is_there_in_a_stream_and_let_go_after_it(app, database):
    db, read = database

    def steps():
        for number in read():
            yield f"{number} "

    app.add_url_rule("/", "view", lambda: StreamingResponse(steps()))
    with app.test_client().get("/") as answer:
        assert answer.data == b"0 1 2 "
    assert len(db.session.registry.registry) == 0


def test_flask_sqlalchemy_is_there_in_a_task_and_let_go_after_it(app, database):
    db, read = database
    seen = []
    app.add_url_rule("/", "view", lambda: HTMLResponse("", background=lambda: seen.extend(read())))
    app.test_client().get("/").close()
    assert (seen, len(db.session.registry.registry)) == ([0, 1, 2], 0)
