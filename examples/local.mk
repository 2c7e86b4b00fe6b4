# Short programs worth copying: `make check` builds and runs them, against the
# public headers and the library as a user would link it.

EXAMPLES = \
	examples/counter \
	examples/event_loop \
	examples/stream \
	examples/video \
	examples/worker_pool

check_PROGRAMS += $(EXAMPLES)
TESTS += $(EXAMPLES)

# tests/check-plugin.sh tries these two.
exampledir = $(docdir)/examples
dist_example_DATA = examples/plugin_ring.c
dist_example_SCRIPTS = examples/worker_seqpacket.py

EXAMPLES_CPPFLAGS = -I$(top_srcdir)/lib/include -D_GNU_SOURCE
examples_counter_SOURCES = examples/counter.c
examples_counter_CPPFLAGS = $(EXAMPLES_CPPFLAGS)
examples_counter_LDADD = libmmapipc.la
examples_event_loop_SOURCES = examples/event_loop.c
examples_event_loop_CPPFLAGS = $(EXAMPLES_CPPFLAGS)
examples_event_loop_LDADD = libmmapipc.la
examples_stream_SOURCES = examples/stream.c
examples_stream_CPPFLAGS = $(EXAMPLES_CPPFLAGS)
examples_stream_LDADD = libmmapipc.la
examples_video_SOURCES = examples/video.c
examples_video_CPPFLAGS = $(EXAMPLES_CPPFLAGS)
examples_video_LDADD = libmmapipc.la
examples_worker_pool_SOURCES = examples/worker_pool.c
examples_worker_pool_CPPFLAGS = $(EXAMPLES_CPPFLAGS)
examples_worker_pool_LDADD = libmmapipc.la
