#!/bin/sh
# crash-campaign.sh DIR - deaths for hours, and how many of them harmed nobody.
#
# For each seed in turn, each kind of campaign over ring and queue, until
# CRASH_HOURS are over. DIR/done has a line for each campaign that was finished, so
# that the next call goes on behind it; DIR/violation is there once one found
# something, and nothing goes on until somebody has taken it away. The pass follows
# the seed: other sizes of messages, at other positions of the buffer.
set -u

dir=${1:?usage: crash-campaign.sh DIR}
hours=${CRASH_HOURS:-1}
transports=${CRASH_TRANSPORTS:-ring queue}
# Pairs are the square of the others: a sample for each seed.
pairs=${CRASH_PAIRS:-20000}
mkdir -p "$dir" || exit 2
touch "$dir/done" || exit 2
end=$(awk -v now="$(date +%s)" -v hours="$hours" \
	'BEGIN { printf "%d", now + 3600 * hours }')

# All that was ever done here.
sum()
{
	awk '{ kills += $4; seconds += $5; runs++ }
		END {
			printf "%d campaigns, %.1f hours: ", runs, seconds / 3600
			if (kills)
				printf "0 violations in %d kills: fewer than " \
					"3/%d = %.2g at 95 %%\n", kills, kills,
					3 / kills
			else
				print "no kills yet"
		}' "$dir/done"
}

if [ -s "$dir/violation" ]; then
	cat "$dir/violation"
	echo "$dir/violation is from an earlier run: mend it, then remove it"
	exit 4
fi

# campaign SEED KIND TRANSPORT
campaign()
{
	sample=
	[ "$2" = every-pair ] && sample="--kills $pairs"
	began=$(date +%s)
	# Word splitting is meant: an option and its value, or nothing.
	# shellcheck disable=SC2086
	"$IPCMARK" crash "$3" --kill-at "$2" --seed "$1" --pass $(($1 - 1)) \
		$sample >"$dir/out" 2>"$dir/err"
	code=$?
	case $code in
	0) ;;
	4 | 5)
		# The first of them, up to the empty line behind it.
		awk '/^[a-z]+: / { on = 1 } on && !NF { exit } on' \
			"$dir/out" >"$dir/violation"
		[ -s "$dir/violation" ] || cp "$dir/out" "$dir/violation"
		cat "$dir/violation"
		echo "stopped at the first violation; before it:"
		sum
		exit $code
		;;
	*)
		cat "$dir/err"
		tail -3 "$dir/out"
		echo "$3, $2, seed $1: exit code $code; not counted"
		sum
		exit $code
		;;
	esac
	kills=$(sed -n 's/^0 violations in \([0-9]*\) kills.*/\1/p' "$dir/out")
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${kills:-0}" \
		$(($(date +%s) - began)) >>"$dir/done"
}

seed=1
while :; do
	for kind in every-instruction with-sleeper every-stop every-syscall \
		every-pair; do
		for transport in $transports; do
			grep -q "^$seed	$kind	$transport	" "$dir/done" &&
				continue
			if [ "$(date +%s)" -ge "$end" ]; then
				sum
				exit 0
			fi
			campaign $seed $kind "$transport"
			echo "$(date +%H:%M) seed $seed, $kind, $transport:" \
				"$kills"
		done
	done
	seed=$((seed + 1))
done
