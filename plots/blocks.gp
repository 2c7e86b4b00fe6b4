# blocks.gp - every block's difference in the order they ran, a panel a case.
#
# A point a block, hollow if it was left out, at the edge with a triangle if it
# lies beyond the axis; the estimate as it became with each block, and its interval
# as a band; the looks as upright lines. Tolerance and max as in forest.gp.

COLUMNS = PANEL_COUNT > 1 ? 2 : 1
ROWS = int((PANEL_COUNT + COLUMNS - 1) / COLUMNS)
ROW = 250				# pixels
WIDE = COLUMNS == 1 ? 900 : 600
PANELS_WIDTH = WIDE * COLUMNS + 20
LEGEND_WIDTH = 0
PANEL_HEIGHT = ROW * ROWS - 44
eval LAYOUT
KEY_Y = 1.0 - (58.0 + LINE * MACHINE_COUNT + 26.0) / HEIGHT
BLUE = "#0072b2"
ORANGE = "#d55e00"
panel_left_of(p) = (WIDE * ((p - 1) % COLUMNS) + 84.0) / WIDTH
panel_right_of(p) = (WIDE * ((p - 1) % COLUMNS) + WIDE - 14.0) / WIDTH
panel_top_of(p) = TOP - real(16 + ROW * int((p - 1) / COLUMNS)) / HEIGHT
panel_bottom_of(p) = panel_top_of(p) - real(ROW - 62) / HEIGHT

# Before there is an axis: what lies outside of one is not counted.
array TOLERANCE_OF[PANEL_COUNT]
array MOST_OF[PANEL_COUNT]
array END_OF[PANEL_COUNT]
array NUMBERS_OF[PANEL_COUNT]
do for [p = 1:PANEL_COUNT] {
	stats DATA index 3 + PANEL_COUNT + p every ::0::0 using \
		(TOLERANCE_OF[p] = $1, MOST_OF[p] = $2, END_OF[p] = $3, 1) \
		nooutput
	stats DATA index 3 + p using 1 nooutput
	NUMBERS_OF[p] = STATS_max
}

KEY = \
	'set label 300 "" at screen 20.0 / WIDTH, screen KEY_Y '. \
	'point pt 7 ps 0.9 lc rgb BLUE;'. \
	'set label 301 "block" at screen 32.0 / WIDTH, screen KEY_Y left '. \
	'font FONT.",12" textcolor rgb INK;'. \
	'set label 302 "" at screen 98.0 / WIDTH, screen KEY_Y '. \
	'point pt 6 ps 0.9 lw 1.4 lc rgb FAINT;'. \
	'set label 303 "left out" at screen 110.0 / WIDTH, screen KEY_Y left '. \
	'font FONT.",12" textcolor rgb INK;'. \
	'set arrow 300 from screen 186.0 / WIDTH, screen KEY_Y '. \
	'to screen 214.0 / WIDTH, screen KEY_Y nohead lw 3 dt 1 lc rgb ORANGE;'. \
	'set label 304 "estimate so far, 95 % interval" '. \
	'at screen 222.0 / WIDTH, screen KEY_Y '. \
	'left font FONT.",12" textcolor rgb INK;'. \
	'set arrow 301 from screen 482.0 / WIDTH, screen KEY_Y '. \
	'to screen 510.0 / WIDTH, screen KEY_Y nohead lw 1.6 dt 1 lc rgb INK;'. \
	'set label 305 "tolerance" at screen 518.0 / WIDTH, screen KEY_Y left '. \
	'font FONT.",12" textcolor rgb INK;'. \
	'set arrow 302 from screen 602.0 / WIDTH, screen KEY_Y '. \
	'to screen 630.0 / WIDTH, screen KEY_Y nohead lw 1.6 dt (7,5) lc rgb INK;'. \
	'set label 306 "max" at screen 638.0 / WIDTH, screen KEY_Y left '. \
	'font FONT.",12" textcolor rgb INK;'. \
	'set arrow 303 from screen 696.0 / WIDTH, screen KEY_Y - 8.0 / HEIGHT '. \
	'to screen 696.0 / WIDTH, screen KEY_Y + 8.0 / HEIGHT nohead lw 1.4 dt (2,3) lc rgb INK;'. \
	'set label 307 "look" at screen 704.0 / WIDTH, screen KEY_Y left '. \
	'font FONT.",12" textcolor rgb INK'

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	eval KEY
	do for [p = 1:PANEL_COUNT] {
		MARKS = 3 + PANEL_COUNT + p
		END = END_OF[p]
		NUMBERS = NUMBERS_OF[p]
		set lmargin at screen panel_left_of(p)
		set rmargin at screen panel_right_of(p)
		set tmargin at screen panel_top_of(p)
		set bmargin at screen panel_bottom_of(p)
		set title PANEL_TITLE[p] font FONT.",12" textcolor rgb INK \
			offset 0, -0.7
		set xrange [0.2 : NUMBERS + 0.8]
		# No build is better by more than all of it.
		LOWEST = larger(-1.06 * END, -106)
		set yrange [LOWEST : 1.06 * END]
		set xtics autofreq
		set xtics larger(1, ceil(NUMBERS / 10.0))
		set ytics autofreq
		set format y "%+.0f %%"
		set xlabel (p > PANEL_COUNT - COLUMNS ? "block" : "") \
			textcolor rgb INK offset 0, 0.4
		plot DATA index 3 + p using 1:6:7 with filledcurves \
			lc rgb "#f3c9ad" fs solid 0.7 noborder, \
		     0 with lines lw 1 dt 1 lc rgb FAINT, \
		     TOLERANCE_OF[p] with lines lw 1.6 dt 1 lc rgb INK, \
		     MOST_OF[p] with lines lw 1.6 dt (7,5) lc rgb INK, \
		     DATA index MARKS using ($4 + 0.5):(LOWEST):(0): \
			(1.06 * END - LOWEST) with vectors nohead lw 1.4 dt (2,3) \
			lc rgb INK, \
		     DATA index 3 + p using 1:5 with lines lw 3 dt 1 \
			lc rgb ORANGE, \
		     DATA index 3 + p using 1:($3 == 0 && $4 == 0 ? $2 : NaN) \
			with points pt 7 ps 0.8 lc rgb BLUE, \
		     DATA index 3 + p using 1:($3 == 0 && $4 == 1 ? $2 : NaN) \
			with points pt 6 ps 0.9 lw 1.4 lc rgb FAINT, \
		     for [out = 0:1] DATA index 3 + p \
			using 1:($3 == 1 && $4 == out ? $2 : NaN) \
			with points pt 9 - out ps 1.0 lw 1.4 \
			lc rgb out ? FAINT : BLUE, \
		     for [out = 0:1] DATA index 3 + p \
			using 1:($3 == -1 && $4 == out ? $2 : NaN) \
			with points pt 11 - out ps 1.0 lw 1.4 \
			lc rgb out ? FAINT : BLUE
		eval NO_WORDS
	}
	unset multiplot
	unset output
}
