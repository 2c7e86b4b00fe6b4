# recovery.gp - how soon the others went on after a process was killed.
#
# For each transport the share of its kills that was over after so long. A
# curve that ends below 100 % is one that did not always recover; one that
# never did has no curve but a note.

PANEL_HEIGHT = 340
NS_MIN = 1e300
NS_MAX = LIMIT_NS
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using 1 nooutput
	NS_MIN = smaller(NS_MIN, STATS_min)
	NS_MAX = larger(NS_MAX, STATS_max)
	HEIGHT_OF[i] = -STATS_median	# who is sooner lies higher
}
eval LAYOUT

set logscale x
set xrange [NS_MIN * 1e-9 / 1.5 : NS_MAX * 1e-9 * 1.5]
set yrange [0 : 104]
set format x "%.0s %cs"
set format y "%.0f %%"
set ytics 25
set mxtics 10
set xlabel "time since the kill" textcolor rgb INK

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval LEGEND
	set tmargin at screen TOP
	set bmargin at screen BOTTOM
	set lmargin at screen panel_left(1, 1)
	set rmargin at screen panel_right(1, 1)
	set title "share of the kills after which the others had gone on" \
		font FONT.",15" textcolor rgb INK offset 0, -0.4
	if (LIMIT_NS > 0) {
		set arrow 90 from first LIMIT_NS * 1e-9, graph 0 \
			to first LIMIT_NS * 1e-9, graph 1 nohead \
			lc rgb FAINT lw 1.2 dt (4,4)
		set label 90 gprintf("recover_within %.0s %cs ", \
			LIMIT_NS * 1e-9) \
			at first LIMIT_NS * 1e-9, graph 0.06 right \
			font FONT.",12" textcolor rgb FAINT
	}
	plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using ($1 * 1e-9):2 with steps \
		lt linetype_of(STYLE[i], LIMIT[i]), \
	     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
		using ($1 * 1e-9):2 every 24::6 with points \
		lt linetype_of(STYLE[i], LIMIT[i])
	eval NO_WORDS
	unset multiplot
	unset output
}
