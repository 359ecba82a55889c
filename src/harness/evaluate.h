/* The loss of trained weights on data: over the windows of a held-out set, or over tokens as they follow each other. */
#ifndef PLATEAU_HARNESS_EVALUATE_H
#define PLATEAU_HARNESS_EVALUATE_H

#include <signal.h>
#include <stdbool.h>

#include "harness/weights.h"

/* Windows that are evaluated together. */
enum { EVALUATE_CHUNK = 16 };

/* Losses of windows, which are the independent draws: tokens of one window are not. */
struct loss_sum {
    double sum, sum2; /* of their mean losses */
    size_t n;
    double part_sum;  /* of the losses of one that is shorter than the others, */
    size_t part;      /* and its tokens; 0: there is none */
};

/* The losses (T) of one more window; returns their mean. */
double loss_sum_add(struct loss_sum *s, const float *losses, size_t T);
/* In nats per token; windows of T tokens. */
double loss_sum_mean(const struct loss_sum *s, size_t T);
/* Its standard error; NaN from fewer than two whole windows. */
double loss_sum_se(const struct loss_sum *s);

struct evaluate_how {
    /* The data were opened with a context of 1: their tokens, at most so many, are cut to windows of the model's context, the
     * last of which may be shorter. 0: the held-out set's own windows. */
    size_t tokens;
    const volatile sig_atomic_t *stop;                  /* not 0: E_INTERRUPTED soon */
    void (*progress)(void *ctx, double share, double loss); /* may be NULL */
    void *ctx;
};

/* E_DATA where the vocabularies differ. */
enum status evaluate(struct loss_sum *out, struct weights *w, const struct data *d, const struct evaluate_how *how,
                     struct err *err) WARN_UNUSED;

#endif
