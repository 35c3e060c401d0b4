"""The heap, against the standard library's."""

import heapq

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.heap import Heap

U64 = st.integers(0, 2**64 - 1)
ENTRIES = st.lists(st.tuples(U64, U64), max_size=200)
SMALL = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50)), max_size=200)


def drained(heap):
    found = []
    while heap.size:
        found.append((heap.key(0), heap.id(0)))
        heap.pop()
    return found


def filled(entries):
    heap = Heap()
    for key, id in entries:
        heap.push(key, id)
    return heap


@given(ENTRIES | SMALL)
def test_entries_come_out_in_order_of_key_and_id(entries):
    heap = filled(entries)
    assert len(heap) == len(entries)
    assert drained(heap) == sorted(entries)


@given(st.lists(st.one_of(st.tuples(st.integers(0, 9), U64), st.none()), max_size=300))
def test_pushes_and_pops_in_any_order_match_the_reference(steps):
    heap, reference = Heap(), list[tuple[int, int]]()
    for step in steps:
        if step is not None:
            heap.push(*step)
            heapq.heappush(reference, step)
        elif reference:
            assert (heap.key(0), heap.id(0)) == heapq.heappop(reference)
            heap.pop()
        assert heap.size == len(reference)
    assert drained(heap) == sorted(reference)


@given(SMALL, st.integers(0, 49))
def test_a_rebuilt_heap_holds_what_was_kept(entries, limit):
    heap, kept = filled(entries), list[tuple[int, int]]()
    for at in range(heap.size):
        if heap.id(at) <= limit:
            heap.keep(len(kept), at)
            kept.append((heap.key(len(kept)), heap.id(len(kept))))
    heap.rebuild(len(kept))
    assert drained(heap) == sorted(e for e in entries if e[1] <= limit)


def test_a_large_heap_shrinks_and_still_works():
    heap = filled((n * 7919 % 10007, n) for n in range(5000))
    for _ in range(4990):
        heap.pop()
    heap.push(0, 1)
    assert (heap.key(0), heap.id(0)) == (0, 1)
    assert len(drained(heap)) == 11
