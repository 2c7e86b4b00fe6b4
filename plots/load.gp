# load.gp - latency against offered load.
#
# Thick, with points: from when a message was due, which is what one waits.
# Thin, dotted: from when it was sent. A cross: not all that was offered could
# be sent. Both panels have one y axis.

PANEL_HEIGHT = 400
eval LAYOUT

smaller(a, b) = a < b ? a : b
larger(a, b) = a > b ? a : b
LOAD_MIN = 1e300
LOAD_MAX = 0
S_MIN = 1e300
S_MAX = 0
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using 1 nooutput
	LOAD_MIN = smaller(LOAD_MIN, STATS_min)
	LOAD_MAX = larger(LOAD_MAX, STATS_max)
	do for [c in "3 4 5 6"] {
		stats DATA index FIRST + i - 1 using int(c) nooutput
		S_MIN = smaller(S_MIN, STATS_min)
		S_MAX = larger(S_MAX, STATS_max)
	}
}

set logscale xy
set xrange [LOAD_MIN / 1.3 : LOAD_MAX * 1.3]
set yrange [S_MIN / 1.6 : S_MAX * 1.6]
set format x "%.0s%c"
set format y "%.0s %cs"
set mytics 10
set mxtics 10
if (LOAD_MAX / LOAD_MIN < 30) {
	# Less than two powers of ten would leave an axis without labels.
	set xtics ()
	do for [k = 0:12] {
		do for [m in "1 2 5"] {
			set xtics add (gprintf("%.0s%c", int(m) * 10.0 ** k) \
				int(m) * 10.0 ** k)
		}
	}
}
set xlabel "offered load, messages per second" textcolor rgb INK
panel_left(p) = p == 1 ? 0.075 : 0.55
panel_right(p) = p == 1 ? 0.49 : 0.975
array NAMED[2] = ["median latency", "99th percentile"]

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval LEGEND
	set tmargin at screen TOP
	set bmargin at screen BOTTOM
	do for [p = 1:2] {
		set lmargin at screen panel_left(p)
		set rmargin at screen panel_right(p)
		set title NAMED[p] font FONT.",13" \
			textcolor rgb INK offset 0, -0.4
		plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(column(4 + p)) with lines \
			lt linetype_of(STYLE[i], LIMIT[i]) lw 1.4 dt (3,3), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(column(2 + p)) with lines \
			lt linetype_of(STYLE[i], LIMIT[i]), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:($2 == 1 ? column(2 + p) : NaN) with points \
			lt linetype_of(STYLE[i], LIMIT[i]), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:($2 == 1 ? NaN : column(2 + p)) with points \
			lt linetype_of(STYLE[i], LIMIT[i]) pt 2 ps 1.3 lw 2
		eval NO_WORDS
	}
	unset multiplot
	unset output
}
