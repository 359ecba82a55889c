/* What the configs of two sides differ in, as a comparison tells it: fit knows no configs, so they are handed in. */
#ifndef PLATEAU_FIT_COMPARE_DIFFERS_H
#define PLATEAU_FIT_COMPARE_DIFFERS_H

#include <stdbool.h>
#include <stddef.h>

struct differs_key {
    const char *key;      /* borrowed */
    char *base, *variant; /* JSON, owned, from malloc; NULL: none */
};

struct differs {
    bool known; /* both sides have configs; tables have none */
    struct differs_key *items; /* (n) owned */
    size_t n;
};

/* "train.lr 0.008 -> 0.004": words without their quotes, long values cut. Returns out. */
enum { DIFFERS_WORDS = 200 };
const char *differs_words(char out[DIFFERS_WORDS], const struct differs_key *k);
void differs_free(struct differs *d);

#endif
