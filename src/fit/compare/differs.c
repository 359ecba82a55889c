#include "fit/compare/differs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void differs_free(struct differs *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->items[i].base);
        free(d->items[i].variant);
    }
    free(d->items);
    *d = (struct differs){.known = false};
}

enum { VALUE_MAX = 60, DOTS = 3 };

/* Cut between characters. */
static void put_value(char out[VALUE_MAX + 1], const char *json)
{
    size_t n = json ? strlen(json) : 0;
    bool word = n > 1 && json[0] == '"' && json[n - 1] == '"';
    const char *from = word ? json + 1 : json;
    n -= word ? 2 : 0;
    bool cut = n > VALUE_MAX;
    for (n = cut ? VALUE_MAX - DOTS : n; cut && n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80; n--)
        ;
    snprintf(out, VALUE_MAX + 1, "%.*s%s", n ? (int)n : 4, n ? from : "none", cut ? "..." : "");
}

const char *differs_words(char out[DIFFERS_WORDS], const struct differs_key *k)
{
    char base[VALUE_MAX + 1], variant[VALUE_MAX + 1];
    put_value(base, k->base);
    put_value(variant, k->variant);
    snprintf(out, DIFFERS_WORDS, "%.60s %s -> %s", k->key, base, variant);
    return out;
}
