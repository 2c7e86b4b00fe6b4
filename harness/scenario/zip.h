/* zip.h - axes that go in step; for scenario.c. */
#ifndef IPCMARK_SCENARIO_ZIP_H
#define IPCMARK_SCENARIO_ZIP_H

struct scenario_section;
struct value_place;

/* scenario_zip - note in @section that the keys listed in @text go in step. All
 * its axes are filled in. A key with one value keeps that in every step.
 * Returns 0; -EINVAL after saying what is wrong; -ENOMEM. */
int scenario_zip(const struct value_place *place, const char *text,
	struct scenario_section *section);

#endif
