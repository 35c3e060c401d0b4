"""What a fault must and must not lead to."""

from __future__ import annotations

from penstock.testing.fault_scene import Case, goes_on, must_end, torn
from penstock.testing.tracing import Call


def call(name: str, thread: int = 1, error: str = "", *, injected: bool = False):
    return Call(thread, 0.0, name, ("/data/1.log",), "0", error, injected)


def test_a_writer_that_writes_after_a_failed_sync_is_found():
    failed = call("fdatasync", error="EIO", injected=True)
    assert goes_on([call("pwritev"), failed]) == []
    assert goes_on([call("pwritev"), failed, call("fdatasync")]) == [
        "fdatasync after fdatasync has failed"
    ]
    assert goes_on([call("pwritev"), failed, call("pwritev")]) == [
        "pwritev after fdatasync has failed"
    ]


def test_other_threads_may_write_on_and_an_interrupted_write_is_repeated():
    failed = call("pwritev", error="EIO", injected=True)
    assert goes_on([failed, call("fdatasync", thread=2)]) == []
    interrupted = call("pwritev", error="EINTR", injected=True)
    assert goes_on([interrupted, call("pwritev")]) == []
    filling = call("fdatasync", thread=2, error="ENOSPC", injected=True)
    assert goes_on([call("pwritev"), filling, call("fdatasync", thread=2)]) == []


def test_no_server_survives_a_write_or_a_sync_that_failed_for_good():
    assert must_end(Case("put", "fdatasync", "EIO", 1))
    assert must_end(Case("put", "pwritev", "EIO", 1))
    assert must_end(Case("put", "lost sync", "EIO", 1))
    assert not must_end(Case("put", "short write", "EIO", 1))
    assert not must_end(Case("put", "pwritev", "EINTR", 1))
    assert not must_end(Case("put", "statfs", "EIO", 1))


def test_a_torn_end_stands_where_the_next_frame_would():
    segment = b"x" * 700 + bytes(4096 - 700)
    with_end = torn(segment)
    assert len(with_end) == len(segment)
    assert with_end[:1024] == segment[:1024]
    assert with_end[1024] != 0
    assert with_end[1024 + 700 :] == bytes(4096 - 1024 - 700)
