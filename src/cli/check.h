/* What `plateau check transfer` found, and how it is told. */
#ifndef PLATEAU_CLI_CHECK_H
#define PLATEAU_CLI_CHECK_H

#include "harness/transfer.h"

/* Between the largest and the smallest best rate of an axis, for one rate to serve all of it: at a factor of 1.5 about the
 * middle, 1.22 to each side, a parabola of the usual steepness is a few thousandths of a nat above its bottom. */
#define CHECK_FACTOR 1.5

struct check {
    const struct config *c;
    struct transfer_spec spec;
    size_t steps, scale_seeds; /* of the coordinate check */
    double tolerance;
    bool asked_scales, asked_rates;
    struct transfer_scales scales;
    struct transfer_bowls bowls;
};

static inline enum param_kind check_parametrisation(const struct check *k)
{
    return (enum param_kind)k->c->model.parametrisation;
}

/* Whether one rate serves this axis. */
bool check_span_holds(const struct transfer_span *s);
/* Or it is beyond it, but an interval reaches in: the trials do not tell. That is no failure. */
bool check_span_open(const struct transfer_span *s);
/* What does not hold under the config's parametrisation, as a sentence; "" where all does. */
void check_failure(char *out, size_t size, const struct check *k);

/* Tables of 100 columns at most, and the verdict, to stdout. */
void check_print(const struct check *k);
/* The numbers to a file, or alone to stdout where path is "-". */
enum status check_write_json(const struct check *k, const char *path, struct err *err) WARN_UNUSED;
/* Pictures into dir/charts; their paths are printed where loud. */
enum status check_draw(const struct check *k, const char *dir, bool loud, struct err *err) WARN_UNUSED;

#endif
