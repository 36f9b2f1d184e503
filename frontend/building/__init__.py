"""The parts of `frontend/build.py`: scopes, the queue of names, one function per expression."""
