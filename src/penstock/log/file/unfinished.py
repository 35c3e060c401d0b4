"""A folder that is being filled from elsewhere: until that is done, no server takes it
for what was to be there.

A file says so. It is there before the first batch and goes after the last one, so that
a filling that was broken off is seen, and begun anew.
"""

from penstock.log.file import Folder
from penstock.log.file.layout import MARK, STORE, UNFINISHED, segment_number


def sweep(folder: Folder) -> None:
    """Remove what a filling that was broken off has left, if there was one."""
    names = folder.names()
    if UNFINISHED not in names:
        return
    for name in names:
        if name in (MARK, STORE) or segment_number(name) is not None:
            folder.remove(name)
    folder.sync()
    end(folder)


def begin(folder: Folder) -> None:
    """Note that the folder is being filled."""
    folder.replace(UNFINISHED, b"")


def end(folder: Folder) -> None:
    """Note that everything is there, and durable."""
    folder.remove(UNFINISHED)
    folder.sync()
