/* Charts of a check of transfer: what width or depth does to activations, and to the best learning rate. */
#ifndef PLATEAU_REPORT_CHARTS_TRANSFER_H
#define PLATEAU_REPORT_CHARTS_TRANSFER_H

#include "fit/bowl.h"
#include "plot/chart.h"

/* One quantity along an axis. */
struct charts_scale {
    char name[64];
    size_t kind;  /* quantities of one kind share a colour */
    bool last;    /* of the last block; else of the first, or of the model */
    size_t n;
    const double *x, *scale, *change; /* (n) borrowed: the size, root mean squares at the start and of the change */
};

struct charts_scales {
    const char *axis;  /* "width" */
    const char *what;  /* "2 layers, completep" */
    size_t steps;
    double lr;
    const struct charts_scale *items; /* (n) */
    size_t n;
};

enum status charts_transfer_scales(struct chart *ch, const struct charts_scales *in, struct err *err) WARN_UNUSED;

struct charts_bowls {
    const char *axis, *what;
    bool found;               /* every bowl has its bottom inside */
    struct fit_value factor;  /* between the largest and the smallest best rate, where found */
    double tokens;
    const size_t *sizes;              /* (n) rising */
    const struct bowl *const *bowls;  /* (n) */
    size_t n;
};

enum status charts_transfer_bowls(struct chart *ch, const struct charts_bowls *in, struct err *err) WARN_UNUSED;

#endif
