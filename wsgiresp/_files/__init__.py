"""Layer 3: files. Opens them safely, reads ranges of them, and passes them to the server."""
