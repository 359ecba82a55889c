/* Tokens that a model writes, one after the other, each drawn from what it says of the next.
 *
 * A window holds model.ctx tokens, as in training. When it is full, a language whose windows begin with a start token begins a
 * new one, which owes nothing to the one before; all else goes on with the last half of the window as the first half of a new
 * one, computed again at its new places: so every token but the first is drawn after half a window at least, and a token costs
 * two rows in the mean. */
#ifndef PLATEAU_HARNESS_GENERATE_H
#define PLATEAU_HARNESS_GENERATE_H

#include "base/rng.h"
#include "harness/weights.h"

struct generate_how {
    double temperature; /* 0: the most probable, of equals the first */
    size_t top_k;       /* of so many most probable ones; 0: of all */
    double top_p;       /* of the fewest most probable ones that have this share together; 1: of all */
};

struct generator {
    struct weights *w;
    struct generate_how how;
    struct rng rng;
    int32_t start;       /* as data_start */
    int32_t *x, *y;      /* (T) the window's inputs, and what followed them */
    size_t n;            /* inputs */
    float *logits, *one; /* (V) of the next token; of one member */
    double *share;       /* (V) */
    int32_t *order;      /* (V) */
};

/* After the n >= 1 tokens of prompt, the first of which begins a window; of more than fit the last ones. generator_free
 * releases, also after a failure. */
enum status generator_init(struct generator *g, struct weights *w, const struct generate_how *how, uint64_t seed, int32_t start,
                           const int32_t *prompt, size_t n, struct err *err) WARN_UNUSED;
void generator_free(struct generator *g);

/* The next token; it is y[n - 1] then. E_NUMERIC where the model says nothing finite. */
enum status generator_draw(struct generator *g, int32_t *token, struct err *err) WARN_UNUSED;
/* It is taken for the next input. */
void generator_feed(struct generator *g);

#endif
