"""What the log's interface asks for, a log has."""

from penstock.log import Log, Usage
from penstock.log.memory import MemoryLog
from penstock.testing import HeldLog


def methods_of(kind):
    return {name for name in vars(kind) if not name.startswith("_")}


def test_every_log_has_every_method_of_the_interface():
    logs: list[Log] = [MemoryLog(), HeldLog()]
    for log in logs:
        assert [name for name in methods_of(Log) if not hasattr(log, name)] == []


def test_usage_names_its_fields():
    usage = Usage(used=1, room=2, oldest=3, durable=4)
    assert (usage.used, usage.room, usage.oldest, usage.durable) == (1, 2, 3, 4)
