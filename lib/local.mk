# The library, and the same objects once more for tests of what it hides.

lib_LTLIBRARIES = libmmapipc.la
noinst_LTLIBRARIES += libmmapipc_internal.la

mmapipcincludedir = $(includedir)/mmapipc
mmapipcinclude_HEADERS = \
	lib/include/mmapipc/err.h \
	lib/include/mmapipc/inspect.h \
	lib/include/mmapipc/mmapipc.h \
	lib/include/mmapipc/queue.h \
	lib/include/mmapipc/ring.h \
	lib/include/mmapipc/shm.h \
	lib/include/mmapipc/stats.h

pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = lib/mmapipc.pc

libmmapipc_internal_la_SOURCES = \
	lib/counters.c \
	lib/counters.h \
	lib/err.c \
	lib/event.c \
	lib/event.h \
	lib/exports.h \
	lib/guard.c \
	lib/guard.h \
	lib/inspect.c \
	lib/layout.h \
	lib/lock.c \
	lib/lock.h \
	lib/mutant.h \
	lib/mutants.def \
	lib/pace.c \
	lib/pace.h \
	lib/party.c \
	lib/party.h \
	lib/platform.h \
	lib/platform_linux.c \
	lib/platform_linux_memory.c \
	lib/queue.c \
	lib/queue_admin.c \
	lib/queue_handle.h \
	lib/queue_lease.c \
	lib/queue_side.c \
	lib/queue_side.h \
	lib/queue_walk.h \
	lib/record.c \
	lib/record.h \
	lib/ring.c \
	lib/ring_handle.h \
	lib/ring_role.c \
	lib/segment.c \
	lib/segment.h \
	lib/shm.c \
	lib/watch.c \
	lib/watch.h
libmmapipc_internal_la_CPPFLAGS = \
	-I$(top_srcdir)/lib/include \
	-D_GNU_SOURCE \
	$(MUTANTS_CPPFLAGS) \
	-include $(top_srcdir)/lib/exports.h
if MUTANTS
libmmapipc_internal_la_SOURCES += lib/mutant.c
endif
libmmapipc_internal_la_CFLAGS = $(AM_CFLAGS) $(VISIBILITY_CFLAGS)

libmmapipc_la_SOURCES =
libmmapipc_la_LIBADD = libmmapipc_internal.la $(SYSTEM_LIBS)
# 0:0:0 until the first release; then as `info libtool Versioning` says.
libmmapipc_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined \
	$(BUILD_ID_LDFLAGS)
if HAVE_VERSION_SCRIPT
libmmapipc_la_LDFLAGS += -Wl,--version-script=$(top_srcdir)/lib/mmapipc.map
libmmapipc_la_DEPENDENCIES = libmmapipc_internal.la lib/mmapipc.map
else
libmmapipc_la_LDFLAGS += -export-symbols-regex '^mipc_'
endif

EXTRA_DIST += lib/mmapipc.map
