/* What in the way that runs were trained can move the law that is fitted to them: by measurement where the runs have one,
 * else as a possibility. The same rules speak before a sweep trains, of its plan, and of a table of finished runs. */
#ifndef PLATEAU_FIT_PROTOCOL_H
#define PLATEAU_FIT_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

struct protocol_in {
    size_t n;
    /* (n) each, NaN where it is not known; loss: of no run, or of every one */
    const double *params, *tokens, *loss;
    const double *lr, *batch, *warmup; /* peak rate; tokens a step; tokens */
    const double *ratio_lo, *ratio_hi; /* (n_budgets) tokens a parameter at the compute budgets that were asked for */
    const double *budget;              /* (n_budgets) in FLOPs */
    size_t n_budgets;
    double cooldown;         /* share of a run's tokens; NaN */
    double noise;            /* of a loss between seeds; NaN */
    size_t minima, at_edge;  /* IsoFLOP minima, and those of them at the smallest or largest size */
    size_t isas;             /* instruction sets that runs were trained with, as far as it is known */
    const char *isa_runs;    /* and how many with each: "5 with avx2 and 4 with avx512" */
};

enum { PROTOCOL_RULES = 7 };

struct protocol_said {
    const char *name; /* of the rule */
    bool measured;    /* by these runs */
    char text[360];
};

/* What the rules say, in their order; returns how many sentences. */
size_t protocol_say(struct protocol_said out[PROTOCOL_RULES], const struct protocol_in *in);

#endif
