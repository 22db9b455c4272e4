"""Floor 1: what HTTP says, as pure functions and data.

No file, clock, socket, greenlet, log or chance here: what these modules return depends on their arguments alone.
"""
