# What `make check` runs: unit tests, checks of the tree and of the program, and
# every scenario in its short form.

UNIT_TESTS = \
	tests/test_budget \
	tests/test_case_section \
	tests/test_close \
	tests/test_compare \
	tests/test_conform \
	tests/test_counters \
	tests/test_crash_action \
	tests/test_crash_campaign \
	tests/test_crash_lean \
	tests/test_crash_ledger \
	tests/test_crash_source \
	tests/test_crash_step \
	tests/test_crash_trace \
	tests/test_crash_wrap \
	tests/test_crew \
	tests/test_diag \
	tests/test_distance \
	tests/test_event \
	tests/test_export \
	tests/test_facts \
	tests/test_fault \
	tests/test_gate_blocks \
	tests/test_gate_count \
	tests/test_gate_sim \
	tests/test_gate_stats \
	tests/test_grade \
	tests/test_guard \
	tests/test_guard_step \
	tests/test_hist \
	tests/test_hostile \
	tests/test_inspect \
	tests/test_kill_step \
	tests/test_lock \
	tests/test_lock_death \
	tests/test_membind \
	tests/test_memfd \
	tests/test_memory \
	tests/test_memory_node \
	tests/test_namespace \
	tests/test_open \
	tests/test_pace \
	tests/test_object_print \
	tests/test_plan \
	tests/test_plot \
	tests/test_progress \
	tests/test_queue \
	tests/test_queue_kill \
	tests/test_queue_lease \
	tests/test_queue_lease_peer \
	tests/test_queue_peer \
	tests/test_queue_tend \
	tests/test_queue_threads \
	tests/test_report \
	tests/test_result \
	tests/test_ring \
	tests/test_ring_kill \
	tests/test_ring_peer \
	tests/test_ring_role \
	tests/test_ring_threads \
	tests/test_ring_view \
	tests/test_rival_step \
	tests/test_roudi \
	tests/test_rounds \
	tests/test_run \
	tests/test_scenario \
	tests/test_scenario_files \
	tests/test_scenario_mistakes \
	tests/test_schedule \
	tests/test_segment \
	tests/test_segment_name \
	tests/test_session \
	tests/test_shm \
	tests/test_slice \
	tests/test_soak \
	tests/test_stats \
	tests/test_topo \
	tests/test_transport \
	tests/test_transport_absent \
	tests/test_transport_ck \
	tests/test_transport_exec \
	tests/test_transport_gone \
	tests/test_transport_killed \
	tests/test_transport_table \
	tests/test_tune \
	tests/test_tune_goal \
	tests/test_verify \
	tests/test_wake \
	tests/test_wake_step \
	tests/test_watch \
	tests/test_wishes

# Threads of one process: what ThreadSanitizer can see.
THREAD_TESTS = \
	tests/test_close \
	tests/test_pace \
	tests/test_queue_threads \
	tests/test_ring_threads \
	tests/test_watch

TREE_CHECKS = \
	tests/check-ci.sh \
	tests/check-cli.sh \
	tests/check-crash.sh \
	tests/check-exports.sh \
	tests/check-facts.sh \
	tests/check-format.sh \
	tests/check-fuzz.sh \
	tests/check-gate-report.sh \
	tests/check-gate.sh \
	tests/check-hdr.sh \
	tests/check-kill.sh \
	tests/check-layering.sh \
	tests/check-lists.sh \
	tests/check-model.sh \
	tests/check-plugin.sh \
	tests/check-readme.sh \
	tests/check-room.sh \
	tests/check-schema.sh \
	tests/check-soak.sh

TESTS += $(UNIT_TESTS) $(TREE_CHECKS) $(SCENARIOS)
TEST_EXTENSIONS = .sh .ini
LOG_COMPILER = $(TEST_LIMIT)
SH_LOG_COMPILER = $(TEST_LIMIT) $(SHELL)
INI_LOG_COMPILER = $(TEST_LIMIT) $(SHELL) $(top_srcdir)/tests/check-scenarios.sh

