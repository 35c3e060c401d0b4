"""Files and names, on the drive and in memory only."""

from random import Random

import pytest

from penstock.testing.page_cache import SECTOR, File, Names, pieces


def a_file(content: bytes) -> File:
    """A file of which the drive has everything."""
    file = File()
    file.write(0, content)
    file.sync()
    return file


def after_power_cut(file: File, chance: Random) -> bytes:
    file.settle(chance)
    file.forget()
    return file.read(0, 1 << 20)


def outcomes_of(make, count: int = 2000) -> set[bytes]:
    """Everything that power cuts leave of a file."""
    chance = Random(1)
    return {after_power_cut(make(), chance) for _ in range(count)}


def filled(*letters: bytes) -> bytes:
    return b"".join(letter * SECTOR for letter in letters)


def test_a_write_is_cut_where_sectors_begin():
    assert pieces(0, b"ab") == [(0, b"ab")]
    assert pieces(510, b"abcd") == [(510, b"ab"), (512, b"cd")]
    assert [len(c) for _, c in pieces(0, bytes(1024))] == [512, 512]
    assert [len(c) for _, c in pieces(1, bytes(1024))] == [511, 512, 1]
    assert pieces(0, b"") == [(0, b"")]


def test_memory_has_what_was_written_and_the_drive_what_was_synced():
    file = a_file(filled(b"a", b"b"))
    file.write(SECTOR, filled(b"c"))
    assert file.read(0, 2 * SECTOR) == filled(b"a", b"c")
    assert bytes(file.drive) == filled(b"a", b"b")
    file.sync()
    assert bytes(file.drive) == filled(b"a", b"c")


def test_a_write_behind_the_end_leaves_zeros_between():
    file = File()
    file.write(3, b"x")
    assert file.read(0, 9) == b"\0\0\0x"
    file.sync()
    assert bytes(file.drive) == b"\0\0\0x"


def test_what_was_synced_survives_every_power_cut():
    def write_after_sync() -> File:
        file = a_file(filled(b"a", b"b", b"c"))
        file.write(0, filled(b"A"))
        return file

    found = outcomes_of(write_after_sync, 200)
    assert found == {filled(b"a", b"b", b"c"), filled(b"A", b"b", b"c")}


def test_any_of_the_sectors_of_one_write_survive():
    def write_three() -> File:
        file = a_file(filled(b"0", b"0", b"0"))
        file.write(0, filled(b"1", b"2", b"3"))
        return file

    each = (b"01", b"02", b"03")
    expected = {
        filled(bytes([a]), bytes([b]), bytes([c]))
        for a in each[0]
        for b in each[1]
        for c in each[2]
    }
    assert outcomes_of(write_three) == expected


def test_writes_survive_in_any_order_and_a_sector_in_any_of_its_versions():
    def write_twice() -> File:
        file = a_file(filled(b"0", b"0"))
        file.write(0, filled(b"1", b"1"))
        file.write(0, filled(b"2", b"2"))
        return file

    versions = [b"0", b"1", b"2"]
    expected = {filled(a, b) for a in versions for b in versions}
    assert outcomes_of(write_twice) == expected


def test_a_sector_is_never_torn():
    """A later write to part of a sector brings what was written before it."""

    def write_parts() -> File:
        file = a_file(filled(b"0"))
        file.write(0, b"11")
        file.write(2, b"22")
        return file

    starts = {content[:4] for content in outcomes_of(write_parts, 300)}
    assert starts == {b"0000", b"1100", b"1122"}


def test_a_file_that_grew_unsynced_has_any_size_and_zeros_where_nothing_came():
    def grow() -> File:
        file = a_file(filled(b"a"))
        file.write(SECTOR, filled(b"b", b"c"))
        return file

    found = outcomes_of(grow)
    assert {len(content) for content in found} > {SECTOR, 3 * SECTOR}
    assert filled(b"a", b"b", b"c") in found
    assert filled(b"a", b"\0", b"c") in found
    assert all(content.startswith(filled(b"a")) for content in found)


def test_a_file_that_grew_unsynced_may_show_what_was_there_before():
    def grow() -> File:
        file = File(stale=filled(b"x", b"y"))
        file.write(0, filled(b"a", b"b", b"c"))
        return file

    found = outcomes_of(grow)
    assert filled(b"x", b"b", b"\0") in found
    assert filled(b"a", b"y", b"c") in found


def test_settling_counts_the_sectors_that_are_lost():
    for seed in range(50):
        file = a_file(filled(b"0", b"0", b"0", b"0"))
        file.write(0, filled(b"1", b"1", b"1", b"1"))
        assert file.settle(Random(seed)) == bytes(file.drive).count(b"0") // SECTOR


def test_after_settling_memory_tells_of_what_the_drive_never_got():
    """A sync that fails: the next one has nothing to do, a read is still good."""
    lost = 0
    for seed in range(50):
        file = a_file(filled(b"0"))
        file.write(0, filled(b"1"))
        lost += file.settle(Random(seed))
        file.sync()
        assert file.read(0, SECTOR) == filled(b"1")
        before = bytes(file.drive)
        file.forget()
        assert file.read(0, SECTOR) == before
    assert 5 < lost < 45


def test_memory_is_not_dropped_while_the_drive_lacks_it():
    file = File()
    file.write(0, b"a")
    with pytest.raises(AssertionError, match="drive has not"):
        file.forget()


# Names.


def test_names_are_durable_once_the_folder_is_synced():
    names, one, two = Names(), File(), File()
    names.change({"a": one})
    names.sync()
    names.change({"b": two})
    names.change({"a": None})
    assert (list(names.memory), list(names.drive)) == (["b"], ["a"])
    names.sync()
    assert names.drive == {"b": two}


def test_any_of_the_unsynced_changes_survive():
    found, files = set(), {name: File() for name in "abc"}
    chance = Random(3)
    for _ in range(500):
        names = Names()
        names.change({"a": files["a"]})
        names.sync()
        names.change({"b": files["b"]})
        names.change({"c": files["c"]})
        names.change({"a": None})
        lost = names.settle(chance)
        names.forget()
        found.add("".join(sorted(names.memory)))
        assert lost == ("a" in names.drive) + 2 - ("b" in names.drive) - (
            "c" in names.drive
        )
    assert found == {"", "a", "b", "c", "ab", "ac", "bc", "abc"}


def test_a_rename_happens_at_once():
    chance, found = Random(4), set()
    for _ in range(200):
        names, old, new = Names(), File(), File()
        names.change({"store": old, "store.new": new})
        names.sync()
        names.change({"store.new": None, "store": new})
        names.settle(chance)
        names.forget()
        found.add((names.drive["store"] is new, "store.new" in names.drive))
    assert found == {(True, False), (False, True)}


def test_names_are_not_dropped_while_the_drive_lacks_them():
    names = Names()
    names.change({"a": File()})
    with pytest.raises(AssertionError, match="drive has not"):
        names.forget()
