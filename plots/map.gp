# map.gp - a call's source, line by line: killed how often, and what was found.
#
# NAME, TITLE, WHAT, MACHINE, ROWS and FULL, the deaths of the longest bar, stand
# above. The page is measured in pixels, rows from the top. Undone is light and
# done is dark, so that grey tells them apart, too; a violation is red, hatched,
# and the only one with a word at its end. A line that nobody was killed at has a
# hollow square instead of a bar.

set encoding utf8
set datafile separator "\t"
set datafile columnheaders
FONT = "sans-serif"
CODE = "monospace,10"
INK = "#222222"
FAINT = "#707070"
UNDONE = "#8ccbf0"
DONE = "#0b4f8a"
WRONG = "#d9480f"
DATA = NAME.".tsv"
WIDTH = 1140
ROW = 15				# pixels
HEAD = 148
HEIGHT = HEAD + ROW * ROWS + 14
NUMBER_X = 46				# where numbers end
CODE_X = 58				# where code begins
COLUMN = 8.05				# of a character
BAR_X = 690
BAR_WIDTH = 350.0

do for [OUTPUT in "svg png"] {
if (OUTPUT eq "svg") {
	set terminal svg size WIDTH, HEIGHT noenhanced font FONT.",12" \
		background rgb "white"
} else {
	set terminal pngcairo size WIDTH, HEIGHT noenhanced font FONT.",12" \
		background rgb "white"
}
set output NAME.".".OUTPUT
set lmargin at screen 0
set rmargin at screen 1
set tmargin at screen 1
set bmargin at screen 0
set xrange [0 : WIDTH]
set yrange [HEIGHT : 0]
unset border
unset tics
unset key
unset label
unset object
set label 1 TITLE at 12, 26 left font FONT.",18" textcolor rgb INK
set label 2 WHAT at 12, 54 left font FONT.",12" textcolor rgb INK
set label 3 MACHINE at 12, 75 left font FONT.",11" textcolor rgb FAINT

# Legend, over the bars and to their left.
set object 1 rectangle from 12, 98 to 40, 112 fs solid 1.0 noborder fc rgb UNDONE
set label 4 "undone: as if never called" at 48, 105 left textcolor rgb INK
set object 2 rectangle from 284, 98 to 312, 112 fs solid 1.0 noborder fc rgb DONE
set label 5 "done: as if it had returned" at 320, 105 left textcolor rgb INK
set object 3 rectangle from 566, 98 to 594, 112 fs pattern 5 \
	border lc rgb WRONG fc rgb WRONG
set label 6 "violation" at 602, 105 left textcolor rgb INK
set object 4 rectangle from 690, 99 to 702, 111 fs empty border lc rgb INK
set label 7 "nobody was killed there" at 710, 105 left textcolor rgb INK
set label 8 "line" at NUMBER_X, HEAD - 14 right font FONT.",11" textcolor rgb FAINT
set label 9 "source" at CODE_X, HEAD - 14 left font FONT.",11" textcolor rgb FAINT
set label 10 "deaths" at BAR_X, HEAD - 14 left font FONT.",11" textcolor rgb FAINT

y_of(row) = HEAD + ROW * (row + 0.5)
middle_of(row, kind) = y_of(row) - (kind == 3 ? 0.3 * ROW : 0) # of a gap
# Longer than the longest bar ends there, and has a white cut in it.
length_of(deaths) = BAR_WIDTH * (deaths > FULL ? FULL : deaths) / FULL
share(all, part) = all > FULL ? part * FULL / all : part
from_of(all, before) = BAR_X + length_of(share(all, before))
to_of(all, upto) = BAR_X + length_of(share(all, upto))
top_of(row) = y_of(row) - 0.38 * ROW
low_of(row) = y_of(row) + 0.38 * ROW
some_of(deaths, violated) = violated == deaths ? \
	sprintf("%d, all violations", deaths) : violated > 0 ? \
	sprintf("%d, %d of them violations", deaths, violated) : \
	sprintf("%d", deaths)

set style fill solid 1.0 noborder
plot DATA using (WIDTH / 2):($2 == 0 ? y_of($1) : NaN):(6):(WIDTH - 6): \
		(top_of($1) - 2):(low_of($1) + 2) \
		with boxxyerror lc rgb "#eef1f4", \
	DATA using (BAR_X):($2 == 1 && $6 > 0 ? y_of($1) : NaN): \
		(BAR_X):(to_of($6 + $7 + $8, $6)):(top_of($1)):(low_of($1)) \
		with boxxyerror lc rgb UNDONE, \
	DATA using (BAR_X):($2 == 1 && $7 > 0 ? y_of($1) : NaN): \
		(from_of($6 + $7 + $8, $6)):(to_of($6 + $7 + $8, $6 + $7)): \
		(top_of($1)):(low_of($1)) with boxxyerror lc rgb DONE, \
	DATA using (BAR_X):($2 == 1 && $8 > 0 ? y_of($1) : NaN): \
		(from_of($6 + $7 + $8, $6 + $7)): \
		(to_of($6 + $7 + $8, $6 + $7 + $8)): \
		(top_of($1)):(low_of($1)) with boxxyerror \
		fs pattern 5 border lc rgb WRONG lc rgb WRONG, \
	DATA using (BAR_X):($2 == 1 && $6 + $7 + $8 > FULL ? y_of($1) : NaN): \
		(BAR_X + BAR_WIDTH - 14):(BAR_X + BAR_WIDTH - 10): \
		(top_of($1) - 1):(low_of($1) + 1) with boxxyerror lc rgb "white", \
	DATA using (BAR_X):($2 == 1 && $6 + $7 + $8 == 0 ? y_of($1) : NaN): \
		(BAR_X):(BAR_X + 12):(top_of($1)):(low_of($1)) \
		with boxxyerror fs empty border lc rgb INK lc rgb INK, \
	DATA using (to_of($6 + $7 + $8, $6 + $7 + $8) + 6): \
		($2 == 1 && $6 + $7 + $8 > 0 ? y_of($1) : NaN): \
		(some_of($6 + $7 + $8, $8)):($8 > 0 ? 0xb03000 : 0x222222) \
		with labels left font FONT.",11" textcolor rgb variable, \
	DATA using (NUMBER_X):($2 > 0 && $3 > 0 ? y_of($1) : NaN): \
		(sprintf("%d", $3)) with labels right font CODE textcolor rgb FAINT, \
	DATA using (CODE_X + COLUMN * $9):($2 == 1 ? y_of($1) : NaN): \
		(strcol(10)) with labels left font CODE textcolor rgb INK, \
	DATA using (CODE_X + COLUMN * $9):($2 >= 2 ? middle_of($1, $2) : NaN): \
		(strcol(10)) with labels left font CODE textcolor rgb "#9a9a9a", \
	DATA using (12):($2 == 0 ? y_of($1) : NaN):(strcol(10)) \
		with labels left font "monospace:Bold,10" textcolor rgb INK, \
	DATA using (BAR_X):($2 == 0 ? y_of($1) : NaN): \
		($5 < $4 ? sprintf("killed at %d of %d instructions", $5, $4) : \
		$4 == 1 ? "one instruction" : \
		sprintf("all %d instructions", $4)): \
		($5 < $4 ? 0x222222 : 0x707070) \
		with labels left font FONT.",10.5" textcolor rgb variable
unset output
}
