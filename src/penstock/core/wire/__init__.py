"""Bytes to engine calls, answers to bytes; no sockets."""
