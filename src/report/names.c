#include "report/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct name_row rows[] = {
#define X(id, key, symbol, words, form) {key, symbol, words, form},
    NAMES(X)
#undef X
};

const struct name_row *name_row(enum name name)
{
    return &rows[name];
}

static const struct {
    const char *word, *letter;
} greek[] = {{"alpha", "α"}, {"beta", "β"}, {"gamma", "γ"}, {"delta", "δ"}};

/* The word at p as a letter, or as it stands; returns its length. */
static size_t put_word(char *out, size_t size, const char *p)
{
    size_t n = 0, at = strlen(out);
    while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
    for (size_t i = 0; i < sizeof greek / sizeof *greek; i++)
        if (strlen(greek[i].word) == n && strncmp(p, greek[i].word, n) == 0) {
            snprintf(out + at, size - at, "%s", greek[i].letter);
            return n;
        }
    snprintf(out + at, size - at, "%.*s", (int)n, p);
    return n;
}

/* What is raised: a sign and a word or number, or what is in brackets. */
static size_t put_raised(char *out, size_t size, const char *p)
{
    size_t n = 0, at = strlen(out), depth = 0;
    snprintf(out + at, size - at, "%s", RICH_UP);
    if (p[n] == '-') {
        at = strlen(out);
        snprintf(out + at, size - at, "−");
        n++;
    }
    do {
        depth += p[n] == '(';
        if (isalnum((unsigned char)p[n])) {
            n += put_word(out, size, p + n);
        } else if (p[n]) {
            at = strlen(out);
            snprintf(out + at, size - at, "%c", p[n]);
            depth -= p[n] == ')';
            n++;
        }
    } while (p[n] && depth > 0);
    at = strlen(out);
    snprintf(out + at, size - at, "%s", RICH_END);
    return n;
}

void name_pretty(char *out, size_t size, const char *plain)
{
    out[0] = '\0';
    for (const char *p = plain; *p && strlen(out) + 1 < size;) {
        if (*p == '^') {
            p += 1 + put_raised(out, size, p + 1);
        } else if (isalnum((unsigned char)*p)) {
            p += put_word(out, size, p);
        } else {
            size_t at = strlen(out);
            snprintf(out + at, size - at, "%c", *p++);
        }
    }
}
