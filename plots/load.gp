# load.gp - latency against offered load.
#
# Thick, with points: from when a message was due, which is what one waits; the
# bars of the median are its interval over the rounds. Thin, dotted: from when
# it was sent. A cross over a point: not all that was offered could be sent.
# Both panels have one y axis.

PANEL_HEIGHT = 420
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
		if (c eq "3") { HEIGHT_OF[i] = STATS_median }
	}
}
eval LAYOUT

set logscale xy
TICKS_FROM = LOAD_MIN / 1.3
TICKS_TO = LOAD_MAX * 1.3
set xrange [TICKS_FROM : TICKS_TO]
TICKS_FORMAT = "%.0s%c"
set format x TICKS_FORMAT
if (TICKS_TO / TICKS_FROM < 30) { eval TICKS_X }
TICKS_FROM = S_MIN / 1.6
TICKS_TO = S_MAX * 1.6
set yrange [TICKS_FROM : TICKS_TO]
TICKS_FORMAT = "%.0s %cs"
set format y TICKS_FORMAT
eval TICKS_Y
set mytics 10
set mxtics 10
set bars 0
set xlabel "offered load, messages per second" textcolor rgb INK
array NAMED[2] = ["median latency", "99th percentile"]

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval LEGEND
	set tmargin at screen TOP
	set bmargin at screen BOTTOM
	do for [p = 1:2] {
		set lmargin at screen panel_left(p, 2)
		set rmargin at screen panel_right(p, 2)
		set title NAMED[p] font FONT.",15" \
			textcolor rgb INK offset 0, -0.4
		plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(column(4 + p)) with lines \
			lt linetype_of(STYLE[i], LIMIT[i]) lw 1.4 dt (3,3), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(p == 1 && !LIMIT[i] ? $3 : NaN):7:8 \
			with yerrorbars lw 1.3 dt 1 ps 0 \
			lt linetype_of(STYLE[i], LIMIT[i]), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(column(2 + p)) with lines \
			lt linetype_of(STYLE[i], LIMIT[i]), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(LIMIT[i] ? NaN : column(2 + p)) with points \
			lt linetype_of(STYLE[i], LIMIT[i]), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:($2 == 1 ? NaN : column(2 + p)) with points \
			pt 2 ps 1.6 lw 1.3 lc rgb INK
		eval NO_WORDS
	}
	unset multiplot
	unset output
}
