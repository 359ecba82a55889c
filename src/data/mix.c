/* Windows of a second source among those of the first. */
#include "data/data_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

double data_mix_tokens(const struct data_mix *m, double tokens)
{
    double in_ramp = m->tokens > 0 ? fmin(tokens, m->tokens) : tokens, n = m->weight * in_ramp;
    if (m->tokens > 0) /* the integral of a straight line, then of what it has come to */
        n += (m->end_weight - m->weight) * in_ramp * in_ramp / (2 * m->tokens) + m->end_weight * (tokens - in_ramp);
    return fmin(fmax(n, 0), tokens);
}

/* What a run's seed decides of a mixture. */
struct order {
    double phase;  /* of the choice between the sources, in windows */
    uint64_t seed; /* of the second source: its windows must not be the first's where both are one language */
};

static struct order order_of(uint64_t seed)
{
    struct rng r = rng_make(seed, RNG_MIX, 0, 0);
    double phase = rng_double(&r);
    return (struct order){phase, rng_u64(&r)};
}

/* How many of the windows before this one are the second source's: as many as the weights add up to, but for less than one.
 * So both sources have the windows of their own in a row, each epoch by epoch, and any window is found at once. */
static uint64_t second_before(const struct data *d, double phase, uint64_t index)
{
    double n = data_mix_tokens(&d->mix, (double)index * (double)d->ctx) / (double)d->ctx;
    return (uint64_t)fmin(floor(n + phase), (double)index);
}

void data_mix_window(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index)
{
    struct order o = order_of(seed);
    uint64_t before = second_before(d, o.phase, index);
    if (second_before(d, o.phase, index + 1) > before)
        data_train_window(d->second, x, y, o.seed, before);
    else
        data_train_window(d, x, y, seed, index - before);
}

static uint64_t mixed_hash(uint64_t h, const struct data *second, const struct data_mix *m)
{
    const double numbers[] = {m->weight, m->end_weight, m->tokens};
    h = rng_mix(h ^ rng_mix(second->fingerprint));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint64_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        h = rng_mix(h ^ bits);
    }
    return h;
}

static bool same_content(const struct data_file *a, const struct data_file *b)
{
    return a->bytes == b->bytes && a->fingerprint == b->fingerprint;
}

/* Whether some of the i-th file is in the held-out set: of a file for that, or of any where there is none. */
static bool holds_out(const struct data *d, size_t i)
{
    return d->files[i].val || !d->files[d->n_files - 1].val; /* those for that come last */
}

static enum status check_pair(const struct data *d, const struct data *second, struct err *err)
{
    if (second->vocab != d->vocab)
        return err_set(err, E_CONFIG, "data.mix_source %s has %zu symbols, data.source %s %zu: they must be as many",
                       data_kind_name(second->spec.kind), second->vocab, data_kind_name(d->spec.kind), d->vocab);
    for (size_t i = 0; i < second->n_files; i++)
        for (size_t j = 0; j < d->n_files; j++)
            if (holds_out(d, j) && same_content(&second->files[i], &d->files[j]))
                return err_set(err, E_DATA,
                               "data.mix_files: %s has the bytes of %s, whose held-out part would be trained on",
                               second->files[i].path, d->files[j].path);
    return OK;
}

enum status data_mix_in(struct data *d, const struct data_spec *spec, const struct data_mix *m, struct err *err)
{
    struct data *second;
    struct data_spec whole = *spec;
    CHECK(!d->second && m->weight >= 0 && m->weight <= 1 && m->end_weight >= 0 && m->end_weight <= 1);
    whole.whole = true;
    whole.eval_tokens = 1; /* of no use */
    if (spec->kind == DATA_TOKENS && spec->vocab == 0)
        whole.vocab = d->vocab; /* none of its files need have the largest */
    if (data_open(&second, &whole, d->ctx, err) != OK)
        return err_wrap(err, "the second source, whose keys begin with data.mix_");
    enum status st = check_pair(d, second, err);
    if (st != OK) {
        data_close(second);
        return st;
    }
    char name[sizeof d->name];
    snprintf(name, sizeof name, "%.120s+%.120s", d->name, second->name);
    strcpy(d->name, name);
    d->second = second;
    d->mix = *m;
    d->fingerprint = mixed_hash(d->fingerprint, second, m);
    return OK;
}

const struct data *data_second(const struct data *d)
{
    return d->second;
}

double data_mix_passes(const struct data_mix *m, double corpus, double tokens)
{
    return corpus > 0 ? (tokens - data_mix_tokens(m, tokens)) / corpus : (double)NAN;
}

double data_passes(const struct data *d, double tokens)
{
    return data_mix_passes(&d->mix, (double)d->train_tokens, tokens);
}

double data_second_passes(const struct data *d, double tokens)
{
    bool ends = d->second && d->second->train_tokens > 0;
    return ends ? data_mix_tokens(&d->mix, tokens) / (double)d->second->train_tokens : (double)NAN;
}
