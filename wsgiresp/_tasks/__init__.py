"""Layer 3: background tasks. The worker pool, the retry policy, and external task queues."""
