/* gnuplot.h - run gnuplot, or find out that there is none. */
#ifndef IPCMARK_BASE_GNUPLOT_H
#define IPCMARK_BASE_GNUPLOT_H

/* gnuplot_run - @script, a file in the folder @dir, from there.
 * Returns 0; -ENOENT without gnuplot; -EIO when it failed, after saying so;
 * -errno. */
int gnuplot_run(const char *dir, const char *script);

#endif
