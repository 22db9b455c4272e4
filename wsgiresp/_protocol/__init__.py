"""Layer 1: the protocol. What HTTP and its formats say, as pure functions and data.

No file, clock, socket, greenlet, log or chance here: what these modules return depends on their arguments alone.
"""
