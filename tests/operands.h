/* What the tests of kernels share. Operands lie against guard pages, at their end or at their start, so that a touch outside is
 * a fault; what surrounds them on their own pages is checked for stray writes. Tolerances are roundings times the sum of the
 * absolute values of what is added up, never a number that happens to pass. */
#ifndef PLATEAU_TESTS_OPERANDS_H
#define PLATEAU_TESTS_OPERANDS_H

#include <stddef.h>
#include <stdio.h>

#include "kernels/kern.h"

/* --- operands on guard pages ------------------------------------------------------------------ */

enum side { AT_END, AT_START, SIDES };
extern enum side side;

void *operand_bytes(size_t bytes);
/* n floats uniform in [-1, 1) * by. */
float *operand(size_t n, double by);
/* The values of an operand in double, as they are now. */
double *wide(const float *p);
/* Zeroed doubles that live as long as the operands. */
double *doubles(size_t n);
/* No operand is left afterwards; what was written beside one is a failure of `what`. */
void release(const char *what);

/* --- levels and sizes ------------------------------------------------------------------------- */

extern struct kern kern;
extern char where[128]; /* level, kernel and sizes of the running case */

#define CASE(...) snprintf(where, sizeof where, __VA_ARGS__)

/* |got - want| <= roundings * FLT_EPSILON * terms, or both tiny. */
void near(const char *name, size_t i, double got, double want, double roundings, double terms);
/* fn at every level of this machine, which is `kern`, and with operands at either end of their pages. */
void each_level(void (*fn)(void));

/* Around the vector lengths 8 and 16, twice them, and primes. */
static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 64, 97, 131};
#define EACH(i, table) for (size_t i = 0; i < sizeof(table) / sizeof *(table); i++)

/* name_levels(): name_case() at each level. */
#define TEST(name)                                                                                 \
    static void name##_levels(void)                                                                  \
    {                                                                                              \
        each_level(name##_case);                                                                   \
    }

#endif
