/* Ranks with p_k proportional to k^-a, 1 <= k <= n, drawn in constant time by Walker's alias method
 * (Vose 1991). A threshold has 32 bits, so a probability is off by less than 2^-32. */
#ifndef PLATEAU_DATA_ZIPF_H
#define PLATEAU_DATA_ZIPF_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/status.h"

#define ZIPF_MAX ((size_t)1 << 24)

struct zipf {
    size_t n;
    double exponent, log_z; /* ln of sum k^-a */
    double entropy;         /* ln Z + (a/Z) sum k^-a ln k, in nats */
    uint32_t *threshold;    /* (n) keep slot i while the draw is below; else take alias */
    uint32_t *alias;        /* (n) */
};

/* 1 <= n <= ZIPF_MAX, a >= 0; zipf_free releases and zeroes, also after a failure. */
enum status zipf_init(struct zipf *z, size_t n, double exponent, struct err *err) WARN_UNUSED;
void zipf_free(struct zipf *z);

/* A rank, 1 .. n. */
size_t zipf_draw(const struct zipf *z, struct rng *r);

/* ln p_k. */
double zipf_log_prob(const struct zipf *z, size_t k);

#endif
