cdef class Rules:
    cdef public unsigned long long max_jobs
    cdef public unsigned long long max_bytes
    cdef public unsigned long long ttr
    cdef public unsigned long long max_reserves
    cdef public bytes dead_letter
    cdef public unsigned long long expiry
    cdef public bint drain
