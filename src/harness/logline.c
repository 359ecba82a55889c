#include "harness/logline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static bool begins(const char *text, size_t n, const char *with)
{
    size_t m = strlen(with);
    return n >= m && memcmp(text, with, m) == 0;
}

struct logline logline_of(const char *text, size_t n)
{
    struct logline l = {LOGLINE_BAD, text, n};
    if (n < 2 || text[n - 1] != '}' || memchr(text, '\0', n))
        return l;
    if (begins(text, n, "{\"type\":\"step\","))
        l.kind = LOGLINE_STEP;
    else if (begins(text, n, "{\"type\":\"eval\","))
        l.kind = LOGLINE_EVAL;
    else if (begins(text, n, "{\"type\":\"start\","))
        l.kind = LOGLINE_START;
    return l;
}

bool logline_next(struct logline *l, const char **at, const char *end)
{
    if (*at >= end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    if (!stop) {
        *l = (struct logline){LOGLINE_BAD, *at, (size_t)(end - *at)};
        *at = end;
        return true;
    }
    *l = logline_of(*at, (size_t)(stop - *at));
    *at = stop + 1;
    return true;
}

/* The first byte after "key":, NULL where the line has none. */
static const char *value_of(const struct logline *l, const char *key)
{
    size_t n = strlen(key);
    for (const char *p = l->text, *end = l->text + l->n; p + n + 3 < end; p++)
        if (p[0] == '"' && memcmp(p + 1, key, n) == 0 && p[n + 1] == '"' && p[n + 2] == ':')
            return p + n + 3;
    return NULL;
}

double logline_number(const struct logline *l, const char *key)
{
    char text[40], *stop;
    const char *p = value_of(l, key);
    if (!p)
        return (double)NAN;
    size_t n = (size_t)(l->text + l->n - p);
    n = n < sizeof text - 1 ? n : sizeof text - 1;
    memcpy(text, p, n);
    text[n] = '\0';
    double v = strtod(text, &stop);
    return stop == text ? (double)NAN : v;
}

void logline_text(char *out, size_t size, const struct logline *l, const char *key)
{
    const char *p = value_of(l, key), *end = l->text + l->n;
    out[0] = '\0';
    if (!p || *p != '"')
        return;
    const char *stop = memchr(p + 1, '"', (size_t)(end - p - 1));
    size_t n = stop ? (size_t)(stop - p - 1) : size;
    if (n >= size)
        return;
    memcpy(out, p + 1, n);
    out[n] = '\0';
}

size_t logline_first_bad(const char *text, size_t size)
{
    struct logline l;
    size_t number = 0;
    for (const char *at = text; logline_next(&l, &at, text + size);) {
        number++;
        if (l.kind == LOGLINE_BAD || (l.kind == LOGLINE_START) != (number == 1))
            return number;
    }
    return number == 0;
}

uint64_t logline_checksum(const char *text, size_t size)
{
    static const char key[] = "\"tokens_per_s\":";
    const char *end = text + size;
    struct logline l;
    uint64_t h = HASH_SEED;
    for (const char *at = text; logline_next(&l, &at, end);) {
        const char *speed = value_of(&l, "tokens_per_s");
        size_t before = speed ? (size_t)(speed - l.text) - (sizeof key - 1) : l.n;
        h = hash_bytes(h, l.text, before);
        if (!speed)
            continue;
        const char *after = speed;
        while (after < l.text + l.n && *after != ',' && *after != '}')
            after++;
        h = hash_bytes(h, after, (size_t)(l.text + l.n - after));
    }
    return h;
}
