/* Sorting plain numbers. */
#ifndef PLATEAU_BASE_SORT_H
#define PLATEAU_BASE_SORT_H

#include <stddef.h>

/* Ascending. NaN has no place in an order: leave it out. */
void sort_doubles(double *v, size_t n);

#endif
