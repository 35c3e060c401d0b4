cpdef enum:
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
    FIRST_JOB_TAG = 16
    LAST_JOB_TAG = 31
    JOB_TYPE = 16
    JOB_HEADERS = 17
    JOB_EXPIRES = 18
    JOB_DEDUP = 19
    JOB_ORIGIN = 20
    JOB_GROUP = 21
    JOB_LIMIT = 22
    JOB_FLAGS = 23

    UNTIL_GONE = 0
    UNTIL_RESERVED = 1
    FIRST_SKIPPABLE = 128

    CHANGE_TUBE = 1
    CHANGE_PRI = 2
    CHANGE_DUE = 4
    CHANGE_ATTRIBUTES = 8
