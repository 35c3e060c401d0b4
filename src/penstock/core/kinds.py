"""The numbers of the format: kinds of events, tags of attributes.

Kinds and tags below FIRST_SKIPPABLE that a release does not know mean a newer format;
from there up they are skipped, and tags are preserved. Numbers are never used again.
"""

import cython

if not cython.compiled:
    PUT = 1
    RESERVE = 2
    TOUCH = 3
    RETURN = 4
    RELEASE = 5
    BURY = 6
    KICK = 7
    HOLD = 8
    FREE = 9
    CHANGE = 10
    DELETE = 11
    CLEAR = 12
    PAUSE = 13
    NOTE = 14
    SET = 15
    UNSET = 16
    JOB_IMAGE = 17
    SET_IMAGE = 18
    PAUSE_IMAGE = 19
    BOOT = 20
    SEAL = 21

    TAG_BODY = 1
    TAG_TOKEN = 2
    TAG_REASON = 3
    TAG_KEY = 4
    TAG_VALUE = 5
    TAG_NOTE = 6
    # From here a tag belongs to the job and is kept as it came.
    FIRST_JOB_TAG = 16
    LAST_JOB_TAG = 31
    JOB_TYPE = 16  # content type
    JOB_HEADERS = 17
    JOB_EXPIRES = 18  # u64, engine time
    JOB_DEDUP = 19  # u8, until when; the key
    JOB_ORIGIN = 20
    JOB_GROUP = 21  # the key of what is limited or ordered together
    JOB_LIMIT = 22  # u32, the most reserves; the tube for a job that has had them
    JOB_FLAGS = 23  # u32

    # Until when a dedup key refuses others.
    UNTIL_GONE = 0
    UNTIL_RESERVED = 1
    FIRST_SKIPPABLE = 128

    # What a CHANGE changes.
    CHANGE_TUBE = 1
    CHANGE_PRI = 2
    CHANGE_DUE = 4
    CHANGE_ATTRIBUTES = 8
