"""The tag library of every page; it is built in (see the settings), so no template loads it."""
