"""Layer 6: adapters, one module for each of Flask, Django and gunicorn."""
