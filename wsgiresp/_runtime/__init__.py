"""Layer 2: the runtime. gevent, asyncio and threads; process state; shutdown; the capabilities of the server."""
