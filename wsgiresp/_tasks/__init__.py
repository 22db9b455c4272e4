"""Layer 3: background tasks. The worker pool, the retry policy, and the queues of other processes."""
