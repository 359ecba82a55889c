/* Numbers in sentences: none that is no number, and no interval that says nothing. */
#ifndef PLATEAU_FIT_WORDS_H
#define PLATEAU_FIT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* An interval wider than this factor is said in words. */
#define WORDS_WIDEST 1e6

/* Compute as the papers write it, 5.31e12; anything else, such as tokens, with a suffix; "unknown" for what is no
 * finite number. Returns buf. */
const char *words_count(char *buf, size_t size, double v, bool compute);

/* Both ends are numbers, and of one sign within six decades of each other. */
bool words_quotable(double lo, double hi);

/* Decimal places that an interval of this half-width supports; may be below 0. Digits are good down to the first of the
 * half-width, and one more where that is a 1, a 2 or a small 3: the rule of the Particle Data Group for errors. */
int words_places(double half);

/* A number between the ends of its interval, with the digits that this supports, at most `digits`; so many where there is no
 * interval. Returns buf. */
const char *words_value(char *buf, size_t size, double v, double lo, double hi, int digits);

/* " (95 % interval 1.2 to 3.4)"; what is open on one side or over more than six decades in words; "" where there is
 * none. Digits likewise. */
const char *words_interval(char *buf, size_t size, double lo, double hi, int digits);
/* The same of counts. */
const char *words_count_interval(char *buf, size_t size, double lo, double hi, bool compute);

#endif
