"""Floor 2: bytes and time. What a body is made of, and the order in which it is closed. No decision of HTTP."""
