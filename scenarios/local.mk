# Each scenario is a test, too: run in its short form by `make check`.

scenariosdir = $(pkgdatadir)/scenarios
SCENARIOS = \
	scenarios/crash.ini \
	scenarios/demo.ini \
	scenarios/gate.ini \
	scenarios/library.ini \
	scenarios/load.ini \
	scenarios/log-sink.ini \
	scenarios/market-data.ini \
	scenarios/ml-loader.ini \
	scenarios/peers.ini \
	scenarios/recovery.ini \
	scenarios/video.ini \
	scenarios/worker-pool.ini
# No test: each call of each transport takes a block of deaths at least, and who
# hangs takes its time.
dist_scenarios_DATA = $(SCENARIOS) scenarios/crash-matrix.ini
EXTRA_DIST += scenarios/bench.sh

# The library beside its peers, with what is asked of it. BENCH_ARGS goes to
# ipcmark: make bench BENCH_ARGS='--set global.rounds=5'
BENCH_DIR = results/library
bench: ipcmark $(MEASUREMENTS)
	./ipcmark run $(top_srcdir)/scenarios/library.ini -o $(BENCH_DIR) \
		$(BENCH_ARGS)
	@echo
	@$(SHELL) $(top_srcdir)/scenarios/bench.sh ./ipcmark \
		$(BENCH_DIR)/result.json tests
.PHONY: bench

# Is the library slower than that of the commit before? From a git repository.
GATE_A = git:HEAD~1
GATE_B = git:HEAD
GATE_DIR = results/gate
gate: all
	here=`pwd`; cd $(top_srcdir) && $$here/ipcmark gate \
		scenarios/gate.ini --a $(GATE_A) --b $(GATE_B) \
		-o $$here/$(GATE_DIR) $(GATE_ARGS)
.PHONY: gate
