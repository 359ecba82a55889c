/* zipf-facts: records of a rank, written as digits, and the values that belong to it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "data/languages/record.h"
#include "data/languages/zipf.h"

/* The j-th value of rank k: a fixed random function, so that a learner can only memorise it. */
static int32_t fact(const struct data_spec *s, size_t k, size_t j)
{
    return (int32_t)(rng_mix(rng_mix(rng_mix(s->seed) ^ k) ^ j) % s->base);
}

/* Entropy of one value token: right with probability q, else one of b-1 symbols. */
static double value_entropy(const struct data_spec *s)
{
    double b = (double)s->base, q = 1 - s->eps + s->eps / b;
    double wrong = s->eps > 0 ? -(b - 1) * (s->eps / b) * log(s->eps / b) : 0;
    return -q * log(q) + wrong;
}

static size_t facts_unit(const struct data_spec *s)
{
    return s->digits + s->values;
}

static enum status facts_open(struct data *d, struct err *err)
{
    const struct data_spec *s = &d->spec;
    size_t ranks;
    TRY(record_ranks(&ranks, s, err));
    size_t record = facts_unit(s);
    TRY(data_check_ctx(d->ctx, record, "the record length data.digits + data.values", err));
    struct zipf *z;
    TRY(size_calloc(&z, 1, sizeof *z, "zipf-facts", err));
    d->state = z;
    TRY(zipf_init(z, ranks, s->exponent, err));
    d->vocab = s->base + 1;
    d->floor = (z->entropy + (double)s->values * value_entropy(s)) / (double)record;
    return OK;
}

static void facts_close(void *state)
{
    zipf_free(state);
    free(state);
}

static void facts_draw(const struct data *d, int32_t *x, int32_t *y, struct rng *r)
{
    const struct data_spec *s = &d->spec;
    size_t record = facts_unit(s);
    for (size_t at = 0; at < d->ctx; at += record) {
        size_t k = zipf_draw(d->state, r);
        record_put_rank(y + at, s, k);
        for (size_t j = 0; j < s->values; j++) {
            bool noise = rng_double(r) < s->eps;
            y[at + s->digits + j] = noise ? (int32_t)rng_below(r, s->base) : fact(s, k, j);
        }
    }
    record_inputs(d, x, y);
}

static double facts_log_prob(const struct data *d, const int32_t *x, const int32_t *y)
{
    const struct data_spec *s = &d->spec;
    double b = (double)s->base, right = log(1 - s->eps + s->eps / b), sum = 0;
    (void)x; /* a window starts afresh */
    for (size_t at = 0; at < d->ctx; at += facts_unit(s)) {
        size_t k = record_rank(y + at, s);
        sum += zipf_log_prob(d->state, k);
        for (size_t j = 0; j < s->values; j++)
            sum += y[at + s->digits + j] == fact(s, k, j) ? right : log(s->eps / b);
    }
    return sum;
}

static struct data_marks facts_marks(const struct data *d)
{
    const struct data_spec *s = &d->spec;
    return (struct data_marks){s->values > 0 ? "values of facts" : NULL, 1 - s->eps + s->eps / (double)s->base};
}

static enum data_mark facts_mark(const struct data *d, const int32_t *x, const int32_t *y, size_t i)
{
    const struct data_spec *s = &d->spec;
    size_t within = i % facts_unit(s);
    const int32_t *record = y + i - within;
    (void)x;
    if (within < s->digits)
        return DATA_FREE;
    bool right = record_has_digits(record, s->digits, s) && y[i] == fact(s, record_rank(record, s), within - s->digits);
    return right ? DATA_RIGHT : DATA_WRONG;
}

/* What a known fact saves each time it comes. */
static double facts_gain(const struct data_spec *s)
{
    return (double)s->values * (log((double)s->base) - value_entropy(s)) / (double)facts_unit(s);
}

static void facts_theory(struct data_theory *t, const struct data *d)
{
    if (d->spec.values > 0 && d->spec.eps < 1)
        data_theory_zipf(t, d->spec.exponent, "facts");
    else
        snprintf(t->says, sizeof t->says, "none: no value can be learnt");
}

static size_t facts_n(const struct data *d)
{
    const struct zipf *z = d->state;
    return z->n;
}

static enum status facts_gains(double *gain, const struct data *d, struct err *err)
{
    const struct zipf *z = d->state;
    (void)err;
    for (size_t i = 0; i < z->n; i++)
        gain[i] = exp(zipf_log_prob(z, i + 1)) * facts_gain(&d->spec);
    return OK;
}

const struct data_source data_source_zipf_facts = {
    .unit = facts_unit,
    .open = facts_open,
    .close = facts_close,
    .draw = facts_draw,
    .token_text = record_text,
    .starts = true,
    .marks = facts_marks,
    .mark = facts_mark,
    .log_prob = facts_log_prob,
    .theory = facts_theory,
    .n_facts = facts_n,
    .gains = facts_gains,
    .gain_of_one = facts_gain,
};
