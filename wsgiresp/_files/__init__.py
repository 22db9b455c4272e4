"""Layer 3: files. Opening them safely, reading ranges of them, and handing them to the server."""