# Not tests but measurements, for `make bench`; built by `make check`, too, so
# that they keep up with the library.
MEASUREMENTS = \
	tests/bench_idle \
	tests/bench_lock
check_PROGRAMS += $(MEASUREMENTS)
tests_bench_idle_SOURCES = tests/bench_idle.c
tests_bench_lock_SOURCES = tests/bench_lock.c

# What tests/check-schema.sh asks instead of thousands of ipcmarks.
check_PROGRAMS += tests/show_many
tests_show_many_SOURCES = tests/show_many.c

# libcheck's own limit of 4 s a test is a guess about the machine's speed.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	IPCMARK='$(abs_top_builddir)/ipcmark'; \
	CC='$(CC)'; NM='$(NM)'; SANITIZE_CFLAGS='$(SANITIZE_CFLAGS)'; \
	CK_DEFAULT_TIMEOUT=120; \
	export top_srcdir top_builddir IPCMARK CC NM SANITIZE_CFLAGS \
		CK_DEFAULT_TIMEOUT;

EXTRA_DIST += $(TREE_CHECKS) \
	tests/check-aarch64.sh \
	tests/check_ci.py \
	tests/qemu_kill.c \
	tests/check-scenarios.sh \
	tests/check_gate_report.py \
	tests/check_crash_schema.py \
	tests/check_schema.py \
	tests/sample_gate.json \
	tests/check-install.sh \
	tests/crash-campaign.sh \
	tests/check-mutants.sh \
	tests/check-recovery.sh

# What tests/check-model.sh runs through spin.
EXTRA_DIST += \
	tests/model/queue.pml \
	tests/model/ring.pml

# What tests/check-fuzz.sh compiles with clang.
EXTRA_DIST += \
	tests/fuzz/fuzz_input.h \
	tests/fuzz/fuzz_open.c \
	tests/fuzz/fuzz_peer.c \
	tests/fuzz/fuzz_stage.c

# Machines that tests/test_topo.c and tests/test_plan.c look at, in the form
# that hwloc saves and loads.
EXTRA_DIST += \
	tests/topologies/chiplets.xml \
	tests/topologies/favoured.xml \
	tests/topologies/hybrid.xml \
	tests/topologies/m-series.xml \
	tests/topologies/three-kinds.xml \
	tests/topologies/two-socket.xml

# What several tests share. A stub that a test defines itself stands in for the
# file of libharness.a that has the real thing.
EXTRA_DIST += \
	tests/capture.h \
	tests/conform_table.h \
	tests/lock_stage.h \
	tests/memory_stage.h \
	tests/own_names.h \
	tests/qemu_kill.h \
	tests/ring_play.h \
	tests/sample_result.h \
	tests/scenario_file.h \
	tests/step_stage.h \
	tests/stub_transports.h \
	tests/trap.h

LIB_STAGE = \
	tests/lib_stage.c \
	tests/lib_stage.h
tests_test_budget_SOURCES = tests/test_budget.c $(LIB_STAGE)
tests_test_close_SOURCES = tests/test_close.c $(LIB_STAGE)
tests_test_counters_SOURCES = tests/test_counters.c $(LIB_STAGE)
tests_test_inspect_SOURCES = tests/test_inspect.c $(LIB_STAGE)
tests_test_event_SOURCES = tests/test_event.c $(LIB_STAGE)
tests_test_facts_SOURCES = tests/test_facts.c $(LIB_STAGE)
tests_test_guard_step_SOURCES = tests/test_guard_step.c $(LIB_STAGE)
tests_test_guard_SOURCES = tests/test_guard.c $(LIB_STAGE)
tests_test_memfd_SOURCES = tests/test_memfd.c $(LIB_STAGE)
tests_test_memory_SOURCES = tests/test_memory.c $(LIB_STAGE)
tests_test_memory_node_SOURCES = tests/test_memory_node.c $(LIB_STAGE)
tests_test_namespace_SOURCES = tests/test_namespace.c $(LIB_STAGE)
tests_test_watch_SOURCES = tests/test_watch.c $(LIB_STAGE)
tests_test_pace_SOURCES = tests/test_pace.c $(LIB_STAGE)
tests_test_hostile_SOURCES = tests/test_hostile.c $(LIB_STAGE)
tests_test_kill_step_SOURCES = tests/test_kill_step.c $(LIB_STAGE)
tests_test_lock_SOURCES = tests/test_lock.c $(LIB_STAGE)
tests_test_lock_death_SOURCES = tests/test_lock_death.c $(LIB_STAGE)
tests_test_queue_SOURCES = tests/test_queue.c $(LIB_STAGE)
tests_test_queue_kill_SOURCES = tests/test_queue_kill.c $(LIB_STAGE)
tests_test_queue_lease_SOURCES = tests/test_queue_lease.c $(LIB_STAGE)
tests_test_queue_lease_peer_SOURCES = \
	tests/test_queue_lease_peer.c $(LIB_STAGE)
