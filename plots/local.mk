# The figures' gnuplot files. They hold no numbers.

dist_plots_DATA = \
	plots/around.gp \
	plots/blocks.gp \
	plots/distance.gp \
	plots/forest.gp \
	plots/load.gp \
	plots/map.gp \
	plots/rank.gp \
	plots/recovery.gp \
	plots/rounds.gp \
	plots/roundtrip.gp \
	plots/style.gp \
	plots/throughput.gp
