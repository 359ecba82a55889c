/* How fast this machine trains the shapes of a plan. */
#ifndef PLATEAU_CLI_CALIBRATE_H
#define PLATEAU_CLI_CALIBRATE_H

#include "harness/plan.h"

/* Seconds that one core takes for a token of each trajectory's shape, into seconds (n_trajectories). A dozen shapes at
 * most are measured, for a third of a second each; those between are judged by their neighbours in size, and so are
 * those whose steps take seconds. too_large (n_trajectories) are never tried: NaN. */
enum status calibrate(double *seconds, const struct plan *p, const bool *too_large, const struct kern *k,
                      struct err *err) WARN_UNUSED;

#endif
