/* Numbers as people read them: with as many digits as their interval supports, written alike on charts, in the terminal and
 * on a page.
 *
 * An interval of half-width h supports digits down to the first of h, and one more where that is a 1, a 2 or a small 3:
 * words_places (fit/verdict/words.h), which the verdict's sentences follow, too. Without an interval three digits are
 * given, of a loss four. */
#ifndef PLATEAU_REPORT_NUMBER_H
#define PLATEAU_REPORT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "fit/stats.h"

enum number_form {
    NUMBER_LOSS,    /* 0.684 */
    NUMBER_PLAIN,   /* exponents, doublings */
    NUMBER_COUNT,   /* parameters, tokens: 250k, 1.5M */
    NUMBER_COMPUTE, /* 5.3×10¹² on a chart, 5.3e12 where it may be copied into a command */
    NUMBER_SHARE,   /* 0.01 is 1 % */
};
enum { NUMBER_MAX = 48 };

/* The value of v, or any other `x` of the same interval. Not finite: "unknown". Returns out. `copy`: as a command takes it. */
const char *number_say(char *out, size_t size, enum number_form form, double x, const struct fit_value *v, bool copy);
/* " (95 %: 1 to 2)", " (95 %: above 1)", " (95 %: over more than six decades)", or nothing where neither end is known. */
const char *number_interval(char *out, size_t size, enum number_form form, const struct fit_value *v, bool copy);
/* A number that has no interval, in so many digits. */
const char *number_bare(char *out, size_t size, enum number_form form, double x, int digits, bool copy);

#endif
