/* A comparison that never ran: a base and three variants off known laws, the same on every machine. */
#ifndef PLATEAU_TESTS_MADE_COMPARE_H
#define PLATEAU_TESTS_MADE_COMPARE_H

#include "report/charts/against.h"

enum { MADE_VARIANTS = 3 };

struct made_compare {
    struct fit_table table[1 + MADE_VARIANTS]; /* the base first */
    struct fit_report report[1 + MADE_VARIANTS];
    struct compare_variant found[MADE_VARIANTS];
    struct against_variant beside[MADE_VARIANTS];
    struct against in;
};

/* One whose data count twice, one with another floor, one that changes nothing; `name`, borrowed, is that of all where it is not
 * NULL. It is the same comparison every time, by the names of the last call. */
const struct made_compare *made_compare(const char *name);

#endif
