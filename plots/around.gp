# around.gp - throughput around a kill, all kills laid on top of each other.
#
# A panel a role. 100 % is the mean of the time before the kill. The line is the
# mean of all kills, the band goes from what a tenth of them had less to what a
# tenth had more. The circle is the median time to a survivor's next success, the
# kill noticed; the diamond is where throughput is back.

ROW = 330				# pixels
PANEL_HEIGHT = ROW * PANEL_COUNT - 70
eval LAYOUT

MS_MIN = 0
MS_MAX = 1
MOST = 150
array SEEN[SERIES_COUNT]
array BACK[SERIES_COUNT]
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using 1 nooutput
	MS_MIN = smaller(MS_MIN, floor(STATS_min))
	MS_MAX = larger(MS_MAX, ceil(STATS_max))
	stats DATA index FIRST + i - 1 using 2 nooutput
	MOST = larger(MOST, STATS_max)
	SEEN[i] = 0
	BACK[i] = -1
	stats DATA index FIRST + i - 1 \
		using (SEEN[i] = $6, $7 == $7 ? (BACK[i] = $7) : 0, 1) nooutput
}

row_top(p) = TOP - real(ROW * (p - 1)) / HEIGHT
row_bottom(p) = row_top(p) - real(ROW - 70) / HEIGHT
set xrange [MS_MIN : MS_MAX]
set yrange [0 : smaller(300, MOST * 1.25)]
set format x "%.0f ms"
set format y "%.0f %%"
set xtics 5
set mxtics 5
set style fill transparent solid 0.13 noborder

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval LEGEND
	do for [p = 1:PANEL_COUNT] {
		set tmargin at screen row_top(p)
		set bmargin at screen row_bottom(p)
		set lmargin at screen panel_left(1, 1)
		set rmargin at screen panel_right(1, 1)
		set xlabel p == PANEL_COUNT ? "time since the kill" : "" \
			textcolor rgb INK
		set title PANEL_TITLE[p]." per ms, of the mean before" \
			font FONT.",13" textcolor rgb INK offset 0, -0.4
		set arrow 90 from first 0, graph 0 to first 0, graph 1 nohead \
			lc rgb INK lw 1.4
		set label 90 "killed " at first 0, graph 0.93 right \
			font FONT.",11" textcolor rgb INK
		set label 91 "o noticed    <> back" at graph 0.985, \
			graph 0.93 right font FONT.",11" textcolor rgb FAINT
		plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(PANEL[i] == p ? $4 : NaN):5 \
			with filledcurves lt linetype_of(STYLE[i], LIMIT[i]), \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using 1:(PANEL[i] == p ? $2 : NaN) with lines \
			lt linetype_of(STYLE[i], LIMIT[i]) lw 2.2, \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using (PANEL[i] == p ? SEEN[i] : NaN):(4 * i) \
			every ::0::0 with points pt 6 ps 1.5 lw 2 \
			lc rgb INK, \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 \
			using (PANEL[i] == p && BACK[i] >= 0 ? BACK[i] : NaN): \
			(4 * i) every ::0::0 with points pt 12 ps 1.7 lw 2 \
			lt linetype_of(STYLE[i], LIMIT[i])
		eval NO_WORDS
	}
	unset multiplot
	unset output
}
