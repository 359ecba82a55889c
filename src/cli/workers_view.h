/* The workers of a folder that several machines train: a line each, and what they do together. */
#ifndef PLATEAU_CLI_WORKERS_VIEW_H
#define PLATEAU_CLI_WORKERS_VIEW_H

#include <stdio.h>

#include "harness/live.h"

/* Print their lines, and add to l what they train, how fast, and the time that work_left (in the plan's units of cost) takes
 * them. Returns how many were heard of lately; 0, with nothing changed, where there are none. */
size_t workers_view_add(FILE *out, struct live *l, const char *dir, double work_left);

#endif
