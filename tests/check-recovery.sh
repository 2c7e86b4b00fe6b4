#!/bin/sh
# check-recovery.sh - do the others go on, and how soon, when a holder of the lock
# is killed?
#
# scenarios/recovery.ini in half a minute: the queue alone, one waiter and eight, 100
# kills each, then a few of a holder with as much memory as there is, up to 1 GiB.
# A message lost, doubled or torn, or survivors that do not go on in five seconds,
# fail. Times are shown; those beyond what is wanted on a quiet machine are warned
# of, since one that runs tests is seldom quiet. Run by `make check-recovery`.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
scenario=$top_srcdir/scenarios/recovery.ini
P99_WANTED_NS=1000000
MAX_WANTED_NS=10000000

# recover ARG...: run it; the cases' lines of the CSV in $scratch/cases.
recover()
{
	timeout -k 5 90 "$IPCMARK" run --no-plot "$scenario" -o "$scratch/run" \
		--set global.transport=queue --set global.recover_within=5s \
		"$@" >"$scratch/out" 2>&1
	code=$?
	if [ $code -ne 0 ] && [ $code -ne 77 ]; then
		cat "$scratch/out"
		case $code in
		124 | 137) why='it did not end' ;;
		4) why='messages were lost, doubled or torn' ;;
		5) why='the others did not go on' ;;
		*) why='it could not be run' ;;
		esac
		echo "FAIL: recovery: $why (exit code $code)"
		exit 1
	fi
	"$IPCMARK" show --csv "$scratch/run" >"$scratch/csv" || exit 1
	tail -n +2 "$scratch/csv" >"$scratch/cases"
}

# report WHOSE SECTION KILLS: how long it took. False where it could not run.
report()
{
	awk -F , -v whose="$1" -v section="$2" -v wanted="$3" \
		-v p99_ns="$P99_WANTED_NS" -v max_ns="$MAX_WANTED_NS" '
		NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
		$column["section"] != section { next }
		$column["status"] == "skip" { skipped = 1; exit }
		{
			found = 1
			kills = $column["kills"]
			if ($column["status"] != "ok" || kills != wanted ||
				$column["recovered"] != wanted) {
				print "FAIL: " whose ": " kills " kills, " \
					$column["recovered"] " recoveries, " \
					"not " wanted
				exit 2
			}
			p99 = $column["p99_ns"]
			max = $column["max_ns"]
			printf "%s: %d kills, p50 %.3f ms, p99 %.3f ms, " \
				"max %.3f ms\n", whose, kills,
				$column["p50_ns"] / 1e6, p99 / 1e6, max / 1e6
			if ((kills >= 100 && p99 > p99_ns) || max > max_ns)
				printf "WARN: %s: wanted on a quiet machine " \
					"are p99 %g ms and max %g ms\n", whose,
					p99_ns / 1e6, max_ns / 1e6
		}
		END {
			if (skipped)
				exit 1
			if (!found)
				exit 2
		}' "$scratch/csv"
}

recover --set global.holder_memory=0
grep -q ',skip,' "$scratch/cases" && {
	cat "$scratch/out"
	exit 77
}
report 'one waiter' one-waiter 100 || exit 1
report 'eight waiters' eight-waiters 100 || exit 1

# The other section is there all the same; one kill of it costs nothing.
for memory in 1Gi 256Mi 64Mi; do
	recover --set one-waiter.holder_memory=$memory \
		--set one-waiter.kills=4 --set eight-waiters.kills=1 \
		--set eight-waiters.holder_memory=0
	report "holder of $memory" one-waiter 4
	case $? in
	0) exit 0 ;;
	1) echo "no memory for a holder of $memory" ;;
	*) exit 1 ;;
	esac
done
exit 1
