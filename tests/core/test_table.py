"""The id table, against a dictionary."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.job import Job
from penstock.core.store import Store
from penstock.core.table import Table
from tests.core.story import SECOND

IDS = st.one_of(st.integers(1, 60), st.integers(1, 2**53), st.sampled_from([8, 16, 64]))


def job_of(id):
    """Give a job that no other table chains: it is alone in its store."""
    store = Store()
    tube = store.index.tube(b"default")
    return store.apply_put(id, tube, 0, 0, 0, 0, SECOND, b"", b"")


@given(st.lists(IDS, max_size=300))
def test_adding_and_removing_match_a_dictionary(ids):
    table, reference = Table(), dict[int, Job]()
    for id in ids:
        if id in reference:
            table.remove(reference.pop(id))
        else:
            job = job_of(id)
            reference[id] = job
            table.add(job)
        assert len(table) == len(reference)
    assert table.ids() == sorted(reference)
    assert all(table.find(id) is job for id, job in reference.items())
    assert all(table.find(id) is None for id in ids if id not in reference)


def test_it_grows_to_thousands_and_shrinks_to_nothing():
    store = Store()
    tube = store.index.tube(b"default")
    jobs = [
        store.apply_put(id, tube, 0, 0, 0, 0, SECOND, b"", b"") for id in range(1, 3001)
    ]
    table = store.index.jobs
    assert len(table) == 3000
    assert all(table.find(job.id) is job for job in jobs)
    for job in jobs[::2]:
        store.apply_delete(job)
    assert table.ids() == list(range(2, 3001, 2))
    for job in jobs[1::2]:
        store.apply_delete(job)
    assert (len(table), table.ids()) == (0, [])
    assert table.find(1) is None


def test_an_id_that_was_never_there_is_not_found():
    assert Table().find(0) is None
    assert Table().find(2**64 - 1) is None
