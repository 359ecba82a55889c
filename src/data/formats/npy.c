/* NumPy's .npy (numpy.lib.format): "\x93NUMPY", version, length of the header, and a dictionary as Python writes it,
 *
 *     {'descr': '<u2', 'fortran_order': False, 'shape': (1000,), }
 *
 * padded with blanks, a line break at the end; then the array. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "data/formats/token_format.h"

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

static bool is(const unsigned char *bytes, size_t n)
{
    return n >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

/* Where we are in the dictionary. */
struct scan {
    const char *at, *end;
};

static void skip_blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n'))
        s->at++;
}

/* Whether that comes next, which is then passed over. */
static bool take(struct scan *s, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(s);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

/* A string in quotes of either kind, without escapes. */
static bool take_string(char *out, size_t size, struct scan *s)
{
    char quote = take(s, "'") ? '\'' : take(s, "\"") ? '"' : '\0';
    size_t n = 0;
    if (!quote)
        return false;
    while (s->at < s->end && *s->at != quote && n + 1 < size)
        out[n++] = *s->at++;
    out[n] = '\0';
    return s->at < s->end && *s->at++ == quote;
}

static bool take_number(size_t *out, struct scan *s)
{
    size_t v = 0, digits = 0;
    skip_blanks(s);
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++, digits++)
        if (!size_mul(&v, v, 10) || !size_add(&v, v, (size_t)(*s->at - '0')))
            return false;
    *out = v;
    return digits > 0;
}

struct dictionary {
    char descr[16];
    bool fortran;
    size_t dims, n; /* n: the product of the dimensions */
};

static bool take_shape(struct dictionary *d, struct scan *s)
{
    size_t v;
    d->n = 1;
    if (!take(s, "("))
        return false;
    for (d->dims = 0; !take(s, ")"); d->dims++) {
        if (!take_number(&v, s) || !size_mul(&d->n, d->n, v))
            return false;
        if (!take(s, ",") && !(s->at < s->end && *s->at == ')'))
            return false;
    }
    return true;
}

/* Each of the three keys once, in any order. */
static bool read_dictionary(struct dictionary *d, struct scan *s)
{
    char key[24];
    unsigned seen = 0, now;
    *d = (struct dictionary){0};
    if (!take(s, "{"))
        return false;
    while (!take(s, "}")) {
        if (!take_string(key, sizeof key, s) || !take(s, ":"))
            return false;
        bool good = false;
        if (strcmp(key, "descr") == 0)
            now = 1, good = take_string(d->descr, sizeof d->descr, s);
        else if (strcmp(key, "fortran_order") == 0)
            now = 2, good = (d->fortran = take(s, "True")) || take(s, "False");
        else if (strcmp(key, "shape") == 0)
            now = 4, good = take_shape(d, s);
        else
            return false;
        if (!good || (seen & now))
            return false;
        seen |= now;
        if (!take(s, ",") && !(s->at < s->end && *s->at == '}'))
            return false;
    }
    skip_blanks(s);
    return seen == 7 && s->at == s->end;
}

static const struct type {
    const char *descr;
    size_t width;
} types[] = {{"<u2", 2}, {"<u4", 4}, {"<i4", 4}}; /* a negative token is beyond any vocabulary */

static enum status lay_out(struct token_layout *l, const struct dictionary *d, size_t at, size_t n, struct err *err)
{
    const struct type *type = NULL;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].descr, d->descr) == 0)
            type = &types[i];
    if (!type)
        return err_set(err, E_DATA, "an array of '%.15s', where tokens are '<u2', '<u4' or '<i4': numpy.save(FILE, "
                       "a.astype('uint16')) or uint32 makes one", d->descr);
    if (d->dims != 1)
        return err_set(err, E_DATA, "an array of %zu dimensions, where tokens have one: numpy.save(FILE, a.ravel()) makes one",
                       d->dims);
    if (d->n == 0)
        return err_set(err, E_DATA, "an array without elements");
    if (d->n > (n - at) / type->width || n - at != d->n * type->width)
        return err_set(err, E_DATA, "its header says %zu elements of %zu bytes, and %zu bytes follow: %s", d->n, type->width,
                       n - at, d->n > (n - at) / type->width ? "it was cut off" : "it goes on");
    *l = (struct token_layout){.at = at, .n = d->n, .width = type->width};
    return OK;
}

static enum status read(struct token_layout *l, const unsigned char *bytes, size_t n, struct err *err)
{
    struct dictionary d;
    unsigned version = n > 6 ? bytes[6] : 0;
    size_t length_bytes = version == 1 ? 2 : 4, length = 0, at = 8 + length_bytes;
    if (n < at)
        return err_set(err, E_DATA, "%zu bytes: it ends within the header of a .npy array", n);
    if (version < 1 || version > 3)
        return err_set(err, E_DATA, "version %u of .npy, where 1 to 3 are known", version);
    for (size_t i = 0; i < length_bytes; i++)
        length |= (size_t)bytes[8 + i] << 8 * i;
    if (length > n - at)
        return err_set(err, E_DATA, "its header says that it has %zu bytes, and %zu follow", length, n - at);
    struct scan s = {(const char *)bytes + at, (const char *)bytes + at + length};
    if (!read_dictionary(&d, &s))
        return err_set(err, E_DATA, "the header of a .npy array is not {'descr': ..., 'fortran_order': ..., 'shape': ...}");
    return lay_out(l, &d, at + length, n, err); /* one dimension is the same in both orders */
}

const struct token_format token_format_npy = {is, read};
