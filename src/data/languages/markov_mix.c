/* markov-mix: a mixture of Markov sources. A record is the rank of a source and a walk in it: the first symbol is any,
 * each next one is one of `branches` successors that the source and the symbol have. What follows what has no rule, so
 * a learner can only remember it, pair by pair of source and symbol; pairs of frequent sources come often, others
 * rarely. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "data/languages/record.h"
#include "data/languages/zipf.h"

static bool is_among(const int32_t *list, size_t n, int32_t symbol)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == symbol)
            return true;
    return false;
}

/* The successors of a symbol in source k: a fixed random set, computed each time, as a table of all pairs would not fit
 * where ranks are many. Floyd's way to distinct draws: what was drawn already stands for the newest symbol allowed. */
static void successors(int32_t *next, const struct data_spec *s, size_t k, int32_t symbol)
{
    uint64_t pair = rng_mix(rng_mix(rng_mix(s->seed) ^ k) ^ (uint64_t)symbol);
    for (size_t i = 0; i < s->branches; i++) {
        size_t newest = s->base - s->branches + i;
        int32_t drawn = (int32_t)(rng_mix(pair ^ i) % (newest + 1));
        next[i] = is_among(next, i, drawn) ? (int32_t)newest : drawn;
    }
}

static size_t mix_unit(const struct data_spec *s)
{
    return s->digits + s->walk;
}

static enum status mix_open(struct data *d, struct err *err)
{
    const struct data_spec *s = &d->spec;
    size_t ranks, record = mix_unit(s);
    TRY(record_ranks(&ranks, s, err));
    TRY(data_check_size("branches", s->branches, 1, size_min(s->base, DATA_BRANCHES_MAX), err));
    TRY(data_check_ctx(d->ctx, record, "the record length data.digits + data.walk", err));
    struct zipf *z;
    TRY(size_calloc(&z, 1, sizeof *z, "markov-mix", err));
    d->state = z;
    TRY(zipf_init(z, ranks, s->exponent, err));
    d->vocab = s->base + 1;
    double chosen = log((double)s->base) + (double)(s->walk - 1) * log((double)s->branches);
    d->floor = (z->entropy + chosen) / (double)record;
    d->fingerprint = rng_mix(rng_mix(d->fingerprint ^ s->walk) ^ s->branches);
    return OK;
}

static void mix_close(void *state)
{
    zipf_free(state);
    free(state);
}

static void mix_draw(const struct data *d, int32_t *x, int32_t *y, struct rng *r)
{
    const struct data_spec *s = &d->spec;
    int32_t next[DATA_BRANCHES_MAX];
    for (size_t at = 0; at < d->ctx; at += mix_unit(s)) {
        size_t k = zipf_draw(d->state, r);
        int32_t *walk = y + at + s->digits;
        record_put_rank(y + at, s, k);
        walk[0] = (int32_t)rng_below(r, s->base);
        for (size_t i = 1; i < s->walk; i++) {
            successors(next, s, k, walk[i - 1]);
            walk[i] = next[rng_below(r, s->branches)];
        }
    }
    record_inputs(d, x, y);
}

static double mix_log_prob(const struct data *d, const int32_t *x, const int32_t *y)
{
    const struct data_spec *s = &d->spec;
    int32_t next[DATA_BRANCHES_MAX];
    double first = -log((double)s->base), each = -log((double)s->branches), sum = 0;
    (void)x; /* a window starts afresh */
    for (size_t at = 0; at < d->ctx; at += mix_unit(s)) {
        size_t k = record_rank(y + at, s);
        const int32_t *walk = y + at + s->digits;
        sum += zipf_log_prob(d->state, k) + first;
        for (size_t i = 1; i < s->walk; i++) {
            successors(next, s, k, walk[i - 1]);
            sum += is_among(next, s->branches, walk[i]) ? each : (double)-INFINITY;
        }
    }
    return sum;
}

static struct data_marks mix_marks(const struct data *d)
{
    return (struct data_marks){d->spec.walk > 1 ? "steps to a successor" : NULL, 1};
}

static enum data_mark mix_mark(const struct data *d, const int32_t *x, const int32_t *y, size_t i)
{
    const struct data_spec *s = &d->spec;
    size_t within = i % mix_unit(s);
    const int32_t *record = y + i - within;
    int32_t next[DATA_BRANCHES_MAX];
    (void)x;
    if (within <= s->digits)
        return DATA_FREE; /* a digit, or where a walk begins */
    if (!record_has_digits(record, within, s))
        return DATA_WRONG;
    successors(next, s, record_rank(record, s), y[i - 1]);
    return is_among(next, s->branches, y[i]) ? DATA_RIGHT : DATA_WRONG;
}

/* What a known pair saves each time it comes. */
static double pair_gain(const struct data_spec *s)
{
    return log((double)s->base / (double)s->branches) / (double)mix_unit(s);
}

static void mix_theory(struct data_theory *t, const struct data *d)
{
    if (d->spec.walk > 1 && d->spec.branches < d->spec.base)
        data_theory_zipf(t, d->spec.exponent, "pairs of source and symbol");
    else
        snprintf(t->says, sizeof t->says, "none: no successor can be learnt");
}

static size_t mix_n_pairs(const struct data *d)
{
    const struct zipf *z = d->state;
    return z->n * d->spec.base;
}

/* How often a walk of source k leaves each symbol, times `each`, into gain (base). here and there (base) are for use:
 * where the walk stands, and where one step later. */
static void gains_of_source(double *gain, double *here, double *there, const struct data_spec *s, size_t k, double each)
{
    int32_t next[DATA_BRANCHES_MAX];
    for (size_t i = 0; i < s->base; i++)
        here[i] = 1 / (double)s->base;
    for (size_t step = 1; step < s->walk; step++) {
        for (size_t i = 0; i < s->base; i++)
            there[i] = 0;
        for (size_t i = 0; i < s->base; i++) {
            gain[i] += here[i] * each;
            successors(next, s, k, (int32_t)i);
            for (size_t j = 0; j < s->branches; j++)
                there[next[j]] += here[i] / (double)s->branches;
        }
        double *swap = here;
        here = there;
        there = swap;
    }
}

static enum status mix_gains(double *gain, const struct data *d, struct err *err)
{
    const struct data_spec *s = &d->spec;
    const struct zipf *z = d->state;
    double *work;
    TRY(size_calloc(&work, 2 * s->base, sizeof *work, "a walk's places", err));
    for (size_t i = 0; i < mix_n_pairs(d); i++)
        gain[i] = 0;
    for (size_t k = 1; k <= z->n; k++)
        gains_of_source(gain + (k - 1) * s->base, work, work + s->base, s, k, exp(zipf_log_prob(z, k)) * pair_gain(s));
    free(work);
    return OK;
}

const struct data_source data_source_markov_mix = {
    .unit = mix_unit,
    .open = mix_open,
    .close = mix_close,
    .draw = mix_draw,
    .token_text = record_text,
    .starts = true,
    .marks = mix_marks,
    .mark = mix_mark,
    .log_prob = mix_log_prob,
    .theory = mix_theory,
    .n_facts = mix_n_pairs,
    .gains = mix_gains,
    .gain_of_one = pair_gain,
};
