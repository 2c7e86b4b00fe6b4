# throughput.gp - messages and bytes per second against message size.
#
# Bars are the interval of the median. The axes are fitted to the transports;
# a limit may leave the field at the top.

PANEL_HEIGHT = 400
eval LAYOUT

RATE_MIN = 1e300
RATE_MAX = 0
BYTES_MIN = 1e300
BYTES_MAX = 0
smaller(a, b) = a < b ? a : b
larger(a, b) = a > b ? a : b
ONLY_LIMITS = 1
do for [i = 1:SERIES_COUNT] { if (!LIMIT[i]) { ONLY_LIMITS = 0 } }
do for [i = 1:SERIES_COUNT] {
	if (!LIMIT[i] || ONLY_LIMITS) {
		stats DATA index FIRST + i - 1 using 2 nooutput
		RATE_MIN = smaller(RATE_MIN, STATS_min)
		RATE_MAX = larger(RATE_MAX, STATS_max)
		stats DATA index FIRST + i - 1 using ($1 * $2) nooutput
		BYTES_MIN = smaller(BYTES_MIN, STATS_min)
		BYTES_MAX = larger(BYTES_MAX, STATS_max)
	}
}

stats DATA index 2 using 1 nooutput
SIZE_MIN = larger(STATS_min, 1)
SIZE_MAX = larger(STATS_max, 1)
set logscale xy
set xrange [SIZE_MIN / 1.6 : SIZE_MAX * 1.6]
unset mxtics
TICK_COUNT = int(STATS_records)
array TICK[TICK_COUNT]
array TICK_LABEL[TICK_COUNT]
stats DATA index 2 using (TICK[int($0) + 1] = $1, \
	TICK_LABEL[int($0) + 1] = strcol(2), 1) nooutput
set xtics ()
# A label needs about an eighth of the panel; a tick nearer to the last labelled
# one goes without.
LABEL_RATIO = (SIZE_MAX / SIZE_MIN * 2.56) ** 0.125
LABELLED = 0.0
do for [i = 1:TICK_COUNT] {
	if (LABELLED == 0 || TICK[i] / LABELLED >= LABEL_RATIO) {
		set xtics add (TICK_LABEL[i] TICK[i])
		LABELLED = TICK[i]
	} else {
		set xtics add ("" TICK[i])
	}
}
# A line through one point is nothing to see: a dash instead.
array DASH[SERIES_COUNT]
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using 1 nooutput
	DASH[i] = LIMIT[i] && STATS_records == 1
}
set mytics 10
set bars 0
set xlabel "message size" textcolor rgb INK

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval LEGEND
	set tmargin at screen TOP
	set bmargin at screen BOTTOM

	set lmargin at screen 0.062
	set rmargin at screen 0.485
	set title "messages per second" font FONT.",13" textcolor rgb INK offset 0, -0.4
	set format y "%.0s%c"
	set yrange [RATE_MIN / 2 : RATE_MAX * 8]
	plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using 1:(LIMIT[i] ? $2 : NaN) with lines \
		lt linetype_of(STYLE[i], LIMIT[i]), \
	     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using 1:(DASH[i] ? $2 : NaN):($1 / 1.4):($1 * 1.4) \
		with xerrorbars lt linetype_of(STYLE[i], LIMIT[i]) ps 0, \
	     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using 1:(LIMIT[i] ? NaN : $2):3:4 with yerrorbars \
		lt linetype_of(STYLE[i], LIMIT[i]) dt 1 lw 1 ps 0, \
	     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using 1:(LIMIT[i] ? NaN : $2) with linespoints \
		lt linetype_of(STYLE[i], LIMIT[i])

	eval NO_WORDS
	set lmargin at screen 0.562
	set rmargin at screen 0.975
	set title "bytes per second" font FONT.",13" textcolor rgb INK offset 0, -0.4
	set format y "%.0s %cB"
	set yrange [BYTES_MIN / 2 : BYTES_MAX * 4]
	plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using 1:(LIMIT[i] ? $1 * $2 : NaN) with lines \
		lt linetype_of(STYLE[i], LIMIT[i]), \
	     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using 1:(DASH[i] ? $1 * $2 : NaN): \
		($1 / 1.4):($1 * 1.4) \
		with xerrorbars lt linetype_of(STYLE[i], LIMIT[i]) ps 0, \
	     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using 1:(LIMIT[i] ? NaN : $1 * $2):($1 * $3):($1 * $4) \
		with yerrorbars \
		lt linetype_of(STYLE[i], LIMIT[i]) dt 1 lw 1 ps 0, \
	     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using 1:(LIMIT[i] ? NaN : $1 * $2) with linespoints \
		lt linetype_of(STYLE[i], LIMIT[i])
	unset multiplot
	unset output
}
