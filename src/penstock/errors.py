"""What the server cannot go on with; expected outcomes are replies, never these."""

from __future__ import annotations


class PenstockError(Exception):
    """Penstock cannot go on."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class ProtocolError(PenstockError):
    """The bytes of a conversation broke its protocol."""


class LocalProtocolError(ProtocolError):
    """We were asked to send what the protocol does not allow."""


class RemoteProtocolError(ProtocolError):
    """The other side sent what the protocol does not allow."""


class LogError(PenstockError):
    """The log could not do what was asked of it."""

    def __init__(
        self,
        operation: str,
        path: str | None = None,
        *,
        offset: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.operation = operation
        self.path = path
        self.offset = offset
        self.hint = hint
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        place = "" if self.path is None else f" {self.path}"
        if self.offset is not None:
            place += f" at offset {self.offset}"
        advice = "" if self.hint is None else f" ({self.hint})"
        return f"{self.operation}{place}: {type(self).__doc__}{advice}"


class LogFull(LogError):  # noqa: N818  (the operator's word, not an accident)
    """There is no room left."""


class LogCorrupt(LogError):  # noqa: N818
    """What was read is not what was written."""


class LogUnfinished(LogError):  # noqa: N818
    """An import into this folder was not finished."""


class LogBusy(LogError):  # noqa: N818
    """Another server is using this folder."""


class LogFenced(LogError):  # noqa: N818
    """Another server owns this log now."""


class ConfigError(PenstockError):
    """A setting has a name or a value that is not allowed."""


class FlagError(ConfigError):
    """A flag has a value that is not allowed."""


class ListenError(PenstockError):
    """An address cannot be listened on."""


class FormatError(PenstockError):
    """What was read is not in the form in which it is written."""


class NewerFormat(FormatError):  # noqa: N818
    """This was written by a later release; nothing has been touched."""
