"""What runs in this process, without sockets, in the place of one of two servers."""

from collections.abc import Callable

from tests.conformance.glued import GluedConversation
from tests.conformance.modelled import ModelConversation
from tests.differential.commands import MAX_JOB_SIZE
from tests.differential.differences import Replies
from tests.differential.lockstep import END, Side
from tests.differential.replies import comparable, split
from tests.differential.sequences import CLIENTS, Step, with_ids

Inner = ModelConversation | GluedConversation
FIRST_KNOCK, CONTROL = -1, 0
INSTANT = 1e-9


def start_model() -> Side:
    """The reference model."""
    return InnerSide(lambda options: ModelConversation(options, tick=1))


def start_glued() -> Side:
    """Our engine and wire."""
    return InnerSide(GluedConversation)


class InnerSide(Side):
    """A conversation with a manual clock and with a connection for control."""

    def __init__(self, start: Callable[[dict[str, str]], Inner]) -> None:
        self.begin = start
        self.base = 1

    def clean(self) -> None:
        """Start again, as a new server that has been cleaned."""
        self.talk = self.begin({"max-job-size": str(MAX_JOB_SIZE)})
        self.talk.line(FIRST_KNOCK)
        self.talk.close(FIRST_KNOCK)
        self.talk.send(CONTROL, b"put 0 0 60 0\r\n\r\ndelete 1\r\n")
        self.talk.send(CONTROL, b"delete 0\r\npause-tube default 0\r\n")

    def stop(self) -> None:
        """There is no process."""

    def do(self, step: Step) -> None:
        self.talk.advance(INSTANT)
        self.talk.line(step.client)
        if step.kind == "close":
            self.talk.close(step.client)
            del self.talk.lines[step.client]
        elif step.kind == "halfclose":
            self.talk.half_close(step.client)
        else:
            self.talk.send(step.client, with_ids(step.data, self.base))

    def pass_time(self, seconds: float) -> None:
        self.talk.advance(seconds)

    def settle(self) -> dict[int, Replies]:
        return {number: self.taken(number) for number in CLIENTS}

    def taken(self, number: int) -> Replies:
        if number not in self.talk.lines:
            return ()
        line = self.talk.lines[number]
        replies = [comparable(r, self.base) for r in split(bytes(line.output))]
        line.output.clear()
        if line.ended:
            del self.talk.lines[number]
            replies.append(END)
        return tuple(replies)
