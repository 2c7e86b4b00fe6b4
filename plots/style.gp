# style.gp - what all figures share; each figure's own commands follow it.
#
# Colours are those of Okabe and Ito, told apart by colour-blind readers too;
# every curve has a shape of its own besides, so that it reads in grey. The
# yellow comes last: it is faint on white. Limits are thin, grey, without
# points: they bound the field and are not in it. Letters are large enough to
# be read when a page shows the figure at a third of its size.

set encoding utf8
set micro
set datafile separator "\t"
set datafile columnheaders

FONT = "sans-serif"
PANELS_WIDTH = 930		# pixels; the legend stands to their right
DATA = NAME.".tsv"
INK = "#222222"
FAINT = "#707070"

set linetype  1 lc rgb "#0072b2" lw 2.2 pt 7  ps 0.95 dt 1
set linetype  2 lc rgb "#d55e00" lw 2.2 pt 5  ps 0.90 dt 1
set linetype  3 lc rgb "#009e73" lw 2.0 pt 9  ps 1.10 dt (12,4)
set linetype  4 lc rgb "#cc79a7" lw 2.0 pt 11 ps 1.10 dt (12,4,2,4)
set linetype  5 lc rgb "#e69f00" lw 2.0 pt 13 ps 1.15 dt (7,3)
set linetype  6 lc rgb "#000000" lw 1.8 pt 6  ps 1.00 dt (2,3)
set linetype  7 lc rgb "#56b4e9" lw 2.0 pt 4  ps 0.95 dt (16,4,2,4,2,4)
set linetype  8 lc rgb "#b5a900" lw 2.0 pt 8  ps 1.10 dt (5,3)
set linetype  9 lc rgb "#0072b2" lw 1.8 pt 10 ps 1.10 dt (2,2)
set linetype 10 lc rgb "#d55e00" lw 1.8 pt 12 ps 1.15 dt (2,2)
set linetype 11 lc rgb "#009e73" lw 1.8 pt 1  ps 1.00 dt (3,5)
set linetype 12 lc rgb "#cc79a7" lw 1.8 pt 2  ps 1.00 dt (3,5)
STYLES = 12
set linetype 21 lc rgb "#606060" lw 1.4 dt (2,4)
set linetype 22 lc rgb "#606060" lw 1.3 dt (14,4,2,4)
set linetype 23 lc rgb "#606060" lw 1.4 dt 1
LIMIT_STYLES = 3
linetype_of(style, limit) = limit \
	? 21 + (style - 1) % LIMIT_STYLES : 1 + (style - 1) % STYLES

set border 3 lc rgb FAINT lw 1
set tics nomirror out scale 0.6, 0.3 textcolor rgb INK
set grid back xtics ytics lt 1 lc rgb "#d9d9d9" lw 1, \
	lt 1 lc rgb "#d9d9d9" lw 1

# What the figure says of itself: blocks 0 to 3 of the data (see its headings).
ABOUT_TITLE = ""
ABOUT_AXES = ""
MACHINE_COUNT = 0
NOTE_COUNT = 0
LIMIT_NS = 0
ABOUT_UNIT = ""
ABOUT_OF = "round trips"
array MACHINE[8]
array NOTE[24]
about(key, text) = ( \
	key eq "title" ? (ABOUT_TITLE = text, 1) : \
	key eq "axes" ? (ABOUT_AXES = text, 1) : \
	key eq "of" ? (ABOUT_OF = text, 1) : \
	key eq "unit" ? (ABOUT_UNIT = text, 1) : \
	key eq "limit_ns" ? (LIMIT_NS = real(text), 1) : \
	(key eq "load" || key eq "machine") && MACHINE_COUNT < 8 ? \
		(MACHINE_COUNT = MACHINE_COUNT + 1, \
		 MACHINE[MACHINE_COUNT] = text, 1) : \
	key eq "note" && NOTE_COUNT < 24 ? \
		(NOTE_COUNT = NOTE_COUNT + 1, NOTE[NOTE_COUNT] = text, 1) : 0)
