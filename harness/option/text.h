/* text.h - what --help says. */
#ifndef IPCMARK_OPTION_TEXT_H
#define IPCMARK_OPTION_TEXT_H

#include <stdio.h>

#include "option/option.h"

/* option_text_command - of one command; COMMAND_HELP: of the program. */
void option_text_command(enum command command, FILE *out);

/* option_text_scenario - the scenario dialect and its keys. */
void option_text_scenario(FILE *out);

#endif
