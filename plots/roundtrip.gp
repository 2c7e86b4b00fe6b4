# roundtrip.gp - how long a message and its answer take, up to the slowest.
#
# The x axis stretches the tail: each step of ten is one more nine, and a curve
# ends at its single slowest round trip. One panel a way of waiting.

PANEL_HEIGHT = 420
NS_MIN = 1e300
NS_MAX = 0
ONE_IN_MAX = 10
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using 2 nooutput
	NS_MIN = smaller(NS_MIN, STATS_min)
	NS_MAX = larger(NS_MAX, STATS_max)
	stats DATA index FIRST + i - 1 using 1 nooutput
	ONE_IN_MAX = larger(ONE_IN_MAX, STATS_max)
	# The legend's order is that of the medians.
	stats DATA index FIRST + i - 1 using ($1 <= 2 ? $2 : NaN) nooutput
	HEIGHT_OF[i] = STATS_max
}
eval LAYOUT

set logscale xy
set xrange [1 : ONE_IN_MAX * 1.15]
set yrange [NS_MIN * 1e-9 / 1.5 : NS_MAX * 1e-9 * 1.5]
TICKS_FORMAT = "%.0s %cs"
TICKS_FROM = NS_MIN * 1e-9 / 1.5
TICKS_TO = NS_MAX * 1e-9 * 1.5
set format y TICKS_FORMAT
eval TICKS_Y
set mytics 10
unset mxtics
set xtics ("0" 1, "50" 2, "90" 10, "99" 100, "99.9" 1e3, "99.99" 1e4, \
	"99.999" 1e5, "99.9999" 1e6, "99.99999" 1e7, "99.999999" 1e8)
if (PANEL_COUNT > 1) {
	# Half the width: fewer labels, or they would touch.
	set xtics ("" 1, "50" 2, "90" 10, "99" 100, "99.9" 1e3, \
		"99.99" 1e4, "" 1e5, "99.9999" 1e6, "" 1e7, "99.999999" 1e8)
}
set xlabel "percentile of the ".ABOUT_OF textcolor rgb INK
do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval LEGEND
	set tmargin at screen TOP
	set bmargin at screen BOTTOM
	do for [p = 1:PANEL_COUNT] {
		set lmargin at screen panel_left(p, PANEL_COUNT)
		set rmargin at screen panel_right(p, PANEL_COUNT)
		set title PANEL_TITLE[p] font FONT.",15" \
			textcolor rgb INK offset 0, -0.4
		plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 using \
			1:(LIMIT[i] && PANEL[i] == p ? $2 * 1e-9 : NaN) \
			with lines lt linetype_of(STYLE[i], LIMIT[i]), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 using \
			1:(!LIMIT[i] && PANEL[i] == p ? $2 * 1e-9 : NaN) \
			with linespoints pointinterval 16 \
			lt linetype_of(STYLE[i], LIMIT[i])
		eval NO_WORDS
	}
	unset multiplot
	unset output
}
