from penstock.core.events cimport PAUSE
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn


cdef class Lifetime:
    cdef Store store
    cdef Turn turn

    cpdef void settle(self, Tube tube)
