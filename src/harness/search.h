/* train.lr "auto": short runs bracket the learning rate at a few cells of the grid, each in a bowl of losses against ln lr
 * (fit/bowl.h), and the law lr*(N, D) through the bottoms (fit/bowl_law.h) gives every run of the sweep its rate.
 *
 * The cells are the smallest one, the largest size at its smallest budget, the smallest size at its largest budget, and
 * the farthest that is left, as far as search.share of the sweep's FLOPs goes: where it does not reach, the nearest cell
 * towards the smallest. Trials are runs of the sweep engine in DIR/search, a folder like any sweep's: kept, resumable,
 * and the same bytes after any kill, for what is tried next depends on losses alone. A bottom at the edge of what was
 * tried is none: the bracket grows, and where the share is spent before it has closed the search fails. What was found
 * is in DIR/search/search.json, and is kept when the grid grows, so that runs keep their rates. */
#ifndef PLATEAU_HARNESS_SEARCH_H
#define PLATEAU_HARNESS_SEARCH_H

#include "fit/bowl.h"
#include "fit/bowl_law.h"
#include "harness/sweep.h"

enum { SEARCH_SITES = 4 };

/* A cell of the grid whose rates are tried. */
struct search_site {
    const struct run *at; /* of the grid's plan */
    struct bowl bowl;     /* with the keys that were chosen */
};

struct search_sites {
    struct search_site of[SEARCH_SITES]; /* (n) the first is the smallest cell */
    size_t n;
    size_t keys;         /* the site at which search.keys are chosen */
    double flops;        /* of the trials as planned, with no bracket to grow */
    double most_flops;   /* that they may take */
    double sweep_flops;
    size_t trials;
};

/* What was found. */
struct search_found {
    double lr;
    struct config_lr_law law; /* as train.lr has it, lr and the exponents of four digits */
    double values[CONFIG_VARY_MAX]; /* of search.keys, in their order; NaN: the config's own was the best */
    double excess;       /* loss that the law without tokens costs at most, by the bowls; NaN: the tokens are not told */
    double noise;        /* of a loss about the bowls; NaN: not known */
    double flops, sweep_flops;
    double separate;     /* FLOPs of the sweep without shared trunks, over those with them */
    size_t trials;
    struct search_bottom {
        double params, tokens, flops, lr, lo, hi, loss, steep; /* lo, hi: 95 %; NaN: without end */
    } bottoms[SEARCH_SITES];
    size_t n;
};

/* Choose the sites for the grid's plan p. E_CONFIG where search.share does not pay for the smallest cell's, or a value of
 * search.keys makes no config. */
enum status search_choose(struct search_sites *s, const struct config *c, const struct plan *p, struct err *err) WARN_UNUSED;

/* What dir/search/search.json holds; *found false where there is none. E_CONFIG where it was found for other settings. */
enum status search_read(struct search_found *f, bool *found, const char *dir, const struct config *c, const struct data *d,
                        struct err *err) WARN_UNUSED;

/* Search for the sweep of c, whose plan p has no rates yet, and keep what is found; or read it where it is there already
 * (*searched is false then), unless o->fresh. E_RUN where a bottom stays at the edge, or as sweep_run. */
enum status search_run(struct search_found *f, bool *searched, const struct config *c, const struct plan *p, const struct data *d,
                       const char *dir, const struct sweep_options *o, struct err *err) WARN_UNUSED;

/* What dir/search/search.json holds, whatever it was found for. */
enum status search_found_in(struct search_found *f, bool *found, const char *dir, struct err *err) WARN_UNUSED;

/* c with what was found in place of "auto"; strings and lists stay those of c. */
enum status search_apply(struct config *c, const struct search_found *f, struct err *err) WARN_UNUSED;
/* The same of a folder's config, where it says "auto" and has been searched; else nothing is changed. */
enum status search_apply_folder(struct config *c, const char *dir, struct err *err) WARN_UNUSED;

#endif
