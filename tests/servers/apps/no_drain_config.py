"""Configuration of gunicorn for ``test_background_tasks.py``: a worker that stops waits for no task."""

from wsgiresp.background import configure

configure(drain=0)
