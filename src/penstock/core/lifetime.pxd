from penstock.core.kinds cimport PAUSE
from penstock.core.session cimport Session
from penstock.core.store cimport Store
from penstock.core.tube cimport Tube
from penstock.core.turn cimport Turn


cdef class Lifetime:
    cdef Store store
    cdef Turn turn

    cpdef void settle(self, Tube tube)
    cpdef void use(self, Session session, bytes name)
    cpdef void watch(self, Session session, bytes name)
    cpdef void ignore(self, Session session, bytes name)