tests_test_queue_peer_SOURCES = tests/test_queue_peer.c $(LIB_STAGE)
tests_test_queue_tend_SOURCES = tests/test_queue_tend.c $(LIB_STAGE)
tests_test_queue_threads_SOURCES = tests/test_queue_threads.c $(LIB_STAGE)
tests_test_ring_SOURCES = tests/test_ring.c $(LIB_STAGE)
tests_test_ring_kill_SOURCES = tests/test_ring_kill.c $(LIB_STAGE)
tests_test_ring_peer_SOURCES = tests/test_ring_peer.c $(LIB_STAGE)
tests_test_ring_role_SOURCES = tests/test_ring_role.c $(LIB_STAGE)
tests_test_ring_threads_SOURCES = tests/test_ring_threads.c $(LIB_STAGE)
tests_test_ring_view_SOURCES = tests/test_ring_view.c $(LIB_STAGE)
tests_test_rival_step_SOURCES = tests/test_rival_step.c $(LIB_STAGE)
tests_test_segment_SOURCES = tests/test_segment.c $(LIB_STAGE)
tests_test_segment_name_SOURCES = tests/test_segment_name.c $(LIB_STAGE)
tests_test_shm_SOURCES = tests/test_shm.c $(LIB_STAGE)
tests_test_wake_SOURCES = tests/test_wake.c $(LIB_STAGE)
tests_test_wake_step_SOURCES = tests/test_wake_step.c $(LIB_STAGE)

# As ipcmark is linked: to bind a name late means to search libraries that children
# may go without.
tests_test_crash_campaign_LDFLAGS = $(AM_LDFLAGS) $(BIND_NOW_LDFLAGS)
tests_test_crash_lean_LDFLAGS = $(AM_LDFLAGS) $(BIND_NOW_LDFLAGS)

if HAVE_CHECK
check_PROGRAMS += $(UNIT_TESTS)
else
check-local:
	@echo 'make check needs libcheck: install apt check, dnf check-devel,' \
		'brew check, and run configure again' >&2; exit 1
endif

AM_CPPFLAGS = \
	-I$(top_srcdir)/harness \
	-I$(top_srcdir)/lib \
	$(HARNESS_CPPFLAGS) \
	$(MUTANTS_CPPFLAGS) \
	$(CHECK_CFLAGS)
LDADD = libharness.a libmmapipc_internal.la $(CHECK_LIBS) $(HARNESS_LIBS)

installcheck-local:
	bindir='$(DESTDIR)$(bindir)' libdir='$(DESTDIR)$(libdir)' \
	mandir='$(DESTDIR)$(mandir)' \
	header_dir='$(DESTDIR)$(includedir)' top_srcdir='$(abs_top_srcdir)' \
	top_builddir='$(abs_top_builddir)' CC='$(CC)' \
	PKG_CONFIG='$(PKG_CONFIG)' SANITIZE_CFLAGS='$(SANITIZE_CFLAGS)' \
	$(SHELL) $(top_srcdir)/tests/check-install.sh

# Each sanitizer in a build tree of its own, below this one.
SANITIZE_CONFIGURE = $(abs_top_srcdir)/configure --disable-shared \
	--disable-dependency-tracking CC='$(CC)' CFLAGS='-O1 -g'

