/* unigram: independent draws from a Zipf law. One floor, nothing to scale: a control. */
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "data/data_internal.h"
#include "data/languages/zipf.h"

static enum status unigram_open(struct data *d, struct err *err)
{
    struct zipf *z;
    TRY(size_calloc(&z, 1, sizeof *z, "unigram", err));
    d->state = z;
    TRY(zipf_init(z, d->spec.symbols, d->spec.exponent, err));
    d->vocab = d->spec.symbols;
    d->floor = z->entropy;
    return OK;
}

static void unigram_close(void *state)
{
    zipf_free(state);
    free(state);
}

static void unigram_draw(const struct data *d, int32_t *x, int32_t *y, struct rng *r)
{
    x[0] = (int32_t)zipf_draw(d->state, r) - 1;
    for (size_t i = 0; i < d->ctx; i++) {
        y[i] = (int32_t)zipf_draw(d->state, r) - 1;
        if (i + 1 < d->ctx)
            x[i + 1] = y[i];
    }
}

static double unigram_log_prob(const struct data *d, const int32_t *x, const int32_t *y)
{
    double sum = 0;
    (void)x; /* draws are independent */
    for (size_t i = 0; i < d->ctx; i++)
        sum += zipf_log_prob(d->state, (size_t)y[i] + 1);
    return sum;
}

static void unigram_text(const struct data *d, char *buf, size_t size, int32_t token)
{
    (void)d;
    snprintf(buf, size, "%d ", (int)token);
}

static void unigram_theory(struct data_theory *t, const struct data *d)
{
    (void)d;
    snprintf(t->says, sizeof t->says, "none: independent draws, there is nothing to scale");
}

const struct data_source data_source_unigram = {
    .open = unigram_open,
    .close = unigram_close,
    .draw = unigram_draw,
    .token_text = unigram_text,
    .log_prob = unigram_log_prob,
    .theory = unigram_theory,
};
