/* Where the loss would level off, as far as the runs tell, and whether that covers the truth where it is known. */
#ifndef PLATEAU_FIT_FLOOR_H
#define PLATEAU_FIT_FLOOR_H

#include <stdbool.h>

#include "base/status.h"
#include "fit/design.h"
#include "fit/fitted_law.h"
#include "fit/lines.h"
#include "fit/stats.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/noise.h"

struct fit_floor {
    struct fit_value at;      /* lo NaN: without end below */
    bool supported;           /* the runs tell a floor above 0 from none */
    bool identified;          /* and its interval spans less than a factor of two */
    double laws_lo, laws_hi;  /* hull of the 95 % intervals of the floor that each law fitted has of its own */
    double delta_aicc;        /* AICc without a floor less AICc with one */
};

/* The exact floor of a language, and whether the fit covers it. */
struct fit_truth {
    bool known, covered, covered_over_laws;
    double floor, heldout;    /* of the language, and on the set that losses are measured on; NaN: not known */
};

struct floor_in {
    const struct fit_laws *laws;       /* one is selected */
    const struct fit_design *kept;     /* the runs that follow it */
    bool odd;                          /* others were left out */
    const struct fit_noise *noise;
    const struct fit_frontier *frontier;
    const char *unit;                  /* the loss's with a space in front (" nats"), or "" */
};

/* All unknown. */
void floor_none(struct fit_floor *floor);
/* Fill the floor from the frontier and add its sentence. */
enum status floor_judge(struct fit_floor *floor, struct fit_lines *lines, const struct floor_in *in, struct err *err) WARN_UNUSED;
/* After it: whether it covers the known floor of a language, and the sentence on that; f is the selected law. */
void floor_judge_truth(struct fit_truth *truth, struct fit_lines *lines, const struct fit_floor *floor, const struct fit_law *f);

#endif