stats DATA index 0 using (about(strcol(1), strcol(2))) nooutput

stats DATA index 1 using 1 nooutput
SERIES_COUNT = int(STATS_records)
FIRST = 4			# the block of the first series
array STYLE[SERIES_COUNT]
array LIMIT[SERIES_COUNT]
array PANEL[SERIES_COUNT]
array TITLE[SERIES_COUNT]
stats DATA index 1 using (STYLE[int($0) + 1] = int($1), \
	LIMIT[int($0) + 1] = int($2), PANEL[int($0) + 1] = int($3), \
	TITLE[int($0) + 1] = strcol(4), 1) nooutput

stats DATA index 3 using 1 nooutput
PANEL_COUNT = int(STATS_max)
array PANEL_TITLE[PANEL_COUNT]
stats DATA index 3 using (PANEL_TITLE[int($1)] = strcol(2), 1) nooutput

# Names as on the page: each transport once, however many panels it is on, from
# the highest curve to the lowest. A figure says in HEIGHT_OF[i] how high the
# curve of series i lies on its first panel, then evaluates LAYOUT.
array HEIGHT_OF[SERIES_COUNT]
array ENTRY[SERIES_COUNT]
array ORDER[SERIES_COUNT]	# the place in the legend of each series
LEGEND_COUNT = 0
LONGEST = 0
do for [i = 1:SERIES_COUNT] {
	HEIGHT_OF[i] = 0.0
	KNOWN = 0
	do for [e = 1:LEGEND_COUNT] {
		if (TITLE[ENTRY[e]] eq TITLE[i]) { KNOWN = 1 }
	}
	if (strlen(TITLE[i]) > LONGEST) { LONGEST = strlen(TITLE[i]) }
	if (!KNOWN) {
		LEGEND_COUNT = LEGEND_COUNT + 1
		ENTRY[LEGEND_COUNT] = i
	}
}
# Bubbles: there are a dozen entries.
SORT = \
	'do for [a = 1:LEGEND_COUNT - 1] { do for [e = 1:LEGEND_COUNT - a] {'. \
	'if (HEIGHT_OF[ENTRY[e]] < HEIGHT_OF[ENTRY[e + 1]]) {'. \
	'KEPT = ENTRY[e]; ENTRY[e] = ENTRY[e + 1]; ENTRY[e + 1] = KEPT } } };'. \
	'do for [i = 1:SERIES_COUNT] { do for [e = 1:LEGEND_COUNT] {'. \
	'if (TITLE[ENTRY[e]] eq TITLE[i]) { ORDER[i] = e } } }'

# From the top: title, machine, panels, notes; the legend stands at the right.
# Heights in pixels. A figure sets PANEL_HEIGHT, then evaluates LAYOUT.
LINE = 21
LEGEND_LINE = 27
FOOT_MORE = 0			# below the panels, besides their labels
LEGEND_WIDTH = 76 + 10.5 * LONGEST
LAYOUT = \
	'eval SORT;'. \
	'HEAD = 62 + LINE * MACHINE_COUNT + 52;'. \
	'NOTES_HEIGHT = NOTE_COUNT ? 14 + LINE * NOTE_COUNT : 4;'. \
	'FOOT = 70 + FOOT_MORE + NOTES_HEIGHT + 6;'. \
	'WIDTH = PANELS_WIDTH + LEGEND_WIDTH;'. \
	'if (LEGEND_WIDTH > 0 && PANEL_HEIGHT < LEGEND_LINE * LEGEND_COUNT) '. \
	'{ PANEL_HEIGHT = LEGEND_LINE * LEGEND_COUNT };'. \
	'HEIGHT = HEAD + PANEL_HEIGHT + FOOT;'. \
	'TOP = 1.0 - real(HEAD) / HEIGHT;'. \
	'BOTTOM = real(FOOT) / HEIGHT'
