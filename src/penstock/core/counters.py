"""What has happened since the server started; none of it is durable.

`cmd_*` count beanstalk commands whose arguments could be read, whatever came of them.
"""

import cython


@cython.final
@cython.cclass
class Counters:
    """Sixty-four bits each: they cannot run full in the life of a server."""

    def __init__(self) -> None:
        self.cmd_put = 0
        self.cmd_peek = 0
        self.cmd_peek_ready = 0
        self.cmd_peek_delayed = 0
        self.cmd_peek_buried = 0
        self.cmd_reserve = 0
        self.cmd_reserve_with_timeout = 0
        self.cmd_delete = 0
        self.cmd_release = 0
        self.cmd_use = 0
        self.cmd_watch = 0
        self.cmd_ignore = 0
        self.cmd_bury = 0
        self.cmd_kick = 0
        self.cmd_touch = 0
        self.cmd_stats = 0
        self.cmd_stats_job = 0
        self.cmd_stats_tube = 0
        self.cmd_list_tubes = 0
        self.cmd_list_tube_used = 0
        self.cmd_list_tubes_watched = 0
        self.cmd_pause_tube = 0
        self.job_timeouts = 0
        self.total_jobs = 0
        self.total_connections = 0
        self.current_producers = 0
        self.current_workers = 0
