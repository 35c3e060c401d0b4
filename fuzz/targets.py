"""What is done with the bytes, and what must hold whatever they are."""

import re

from fuzz.script import CLIENTS, Step, steps
from penstock.core.replay import Replay
from penstock.core.store import Store
from penstock.errors import FormatError
from tests.differential.replies import split
from tests.property.recorded import RecordedConversation, image, replay
from tests.property.recount import recount, recount_store

OPTIONS = {"max-job-size": "64"}
LATER = 2**40  # a moment at which delays of any sensible length are over

WORDS = rb"(?:DELETED|RELEASED|BURIED|TOUCHED|KICKED|PAUSED|NOT_FOUND|TIMED_OUT"
WORDS += rb"|DEADLINE_SOON|NOT_IGNORED|DRAINING|OUT_OF_MEMORY|JOB_TOO_BIG"
WORDS += rb"|EXPECTED_CRLF|BAD_FORMAT|UNKNOWN_COMMAND)\r\n"
NUMBERED = rb"(?:INSERTED|KICKED|WATCHING) \d+\r\n"
NAMED = rb"USING [-+/;.$_()A-Za-z0-9]{1,200}\r\n"
BODIES = rb"(?:RESERVED|FOUND) \d+ (\d+)\r\n(.*)\r\n"
TEXTS = rb"OK (\d+)\r\n(---\n(?:[^\n]+\n)*)\r\n"
REPLY = re.compile(rb"(?:%s|%s|%s)" % (WORDS, NUMBERED, NAMED))
WITH_BODY = re.compile(rb"(?:%s|%s)" % (BODIES, TEXTS), re.DOTALL)


class BrokenPromiseError(AssertionError):
    """Something that must hold did not."""


def require(holds: bool, what: str, *details: object) -> None:
    if not holds:
        raise BrokenPromiseError(what, *details)


def check_replies(output: bytes) -> None:
    """Every reply has one of the known forms, and its size is right."""
    for reply in split(output):
        if REPLY.fullmatch(reply):
            continue
        match = WITH_BODY.fullmatch(reply)
        require(match is not None, "a reply of no known form", reply)
        assert match is not None
        size, body = [group for group in match.groups() if group is not None]
        require(int(size) == len(body), "a size that is wrong", reply)


# Several clients, time, and everything they can do.


def play(talk: RecordedConversation, step: Step) -> None:
    """Let one step of a script happen."""
    if step.verb == "wait":
        talk.advance(step.seconds)
    elif step.verb == "drain":
        talk.engine.policy.draining ^= True
    elif not talk.line(step.client).ended:
        if step.verb == "send" and not talk.line(step.client).half_closed:
            talk.send(step.client, step.data)
        elif step.verb == "half close":
            talk.half_close(step.client)
        elif step.verb == "close":
            talk.close(step.client)


def take_replies(talk: RecordedConversation) -> None:
    for client in [client for client in CLIENTS if client in talk.lines]:
        line = talk.lines[client]
        check_replies(bytes(line.output))
        line.output.clear()
        if line.ended:
            del talk.lines[client]


def wire(script: bytes) -> None:
    """A script is played; then all is counted again and replayed."""
    talk = RecordedConversation(OPTIONS)
    for step in steps(script):
        play(talk, step)
        take_replies(talk)
    engine = talk.engine
    recount(engine)
    require(engine.next_moment() > engine.turn.now, "something stays due")
    store = replay(talk.recorded(), engine.turn.now)
    require(image(store) == image(engine.store), "a replay that differs")


# One client whose bytes are cut.


def answers(pieces: list[bytes]) -> bytes:
    """What a client gets that sends these pieces at one moment."""
    talk = RecordedConversation(OPTIONS)
    for piece in pieces:
        if not talk.line(0).ended:
            talk.send(0, piece)
    return bytes(talk.line(0).output)


def splits(script: bytes) -> None:
    """A client sends a script's bytes in pieces, or at once: it gets the same."""
    pieces = [step.data for step in steps(script) if step.verb == "send"]
    require(answers(pieces) == answers([b"".join(pieces)]), "a cut that is felt")


# Bytes in the place of events.


def events(content: bytes) -> None:
    """Events are refused, or leave a store that is in order and has an image."""
    store = Store()
    try:
        Replay(store).apply(content)
    except FormatError:
        return
    recount_store(store)
    once = image(replay([content], LATER))
    require(image(replay([once], LATER)) == once, "an image that changes")


TARGETS = {"wire": wire, "splits": splits, "replay": events}
