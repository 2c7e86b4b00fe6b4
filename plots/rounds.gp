# rounds.gp - every round: in the order of time, and as a distribution.
#
# A row a panel. At the left each transport's rounds one after the other, so
# that a slope or a disturbance shows, and whom it hit; at the right the same
# values on the same axis, a column a transport: a point a round, a bar for the
# median and a line for its interval. Of many transports the left side would be
# a tangle: then a column has its rounds from left to right, and its name below.
# A round without a message stands on the axis as a cross. A transport without
# figures at this point leaves its column empty but for a word; the notes say
# why.

ROW = 250				# pixels
MANY = LEGEND_COUNT > 8
PANEL_HEIGHT = ROW * PANEL_COUNT - 44
ROUND_MAX = 1
array LOW[PANEL_COUNT]
array HIGH[PANEL_COUNT]
do for [p = 1:PANEL_COUNT] { LOW[p] = 1e300; HIGH[p] = 0 }
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using 1 nooutput
	ROUND_MAX = larger(ROUND_MAX, STATS_max)
	stats DATA index FIRST + i - 1 using ($2 > 0 ? $2 : 1e300) nooutput
	LOW[PANEL[i]] = smaller(LOW[PANEL[i]], STATS_min)
	stats DATA index FIRST + i - 1 using 2 nooutput
	HIGH[PANEL[i]] = larger(HIGH[PANEL[i]], STATS_max)
	stats DATA index FIRST + i - 1 using 3 nooutput
	HEIGHT_OF[i] = STATS_max
}
if (MANY) {
	LEGEND_WIDTH = 0
	PANELS_WIDTH = 1120
	FOOT_MORE = 4.5 * LONGEST
}
eval LAYOUT
# Beside each other rather than on top of each other; the same every time.
aside(n) = MANY ? 0.64 * ((n - 0.5) / ROUND_MAX - 0.5) : \
	0.5 * ((n * 0.6180339887) - floor(n * 0.6180339887)) - 0.25

set logscale y
set mytics 10
unset mxtics
TICKS_FORMAT = ABOUT_UNIT eq "time" ? "%.0s %cs" : "%.0s%c"
PER_SECOND = ABOUT_UNIT eq "time" ? "" : ": messages per second"
row_top(p) = TOP - real(ROW * (p - 1)) / HEIGHT
row_bottom(p) = row_top(p) - real(ROW - 44) / HEIGHT
COLUMNS_LEFT = MANY ? panel_left(1, 1) : 572.0 / WIDTH
# A value with a place on the axis of panel p.
on_axis(value, p) = larger(value, LOW[p] / 1.6)

IN_TIME = \
	'set lmargin at screen panel_left(1, 2);'. \
	'set rmargin at screen 556.0 / WIDTH;'. \
	'set xrange [1 - 0.03 * ROUND_MAX : ROUND_MAX * 1.03];'. \
	'set xtics norotate autofreq textcolor rgb INK; set xtics larger(1, ceil(ROUND_MAX / 10.0));'. \
	'set format x p == PANEL_COUNT ? "%.0f" : "";'. \
	'set grid xtics;'. \
	'set xlabel p == PANEL_COUNT ? "round" : "" textcolor rgb INK offset 0, 0;'. \
	'plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using 1:(PANEL[i] == p ? on_axis($2, p) : NaN) with linespoints '. \
	'lt linetype_of(STYLE[i], LIMIT[i]) lw 1.4 ps 0.7;'. \
	'eval NO_WORDS; set title " "; set format y ""'

COLUMNS = \
	'plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using (ORDER[i]):(PANEL[i] == p ? on_axis($3, p) : NaN):'. \
	'(on_axis($4, p)):5 every ::0::0 with yerrorbars lw 1.3 ps 0 dt 1 '. \
	'lc rgb INK, '. \
	'for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using (ORDER[i] - 0.36):(PANEL[i] == p ? on_axis($3, p) : NaN):'. \
	'(0.72):(0) every ::0::0 with vectors nohead lw 2.2 dt 1 lc rgb INK, '. \
	'for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using (ORDER[i] + aside($1)):(PANEL[i] == p && $2 > 0 ? $2 : NaN) '. \
	'with points lt linetype_of(STYLE[i], LIMIT[i]) ps 0.8, '. \
	'for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 '. \
	'using (ORDER[i] + aside($1)):'. \
	'(PANEL[i] == p && $2 == 0 ? on_axis(0, p) : NaN) '. \
	'with points pt 2 ps 1 lw 1.4 lc rgb INK'

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	if (!MANY) { eval LEGEND }
	do for [p = 1:PANEL_COUNT] {
		set tmargin at screen row_top(p)
		set bmargin at screen row_bottom(p)
		TICKS_FROM = LOW[p] / 1.6
		TICKS_TO = HIGH[p] * 1.6
		set yrange [TICKS_FROM : TICKS_TO]
		eval TICKS_Y
		set format y TICKS_FORMAT
		set title PANEL_TITLE[p].PER_SECOND font FONT.",15" \
			textcolor rgb INK offset 0, -0.5
		if (!MANY) { eval IN_TIME; set ytics autofreq }

		set lmargin at screen COLUMNS_LEFT
		set rmargin at screen (PANELS_WIDTH - 12.0) / WIDTH
		set xrange [0.4 : LEGEND_COUNT + 0.6]
		unset xtics
		set grid noxtics
		set xlabel ""
		if (MANY && p == PANEL_COUNT) {
			set xtics rotate by 35 right scale 0 textcolor rgb INK
			do for [e = 1:LEGEND_COUNT] {
				set xtics add (TITLE[ENTRY[e]] e)
			}
		}
		if (p == PANEL_COUNT) {
			set label 399 MANY ? "each round in its order, " \
				."the median of all and its interval" : \
				"the same rounds, their median, its interval" \
				at screen (COLUMNS_LEFT + (PANELS_WIDTH - 12.0) \
				/ WIDTH) / 2, screen \
				(NOTES_HEIGHT + (MANY ? 20.0 : 41.0)) / HEIGHT \
				center textcolor rgb INK
		}
		do for [e = 1:LEGEND_COUNT] {
			HERE = 0
			do for [i = 1:SERIES_COUNT] {
				if (PANEL[i] == p && ORDER[i] == e) { HERE = 1 }
			}
			if (!HERE) {
				set label 400 + e "no figure" at first e, \
					graph 0.5 center rotate by 90 \
					font FONT.",12" textcolor rgb FAINT
			}
		}
		eval COLUMNS
		eval NO_WORDS
	}
	unset multiplot
	unset output
}
