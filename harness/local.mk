# ipcmark: everything but main() is in libharness.a, so that tests can link it.
#
# The program is linked with the library's archive: build/ipcmark is then one
# real file, which debuggers, `perf` and a copy on another machine can take.

bin_PROGRAMS += ipcmark
noinst_LIBRARIES += libharness.a

HARNESS_CPPFLAGS = \
	-I$(top_srcdir)/lib/include \
	-I$(top_srcdir)/harness \
	-I$(top_srcdir)/harness/include \
	-D_GNU_SOURCE \
	$(HWLOC_CFLAGS) $(INIH_CFLAGS) $(JANSSON_CFLAGS) $(ZLIB_CFLAGS) \
	$(DW_CFLAGS) $(CK_CFLAGS) $(QB_CFLAGS) $(ZMQ_CFLAGS) $(REDIS_CFLAGS) \
	$(ICEORYX_CFLAGS)
HARNESS_LIBS = \
	$(HWLOC_LIBS) $(INIH_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) $(DW_LIBS) \
	$(QB_LIBS) $(BOOST_LIBS) $(ZMQ_LIBS) $(NNG_LIBS) $(REDIS_LIBS) \
	$(ICEORYX_LIBS) \
	$(DL_LIBS) $(SYSTEM_LIBS) -lm

# What a transport outside this tree is built against; ours are, too.
ipcmarkdir = $(includedir)/ipcmark
ipcmark_HEADERS = harness/include/ipcmark/transport.h

plotsdir = $(pkgdatadir)/plots
workersdir = $(pkgdatadir)/workers
dist_workers_DATA = \
	harness/workers/mp_pipe.py \
	harness/workers/mp_queue.py \
	harness/workers/mp_simplequeue.py

