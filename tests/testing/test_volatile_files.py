"""Files that forget."""

from __future__ import annotations

import errno
import random
import stat

import pytest

from penstock.testing.volatile_files import Directory, File, Tree, find

REGULAR = stat.S_IFREG | 0o600
FOLDER = stat.S_IFDIR | 0o700


def nothing() -> bool:
    return False


def everything() -> bool:
    return True


@pytest.fixture
def tree() -> Tree:
    return Tree()


def new_file(tree: Tree, name: bytes, content: bytes = b"") -> File:
    file = tree.create(tree.root, name, REGULAR)
    assert isinstance(file, File)
    file.write(0, content)
    return file


def durable_file(tree: Tree, name: bytes, content: bytes) -> File:
    file = new_file(tree, name, content)
    tree.sync(file)
    tree.sync(tree.root)
    return file


def test_what_was_synced_is_kept(tree):
    file = durable_file(tree, b"a", b"kept")
    tree.cut(nothing)
    assert tree.root.seen == {b"a": file}
    assert file.seen == b"kept"
    assert file.links == 1


def test_bytes_that_were_not_synced_are_lost(tree):
    file = durable_file(tree, b"a", b"old")
    file.write(0, b"new, longer")
    assert file.seen == b"new, longer"
    tree.cut(nothing)
    assert file.seen == b"old"


def test_bytes_that_were_not_synced_may_survive(tree):
    file = durable_file(tree, b"a", b"old")
    file.write(0, b"new, longer")
    tree.cut(everything)
    assert file.seen == b"new, longer"


def test_a_synced_file_is_lost_with_its_unsynced_name(tree):
    tree.sync(new_file(tree, b"a", b"kept in vain"))
    tree.cut(nothing)
    assert tree.root.seen == {}
    assert list(tree.nodes) == [1]


def test_a_synced_name_keeps_no_bytes(tree):
    file = new_file(tree, b"a", b"never synced")
    tree.sync(tree.root)
    tree.cut(nothing)
    assert find(tree.root, b"a") is file
    assert file.seen == b""


def test_each_sector_of_a_write_survives_by_itself(tree):
    file = durable_file(tree, b"a", bytes(4 * 512))
    file.write(256, b"x" * 1024)
    turns = iter([True, False, True])
    tree.cut(lambda: next(turns))
    assert file.seen == (
        bytes(256) + b"x" * 256 + bytes(512) + b"x" * 256 + bytes(256 + 512)
    )


def test_every_subset_of_the_sectors_comes_up(tree):
    seen = set()
    for seed in range(100):
        file = durable_file(tree, b"%d" % seed, bytes(3 * 512))
        file.write(0, b"x" * 3 * 512)
        chance = random.Random(seed)
        tree.cut(lambda chance=chance: chance.random() < 0.5)
        seen.add(bytes(file.seen[::512]))
    assert len(seen) == 8


def test_sectors_behind_an_end_that_did_not_move_are_lost(tree):
    file = durable_file(tree, b"a", b"x" * 512)
    file.write(512, b"y" * 512)
    turns = iter([False, True])  # the size, the bytes
    tree.cut(lambda: next(turns))
    assert file.seen == b"x" * 512


def test_a_later_write_may_survive_an_earlier_one(tree):
    file = durable_file(tree, b"a", bytes(1024))
    file.write(0, b"first" + bytes(507))
    file.write(512, b"second" + bytes(506))
    turns = iter([False, True])
    tree.cut(lambda: next(turns))
    assert file.seen == bytes(512) + b"second" + bytes(506)


def test_the_sync_of_one_file_says_nothing_about_another(tree):
    synced, other = (durable_file(tree, name, b"old") for name in (b"a", b"b"))
    synced.write(0, b"new")
    other.write(0, b"new")
    tree.sync(synced)
    tree.cut(nothing)
    assert synced.seen == b"new"
    assert other.seen == b"old"


def test_a_file_cut_short_has_its_old_length_until_it_is_synced(tree):
    file = durable_file(tree, b"a", b"0123456789")
    file.resize(4)
    assert file.seen == b"0123"
    tree.cut(nothing)
    assert file.seen == b"0123456789"


def test_an_unsynced_removal_is_undone(tree):
    durable_file(tree, b"a", b"back")
    tree.unlink(tree.root, b"a")
    assert tree.root.seen == {}
    tree.cut(nothing)
    back = find(tree.root, b"a")
    assert isinstance(back, File)
    assert back.seen == b"back"
    assert back.links == 1


def test_a_rename_is_all_or_nothing(tree):
    before = durable_file(tree, b"a", b"old")
    after = durable_file(tree, b"b", b"new")
    tree.rename(tree.root, b"b", tree.root, b"a")
    assert tree.root.seen == {b"a": after}
    assert before.links == 0
    tree.cut(nothing)
    assert tree.root.seen == {b"a": before, b"b": after}
    tree.rename(tree.root, b"b", tree.root, b"a")
    tree.cut(everything)
    assert tree.root.seen == {b"a": after}
    assert list(tree.nodes) == [1, after.number]


def test_the_sync_of_a_directory_keeps_a_rename_into_it(tree):
    inner = tree.create(tree.root, b"inner", FOLDER)
    assert isinstance(inner, Directory)
    file = durable_file(tree, b"a", b"x")
    tree.rename(tree.root, b"a", inner, b"b")
    tree.sync(inner)
    tree.cut(nothing)
    assert tree.root.seen == {b"inner": inner}
    assert inner.seen == {b"b": file}


def test_a_file_in_use_outlives_its_name_but_not_the_power(tree):
    file = durable_file(tree, b"a", b"x")
    file.opened += 1
    tree.unlink(tree.root, b"a")
    tree.sync(tree.root)
    assert file.number in tree.nodes
    tree.cut(everything)
    assert list(tree.nodes) == [1]


def test_what_has_no_name_left_is_freed(tree):
    file = durable_file(tree, b"a", b"x" * 1000)
    tree.link(file, tree.root, b"b")
    assert tree.used() == 1000
    tree.unlink(tree.root, b"a")
    tree.sync(tree.root)
    assert tree.used() == 1000
    tree.unlink(tree.root, b"b")
    assert tree.used() == 1000, "the disk still has the name"
    tree.sync(tree.root)
    assert tree.used() == 0


def test_the_changes_in_doubt_are_counted(tree):
    file = new_file(tree, b"a", b"x")
    assert tree.lacking() == 3  # name, size, bytes
    tree.sync(file)
    assert tree.lacking() == 1
    tree.sync(tree.root)
    assert tree.lacking() == 0


def error_of(call, *arguments) -> int | None:
    with pytest.raises(OSError, match=r".") as refused:
        call(*arguments)
    number: int | None = refused.value.errno
    return number


def test_names_are_used_once_and_full_directories_stay(tree):
    inner = tree.create(tree.root, b"inner", FOLDER)
    file = tree.create(inner, b"a", REGULAR)
    tree.create(tree.root, b"empty", FOLDER)
    assert error_of(tree.create, inner, b"a", REGULAR) == errno.EEXIST
    assert error_of(tree.link, file, inner, b"a") == errno.EEXIST
    assert error_of(tree.unlink, inner, b"b") == errno.ENOENT
    assert error_of(tree.unlink, tree.root, b"inner") == errno.ENOTEMPTY
    assert (
        error_of(tree.rename, tree.root, b"empty", tree.root, b"inner")
        == errno.ENOTEMPTY
    )
