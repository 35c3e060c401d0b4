"""The queue and its protocols: events in, replies out; no clock, no files, no asyncio."""