libharness_a_SOURCES = \
	harness/axes.c \
	harness/axes.h \
	harness/ballast.c \
	harness/ballast.h \
	harness/capacity.h \
	harness/case.c \
	harness/case.h \
	harness/case_section.c \
	harness/case_section.h \
	harness/command.h \
	harness/command_conform.c \
	harness/command_crash.c \
	harness/command_gate.c \
	harness/command_selftest_gate.c \
	harness/command_inspect.c \
	harness/command_list.c \
	harness/command_result.c \
	harness/command_run.c \
	harness/command_topo.c \
	harness/command_tune.c \
	harness/compare.c \
	harness/compare.h \
	harness/conform.c \
	harness/conform.h \
	harness/conform_check.h \
	harness/conform_gone.c \
	harness/conform_pass.c \
	harness/conform_stage.c \
	harness/conform_stage.h \
	harness/control.c \
	harness/control.h \
	harness/crash/campaign.c \
	harness/crash/campaign.h \
	harness/crash/coverage.c \
	harness/crash/coverage.h \
	harness/crash/director.c \
	harness/crash/host.c \
	harness/crash/host.h \
	harness/crash/lean.c \
	harness/crash/lean.h \
	harness/crash/ledger.c \
	harness/crash/ledger.h \
	harness/crash/map.c \
	harness/crash/map.h \
	harness/crash/map_plot.c \
	harness/crash/map_plot.h \
	harness/crash/message.h \
	harness/crash/operation.c \
	harness/crash/operation.h \
	harness/crash/plan.c \
	harness/crash/print.c \
	harness/crash/print.h \
	harness/crash/print_coverage.c \
	harness/crash/ptrace_arch.h \
	harness/crash/record.c \
	harness/crash/recorder.c \
	harness/crash/recorder.h \
	harness/crash/save.c \
	harness/crash/sleeper.c \
	harness/crash/source.c \
	harness/crash/source.h \
	harness/crash/stage.c \
	harness/crash/stage.h \
	harness/crash/step.c \
	harness/crash/step.h \
	harness/crash/step_ptrace.c \
	harness/crash/step_ptrace.h \
	harness/crash/story.c \
	harness/crash/story.h \
	harness/crash/survivor.c \
	harness/crash/survivor.h \
	harness/crash/symbol.c \
	harness/crash/symbol.h \
	harness/crash/timeline.c \
	harness/crash/timeline.h \
	harness/crash/trace.c \
	harness/crash/trace.h \
	harness/crash/trial.c \
	harness/crash/trial.h \
	harness/crash/trial_part.c \
	harness/crash/trial_part.h \
	harness/crash/whence.c \
	harness/crash/whence.h \
	harness/crash/wrap.c \
	harness/crash/wrap.h \
	harness/crash_figures.c \
	harness/crash_figures.h \
	harness/crew.c \
	harness/crew.h \
	harness/deadline.h \
	harness/diag.c \
	harness/diag.h \
	harness/distance.c \
	harness/distance.h \
	harness/distance_plot.c \
	harness/distance_plot.h \
	harness/disturb.c \
	harness/disturb.h \
	harness/env.c \
	harness/env.h \
	harness/export.h \
	harness/export_csv.c \
	harness/export_hdr.c \
	harness/export_json.c \
	harness/export_markdown.c \
	harness/fault.c \
	harness/fault.h \
	harness/fault_holder.c \
	harness/fault_random.c \
	harness/fault_script.c \
	harness/fault_script.h \
	harness/fault_series.c \
	harness/fault_series.h \
	harness/fault_stage.c \
	harness/fault_stage.h \
	harness/fault_steps.c \
	harness/fault_steps.h \
	harness/fault_story.c \
	harness/fault_story.h \
	harness/fd.c \
	harness/fd.h \
	harness/figure.c \
	harness/figure.h \
	harness/figure_about.c \
	harness/figure_around.c \
	harness/figure_data.c \
	harness/figure_load.c \
	harness/figure_rank.c \
	harness/figure_rounds.c \
	harness/folder.c \
	harness/folder.h \
	harness/gate/block.c \
	harness/gate/block.h \
	harness/gate/blocks.c \
	harness/gate/build.c \
	harness/gate/build.h \
	harness/gate/checkout.c \
	harness/gate/count.c \
	harness/gate/count.h \
	harness/gate/gate.c \
	harness/gate/gate.h \
	harness/gate/gate_request.c \
	harness/gate/gate_request.h \
	harness/gate/identity.c \
	harness/gate/identity.h \
	harness/gate/judge.c \
	harness/gate/judge.h \
	harness/gate/load.c \
	harness/gate/load.h \
	harness/gate/measure.c \
	harness/gate/measure.h \
	harness/gate/metric.c \
	harness/gate/metric.h \
	harness/gate/order.h \
	harness/gate/print.c \
	harness/gate/repeat.c \
	harness/gate/report.c \
	harness/gate/report.h \
	harness/gate/report_bench.c \
	harness/gate/report_benchstat.c \
	harness/gate/report_github.c \
	harness/gate/report_junit.c \
	harness/gate/report_markdown.c \
	harness/gate/report_plot.c \
	harness/gate/report_text.c \
	harness/gate/report_text.h \
	harness/gate/save.c \
	harness/gate/sequential.c \
	harness/gate/sequential.h \
	harness/gate/server.c \
	harness/gate/server.h \
	harness/gate/signed_rank.c \
	harness/gate/signed_rank.h \
	harness/gate/slow.c \
	harness/gate/slow.h \
	harness/gate/trend.c \
	harness/gate/trend.h \
	harness/gnuplot.c \
	harness/gnuplot.h \
	harness/grade.c \
	harness/grade.h \
	harness/hist.c \
	harness/hist.h \
	harness/hist_codec.c \
	harness/hist_print.c \
	harness/human.c \
	harness/human.h \
	harness/journal.c \
	harness/journal.h \
	harness/json_read.c \
	harness/json_read.h \
	harness/latency.h \
	harness/leftover.c \
	harness/leftover.h \
	harness/machine.c \
	harness/machine.h \
	harness/markdown.c \
	harness/markdown.h \
	harness/object_json.c \
	harness/object_print.c \
	harness/object_print.h \
	harness/membind.c \
	harness/membind.h \
	harness/noise.c \
	harness/noise.h \
	harness/option.c \
	harness/option.h \
	harness/option_text.c \
	harness/option_text.h \
	harness/overhead.c \
	harness/overhead.h \
	harness/park.c \
	harness/park.h \
	harness/plan.c \
	harness/plan.h \
	harness/plan_print.c \
	harness/plot.c \
	harness/plot.h \
	harness/plugin.c \
	harness/plugin.h \
	harness/probe.c \
	harness/probe.h \
	harness/procstat.c \
	harness/procstat.h \
	harness/program.c \
	harness/program.h \
	harness/progress.c \
	harness/progress.h \
	harness/ratio.c \
	harness/ratio.h \
	harness/reaper.c \
	harness/reaper.h \
	harness/report.c \
	harness/report.h \
	harness/report_cost.c \
	harness/report_cost.h \
	harness/report_steps.c \
	harness/report_steps.h \
	harness/report_table.c \
	harness/report_table.h \
	harness/result.c \
	harness/result.h \
	harness/result_crash.c \
	harness/result_crash.h \
	harness/result_load.c \
	harness/result_load.h \
	harness/result_load_rounds.c \
	harness/result_save.c \
	harness/rng.h \
	harness/roudi.c \
	harness/roudi.h \
	harness/rounds.c \
	harness/rounds.h \
	harness/run.c \
	harness/run.h \
	harness/saturation.c \
	harness/saturation.h \
	harness/scenario.c \
	harness/scenario.h \
	harness/scenario_edit.h \
	harness/scenario_file.c \
	harness/scenario_file.h \
	harness/scenario_key.c \
	harness/scenario_key.h \
	harness/scenario_load.c \
	harness/scenario_load.h \
	harness/scenario_lookup.c \
	harness/scenario_set.c \
	harness/scenario_text.c \
	harness/scenario_text.h \
	harness/scenario_value.c \
	harness/scenario_value.h \
	harness/scenario_zip.c \
	harness/scenario_zip.h \
	harness/schedule.c \
	harness/schedule.h \
	harness/scratch.c \
	harness/scratch.h \
	harness/session.c \
	harness/session.h \
	harness/shared.h \
	harness/shm_room.c \
	harness/shm_room.h \
	harness/slice.c \
	harness/slice.h \
	harness/stats.c \
	harness/stats.h \
	harness/stream.c \
	harness/stream.h \
	harness/sysv_key.h \
	harness/tally.h \
	harness/topo.c \
	harness/topo.h \
	harness/topo_place.c \
	harness/transport.h \
	harness/transport_absent.c \
	harness/transport_complete.c \
	harness/transport_copy.c \
	harness/transport_eventfd_ring.c \
	harness/transport_exec.c \
	harness/transport_line.c \
	harness/transport_list.h \
	harness/transport_locked.c \
	harness/transport_mq.c \
	harness/transport_null.c \
	harness/transport_optional.h \
	harness/transport_own.c \
	harness/transport_own.h \
	harness/transport_pipe.c \
	harness/transport_queue.c \
	harness/transport_ring.c \
	harness/transport_seqpacket.c \
	harness/transport_socketpair.c \
	harness/transport_sysv_msg.c \
	harness/transports.c \
	harness/tune.c \
	harness/tune.h \
	harness/tune_goal.c \
	harness/tune_goal.h \
	harness/tuning.c \
	harness/tuning.h \
	harness/until.c \
	harness/until.h \
	harness/usage.c \
	harness/usage.h \
	harness/verify.c \
	harness/verify.h \
	harness/verify_hot.h \
	harness/worker.c \
	harness/worker.h \
	harness/worker_loop.h \
	harness/worker_open.c \
	harness/worker_protocol.c \
	harness/worker_protocol.h
