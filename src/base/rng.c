#include "base/rng.h"

#include <math.h>

uint64_t rng_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

struct rng rng_make(uint64_t seed, enum rng_stream stream, uint64_t a, uint64_t b)
{
    uint64_t h = rng_mix(seed);
    h = rng_mix(h ^ (uint64_t)stream);
    h = rng_mix(h ^ a);
    h = rng_mix(h ^ b);
    struct rng r;
    for (int i = 0; i < 4; i++) {
        h += 0x9e3779b97f4a7c15u;
        r.s[i] = rng_mix(h);
    }
    return r;
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t out = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

double rng_double(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    /* Reject the short last interval, so that every residue is equally likely. */
    uint64_t limit = -n % n;
    uint64_t x;
    do
        x = rng_u64(r);
    while (x < limit);
    return x % n;
}

double rng_normal(struct rng *r)
{
    double u = 1.0 - rng_double(r); /* in (0, 1] */
    double v = rng_double(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586477 * v);
}
