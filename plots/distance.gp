# distance.gp - what the machine says of each two CPUs, beside what was measured.
#
# NAME, OUTPUT, MACHINE, METHOD, COUNT, NOTE, LOW, HIGH and the ticks stand
# above. The left panel is what the system says, in steps; the right one what a
# cache line took, first look above the diagonal and second below it. Where they
# differ the pattern does. A CPU and itself have no distance and are hatched
# grey, so that they are not taken for near.

set encoding utf8
set datafile separator "\t"
set datafile columnheaders
FONT = "sans-serif"
INK = "#222222"
FAINT = "#707070"
DATA = NAME.".tsv"
WIDTH = 1140
LINE = 21
SQUARE = 360				# of a panel, in pixels
NOTE_HEIGHT = LINE * NOTE_COUNT + 12
HEIGHT = 148 + SQUARE + 74 + NOTE_HEIGHT
if (OUTPUT eq "svg") {
	set terminal svg size WIDTH, HEIGHT noenhanced font FONT.",13" \
		background rgb "white"
} else {
	set terminal pngcairo size WIDTH, HEIGHT noenhanced font FONT.",13" \
		background rgb "white"
}
set output NAME.".".OUTPUT

# Both looks in one square.
measured(x, y, first, second) = x == y ? NaN : x > y ? first : second
set border 15 lc rgb FAINT
set tics nomirror out scale 0.4
unset key
set xrange [-0.5 : COUNT - 0.5]
set yrange [COUNT - 0.5 : -0.5]
set multiplot
set label 1 "Distance between CPUs" at screen 12.0 / WIDTH, \
	screen 1.0 - 26.0 / HEIGHT left font FONT.",20" textcolor rgb INK
set label 2 MACHINE at screen 12.0 / WIDTH, screen 1.0 - 58.0 / HEIGHT left \
	font FONT.",12" textcolor rgb FAINT
set label 3 METHOD at screen 12.0 / WIDTH, screen 1.0 - 79.0 / HEIGHT left \
	font FONT.",12" textcolor rgb FAINT
do for [n = 1:NOTE_COUNT] {
	set label 3 + n NOTE[n] at screen 12.0 / WIDTH, \
		screen (8.0 + LINE * (NOTE_COUNT - n + 0.5)) / HEIGHT left \
		font FONT.",12" textcolor rgb INK
}
set tmargin at screen 1.0 - 148.0 / HEIGHT
set bmargin at screen (74.0 + NOTE_HEIGHT) / HEIGHT
set xlabel "CPU" textcolor rgb INK
set ylabel "CPU" textcolor rgb INK
set xtics textcolor rgb INK
set ytics textcolor rgb INK
do for [n = 1:COUNT] {
	set object n rectangle from first n - 1.5, first n - 1.5 \
		to first n - 0.5, first n - 0.5 front \
		fs pattern 5 noborder fc rgb "#b0b0b0"
}

set lmargin at screen 92.0 / WIDTH
set rmargin at screen (92.0 + SQUARE) / WIDTH
set title "the machine says" font FONT.",15" textcolor rgb INK offset 0, -0.3
set palette defined (1 "#f0f4d8", 2 "#c7e9b4", 3 "#7fcdbb", \
	4 "#41b6c4", 5 "#2c7fb8", 6 "#253494") maxcolors 6
set cbrange [0.5 : 6.5]
set cbtics ("core" 1, "L2" 2, "L3" 3, "package" 4, "node" 5, "beyond" 6) \
	scale 0 textcolor rgb INK
set colorbox user origin screen (100.0 + SQUARE) / WIDTH, \
	screen (74.0 + NOTE_HEIGHT) / HEIGHT \
	size screen 18.0 / WIDTH, screen real(SQUARE) / HEIGHT
plot DATA using 1:2:($1 == $2 ? NaN : $5) with image

unset label
set lmargin at screen 662.0 / WIDTH
set rmargin at screen (662.0 + SQUARE) / WIDTH
set title "a cache line takes, there and back" font FONT.",15" \
	textcolor rgb INK offset 0, -0.3
set palette defined (0 "#ffffd9", 1 "#c7e9b4", 2 "#41b6c4", 3 "#225ea8", \
	4 "#081d58") maxcolors 0
if (HIGH > 0) { set cbrange [LOW : HIGH] }
set cbtics autofreq textcolor rgb INK
set format cb "%.0f ns"
set colorbox user origin screen (670.0 + SQUARE) / WIDTH, \
	screen (74.0 + NOTE_HEIGHT) / HEIGHT \
	size screen 18.0 / WIDTH, screen real(SQUARE) / HEIGHT
# The numbers, where they fit.
place(x, y) = COUNT <= 12 && x != y ? x : NaN
DIGITS = FONT.(COUNT <= 4 ? ",15" : COUNT <= 8 ? ",12" : ",10")
UNIT = COUNT <= 4 ? " ns" : ""
if (HIGH > 0) {
	plot DATA using 1:2:(measured($1, $2, $6, $7)) with image, \
		DATA using (place($1, $2)):2: \
		(sprintf("%.0f", measured($1, $2, $6, $7)).UNIT): \
		((measured($1, $2, $6, $7) - LOW) / (HIGH - LOW) > 0.6 ? 0xffffff : \
		0x222222) with labels textcolor rgb variable font DIGITS
}
unset multiplot
unset output
