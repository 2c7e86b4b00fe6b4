#!/bin/sh
# check-hdr.sh - do HdrHistogram's own tools read what ipcmark wrote?
#
# A short run with round trips and kills leaves a log and a table for each case.
# HdrHistogram's log processor, its authors' own, reads each log and prints the
# table that it makes of all its intervals: the same values, percentiles and
# counts must stand in ours, line for line. Then it lists the intervals: there
# must be one for each round with times, ending when that did, with as many values
# as the result says. Exit 77 where there is no Java or no HdrHistogram.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

fail()
{
	echo "FAIL: $1"
	failures=$((failures + 1))
}

jar=
for file in "${HDRHISTOGRAM_JAR:-}" /usr/share/java/hdrhistogram.jar \
	/usr/share/java/HdrHistogram.jar; do
	[ -z "$jar" ] && [ -n "$file" ] && [ -f "$file" ] && jar=$file
done
if [ -z "$jar" ]; then
	echo "SKIP: no HdrHistogram here: install libhdrhistogram-java, or" \
		"give its jar as HDRHISTOGRAM_JAR"
	exit 77
fi
if ! java -version >/dev/null 2>&1; then
	echo "SKIP: no Java here to run HdrHistogram with: install" \
		"default-jre-headless"
	exit 77
fi

processor()
{
	java -cp "$jar" org.HdrHistogram.HistogramLogProcessor "$@"
}

# Numbers may differ in how the last digit is rounded, in nothing else.
same_tables()
{
	tr -d '[],=' <"$1" | sed '/^ *$/d' >"$scratch/ours"
	# Theirs begins with what the log's head says of its start.
	tr -d '[],=' <"$2" | sed '/^#StartTime/d; /^ *$/d' >"$scratch/theirs"
	paste -d '|' "$scratch/ours" "$scratch/theirs" | awk -F '|' '
		{
			count = split($1, ours, " ")
			if (count != split($2, theirs, " ")) {
				print "line " NR ": " $1 " | " $2
				exit 1
			}
			for (i = 1; i <= count; i++) {
				if (ours[i] == theirs[i])
					continue
				gap = ours[i] - theirs[i]
				gap = gap < 0 ? -gap : gap
				room = i == 2 ? 2e-12 : i == 4 ? 0.011 : 0
				if (/Mean/)
					room = 0.0011
				if (gap > room || ours[i] + 0 == 0) {
					print "line " NR ": " $1 " | " $2
					exit 1
				}
			}
		}'
}

# What the rounds in the result have: a line each, of its log's name, its end in
# seconds, its count and its maximum in ms. The result has one key a line, what
# a round holds five blanks from the left.
intervals()
{
	awk '
		function text() { gsub(/[",]/, "", $2); return $2 }
		BEGIN {
			ending["rtt_ns"] = ending["latency_ns"] = ""
			ending["latency_from_send_ns"] = "-from-send"
			ending["lag_ns"] = "-lag"
		}
		/^   "id":/ {
			tag = text()
			gsub(/[^A-Za-z0-9._-]+/, "-", tag)
		}
		/^     "start_ns":/ { start = text() }
		/^     "elapsed_ns":/ { end = (start + text()) / 1e9 }
		/^     "[a-z_]+_ns": \{/ { key = $1; gsub(/[":]/, "", key) }
		/^      "max":/ { max = text() / 1e6 }
		/^      "count":/ {
			if (key in ending)
				printf "%s %.9f %d %.6f\n", tag ending[key], end, text(), max
		}
	' "$1"
}

# same_intervals NAME: theirs end when their rounds did, to the milliseconds that a
# log gives begin and length each, and have as many values, of which the longest is
# within 0.1 %.
same_intervals()
{
	awk -F '[ ,]' -v name="$1" '
		function near(a, b, room) { return a - b < room && b - a < room }
		NR == FNR {
			if ($1 == name)
				ours[++rounds] = $2 " " $3 " " $4
			next
		}
		/^[0-9]/ {
			found++
			if (rounds == 0)
				next
			split(ours[found], our, " ")
			if (near($1, our[1], 0.0025) && $2 == our[2] &&
				near($5, our[3], 0.0011 + our[3] / 1000))
				next
			print "interval " found ": " ours[found] " | " $0
			failed = 1
		}
		END {
			if (found != (rounds ? rounds : 1)) {
				print found + 0 " intervals, not " rounds + 0
				failed = 1
			}
			exit failed
		}
	' "$scratch/intervals" "$2"
}

# Slices that are not empty on a busy machine either.
cat >"$scratch/hdr.ini" <<'END'
[global]
rounds = 2
slice  = 60ms

[answers]
mode      = roundtrip
transport = ring, pipe
msg_size  = 8, 64

[load]
transport = pipe
rate      = 1k

[kill]
transport = queue
producers = 2
consumers = 2
kills     = 20
END
"$IPCMARK" run --no-plot "$scratch/hdr.ini" -o "$scratch/result" \
	>"$scratch/out" 2>&1
code=$?
# 3: on a busy machine a load may not be reached; its times are there.
case $code in
0 | 3) ;;
*)
	cat "$scratch/out"
	fail "run: exit code $code"
	;;
esac

intervals "$scratch/result/result.json" >"$scratch/intervals"
logs=0
for log in "$scratch"/result/latency/*.hlog; do
	[ -s "$log" ] || continue
	logs=$((logs + 1))
	name=$(basename "$log" .hlog)
	table=${log%.hlog}.hgrm
	[ "$(processor -i "$log" -listtags | tail -n 1 | tr -d ' ')" = "$name" ] ||
		fail "$name: the log's tag is not its name"
	processor -i "$log" -tag "$name" -outputValueUnitRatio 1000 \
		>"$scratch/theirs.hgrm" 2>&1
	[ "$(wc -l <"$scratch/theirs.hgrm")" -gt 10 ] ||
		fail "$name: HdrHistogram finds nothing in the log"
	same_tables "$table" "$scratch/theirs.hgrm" ||
		fail "$name: HdrHistogram prints another table of this log"
	processor -i "$log" -tag "$name" -csv -o "$scratch/theirs" >/dev/null 2>&1
	same_intervals "$name" "$scratch/theirs" ||
		fail "$name: HdrHistogram finds other intervals in this log"
done
# Where all rounds are one interval there are as many as logs, or fewer.
[ "$(wc -l <"$scratch/intervals")" -gt $logs ] ||
	fail "the result's rounds have no times"
[ $logs -eq 8 ] || fail "$logs logs, not 8: one for each kind of time of a case"

# What can be written at the run can be written from the result again.
"$IPCMARK" show "$scratch/result" --hdr "$scratch/again" >/dev/null ||
	fail "show --hdr: exit code $?"
diff -r "$scratch/result/latency" "$scratch/again" >/dev/null ||
	fail "show --hdr writes other files than run"

echo "$logs logs read by HdrHistogram, $(wc -l <"$scratch/intervals")" \
	"intervals of rounds"
[ $failures -eq 0 ]
