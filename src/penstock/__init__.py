"""Penstock: a message queue server that speaks what your program already speaks."""

__version__ = "0.1.0"
