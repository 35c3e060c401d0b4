"""The queue and its protocols: commands in, events and replies out; no I/O."""
