/* The verdict of DESIGN section 9: numbers, and sentences that claim no more than the intervals carry. */
#ifndef PLATEAU_FIT_VERDICT_H
#define PLATEAU_FIT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/design.h"
#include "fit/fitted_law.h"
#include "fit/lines.h"
#include "fit/options.h"
#include "fit/table.h"
#include "fit/verdict/breaks.h"
#include "fit/verdict/cost.h"
#include "fit/verdict/floor.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/isoflop.h"
#include "fit/verdict/noise.h"
#include "fit/verdict/odd_runs.h"
#include "fit/verdict/protocol.h"
#include "fit/verdict/returns.h"

/* Why nothing is extrapolated. */
enum verdict_because {
    VERDICT_GIVEN,   /* it is */
    VERDICT_NO_FALL, /* the loss does not fall at all */
    VERDICT_NO_LAW,  /* it does, and no law follows it */
    VERDICT_OFF,     /* the best or largest runs lie off the law */
    VERDICT_COURSE,  /* the runs change course, and the law does not */
    VERDICT_BOUND,   /* an exponent lies at its bound */
};

struct fit_verdict {
    bool enough;              /* false: only `lines` says anything */
    char withheld[400];       /* why floor, gain, halving and flattening are not given (NaN); "" where they are */
    enum verdict_because because;
    struct fit_floor floor;
    struct fit_truth truth;
    struct fit_returns returns;
    struct breaks_out brk;    /* does the excess fall with another exponent beyond some point? */
    struct protocol_said protocol[PROTOCOL_RULES]; /* (n_protocol) what in the runs' training can move the law */
    size_t n_protocol;
    struct fit_lines lines;   /* sentences */
};

/* What it rests on. */
struct verdict_in {
    const struct fit_table *t;
    const struct fit_options *opt;
    const struct fit_laws *laws;
    const char *nothing;            /* why none could be fitted, where none was */
    const struct fit_design *kept;  /* the runs that follow them */
    const struct fit_odd *odd;
    const struct fit_noise *noise;
    const struct fit_isoflops *isoflop;
    const struct fit_cost *cost;
    const struct fit_frontier *frontier;
};

/* "the loss does not fall": a clause of its own, for who says it beside the reason in full; "" where nothing is withheld. */
const char *verdict_because_words(enum verdict_because because);

/* Fill the verdict, whose break has been tested, and add the warnings about the design and the fit. */
enum status verdict_fill(struct fit_verdict *v, struct fit_lines *warnings, const struct verdict_in *in,
                         struct err *err) WARN_UNUSED;

#endif
