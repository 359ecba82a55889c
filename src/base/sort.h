/* Sorting plain numbers. */
#ifndef PLATEAU_BASE_SORT_H
#define PLATEAU_BASE_SORT_H

#include <stddef.h>

/* Ascending. NaN has no place in an order: leave it out. */
void sort_doubles(double *v, size_t n);

/* The middle of v (n), n above 0, or the mean of the two middle ones; v is sorted. */
double sort_median(double *v, size_t n);

#endif
