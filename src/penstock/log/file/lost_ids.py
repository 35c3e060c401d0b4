"""Which jobs damage may have taken: those that were put between what is good.

A batch does not name its jobs to who cannot read it; the batches around it tell which
id was the next.
"""

from penstock.log.file import Folder
from penstock.log.file.layout import Header, find_frames, segment_name
from penstock.log.file.reading import frames


class LostIds:
    """`headers` are the segments of a folder whose beginning can be read."""

    def __init__(
        self, folder: Folder, store: bytes, headers: dict[int, Header]
    ) -> None:
        self._folder = folder
        self._store = store
        self._headers = headers

    def of(self, number: int) -> str:
        """Name the jobs whose put may stand in a segment that cannot be read."""
        later = sorted(each for each in self._headers if each > number)
        until = next((ids[0] for each in later if (ids := self._next_ids(each))), None)
        return between(self.first_of(number), until)

    def first_of(self, number: int) -> int:
        """Give the first id that a segment may have given, by those in front of it."""
        earlier = (each for each in self._headers if each < number)
        in_front = sorted(earlier, reverse=True)
        return next((ids[-1] for each in in_front if (ids := self._next_ids(each))), 1)

    def next_behind(self, number: int, offset: int) -> int | None:
        """Give the next id of the first batch that is good behind a place."""
        name = segment_name(number)
        content = self._folder.read(name, 0, self._folder.size(name))
        behind = find_frames(content, offset, self._store, number)
        return min([frame.stored.next_id for frame in behind], default=None)

    def _next_ids(self, number: int) -> list[int]:
        end = self._folder.size(segment_name(number))
        read = frames(self._folder, self._headers[number], end)
        return [frame.stored.next_id for _at, frame in read]


def between(first: int, until: int | None) -> str:
    """Name the jobs from one id to in front of another; None is no end."""
    if until is None:
        return f"; jobs from {first} on may be lost, earlier ones may be out of date"
    if until <= first:
        return "; no put is among what is lost, but jobs may be out of date"
    return f"; jobs {first} to {until - 1} may be lost, earlier ones may be out of date"
