# forest.gp - by how much B is worse: a row a case and metric.
#
# A point for the estimate, a bar for its interval, and what the verdict went by:
# the tolerance as a line, max as a broken one, both of the row's own metric. The
# verdict has a shape, a colour and a word, so that it reads in grey. Very wide
# intervals end at the axis in an arrow; their numbers stand at the right.

ROW = 27				# pixels
stats DATA index 4 using 1 nooutput
ROWS = int(STATS_records)
array AT[ROWS]
array LOW[ROWS]
array HIGH[ROWS]
array TOLERANCE[ROWS]
array MOST[ROWS]
array VERDICT[ROWS]
array ADVISORY[ROWS]
array CASE[ROWS]
array METRIC[ROWS]
array WORDS_OF[ROWS]
# What is no number has no end on that side.
got(i, a, b, c, d, e) = (AT[i] = a, LOW[i] = (b == b ? b : -1e9), \
	HIGH[i] = (c == c ? c : 1e9), TOLERANCE[i] = d, MOST[i] = e, 1)
told(i, a, b, c, d, e) = (VERDICT[i] = int(a), ADVISORY[i] = int(b), \
	CASE[i] = c, METRIC[i] = d, WORDS_OF[i] = e, 1)
do for [i = 1:ROWS] {
	stats DATA index 4 every ::(i - 1)::(i - 1) using (got(i, $2, \
		strcol(3) eq "nan" || strcol(3) eq "-nan" ? -1e9 : $3, \
		strcol(4) eq "nan" || strcol(4) eq "-nan" ? 1e9 : $4, \
		$5, $6)) nooutput
	stats DATA index 4 every ::(i - 1)::(i - 1) using (told(i, $7, $8, \
		strcol(9), strcol(10), strcol(11))) nooutput
}

# The axis has room for twice max, and for more where it is needed, not for all.
LEFT = -1
RIGHT = 1
LONGEST_CASE = 0
LONGEST_WORDS = 0
do for [i = 1:ROWS] {
	LEFT = smaller(LEFT, larger(smaller(LOW[i], -0.7 * MOST[i]), \
		-2.5 * MOST[i]))
	RIGHT = larger(RIGHT, smaller(larger(HIGH[i], 1.3 * MOST[i]), \
		3 * MOST[i]))
	LONGEST_CASE = larger(LONGEST_CASE, strlen(CASE[i]))
	LONGEST_WORDS = larger(LONGEST_WORDS, strlen(WORDS_OF[i]))
}
MARGIN = 0.03 * (RIGHT - LEFT)
LEFT = LEFT - MARGIN
RIGHT = RIGHT + MARGIN

NAMES_WIDTH = 40 + 8.3 * LONGEST_CASE + 90
TEXTS_WIDTH = 7.9 * LONGEST_WORDS + 172
PANELS_WIDTH = NAMES_WIDTH + 520 + TEXTS_WIDTH
LEGEND_WIDTH = 0
PANEL_HEIGHT = ROW * ROWS + 10
eval LAYOUT
# A line of shapes and their words above the rows.
KEY_Y = 1.0 - (58.0 + LINE * MACHINE_COUNT + 30.0) / HEIGHT

NAME_OF_VERDICT(v) = v == 1 ? "PASS" : v == 2 ? "REGRESSION" : \
	v == 3 ? "INCONCLUSIVE" : "OPEN"
COLOUR_OF(v) = v == 1 ? 0x0072b2 : v == 2 ? 0xd55e00 : 0x606060
SHAPE_OF(v) = v == 1 ? 7 : v == 2 ? 5 : 8
inside(x) = x >= LEFT && x <= RIGHT
cut(x) = larger(LEFT, smaller(RIGHT, x))

set xrange [LEFT : RIGHT]
set yrange [ROWS + 0.68 : 0.32]
# About eight labels, whatever the range.
TICK = 10.0 ** floor(log10((RIGHT - LEFT) / 4))
TICK = TICK * ((RIGHT - LEFT) / TICK > 20 ? 5 : \
	(RIGHT - LEFT) / TICK > 8 ? 2 : 1)
set xtics TICK
set format x (RIGHT - LEFT < 4 ? "%+.1f %%" : "%+.0f %%")
set xlabel "better   \342\206\220   B is worse by   \342\206\222   worse" \
	textcolor rgb INK
