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
	harness/base/ballast.c \
	harness/base/ballast.h \
	harness/base/deadline.h \
	harness/base/diag.c \
	harness/base/diag.h \
	harness/base/fd.c \
	harness/base/fd.h \
	harness/base/folder.c \
	harness/base/folder.h \
	harness/base/gnuplot.c \
	harness/base/gnuplot.h \
	harness/base/hist.c \
	harness/base/hist.h \
	harness/base/hist_codec.c \
	harness/base/hist_print.c \
	harness/base/human.c \
	harness/base/human.h \
	harness/base/json_read.c \
	harness/base/json_read.h \
	harness/base/line_pair.h \
	harness/base/markdown.c \
	harness/base/markdown.h \
	harness/base/procstat.c \
	harness/base/procstat.h \
	harness/base/program.c \
	harness/base/program.h \
	harness/base/progress.c \
	harness/base/progress.h \
	harness/base/reaper.c \
	harness/base/reaper.h \
	harness/base/rng.h \
	harness/base/scratch.c \
	harness/base/scratch.h \
	harness/base/shared.h \
	harness/base/stats.c \
	harness/base/stats.h \
	harness/base/text.c \
	harness/base/text.h \
	harness/base/wrap.c \
	harness/base/wrap.h \
	harness/case/axes.c \
	harness/case/axes.h \
	harness/case/case.c \
	harness/case/case.h \
	harness/case/latency.h \
	harness/case/slice_report.h \
	harness/case/usage.c \
	harness/case/usage.h \
	harness/case/verify.c \
	harness/case/verify.h \
	harness/case/verify_hot.h \
	harness/command/command.h \
	harness/command/conform.c \
	harness/command/crash.c \
	harness/command/gate.c \
	harness/command/inspect.c \
	harness/command/list.c \
	harness/command/result.c \
	harness/command/run.c \
	harness/command/selftest_gate.c \
	harness/command/topo.c \
	harness/command/tune.c \
	harness/conform/check.h \
	harness/conform/conform.c \
	harness/conform/conform.h \
	harness/conform/gone.c \
	harness/conform/pass.c \
	harness/conform/stage.c \
	harness/conform/stage.h \
	harness/crash/campaign.c \
	harness/crash/campaign.h \
	harness/crash/coverage.c \
	harness/crash/coverage.h \
	harness/crash/director.c \
	harness/crash/figures.c \
	harness/crash/figures.h \
	harness/crash/host.c \
	harness/crash/host.h \
	harness/crash/lean.c \
	harness/crash/lean.h \
	harness/crash/ledger.c \
	harness/crash/ledger.h \
	harness/crash/map.c \
	harness/crash/map.h \
	harness/crash/message.h \
	harness/crash/operation.c \
	harness/crash/operation.h \
	harness/crash/plan.c \
	harness/crash/print.c \
	harness/crash/print.h \
	harness/crash/print_coverage.c \
	harness/crash/record.c \
	harness/crash/save.c \
	harness/crash/sleeper.c \
	harness/crash/stage.c \
	harness/crash/stage.h \
	harness/crash/story.c \
	harness/crash/story.h \
	harness/crash/survivor.c \
	harness/crash/survivor.h \
	harness/crash/trial.c \
	harness/crash/trial.h \
	harness/crash/trial_part.c \
	harness/crash/trial_part.h \
	harness/figure/about.c \
	harness/figure/around.c \
	harness/figure/crash_map.c \
	harness/figure/crash_map.h \
	harness/figure/data.c \
	harness/figure/distance.c \
	harness/figure/distance.h \
	harness/figure/figure.c \
	harness/figure/figure.h \
	harness/figure/load.c \
	harness/figure/plot.c \
	harness/figure/plot.h \
	harness/figure/rank.c \
	harness/figure/rounds.c \
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
	harness/inspect/object_json.c \
	harness/inspect/object_print.c \
	harness/inspect/object_print.h \
	harness/machine/distance.c \
	harness/machine/distance.h \
	harness/machine/env.c \
	harness/machine/env.h \
	harness/machine/grade.c \
	harness/machine/grade.h \
	harness/machine/membind.c \
	harness/machine/membind.h \
	harness/machine/noise.c \
	harness/machine/noise.h \
	harness/machine/probe.c \
	harness/machine/probe.h \
	harness/machine/shm_room.c \
	harness/machine/shm_room.h \
	harness/machine/topo.c \
	harness/machine/topo.h \
	harness/machine/topo_place.c \
	harness/option/option.c \
	harness/option/option.h \
	harness/option/text.c \
	harness/option/text.h \
	harness/plan/plan.c \
	harness/plan/plan.h \
	harness/plan/print.c \
	harness/recorder/recorder.c \
	harness/recorder/recorder.h \
	harness/recorder/timeline.c \
	harness/recorder/timeline.h \
	harness/report/compare.c \
	harness/report/compare.h \
	harness/report/cost.c \
	harness/report/cost.h \
	harness/report/export.h \
	harness/report/export_csv.c \
	harness/report/export_hdr.c \
	harness/report/export_json.c \
	harness/report/export_markdown.c \
	harness/report/machine.c \
	harness/report/machine.h \
	harness/report/ratio.c \
	harness/report/ratio.h \
	harness/report/report.c \
	harness/report/report.h \
	harness/report/steps.c \
	harness/report/steps.h \
	harness/report/table.c \
	harness/report/table.h \
	harness/result/crash.c \
	harness/result/crash.h \
	harness/result/journal.c \
	harness/result/journal.h \
	harness/result/load.c \
	harness/result/load.h \
	harness/result/load_rounds.c \
	harness/result/result.c \
	harness/result/result.h \
	harness/result/save.c \
	harness/run/control.c \
	harness/run/control.h \
	harness/run/crew.c \
	harness/run/crew.h \
	harness/run/disturb.c \
	harness/run/disturb.h \
	harness/run/fault.c \
	harness/run/fault.h \
	harness/run/fault_holder.c \
	harness/run/fault_random.c \
	harness/run/fault_script.c \
	harness/run/fault_script.h \
	harness/run/fault_series.c \
	harness/run/fault_series.h \
	harness/run/fault_stage.c \
	harness/run/fault_stage.h \
	harness/run/fault_steps.c \
	harness/run/fault_steps.h \
	harness/run/fault_story.c \
	harness/run/fault_story.h \
	harness/run/overhead.c \
	harness/run/overhead.h \
	harness/run/park.c \
	harness/run/park.h \
	harness/run/rounds.c \
	harness/run/rounds.h \
	harness/run/run.c \
	harness/run/run.h \
	harness/run/saturation.c \
	harness/run/saturation.h \
	harness/run/schedule.c \
	harness/run/schedule.h \
	harness/run/slice.c \
	harness/run/slice.h \
	harness/run/until.c \
	harness/run/until.h \
	harness/run/worker.c \
	harness/run/worker.h \
	harness/run/worker_loop.h \
	harness/run/worker_open.c \
	harness/scenario/case_section.c \
	harness/scenario/case_section.h \
	harness/scenario/edit.h \
	harness/scenario/file.c \
	harness/scenario/file.h \
	harness/scenario/key.c \
	harness/scenario/key.h \
	harness/scenario/load.c \
	harness/scenario/load.h \
	harness/scenario/lookup.c \
	harness/scenario/scenario.c \
	harness/scenario/scenario.h \
	harness/scenario/set.c \
	harness/scenario/text.c \
	harness/scenario/text.h \
	harness/scenario/value.c \
	harness/scenario/value.h \
	harness/scenario/zip.c \
	harness/scenario/zip.h \
	harness/session/leftover.c \
	harness/session/leftover.h \
	harness/session/roudi.c \
	harness/session/roudi.h \
	harness/session/session.c \
	harness/session/session.h \
	harness/session/sysv_key.h \
	harness/step/ptrace_arch.h \
	harness/step/source.c \
	harness/step/source.h \
	harness/step/step.c \
	harness/step/step.h \
	harness/step/step_ptrace.c \
	harness/step/step_ptrace.h \
	harness/step/symbol.c \
	harness/step/symbol.h \
	harness/step/trace.c \
	harness/step/trace.h \
	harness/step/whence.c \
	harness/step/whence.h \
	harness/transport/absent.c \
	harness/transport/capacity.h \
	harness/transport/complete.c \
	harness/transport/config.c \
	harness/transport/copy.c \
	harness/transport/eventfd_ring.c \
	harness/transport/exec.c \
	harness/transport/line.c \
	harness/transport/list.h \
	harness/transport/locked.c \
	harness/transport/mq.c \
	harness/transport/null.c \
	harness/transport/optional.h \
	harness/transport/own.c \
	harness/transport/own.h \
	harness/transport/pipe.c \
	harness/transport/plugin.c \
	harness/transport/plugin.h \
	harness/transport/queue.c \
	harness/transport/records.h \
	harness/transport/ring.c \
	harness/transport/seqpacket.c \
	harness/transport/socketpair.c \
	harness/transport/stream.c \
	harness/transport/stream.h \
	harness/transport/sysv_msg.c \
	harness/transport/table.c \
	harness/transport/tally.h \
	harness/transport/transport.h \
	harness/transport/worker_protocol.c \
	harness/transport/worker_protocol.h \
	harness/tune/goal.c \
	harness/tune/goal.h \
	harness/tune/tune.c \
	harness/tune/tune.h \
	harness/tune/tuning.c \
	harness/tune/tuning.h
# Of ck_ring everything is in its header: no library to link.
if HAVE_CK
libharness_a_SOURCES += \
	harness/transport/ck.h \
	harness/transport/ck_mpmc.c \
	harness/transport/ck_ring.c
endif
if HAVE_QB
libharness_a_SOURCES += \
	harness/transport/qb_rb.c
endif
if HAVE_BOOST
libharness_a_SOURCES += \
	harness/transport/boost_mq.cpp
endif
if HAVE_ZMQ
libharness_a_SOURCES += \
	harness/transport/zmq.c
endif
if HAVE_NNG
libharness_a_SOURCES += \
	harness/transport/nng.c
endif
if HAVE_REDIS
libharness_a_SOURCES += \
	harness/transport/redis.c
endif
if HAVE_ICEORYX
libharness_a_SOURCES += \
	harness/transport/iceoryx.c
endif
# Lines of sources by libdw, or else names of functions.
if HAVE_DW
libharness_a_SOURCES += \
	harness/step/symbol_dw.c
else
libharness_a_SOURCES += \
	harness/step/symbol_dl.c
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
