# distance.gp - what the machine says of each two CPUs, beside what was measured.
#
# NAME, OUTPUT, MACHINE, COUNT, NOTE, LOW, HIGH and the ticks stand above. The left panel is what the
# system says, in steps; the right one what a cache line took, first look above
# the diagonal and second below it. Where they differ the pattern does.

set encoding utf8
set datafile separator "\t"
set datafile columnheaders
FONT = "sans-serif"
INK = "#222222"
FAINT = "#707070"
DATA = NAME.".tsv"
WIDTH = 1040
NOTE_HEIGHT = 20 * NOTE_COUNT + 12
HEIGHT = 600 + NOTE_HEIGHT
if (OUTPUT eq "svg") {
	set terminal svg size WIDTH, HEIGHT noenhanced font FONT.",12" \
		background rgb "white"
} else {
	set terminal pngcairo size WIDTH, HEIGHT noenhanced font FONT.",12" \
		background rgb "white"
}
set output NAME.".".OUTPUT

# Both looks in one square.
measured(x, y, first, second) = x == y ? NaN : x > y ? first : second
set border 3 lc rgb FAINT
set tics nomirror out scale 0.4 textcolor rgb INK
unset key
set xrange [-0.5 : COUNT - 0.5]
set yrange [COUNT - 0.5 : -0.5]
set multiplot
set label 1 "Distance between CPUs" at screen 0.012, \
	screen 1.0 - 24.0 / HEIGHT left font FONT.",17" textcolor rgb INK
set label 2 MACHINE at screen 0.012, screen 1.0 - 50.0 / HEIGHT left \
	font FONT.",12" textcolor rgb FAINT
do for [n = 1:NOTE_COUNT] {
	set label 2 + n NOTE[n] at screen 0.012, \
		screen (8.0 + 20.0 * (NOTE_COUNT - n + 0.5)) / HEIGHT left \
		font FONT.",11" textcolor rgb INK
}
set tmargin at screen 1.0 - 104.0 / HEIGHT
set bmargin at screen (60.0 + NOTE_HEIGHT) / HEIGHT
set xlabel "CPU" textcolor rgb INK
set ylabel "CPU" textcolor rgb INK

set lmargin at screen 0.07
set rmargin at screen 0.40
set title "the machine says" font FONT.",13" textcolor rgb INK offset 0, -0.4
set palette defined (0 "#ffffff", 1 "#f0f4d8", 2 "#c7e9b4", 3 "#7fcdbb", \
	4 "#41b6c4", 5 "#2c7fb8", 6 "#253494") maxcolors 7
set cbrange [-0.5 : 6.5]
set cbtics ("same" 0, "core" 1, "L2" 2, "L3" 3, "package" 4, \
	"node" 5, "beyond" 6) scale 0
plot DATA using 1:2:5 with image

unset label
set lmargin at screen 0.57
set rmargin at screen 0.90
set title "a cache line takes, there and back" font FONT.",13" \
	textcolor rgb INK offset 0, -0.4
set palette defined (0 "#ffffd9", 1 "#c7e9b4", 2 "#41b6c4", 3 "#225ea8", \
	4 "#081d58") maxcolors 0
if (HIGH > 0) { set cbrange [LOW : HIGH] }
set cbtics autofreq
set format cb "%.0f ns"
# The numbers, where they fit.
place(x, y) = COUNT <= 12 && x != y ? x : NaN
if (HIGH > 0) {
	plot DATA using 1:2:(measured($1, $2, $6, $7)) with image, \
		DATA using (place($1, $2)):2: \
		(sprintf("%.0f", measured($1, $2, $6, $7))): \
		((measured($1, $2, $6, $7) - LOW) / (HIGH - LOW) > 0.6 ? 0xffffff : \
		0x222222) with labels textcolor rgb variable font FONT.",11"
}
unset multiplot
unset output
