/* zipf-facts (DESIGN section 6): records of a rank drawn from a Zipf law, written as digits, then value
 * tokens that are a fixed function of the rank, each replaced by noise with probability eps. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/rng.h"
#include "base/size.h"
#include "data/data_internal.h"

struct zipf {
    size_t b, m, v, K;
    double eps;
    double *cdf;    /* (K) cumulative probability of ranks 1 .. K */
    uint32_t *guide; /* (K) first rank whose cdf exceeds i / K: where a search starts */
};

/* A draw by inversion; the guide table makes the search O(1) on average (Chen and Asau 1974). */
static size_t draw_rank(const struct zipf *z, struct rng *r)
{
    double u = rng_double(r);
    size_t k = z->guide[(size_t)(u * (double)z->K)];
    while (k + 1 < z->K && z->cdf[k] <= u)
        k++;
    return k;
}

static int32_t value_token(const struct zipf *z, uint64_t seed, size_t k, size_t j)
{
    uint64_t h = rng_mix(rng_mix(rng_mix(seed) ^ (uint64_t)(k + 1)) ^ (uint64_t)(j + 1));
    return (int32_t)(h % z->b);
}

static void fill(const struct data *d, int32_t *x, int32_t *y, struct rng *r)
{
    const struct zipf *z = d->state;
    size_t record = z->m + z->v;
    for (size_t at = 0; at < d->ctx; at += record) {
        size_t k = draw_rank(z, r), rest = k;
        for (size_t i = z->m; i-- > 0; rest /= z->b)
            y[at + i] = (int32_t)(rest % z->b);
        for (size_t j = 0; j < z->v; j++) {
            bool noise = rng_double(r) < z->eps;
            y[at + z->m + j] = noise ? (int32_t)rng_below(r, z->b) : value_token(z, d->seed, k, j);
        }
    }
    x[0] = (int32_t)z->b; /* start of window */
    for (size_t i = 1; i < d->ctx; i++)
        x[i] = y[i - 1];
}

static void train_window(const struct data *d, int32_t *x, int32_t *y, uint64_t stream, uint64_t i)
{
    struct rng r = rng_make(stream, RNG_DATA, d->seed, i);
    fill(d, x, y, &r);
}

static void eval_window(const struct data *d, int32_t *x, int32_t *y, size_t i)
{
    struct rng r = rng_make(d->seed, RNG_EVAL, 0, i);
    fill(d, x, y, &r);
}

static void token_text(const struct data *d, char *buf, size_t size, int32_t token)
{
    const struct zipf *z = d->state;
    if ((size_t)token == z->b)
        snprintf(buf, size, "<start> ");
    else
        snprintf(buf, size, "%d ", token);
}

static void close_zipf(struct data *d)
{
    struct zipf *z = d->state;
    free(z->cdf);
    free(z->guide);
    free(z);
}

static enum status check_spec(size_t *K, const struct data *d, const struct data_spec *s,
                              struct err *err)
{
    size_t record = s->digits + s->values;
    *K = 1;
    for (size_t i = 0; i < s->digits; i++)
        if (!size_mul(K, *K, s->base) || *K > (size_t)1 << 24)
            return err_set(err, E_CONFIG, "data.base=%zu data.digits=%zu: more than 2^24 facts",
                           s->base, s->digits);
    if (d->ctx % record != 0)
        return err_set(err, E_CONFIG,
                       "model.ctx=%zu is not a multiple of a record, data.digits + data.values = %zu "
                       "(nearest: %zu)",
                       d->ctx, record,
                       size_max(1, (d->ctx + record / 2) / record) * record);
    return OK;
}

/* The exact floor and the sampling tables. */
static void fill_tables(struct data *d, struct zipf *z, double a)
{
    double Z = 0, mean_ln = 0, sum = 0;
    for (size_t k = z->K; k >= 1; k--) { /* small terms first */
        double p = pow((double)k, -a);
        Z += p;
        mean_ln += p * log((double)k);
    }
    for (size_t k = 1; k <= z->K; k++) {
        sum += pow((double)k, -a) / Z;
        z->cdf[k - 1] = sum;
    }
    size_t k = 0;
    for (size_t i = 0; i < z->K; i++) {
        while (k + 1 < z->K && z->cdf[k] <= (double)i / (double)z->K)
            k++;
        z->guide[i] = (uint32_t)k;
    }
    double b = (double)z->b, miss = z->eps / b, q = 1 - z->eps + miss;
    double H_K = log(Z) + a / Z * mean_ln;
    double H_eps = z->eps > 0 ? -q * log(q) - (b - 1) * miss * log(miss) : 0;
    d->floor = (H_K + (double)z->v * H_eps) / (double)(z->m + z->v);
}

enum status zipf_facts_open(struct data *d, const struct data_spec *s, struct err *err)
{
    size_t K;
    struct zipf *z;
    TRY(check_spec(&K, d, s, err));
    TRY(size_calloc(&z, 1, sizeof *z, "zipf-facts", err));
    *z = (struct zipf){.b = s->base, .m = s->digits, .v = s->values, .K = K, .eps = s->eps};
    d->state = z;
    enum status st = size_calloc(&z->cdf, K, sizeof *z->cdf, "zipf-facts", err);
    if (st == OK)
        st = size_calloc(&z->guide, K, sizeof *z->guide, "zipf-facts", err);
    if (st != OK) {
        close_zipf(d);
        return st;
    }
    fill_tables(d, z, s->exponent);
    d->vocab = s->base + 1;
    d->eval_windows = (s->eval_tokens + d->ctx - 1) / d->ctx;
    snprintf(d->name, sizeof d->name, "zipf-facts");
    const double facts[] = {(double)s->base, (double)s->digits, (double)s->values, s->eps,
                            s->exponent,     (double)s->seed,   (double)s->eval_tokens};
    d->fingerprint = hash_bytes(HASH_SEED, facts, sizeof facts);
    d->train_window = train_window;
    d->eval_window = eval_window;
    d->token_text = token_text;
    d->close = close_zipf;
    return OK;
}
