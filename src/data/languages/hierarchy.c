/* hierarchy: the random hierarchy model (Cagnetta et al. 2024, arXiv 2307.02129). A root symbol, drawn
 * uniformly, is rewritten depth times: every symbol becomes one of its `rules` tuples of `branching`
 * symbols of the level below, each as likely. No tuple belongs to two symbols, so a text has one
 * derivation and its probability is known. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "data/languages/record.h"

#define TUPLES_MAX ((size_t)1 << 20)
#define LEAVES_MAX ((size_t)1 << 16)

struct hierarchy {
    size_t tuples, leaves;
    int32_t *rule;  /* (depth, symbols, rules) the tuple's number, base `symbols`, first symbol first */
    int32_t *owner; /* (depth, tuples) the symbol that a tuple derives from, -1: none */
};

/* Distinct tuples, by rejection: even all of them take a few dozen draws each at most. */
static void draw_rules(struct hierarchy *h, const struct data_spec *s)
{
    size_t per_level = s->symbols * s->rules;
    for (size_t i = 0; i < s->depth * h->tuples; i++)
        h->owner[i] = -1;
    for (size_t level = 0; level < s->depth; level++) {
        struct rng r = rng_make(s->seed, RNG_LANGUAGE, DATA_HIERARCHY, level);
        int32_t *owner = h->owner + level * h->tuples, *rule = h->rule + level * per_level;
        for (size_t i = 0; i < per_level; i++) {
            size_t t;
            do
                t = (size_t)rng_below(&r, h->tuples);
            while (owner[t] >= 0);
            owner[t] = (int32_t)(i / s->rules);
            rule[i] = (int32_t)t;
        }
    }
}

/* Of a spec that hierarchy_open would refuse for its length, any. */
static size_t hierarchy_unit(const struct data_spec *s)
{
    size_t leaves = 1;
    (void)data_power(&leaves, s->branching, s->depth, LEAVES_MAX);
    return leaves;
}

static enum status hierarchy_open(struct data *d, struct err *err)
{
    const struct data_spec *s = &d->spec;
    struct hierarchy *h;
    size_t tuples, leaves;
    if (!data_power(&tuples, s->symbols, s->branching, TUPLES_MAX))
        return err_set(err, E_CONFIG, "data.symbols=%zu: symbols^branching = %zu^%zu exceeds %zu",
                       s->symbols, s->symbols, s->branching, TUPLES_MAX);
    if (!data_power(&leaves, s->branching, s->depth, LEAVES_MAX))
        return err_set(err, E_CONFIG, "data.depth=%zu: branching^depth = %zu^%zu exceeds %zu", s->depth,
                       s->branching, s->depth, LEAVES_MAX);
    TRY(data_check_size("rules", s->rules, 1, tuples / s->symbols, err));
    TRY(data_check_ctx(d->ctx, leaves, "the length of a text, data.branching ^ data.depth", err));
    TRY(size_calloc(&h, 1, sizeof *h, "hierarchy", err));
    d->state = h;
    h->tuples = tuples;
    h->leaves = leaves;
    TRY(size_calloc(&h->rule, s->depth * s->symbols * s->rules, sizeof *h->rule, "hierarchy", err));
    TRY(size_calloc(&h->owner, s->depth * tuples, sizeof *h->owner, "hierarchy", err));
    draw_rules(h, s);
    d->vocab = s->symbols + 1;
    double nodes = (double)(leaves - 1) / (double)(s->branching - 1);
    d->floor = (log((double)s->symbols) + nodes * log((double)s->rules)) / (double)leaves;
    return OK;
}

static void hierarchy_close(void *state)
{
    struct hierarchy *h = state;
    free(h->rule);
    free(h->owner);
    free(h);
}

/* Rewrite in place, from the right, so that no symbol is overwritten before it is read. */
static void draw_text(const struct data *d, int32_t *y, struct rng *r)
{
    const struct data_spec *s = &d->spec;
    const struct hierarchy *h = d->state;
    size_t n = 1;
    y[0] = (int32_t)rng_below(r, s->symbols);
    for (size_t level = 0; level < s->depth; level++, n *= s->branching)
        for (size_t i = n; i-- > 0;) {
            size_t pick = ((level * s->symbols) + (size_t)y[i]) * s->rules + (size_t)rng_below(r, s->rules);
            size_t tuple = (size_t)h->rule[pick];
            for (size_t j = s->branching; j-- > 0; tuple /= s->symbols)
                y[i * s->branching + j] = (int32_t)(tuple % s->symbols);
        }
}

