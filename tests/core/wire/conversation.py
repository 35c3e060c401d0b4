"""Beanstalk conversations without sockets: bytes in, bytes out."""

from __future__ import annotations

from penstock.core.wire.beanstalk import BeanstalkSession
from penstock.core.wire.verbs import Verbs
from tests.core.story import Story


class Conversation:
    """One session, and what it has not taken yet."""

    def __init__(self, story: Story | None = None) -> None:
        self.story = story or Story()
        self.engine = self.story.engine
        self.session = BeanstalkSession(self.engine, Verbs(self.engine))
        self.engine.open(self.session)
        self.input = b""

    def say(self, data: bytes) -> bytes:
        """Send bytes and give what is answered."""
        self.input += data
        while self.input and self.session.is_runnable():
            taken = self.session.receive(self.input)
            if not taken:
                break
            self.input = self.input[taken:]
        return self.answers()

    def answers(self) -> bytes:
        """Give what was answered since the last time."""
        heard = bytes(self.session.outbox)
        self.session.sent(len(heard))
        return heard


def ask(data: bytes) -> bytes:
    """Give the answers of a new server."""
    return Conversation().say(data)
