"""What was cut off is kept, and never written over."""

from penstock.log.file.folder import FileFolder
from penstock.log.file.quarantine import keep, segment_of


def kept(path):
    found = (path / "quarantine").iterdir()
    return {each.name: each.read_bytes() for each in found}


def test_each_has_a_file_named_after_its_place(tmp_path):
    folder = FileFolder(tmp_path)
    assert folder.kept() == []
    keep(folder, 3, 4096, b"torn")
    assert kept(tmp_path) == {"0000000003-4096.cut": b"torn"}
    assert folder.kept() == ["quarantine/0000000003-4096.cut"]
    assert segment_of(folder.kept()[0]) == 3


def test_the_same_place_may_be_cut_more_than_once(tmp_path):
    folder = FileFolder(tmp_path)
    for content in (b"one", b"other", b"one", b"on", b"one and more", b"other"):
        keep(folder, 3, 0, content)
    assert kept(tmp_path) == {
        "0000000003-0.cut": b"one",
        "0000000003-0-2.cut": b"other",
        "0000000003-0-3.cut": b"on",
        "0000000003-0-4.cut": b"one and more",
    }
