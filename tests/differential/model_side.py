"""The reference model in the place of one of two servers."""

from tests.conformance.modelled import ModelConversation
from tests.differential.commands import MAX_JOB_SIZE
from tests.differential.differences import Replies
from tests.differential.lockstep import END, Side
from tests.differential.replies import comparable, split
from tests.differential.sequences import CLIENTS, Step, with_ids

CONTROL = 0


class ModelSide(Side):
    """The model, with a connection for control as the servers have it."""

    def __init__(self) -> None:
        self.base = 1

    def clean(self) -> None:
        """Start again, as a new server that has been cleaned."""
        options = {"max-job-size": str(MAX_JOB_SIZE)}
        self.talk = ModelConversation(options, tick=1)
        self.talk.send(CONTROL, b"put 0 0 60 0\r\n\r\ndelete 1\r\n")
        self.talk.send(CONTROL, b"pause-tube default 0\r\n")

    def stop(self) -> None:
        """There is no process."""

    def do(self, step: Step) -> None:
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
