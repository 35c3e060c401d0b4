"""Records: small values under a namespace and a key."""

import pytest

from penstock.core import records as module
from penstock.core.records import Namespace, Record, Records


@pytest.fixture
def records():
    return Records()


def record(key, value=b"v", expires=0, namespace=b"plan"):
    return Record(namespace, key, value, expires)


def test_a_record_is_found_until_it_is_unset(records):
    records.set(record(b"k"))
    assert records.find(b"plan", b"k", 0).value == b"v"
    assert records.find(b"other", b"k", 0) is None
    records.unset(b"plan", b"k")
    assert records.find(b"plan", b"k", 0) is None
    records.unset(b"plan", b"k")


def test_a_record_that_has_expired_is_not_found(records):
    records.set(record(b"k", expires=10))
    assert records.find(b"plan", b"k", 9) is not None
    assert records.find(b"plan", b"k", 10) is None


def test_records_expire_in_the_order_of_their_time(records):
    for key, expires in ((b"c", 30), (b"a", 10), (b"b", 20), (b"never", 0)):
        records.set(record(key, expires=expires))
    assert records.first_expired(9) is None
    found = []
    while (expired := records.first_expired(25)) is not None:
        found.append(expired.key)
        records.unset(expired.namespace, expired.key)
    assert found == [b"a", b"b"]


def test_a_record_that_was_replaced_does_not_expire_with_its_predecessor(records):
    records.set(record(b"k", b"old", expires=10))
    records.set(record(b"k", b"new", expires=20))
    assert records.first_expired(15) is None
    assert records.first_expired(20).value == b"new"
    records.set(record(b"k", b"for ever"))
    assert records.first_expired(99) is None


def test_a_namespace_is_bounded_in_bytes():
    space = Namespace()
    space.bytes = module.MOST_BYTES - 10
    assert not space.has_room({b"k": b"v"})
    assert Namespace().has_room({b"k": b"v"})


def test_a_full_namespace_refuses_its_own_and_no_other(records):
    records.set(record(b"k"))
    space = records.namespaces[b"plan"]
    space.bytes = module.MOST_BYTES
    assert not records.has_room(b"plan", {b"new": b"v"})
    assert records.has_room(b"other", {b"new": b"v"})
    assert not records.has_room(b"plan", {b"k": b"longer"})


def test_the_bytes_of_a_namespace_are_given_back(records):
    for key in (b"a", b"b"):
        records.set(record(key, b"v" * 100))
    records.set(record(b"a", b""))
    assert records.namespaces[b"plan"].bytes == sum(
        r.size() for r in records.namespaces[b"plan"].records.values()
    )
    for key in (b"a", b"b"):
        records.unset(b"plan", key)
    assert records.namespaces == {}


def test_all_records_come_in_order(records):
    for namespace, key in ((b"b", b"1"), (b"a", b"2"), (b"a", b"1")):
        records.set(record(key, namespace=namespace))
    found = [(r.namespace, r.key) for r in records.all()]
    assert found == [(b"a", b"1"), (b"a", b"2"), (b"b", b"1")]


def test_records_that_are_replaced_leave_nothing_behind(records):
    for n in range(1000):
        records.set(record(b"k", expires=10_000 + n))
    assert len(records.expiries) < 100
