# throughput.gp - messages and bytes per second against message size.
#
# Bars are the interval of the median; where several stand at one size they are
# drawn a little apart, in the order of the scenario; one down to the axis comes
# from rounds without a message. The axes are fitted to the transports; a limit
# may leave the field at the top.

PANEL_HEIGHT = 420
RATE_MIN = 1e300
RATE_MAX = 0
BYTES_MIN = 1e300
BYTES_MAX = 0
ONLY_LIMITS = 1
array DASH[SERIES_COUNT]
do for [i = 1:SERIES_COUNT] { if (!LIMIT[i]) { ONLY_LIMITS = 0 } }
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using 1 nooutput
	# A line through one point is nothing to see: a dash instead.
	DASH[i] = LIMIT[i] && STATS_records == 1
	stats DATA index FIRST + i - 1 using ($0 == 0 ? $2 : NaN) nooutput
	HEIGHT_OF[i] = STATS_max
	if (!LIMIT[i] || ONLY_LIMITS) {
		stats DATA index FIRST + i - 1 using ($3 > 0 ? $3 : $2) nooutput
		RATE_MIN = smaller(RATE_MIN, STATS_min)
		stats DATA index FIRST + i - 1 using 4 nooutput
		RATE_MAX = larger(RATE_MAX, STATS_max)
		stats DATA index FIRST + i - 1 \
			using ($1 * ($3 > 0 ? $3 : $2)) nooutput
		BYTES_MIN = smaller(BYTES_MIN, STATS_min)
		stats DATA index FIRST + i - 1 using ($1 * $4) nooutput
		BYTES_MAX = larger(BYTES_MAX, STATS_max)
	}
}
eval LAYOUT

stats DATA index 2 using 1 nooutput
SIZE_MIN = larger(STATS_min, 1)
SIZE_MAX = larger(STATS_max, 1)
set logscale xy
# At least 14 pixels beside the outer ones, for those drawn a little apart.
BESIDE = larger(1.6, (SIZE_MAX / SIZE_MIN) ** (14.0 / 338))
set xrange [SIZE_MIN / BESIDE : SIZE_MAX * BESIDE]
unset mxtics
TICK_COUNT = int(STATS_records)
array TICK[TICK_COUNT]
array TICK_LABEL[TICK_COUNT]
stats DATA index 2 using (TICK[int($0) + 1] = $1, \
	TICK_LABEL[int($0) + 1] = strcol(2), 1) nooutput
set xtics ()
# A label needs about a seventh of the panel; a tick nearer to the last labelled
# one goes without.
LABEL_RATIO = (SIZE_MAX / SIZE_MIN * BESIDE ** 2) ** 0.145
LABELLED = 0.0
do for [i = 1:TICK_COUNT] {
	if (LABELLED == 0 || TICK[i] / LABELLED >= LABEL_RATIO) {
		set xtics add (TICK_LABEL[i] TICK[i])
		LABELLED = TICK[i]
	} else {
		set xtics add ("" TICK[i])
	}
}
# Apart by some pixels of the panel's 366, 24 at most for all of them; limits
# have no bars and stay.
CURVES_COUNT = 0
array NTH[SERIES_COUNT]
do for [i = 1:SERIES_COUNT] {
	CURVES_COUNT = CURVES_COUNT + !LIMIT[i]
	NTH[i] = CURVES_COUNT
}
PIXEL = (SIZE_MAX / SIZE_MIN * BESIDE ** 2) ** (1.0 / 366)
APART = PIXEL ** smaller(5, 24.0 / larger(CURVES_COUNT - 1, 1))
aside(i) = LIMIT[i] ? 1 : APART ** (NTH[i] - 0.5 * (CURVES_COUNT + 1))
set mytics 10
set bars 0
set xlabel "message size" textcolor rgb INK

# Every series, its values times the size to the power of BY.
CURVES = \
	'plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using 1:(LIMIT[i] ? $2 * $1 ** BY : NaN) with lines '. \
	'lt linetype_of(STYLE[i], LIMIT[i]), '. \
	'for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using 1:(DASH[i] ? $2 * $1 ** BY : NaN):($1 / 1.4):($1 * 1.4) '. \
	'with xerrorbars lt linetype_of(STYLE[i], LIMIT[i]) ps 0, '. \
	'for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using ($1 * aside(i)):(LIMIT[i] ? NaN : $2 * $1 ** BY):'. \
	'(($3 > 0 ? $3 : 1e-9) * $1 ** BY):($4 * $1 ** BY) with yerrorbars '. \
	'lt linetype_of(STYLE[i], LIMIT[i]) dt 1 lw 1.3 ps 0, '. \
	'for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using ($1 * aside(i)):(LIMIT[i] ? NaN : $2 * $1 ** BY) '. \
	'with linespoints lt linetype_of(STYLE[i], LIMIT[i])'

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval LEGEND
	set tmargin at screen TOP
	set bmargin at screen BOTTOM

	set lmargin at screen panel_left(1, 2)
	set rmargin at screen panel_right(1, 2)
	set title "messages per second" font FONT.",15" \
		textcolor rgb INK offset 0, -0.4
	TICKS_FORMAT = "%.0s%c"
	TICKS_FROM = RATE_MIN / 1.5
	TICKS_TO = RATE_MAX * 2.5
	set format y TICKS_FORMAT
	set yrange [TICKS_FROM : TICKS_TO]
	eval TICKS_Y
	BY = 0
	eval CURVES

	eval NO_WORDS
	set lmargin at screen panel_left(2, 2)
	set rmargin at screen panel_right(2, 2)
	set title "bytes per second" font FONT.",15" \
		textcolor rgb INK offset 0, -0.4
	TICKS_FORMAT = "%.0s %cB"
	TICKS_FROM = BYTES_MIN / 1.5
	TICKS_TO = BYTES_MAX * 2.5
	set format y TICKS_FORMAT
	set yrange [TICKS_FROM : TICKS_TO]
	eval TICKS_Y
	BY = 1
	eval CURVES
	unset multiplot
	unset output
}
