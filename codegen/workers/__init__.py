"""The processes that compile: `pool.py` is our side, `worker.py` what runs in them."""
