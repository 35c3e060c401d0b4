from penstock.core.heap cimport Heap


cdef class Record:
    cdef readonly bytes namespace
    cdef readonly bytes key
    cdef readonly bytes value
    cdef readonly unsigned long long expires
    cdef public unsigned long long number
    cdef public unsigned int home


cdef class Records:
    cdef readonly dict namespaces
    cdef readonly Heap expiries
    cdef dict expiring
    cdef unsigned long long counter
