"""How much room puts have on the disk, and what is said when there is none."""

import structlog

from penstock.core.engine import Engine
from penstock.log import Usage

OWED = 64  # bytes of room that each live job may need to be deleted

logger = structlog.get_logger("penstock.server")


class Room:
    """Room is set aside for every job, so that whoever wants to delete it can; puts are
    refused once nothing else is left."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._refusing = False

    def see(self, usage: Usage, coming: int) -> None:
        """Take over what the log tells of its disk; so many bytes are on their way
        there."""
        room = usage.room - OWED * len(self._engine.index.jobs) - coming
        self._engine.policy.room = room
        if not self._refusing and room <= 0:
            self._refusing = True
            logger.warning("the disk is full: puts are refused until there is room")
        elif self._refusing and room >= usage.piece:  # in between it goes up and down
            self._refusing = False
            logger.info("there is room again: puts are taken", room=room)