check-sanitize: check-sanitize-address check-sanitize-thread
check-sanitize-address:
	$(MKDIR_P) sanitize-address
	cd sanitize-address && { test -f Makefile || \
		$(SANITIZE_CONFIGURE) --enable-sanitize=address,undefined; } && \
		$(MAKE) $(AM_MAKEFLAGS) check
check-sanitize-thread:
	$(MKDIR_P) sanitize-thread
	cd sanitize-thread && { test -f Makefile || \
		$(SANITIZE_CONFIGURE) --enable-sanitize=thread; } && \
		$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(THREAD_TESTS)' \
			check_PROGRAMS='$(THREAD_TESTS)'
distclean-local:
	rm -rf sanitize-address sanitize-thread aarch64 fuzz mutants

# Bugs of lib/mutants.def in a build of their own: does a campaign of ipcmark, or a
# test, find each? MUTANTS:
# their names; all; else the dozen that each commit is tried with.
MUTANTS =
MUTANT_TESTS = \
	tests/test_event \
	tests/test_facts \
	tests/test_kill_step \
	tests/test_lock_death \
	tests/test_namespace \
	tests/test_queue_lease_peer \
	tests/test_queue_tend \
	tests/test_ring_role \
	tests/test_rival_step \
	tests/test_wake \
	tests/test_wake_step
check-mutants:
	$(MKDIR_P) mutants
	cd mutants && { test -f Makefile || \
		$(abs_top_srcdir)/configure --disable-shared \
			--enable-mutants CC='$(CC)'; } && \
		$(MAKE) $(AM_MAKEFLAGS) ipcmark $(MUTANT_TESTS) && \
		MUTANTS='$(MUTANTS)' \
		$(SHELL) $(abs_top_srcdir)/tests/check-mutants.sh

# The library and its tests for 64-bit Arm, under qemu.
check-aarch64:
	$(MKDIR_P) aarch64
	cd aarch64 && { $(SHELL) $(abs_top_srcdir)/tests/check-aarch64.sh || \
		test $$? -eq 77; }

# Only the kills at single instructions.
check-aarch64-kill:
	$(MKDIR_P) aarch64
	cd aarch64 && { $(SHELL) $(abs_top_srcdir)/tests/check-aarch64.sh \
		--kill || test $$? -eq 77; }

# What check-fuzz.sh does in make check, ten times as long.
HOSTILE_RUNS = 10000000
check-hostile:
	CC='$(CC)' $(SHELL) $(abs_top_srcdir)/tests/check-fuzz.sh \
		--runs $(HOSTILE_RUNS)

# A quarter of a million deaths, and those of the other kinds.
check-crash: ipcmark
	IPCMARK='$(abs_top_builddir)/ipcmark' IPCMARK_CRASH=commit \
		$(SHELL) $(top_srcdir)/tests/check-crash.sh

# How soon others go on when a holder of the lock is killed, in half a minute.
check-recovery: ipcmark
	IPCMARK='$(abs_top_builddir)/ipcmark' top_srcdir='$(abs_top_srcdir)' \
		$(SHELL) $(top_srcdir)/tests/check-recovery.sh

# Deaths for hours; goes on in CRASH_DIR where it was interrupted.
CRASH_HOURS = 1
CRASH_DIR = crash-campaign
crash-campaign: ipcmark
	IPCMARK='$(abs_top_builddir)/ipcmark' CRASH_HOURS='$(CRASH_HOURS)' \
		$(SHELL) $(top_srcdir)/tests/crash-campaign.sh '$(CRASH_DIR)'

# For ever, or as libFuzzer's FUZZ_ARGS say; FUZZ_TARGET=open: the other one.
FUZZ_TARGET = peer
FUZZ_ARGS =
fuzz:
	$(SHELL) $(abs_top_srcdir)/tests/check-fuzz.sh $(FUZZ_TARGET) $(FUZZ_ARGS)
.PHONY: check-aarch64 check-aarch64-kill check-crash check-hostile
.PHONY: check-mutants check-recovery crash-campaign fuzz
.PHONY: check-sanitize check-sanitize-address check-sanitize-thread
