"""Layer 2: the runtime. gevent, asyncio and threads; process state; shutdown; what the server can do."""
