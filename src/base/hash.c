#include "base/hash.h"

#include <string.h>

#include "base/rng.h"

uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;
    h = rng_mix(h ^ (uint64_t)n);
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        h = rng_mix(h ^ w);
    }
    if (n > 0) {
        uint64_t w = 0;
        memcpy(&w, p, n);
        h = rng_mix(h ^ w);
    }
    return h;
}