static void hierarchy_draw(const struct data *d, int32_t *x, int32_t *y, struct rng *r)
{
    const struct hierarchy *h = d->state;
    for (size_t at = 0; at < d->ctx; at += h->leaves)
        draw_text(d, y + at, r);
    record_inputs(d, x, y);
}

/* Read a text back, level by level, to its root; false where it breaks a rule. */
static bool derives(const struct data *d, const int32_t *text, int32_t *scratch)
{
    const struct data_spec *s = &d->spec;
    const struct hierarchy *h = d->state;
    size_t n = h->leaves;
    for (size_t i = 0; i < n; i++)
        scratch[i] = text[i];
    for (size_t level = s->depth; level-- > 0;) {
        n /= s->branching;
        for (size_t i = 0; i < n; i++) {
            size_t tuple = 0;
            for (size_t j = 0; j < s->branching; j++)
                tuple = tuple * s->symbols + (size_t)scratch[i * s->branching + j];
            scratch[i] = h->owner[level * h->tuples + tuple];
            if (scratch[i] < 0)
                return false;
        }
    }
    return true;
}

static double hierarchy_log_prob(const struct data *d, const int32_t *x, const int32_t *y)
{
    const struct hierarchy *h = d->state;
    int32_t *scratch = malloc(h->leaves * sizeof *scratch);
    double each = -d->floor * (double)h->leaves, sum = 0;
    (void)x; /* a window starts afresh */
    if (!scratch)
        return (double)NAN;
    for (size_t at = 0; at < d->ctx; at += h->leaves)
        sum += derives(d, y + at, scratch) ? each : (double)-INFINITY;
    free(scratch);
    return sum;
}

/* The symbol that a group of n leaves derives from, level by level; -1: none. */
static int32_t symbol_of(const struct data *d, const int32_t *y, size_t n, size_t level)
{
    const struct data_spec *s = &d->spec;
    const struct hierarchy *h = d->state;
    size_t tuple = 0;
    if (n == 1)
        return (size_t)*y < s->symbols ? *y : -1;
    for (size_t j = 0; j < s->branching; j++) {
        int32_t part = symbol_of(d, y + j * (n / s->branching), n / s->branching, level + 1);
        if (part < 0)
            return -1;
        tuple = tuple * s->symbols + (size_t)part;
    }
    return h->owner[level * h->tuples + tuple];
}

static struct data_marks hierarchy_marks(const struct data *d)
{
    (void)d;
    return (struct data_marks){"ends of groups that a rule makes", 1};
}

/* The last symbol of a group is right where the largest group that it ends, and with it all in it, is one of the rules'. */
static enum data_mark hierarchy_mark(const struct data *d, const int32_t *x, const int32_t *y, size_t i)
{
    const struct data_spec *s = &d->spec;
    const struct hierarchy *h = d->state;
    size_t within = i % h->leaves + 1, n = 1, level = s->depth;
    (void)x;
    for (; level > 0 && within % (n * s->branching) == 0; level--)
        n *= s->branching;
    if (n == 1)
        return DATA_FREE;
    return symbol_of(d, y + i + 1 - n, n, level) >= 0 ? DATA_RIGHT : DATA_WRONG;
}

static void hierarchy_theory(struct data_theory *t, const struct data *d)
{
    const struct data_spec *s = &d->spec;
    t->source = "Cagnetta et al. 2024, arXiv 2307.02129";
    snprintf(t->says, sizeof t->says,
             "the levels are learnt one after the other; the root takes about v m^L = %.4g texts, %.4g tokens",
             (double)s->symbols * pow((double)s->rules, (double)s->depth),
             (double)s->symbols * pow((double)s->rules, (double)s->depth) * (double)data_unit(s));
}

const struct data_source data_source_hierarchy = {
    .unit = hierarchy_unit,
    .open = hierarchy_open,
    .close = hierarchy_close,
    .draw = hierarchy_draw,
    .token_text = record_text,
    .starts = true,
    .marks = hierarchy_marks,
    .mark = hierarchy_mark,
    .log_prob = hierarchy_log_prob,
    .theory = hierarchy_theory,
};
