/* The machine's limit: how many operations a second the FMA units of some cores do. */
#ifndef PLATEAU_MODEL_PEAK_H
#define PLATEAU_MODEL_PEAK_H

#include "kernels/kern.h"

/* Floating-point operations a second of `threads` cores at the kernels' level: the best of several short
 * bursts, as anything else on the machine can only slow one down. Takes about a tenth of a second. */
double peak_flops(const struct kern *k, int threads);

#endif
