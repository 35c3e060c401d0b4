"""Data folders as the verbs that look at them open them, beside a server or not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from penstock import config
from penstock.errors import FlagError, LogBusy, LogError, LogUnfinished, NewerFormat
from penstock.log.file.folder import FileFolder
from penstock.log.file.layout import LOCK, STORE, UNFINISHED

LOOKS = 3  # at a folder that a server is writing to, before damage is believed

T = TypeVar("T")


def for_reading(path: Path) -> FileFolder:
    """Open a folder in which jobs are kept; nothing in it is made or changed."""
    return FileFolder(_checked(path), reading=True)


def for_changing(path: Path) -> FileFolder:
    """Open a folder in which jobs are kept."""
    if (path / UNFINISHED).exists():
        hint = "there is nothing to keep: do that again, or remove the folder"
        raise LogUnfinished("change", str(path), hint=hint)
    return FileFolder(_checked(path))


def _checked(path: Path) -> Path:
    if not path.is_dir():
        told = "this is no folder" if path.exists() else "there is no such folder"
        raise FlagError(f"{path}: {told}")
    if not (path / STORE).exists() and not list(path.glob("*.log")):
        raise FlagError(f"{path}: no data folder, there is no file {STORE!r} in it")
    return path.absolute()


def configured(data: Path | None, file: Path | None) -> Path:
    """Give the folder that a flag names, else the one of `penstock serve`."""
    if data is not None:
        return data
    settings = config.load({}, file, os.environ)
    folder = config.data_folder(settings, os.environ, os.geteuid())
    if folder is None:
        raise FlagError("jobs are kept in memory here: name a folder with --data")
    return folder


def owner(folder: FileFolder) -> str | None:
    """Name the server that uses the folder just now; None where there is none."""
    try:
        folder.lock()
    except LogBusy:
        pid = folder.read(LOCK, 0, 20).decode(errors="replace").strip()
        return f"pid {pid}" if pid else "one that is starting"
    except FileNotFoundError:
        return None  # a copy, made without the lock
    folder.close()
    return None


def patiently(folder: FileFolder, look: Callable[[], T]) -> T:
    """Look at a folder. While a server rolls and removes segments, what was read first
    may not fit what was read last: then look again."""
    for _ in range(LOOKS - 1):
        try:
            return look()
        except (LogError, FileNotFoundError):
            if owner(folder) is None:
                raise
    return look()


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Let what is told of a file in a folder tell the folder too."""
    try:
        yield
    except NewerFormat as error:
        raise NewerFormat(f"{path}: {error}; nothing was touched") from None
    except FileNotFoundError as error:
        hint = "it is gone; if a server was letting go of it, try again"
        raise LogError("read", error.filename, hint=hint) from None
    except LogError as error:
        if error.path is None or Path(error.path).is_absolute():
            raise
        place = str(path / error.path)
        raise type(error)(
            error.operation, place, offset=error.offset, hint=error.hint
        ) from None
