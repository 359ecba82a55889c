#include "data/languages/zipf.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

/* Vose's construction: slots below the mean are filled up from one above it. p (n) is consumed;
 * `work` (n) holds the short slots from the front and the tall ones from the back. */
static void build_alias(struct zipf *z, double *p, uint32_t *work)
{
    size_t n = z->n, n_short = 0, n_tall = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < 1)
            work[n_short++] = (uint32_t)i;
        else
            work[n - ++n_tall] = (uint32_t)i;
    }
    for (size_t i = 0; i < n; i++) {
        z->threshold[i] = UINT32_MAX;
        z->alias[i] = (uint32_t)i; /* full slots: either branch gives the slot itself */
    }
    while (n_short > 0 && n_tall > 0) {
        uint32_t s = work[--n_short], t = work[n - n_tall];
        z->threshold[s] = (uint32_t)(p[s] * 0x1p32);
        z->alias[s] = t;
        p[t] -= 1 - p[s];
        if (p[t] < 1) {
            n_tall--;
            work[n_short++] = t;
        }
    }
}

enum status zipf_init(struct zipf *z, size_t n, double exponent, struct err *err)
{
    *z = (struct zipf){.n = n, .exponent = exponent};
    CHECK(n >= 1 && n <= ZIPF_MAX);
    double *p = NULL;
    uint32_t *work = NULL;
    enum status st;
    if ((st = size_calloc(&z->threshold, n, sizeof *z->threshold, "alias table", err)) != OK ||
        (st = size_calloc(&z->alias, n, sizeof *z->alias, "alias table", err)) != OK ||
        (st = size_calloc(&p, n, sizeof *p, "probabilities", err)) != OK ||
        (st = size_calloc(&work, n, sizeof *work, "alias table", err)) != OK)
        goto done;
    double sum = 0, sum_log = 0;
    for (size_t k = n; k >= 1; k--) { /* small terms first */
        double l = log((double)k);
        p[k - 1] = exp(-exponent * l);
        sum += p[k - 1];
        sum_log += p[k - 1] * l;
    }
    z->log_z = log(sum);
    z->entropy = z->log_z + exponent / sum * sum_log;
    for (size_t i = 0; i < n; i++)
        p[i] *= (double)n / sum;
    build_alias(z, p, work);
done:
    free(work);
    free(p);
    return st;
}

void zipf_free(struct zipf *z)
{
    free(z->threshold);
    free(z->alias);
    *z = (struct zipf){0};
}

size_t zipf_draw(const struct zipf *z, struct rng *r)
{
    size_t slot = (size_t)rng_below(r, z->n);
    uint32_t u = (uint32_t)(rng_u64(r) >> 32);
    return 1 + (u < z->threshold[slot] ? slot : z->alias[slot]);
}

double zipf_log_prob(const struct zipf *z, size_t k)
{
    return -z->exponent * log((double)k) - z->log_z;
}
