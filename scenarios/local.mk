# Each scenario is a test, too: run in its short form by `make check`.

scenariosdir = $(pkgdatadir)/scenarios
SCENARIOS = \
	scenarios/demo.ini
dist_scenarios_DATA = $(SCENARIOS)
