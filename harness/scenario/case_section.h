/* case_section.h - a case as the section of a scenario that stands for it. */
#ifndef IPCMARK_SCENARIO_CASE_SECTION_H
#define IPCMARK_SCENARIO_CASE_SECTION_H

#include <stdio.h>

#include "case/case.h"

/* case_print_section - every key that means something in a section of its mode,
 * but for how long and how often one looks. */
void case_print_section(const struct bench_case *bench, FILE *out);

/* case_section_lacks - does the table in case_section.c know nothing of @key?
 * For the test that sees to it that this is never so. */
bool case_section_lacks(const char *key);

#endif
