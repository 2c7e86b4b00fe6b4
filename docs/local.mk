# What is written for people.

dist_man_MANS = \
	docs/man/ipcmark.1 \
	docs/man/mipc_inspect.3 \
	docs/man/mipc_queue.3 \
	docs/man/mipc_ring.3 \
	docs/man/mipc_shm.3 \
	docs/man/mmapipc.7

dist_doc_DATA += \
	docs/demo-throughput.png \
	docs/crash-map.png \
	docs/crash-safety.md \
	docs/crash.schema.json \
	docs/design.md \
	docs/format.md \
	docs/gate.md \
	docs/gate.schema.json \
	docs/ready-scenarios.md \
	docs/result.schema.json \
	docs/scenarios.md \
	docs/tune.md \
	docs/worker-protocol.md

# Jobs to copy: in a folder of their own, so that their names say whose they are.
cidir = $(docdir)/ci
dist_ci_DATA = \
	docs/ci/github.yml \
	docs/ci/gitlab.yml
