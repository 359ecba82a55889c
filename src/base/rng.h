/* Random numbers: xoshiro256** (Blackman and Vigna 2018) seeded through splitmix64.
 *
 * A stream is named by a seed and up to three indices, so a draw never depends on what was drawn
 * before it elsewhere: the batch of step 1000 is the same whether or not steps 0 to 999 were run. */
#ifndef PLATEAU_BASE_RNG_H
#define PLATEAU_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* Streams of one run; the number is mixed into the seed. */
enum rng_stream {
    RNG_INIT = 1,
    RNG_DATA = 2,
    RNG_EVAL = 3,
    RNG_BOOTSTRAP = 4,
    RNG_SAMPLE = 5,
    RNG_LANGUAGE = 6,
    RNG_TEST = 7,
    RNG_SEARCH = 8,
    RNG_CORPUS = 9,
    RNG_MIX = 10,
};

struct rng rng_make(uint64_t seed, enum rng_stream stream, uint64_t a, uint64_t b);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, 1): 53 bits. */
double rng_double(struct rng *r);
/* Uniform in 0 .. n-1 without bias; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* Standard normal (Box-Muller, one draw of two used, so the state advances by a fixed amount). */
double rng_normal(struct rng *r);

/* The splitmix64 finaliser: a good 64-bit mixing function. */
uint64_t rng_mix(uint64_t x);

#endif
