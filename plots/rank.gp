# rank.gp - many transports, the best at the top, with their numbers.
#
# A row a transport and a panel a point of the sweep, all in the order of the
# first panel, so that a name stands once and a change of order shows as a step
# to the wrong side. For rates: the median and its interval. For times: the
# median, a tick for the 99th percentile and a faint line up to the slowest. A
# transport without figures at a point leaves its place empty but for a word;
# the notes say why. Limits are hollow and grey.

ROW = 25				# pixels
TIMES = ABOUT_UNIT eq "time"
array AT[SERIES_COUNT]			# of series i: the value ...
array LOW[SERIES_COUNT]			# ... its interval ...
array HIGH[SERIES_COUNT]
array TAIL[SERIES_COUNT]		# ... the 99th percentile, the slowest
array WORST[SERIES_COUNT]
VALUE_MIN = 1e300
VALUE_MAX = 0
taken(i, a, b, c, d, e) = (AT[i] = a, LOW[i] = b, HIGH[i] = c, \
	TAIL[i] = d, WORST[i] = e, 1)
do for [i = 1:SERIES_COUNT] {
	stats DATA index FIRST + i - 1 using (taken(i, $1, $2, $3, $4, $5)) \
		nooutput
	# Better is higher; who is not on the first panel comes last.
	HEIGHT_OF[i] = (TIMES ? -log10(AT[i]) : log10(AT[i] + 1e-9)) \
		- 1000 * (PANEL[i] - 1)
	if (LOW[i] > 0 || AT[i] > 0) {
		VALUE_MIN = smaller(VALUE_MIN, LOW[i] > 0 ? LOW[i] : AT[i])
	}
	VALUE_MAX = larger(VALUE_MAX, TIMES ? WORST[i] : HIGH[i])
}
# An entry is the transport's series on the first panel, where it has one.
do for [e = 1:LEGEND_COUNT] {
	do for [i = 1:SERIES_COUNT] {
		if (TITLE[i] eq TITLE[ENTRY[e]] && PANEL[i] < PANEL[ENTRY[e]]) {
			ENTRY[e] = i
		}
	}
}
NAMES_WIDTH = LEGEND_WIDTH - 50
PANELS_WIDTH = 1040
LEGEND_WIDTH = 0
PANEL_HEIGHT = ROW * LEGEND_COUNT + 12
eval LAYOUT

# Room for the number at the right of each row.
DECADES = log10(VALUE_MAX / VALUE_MIN)
RIGHT = VALUE_MAX * 10 ** (0.05 * DECADES + 0.1)
LEFT = VALUE_MIN / 10 ** (0.03 * DECADES + 0.1)
set logscale x
set xrange [LEFT : RIGHT]
set yrange [LEGEND_COUNT + 0.74 : 0.26]
TICKS_FORMAT = TIMES ? "%.0s %cs" : "%.0s%c"
set format x TICKS_FORMAT
if (RIGHT / LEFT > 1e4) { set xtics 100 } else { set xtics autofreq }
set mxtics 10
if (RIGHT / LEFT < 30) {
	TICKS_FROM = LEFT
	TICKS_TO = RIGHT
	eval TICKS_X
}
set grid noytics
set border 1
set bars 0
WIDE = (PANELS_WIDTH - NAMES_WIDTH) / PANEL_COUNT	# of a panel, all in all
# Three digits, as the tables have them.
mantissa(value) = value / 1000.0 ** floor(log10(value) / 3 + 1e-9)
number_of(value) = value <= 0 ? "0" : \
	gprintf((mantissa(value) < 9.995 ? "%.2s" : \
	mantissa(value) < 99.95 ? "%.1s" : "%.0s"). \
	(TIMES ? " %cs" : value < 999.5 ? "" : " %c"), value)
screen_x(p, part) = (NAMES_WIDTH + WIDE * (p - 1) + part) / WIDTH
COLOUR = 0x0072b2
GREY = 0x707070

do for [OUTPUT in OUTPUTS] {
	eval OPEN
	set multiplot
	eval WORDS
	set tmargin at screen TOP
	set bmargin at screen BOTTOM
	do for [p = 1:PANEL_COUNT] {
		set lmargin at screen screen_x(p, 0)
		set rmargin at screen screen_x(p, WIDE - 92)
		set title PANEL_TITLE[p] \
			font FONT.",15" textcolor rgb INK offset 0, -0.4
		set xlabel TIMES ? "time of the ".ABOUT_OF : \
			"messages per second" \
			textcolor rgb INK
		unset ytics
		if (p == 1) {
			set ytics scale 0 textcolor rgb INK
			do for [e = 1:LEGEND_COUNT] {
				set ytics add (TITLE[ENTRY[e]] e)
			}
		}
		# A stripe under every other row leads the eye to the number.
		do for [e = 1:LEGEND_COUNT:2] {
			set object 100 + e rectangle \
				from screen screen_x(p, 0), first e - 0.5 \
				to screen screen_x(p, WIDE - 10), \
				first e + 0.5 \
				behind fs solid noborder fc rgb "#f2f4f6"
		}
		do for [e = 1:LEGEND_COUNT] {
			HERE = 0
			do for [i = 1:SERIES_COUNT] {
				if (PANEL[i] == p && ORDER[i] == e) { HERE = i }
			}
			set label 400 + e HERE ? number_of(AT[HERE]) : \
				"no figure" \
				at screen screen_x(p, WIDE - 14), first e right font FONT.",12" \
				textcolor rgb HERE ? INK : FAINT
		}
		plot for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 using \
			(TIMES && PANEL[i] == p ? $1 : NaN):(ORDER[i]): \
			($5 - $1):(0) with vectors nohead lw 1.4 dt 1 \
			lc rgb "#9dbdd3", \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 using \
			(TIMES && PANEL[i] == p ? $4 : NaN):(ORDER[i] - 0.26): \
			(0):(0.52) with vectors nohead lw 2.4 dt 1 \
			lc rgb LIMIT[i] ? GREY : COLOUR, \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 using \
			(PANEL[i] == p && $3 > 0 ? larger($2, LEFT) : NaN): \
			(ORDER[i]):($3 - larger($2, LEFT)):(0) with vectors nohead lw 2.4 dt 1 \
			lc rgb LIMIT[i] ? GREY : COLOUR, \
		     for [i = 1:SERIES_COUNT] DATA index FIRST + i - 1 using \
			(PANEL[i] == p ? $1 : NaN):(ORDER[i]) with points \
			pt LIMIT[i] ? 6 : 7 ps 1.15 lw 1.6 \
			lc rgb LIMIT[i] ? GREY : COLOUR
		eval NO_WORDS
		unset object
	}
	unset multiplot
	unset output
}