set grid noytics
set border 1
unset ytics
set lmargin at screen NAMES_WIDTH / WIDTH
set rmargin at screen (PANELS_WIDTH - TEXTS_WIDTH) / WIDTH
set tmargin at screen TOP
set bmargin at screen BOTTOM

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	eval WORDS
	# Where the row's verdict turns, in pieces that join to lines.
	do for [i = 1:ROWS] {
		set arrow 300 + i from first TOLERANCE[i], first i - 0.5 \
			to first TOLERANCE[i], first i + 0.5 nohead back \
			lw 1.6 dt 1 lc rgb INK
		set arrow 400 + i from first MOST[i], first i - 0.5 \
			to first MOST[i], first i + 0.5 nohead back \
			lw 1.6 dt (7,5) lc rgb INK
		if (i == 1 || CASE[i] ne CASE[i == 1 ? 1 : i - 1]) {
			set label 300 + i CASE[i] \
				at screen 12.0 / WIDTH, first i left \
				font FONT.",12" textcolor rgb INK
			if (i > 1) {
				set arrow 500 + i \
					from screen 12.0 / WIDTH, first i - 0.5 \
					to screen (WIDTH - 12.0) / WIDTH, \
					first i - 0.5 nohead back \
					lw 1 dt 1 lc rgb "#d9d9d9"
			}
		}
		set label 400 + i METRIC[i] \
			at screen (NAMES_WIDTH - 14.0) / WIDTH, first i right \
			font FONT.",12" textcolor rgb ADVISORY[i] ? FAINT : INK
		set label 500 + i WORDS_OF[i] \
			at screen (PANELS_WIDTH - 154.0) / WIDTH, first i right \
			font FONT.",12" textcolor rgb ADVISORY[i] ? FAINT : INK
		set label 600 + i ADVISORY[i] ? "advisory" : \
			NAME_OF_VERDICT(VERDICT[i]) \
			at screen (PANELS_WIDTH - 136.0) / WIDTH, first i left \
			font FONT.(VERDICT[i] == 2 && !ADVISORY[i] ? \
			":Bold,12" : ",12") \
			textcolor rgb ADVISORY[i] ? FAINT : INK
		# Beyond the axis.
		if (LOW[i] < LEFT) {
			set arrow 600 + i from first cut(LOW[i]) + MARGIN, \
				first i to first LEFT, first i \
				head filled size screen 0.008,25 \
				lw ADVISORY[i] ? 1.2 : 2.6 dt 1 \
				lc rgb COLOUR_OF(VERDICT[i])
		}
		if (HIGH[i] > RIGHT) {
			set arrow 700 + i from first cut(HIGH[i]) - MARGIN, \
				first i to first RIGHT, first i \
				head filled size screen 0.008,25 \
				lw ADVISORY[i] ? 1.2 : 2.6 dt 1 \
				lc rgb COLOUR_OF(VERDICT[i])
		}
	}
	set arrow 299 from first 0, graph 0 to first 0, graph 1 nohead back \
		lw 1 dt 1 lc rgb FAINT
	KEY_X = NAMES_WIDTH
	do for [v = 1:3] {
		set label 800 + v NAME_OF_VERDICT(v) \
			at screen (KEY_X + 16.0) / WIDTH, screen KEY_Y left \
			font FONT.",12" textcolor rgb INK
		set label 810 + v "" at screen (KEY_X + 4.0) / WIDTH, \
			screen KEY_Y point pt SHAPE_OF(v) ps 1.3 lw 1.8 \
			lc rgb COLOUR_OF(v)
		KEY_X = KEY_X + 40 + 9.5 * strlen(NAME_OF_VERDICT(v))
	}
	set arrow 801 from screen KEY_X / WIDTH, screen KEY_Y \
		to screen (KEY_X + 28) / WIDTH, screen KEY_Y nohead \
		lw 1.6 dt 1 lc rgb INK
	set label 821 "tolerance" at screen (KEY_X + 36) / WIDTH, \
		screen KEY_Y left font FONT.",12" textcolor rgb INK
	set arrow 802 from screen (KEY_X + 122) / WIDTH, screen KEY_Y \
		to screen (KEY_X + 150) / WIDTH, screen KEY_Y nohead \
		lw 1.6 dt (7,5) lc rgb INK
	set label 822 "max" at screen (KEY_X + 158) / WIDTH, \
		screen KEY_Y left font FONT.",12" textcolor rgb INK
	plot for [i = 1:ROWS] '+' every ::0::0 using (cut(LOW[i])):(i): \
		(cut(HIGH[i]) - cut(LOW[i])):(0) with vectors nohead \
		lw ADVISORY[i] ? 1.2 : 2.6 dt 1 lc rgb COLOUR_OF(VERDICT[i]), \
	     for [i = 1:ROWS] '+' every ::0::0 using \
		(inside(AT[i]) ? AT[i] : NaN):(i) with points \
		pt SHAPE_OF(VERDICT[i]) ps ADVISORY[i] ? 0.9 : 1.4 lw 1.8 \
		lc rgb COLOUR_OF(VERDICT[i])
	eval NO_WORDS
	unset output
}
