"""What a cut gives up is counted before it is made."""

import pytest

from penstock.cli import folders, loss
from penstock.errors import FlagError
from penstock.log.file.cut import plan
from tests.cli import data_folder
from tests.cli.data_folder import end, flip, image, segments


def behind(path, number, offset):
    before = image(path)
    folder = folders.for_reading(path)
    loss.check_place(folder, number, offset)
    lost = loss.behind(folder, plan(folder, number, offset))
    assert image(path) == before
    return lost


def test_batches_jobs_and_bytes_behind_the_cut_are_counted(written):
    lost = behind(written, 1, 1024)
    assert lost.batches == [2, 3, 4, 5]
    assert (list(lost.put), lost.deleted) == ([2, 3], [1])
    size = len((written / "0000000001.log").read_bytes().rstrip(b"\0")) - 1024
    assert lost.count == size
    assert lost.sentences()[1:] == [
        "4 batches of it can still be read, 2 to 5, 4 events",
        "2 jobs put there: 2, 3",
        "1 job deleted there may come back: 1",
    ]


def test_a_job_that_came_and_went_behind_the_cut_does_not_come_back(written):
    lost = behind(written, 1, 512)
    assert (list(lost.put), lost.deleted) == ([1, 2, 3], [])


def test_later_segments_are_given_up_as_a_whole(tmp_path, told):
    for _ in range(5):
        told.story.put(told.client, b"x" * 30_000)
        told.turn(1)
    path = data_folder.write(tmp_path / "data", told.batches)
    names = [segment.name for segment in segments(path)]
    lost = behind(path, 2, 512)
    assert lost.files == names[1:]
    assert lost.batches[-1] == 5


def test_what_cannot_be_read_is_said(written):
    (segment,) = segments(written)
    last = end(segment) - 512
    flip(segment, last + 50)
    lines = behind(written, 1, last).sentences()
    assert lines[-1] == "none of it can be read any more"


def test_behind_the_end_there_is_nothing(written):
    (segment,) = segments(written)
    lines = behind(written, 1, end(segment)).sentences()
    assert lines == ["nothing is there behind it"]


def test_many_ids_are_not_all_named(tmp_path, told):
    for _ in range(30):
        told.story.put(told.client)
    told.turn()
    path = data_folder.write(tmp_path / "data", told.batches)
    assert behind(path, 1, 512).sentences()[-1] == (
        "30 jobs put there: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others"
    )


@pytest.mark.parametrize(
    ("number", "offset", "why"),
    [
        (7, 0, "there is no 0000000007.log"),
        (1, 1000, "allowed is a multiple of 512 up to 65536"),
        (1, 66048, "allowed is a multiple of 512 up to 65536"),
    ],
)
def test_what_is_no_place_is_refused(written, number, offset, why):
    with pytest.raises(FlagError, match=f"^--cut-at {number}:{offset}: {why}$"):
        behind(written, number, offset)


def test_a_missing_segment_has_a_place_to_cut(tmp_path, told):
    for _ in range(6):
        told.story.put(told.client, b"x" * 30_000)
        told.turn(1)
    path = data_folder.write(tmp_path / "data", told.batches)
    (path / "0000000002.log").unlink()
    assert behind(path, 2, 0).files[0] == "0000000003.log"