# The heading and the notes, as labels that stay at their places.
WORDS = \
	'set label 1 ABOUT_TITLE at screen 12.0 / WIDTH, '. \
	'screen 1.0 - 26.0 / HEIGHT '. \
	'left font FONT.",20" textcolor rgb INK;'. \
	'set label 2 ABOUT_AXES at screen 12.0 / WIDTH, '. \
	'screen 1.0 - 58.0 / HEIGHT '. \
	'left font FONT.",13" textcolor rgb INK;'. \
	'do for [w = 1:MACHINE_COUNT] {'. \
	'set label 2 + w MACHINE[w] at screen 12.0 / WIDTH, '. \
	'screen 1.0 - (58.0 + LINE * w) / HEIGHT '. \
	'left font FONT.",12" textcolor rgb FAINT };'. \
	'do for [w = 1:NOTE_COUNT] {'. \
	'set label 20 + w NOTE[w] at screen 12.0 / WIDTH, '. \
	'screen (8.0 + LINE * (NOTE_COUNT - w + 0.6)) / HEIGHT '. \
	'left font FONT.",12" textcolor rgb FAINT }'
# Drawn by hand, since a key stands inside a panel: entry e is a piece of its
# curve and a name, in the order of the curves.
legend_x = 0
legend_y(e) = TOP - LEGEND_LINE * (e - 0.5) / HEIGHT
LEGEND = \
	'legend_x = (PANELS_WIDTH + 8.0) / WIDTH;'. \
	'do for [e = 1:LEGEND_COUNT] {'. \
	'i = ENTRY[e];'. \
	'set arrow 100 + e from screen legend_x, screen legend_y(e) '. \
	'to screen legend_x + 46.0 / WIDTH, screen legend_y(e) nohead '. \
	'lt linetype_of(STYLE[i], LIMIT[i]);'. \
	'if (!LIMIT[i]) { set label 200 + e "" '. \
	'at screen legend_x + 23.0 / WIDTH, screen legend_y(e) '. \
	'point lt linetype_of(STYLE[i], LIMIT[i]) };'. \
	'set label 100 + e TITLE[i] '. \
	'at screen legend_x + 54.0 / WIDTH, screen legend_y(e) left '. \
	'font FONT.",13" textcolor rgb INK }'
# After the first panel: words and legend are on the page already.
NO_WORDS = 'unset label; unset arrow'
unset key

# Two panels side by side, or one as wide as both.
panel_left(p, count) = (p == 1 ? 86.0 : 552.0) / WIDTH
panel_right(p, count) = \
	(p == 1 && count > 1 ? 452.0 : PANELS_WIDTH - 12.0) / WIDTH

smaller(a, b) = a < b ? a : b
larger(a, b) = a > b ? a : b
# Ticks of a logarithmic axis from a to b: each power of ten, and where that
# would be less than three labels, 2 and 5 of each, too. A figure evaluates
# TICKS_X or TICKS_Y with the axis' ends in TICKS_FROM and TICKS_TO and its
# format in TICKS_FORMAT.
TICKS_MINOR = \
	'if (TICKS_TO / TICKS_FROM < 300) {'. \
	'do for [k = floor(log10(TICKS_FROM)) - 1 : ceil(log10(TICKS_TO))] {'. \
	'do for [m in "1 2 5"] { TICK_AT = int(m) * 10.0 ** k; '
TICKS_Y = 'set ytics autofreq; '.TICKS_MINOR. \
	'set ytics add (gprintf(TICKS_FORMAT, TICK_AT) TICK_AT) } } }'
TICKS_X = 'set xtics autofreq; '.TICKS_MINOR. \
	'set xtics add (gprintf(TICKS_FORMAT, TICK_AT) TICK_AT) } } }'

# The two files of a figure: a terminal each, drawn one after the other.
OUTPUTS = "svg png"
OPEN = \
	'if (OUTPUT eq "svg") { set terminal svg size WIDTH, HEIGHT noenhanced '. \
	'font FONT.",13" background rgb "white" } else { '. \
	'set terminal pngcairo size WIDTH, HEIGHT noenhanced '. \
	'font FONT.",13" background rgb "white" };'. \
	'set output NAME.".".OUTPUT'
