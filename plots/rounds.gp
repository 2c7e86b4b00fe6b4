# rounds.gp - every round: in the order of time, and as a distribution.
#
# A row a panel. At the left each transport's rounds one after the other, so
# that a slope or a disturbance shows, and whom it hit; at the right the same
# values on the same axis, a column a transport: a point a round, a bar for the
# median and a line for its interval. A transport without figures at this point
# leaves its column empty but for a word; the notes say why.

ROW = 250				# pixels
PANEL_HEIGHT = ROW * PANEL_COUNT - 40
eval LAYOUT

smaller(a, b) = a < b ? a : b
larger(a, b) = a > b ? a : b
ROUND_MAX = 1
array LOW[PANEL_COUNT]
array HIGH[PANEL_COUNT]
do for [p = 1:PANEL_COUNT] { LOW[p] = 1e300; HIGH[p] = 0 }
array PLACE[SERIES_COUNT]		# the column: where in the legend
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using 1 nooutput
	ROUND_MAX = larger(ROUND_MAX, STATS_max)
	stats DATA index FIRST + i - 1 using 2 nooutput
	LOW[PANEL[i]] = smaller(LOW[PANEL[i]], STATS_min)
	HIGH[PANEL[i]] = larger(HIGH[PANEL[i]], STATS_max)
	do for [e = 1:LEGEND_COUNT] {
		if (TITLE[ENTRY[e]] eq TITLE[i]) { PLACE[i] = e }
	}
}
# Beside each other rather than on top of each other; the same every time.
aside(n) = 0.5 * ((n * 0.6180339887) - floor(n * 0.6180339887)) - 0.25

set logscale y
set mytics 10
unset mxtics
set format y ABOUT_UNIT eq "time" ? "%.0s %cs" : "%.0s%c"
PER_SECOND = ABOUT_UNIT eq "time" ? "" : ": messages per second"
row_top(p) = TOP - real(ROW * (p - 1)) / HEIGHT
row_bottom(p) = row_top(p) - real(ROW - 40) / HEIGHT

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval LEGEND
	do for [p = 1:PANEL_COUNT] {
		set tmargin at screen row_top(p)
		set bmargin at screen row_bottom(p)
		set yrange [LOW[p] / 1.6 : HIGH[p] * 1.6]
		set lmargin at screen 0.075
		set rmargin at screen 0.56
		set xrange [1 - 0.02 * ROUND_MAX : ROUND_MAX * 1.02]
		set xtics larger(1, ceil(ROUND_MAX / 10.0))
		set format x p == PANEL_COUNT ? "%.0f" : ""
		set grid xtics
		set xlabel p == PANEL_COUNT ? "round" : "" \
			textcolor rgb INK offset 0, 0
		set title PANEL_TITLE[p].PER_SECOND font FONT.",13" \
			textcolor rgb INK offset 0, -0.5
		plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(PANEL[i] == p ? $2 : NaN) with linespoints \
			lt linetype_of(STYLE[i], LIMIT[i]) lw 1.3 ps 0.6
		eval NO_WORDS

		set lmargin at screen 0.58
		set rmargin at screen 0.985
		set xrange [0.4 : LEGEND_COUNT + 0.6]
		unset xtics
		set format y ""
		set grid noxtics
		set xlabel p == PANEL_COUNT ? \
			"the same rounds, their median and its interval" : "" \
			offset 0, -1.1
		set title " "
		do for [e = 1:LEGEND_COUNT] {
			HERE = 0
			do for [i = 1:SERIES_COUNT] {
				if (PANEL[i] == p && PLACE[i] == e) { HERE = 1 }
			}
			if (!HERE) {
				set label 400 + e "no figure" at first e, \
					graph 0.5 center rotate by 90 \
					font FONT.",10" textcolor rgb FAINT
			}
		}
		plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using (PLACE[i]):(PANEL[i] == p ? $3 : NaN):4:5 \
			every ::0::0 with yerrorbars lw 1.2 ps 0 dt 1 \
			lc rgb INK, \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using (PLACE[i] - 0.36):(PANEL[i] == p ? $3 : NaN): \
			(0.72):(0) every ::0::0 with vectors nohead lw 2 dt 1 \
			lc rgb INK, \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using (PLACE[i] + aside($1)): \
			(PANEL[i] == p ? $2 : NaN) with points \
			lt linetype_of(STYLE[i], LIMIT[i]) ps 0.7
		unset label
		set format y ABOUT_UNIT eq "time" ? "%.0s %cs" : "%.0s%c"
	}
	unset multiplot
	unset output
}