# Of ck_ring everything is in its header: no library to link.
if HAVE_CK
libharness_a_SOURCES += \
	harness/transport_ck.h \
	harness/transport_ck_mpmc.c \
	harness/transport_ck_ring.c
endif
if HAVE_QB
libharness_a_SOURCES += \
	harness/transport_qb_rb.c
endif
if HAVE_BOOST
libharness_a_SOURCES += \
	harness/transport_boost_mq.cpp
endif
if HAVE_ZMQ
libharness_a_SOURCES += \
	harness/transport_zmq.c
endif
if HAVE_NNG
libharness_a_SOURCES += \
	harness/transport_nng.c
endif
if HAVE_REDIS
libharness_a_SOURCES += \
	harness/transport_redis.c
endif
if HAVE_ICEORYX
libharness_a_SOURCES += \
	harness/transport_iceoryx.c
endif
# Lines of sources by libdw, or else names of functions.
if HAVE_DW
libharness_a_SOURCES += \
	harness/crash/symbol_dw.c
else
libharness_a_SOURCES += \
	harness/crash/symbol_dl.c
endif
libharness_a_CPPFLAGS = \
	-I$(top_srcdir)/harness \
	$(HARNESS_CPPFLAGS) \
	-DPLOTS_DIR='"$(plotsdir)"' \
	-DSOURCE_PLOTS_DIR='"$(abs_top_srcdir)/plots"' \
	-DWORKERS_DIR='"$(workersdir)"' \
	-DSOURCE_WORKERS_DIR='"$(abs_top_srcdir)/harness/workers"' \
	-DGATE_WORKER_DIR='"$(pkglibexecdir)"'

ipcmark_SOURCES = harness/main.c
ipcmark_CPPFLAGS = $(HARNESS_CPPFLAGS)
ipcmark_LDFLAGS = $(AM_LDFLAGS) -static -Wl,-z,now
ipcmark_LDADD = libharness.a libmmapipc.la $(HARNESS_LIBS)

# What `ipcmark gate` starts for each build, with that build's shared library: the
# one program here that does not have the archive in it. It is linked with the file
# itself rather than libtool's description of it, and so has no run path. Functions
# are looked up when they are called: a build may lack those that its cases do not
# call.
if SHARED
pkglibexec_PROGRAMS = ipcmark-gate-worker
ipcmark_gate_worker_SOURCES = harness/gate/worker_main.c
ipcmark_gate_worker_CPPFLAGS = -I$(top_srcdir)/harness $(HARNESS_CPPFLAGS)
ipcmark_gate_worker_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,lazy \
	-Wl,--no-as-needed,.libs/libmmapipc.so,--as-needed
ipcmark_gate_worker_LDADD = \
	libharness.a $(HARNESS_LIBS)
ipcmark_gate_worker_DEPENDENCIES = libharness.a libmmapipc.la
endif
