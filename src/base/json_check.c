#include "base/json_check.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Enough for any file of ours, and far below what the stack or cJSON (1000) takes. */
enum { DEPTH_MAX = 100, SHOWN_MAX = 40 };

struct key {
    const char *text; /* after its opening quote */
    size_t size;      /* up to its closing quote */
};

struct scan {
    const char *begin, *end, *at;
    /* The keys of the objects that are open, outermost first; base: where each object's own begin. */
    struct key *keys;
    size_t n_keys, room, base[DEPTH_MAX], n_objects;
    size_t depth;
    enum status code;
    struct err *err;
};

/* ---- faults ---- */

static enum status fault(const struct scan *s, const char *at, const char *fmt, ...) PRINTF_LIKE(3, 4);

static enum status fault(const struct scan *s, const char *at, const char *fmt, ...)
{
    size_t line = 1, column = 1;
    for (const char *p = s->begin; p < at; p++) {
        if (*p == '\n')
            line++, column = 1;
        else if (((unsigned char)*p & 0xC0) != 0x80) /* characters, not bytes */
            column++;
    }
    char why[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return err_set(s->err, s->code, "line %zu column %zu: %s", line, column, why);
}

/* What stands at p, up to where a value must have ended, to be quoted in a message. */
static int word_length(const struct scan *s, const char *p)
{
    size_t n = 0;
    while (p + n < s->end && n < SHOWN_MAX && (isalnum((unsigned char)p[n]) || strchr("+-._", p[n])))
        n++;
    return (int)n;
}

static bool begins(const struct scan *s, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(s->end - s->at) >= n && memcmp(s->at, word, n) == 0;
}

/* Where a value, a comma or a bracket was expected: what people write there that JSON does not have. */
static enum status unexpected(const struct scan *s, const char *expected)
{
    if (s->at == s->end)
        return fault(s, s->at, "not valid JSON: the text ends, expected %s", expected);
    if (begins(s, "//") || begins(s, "/*") || *s->at == '#')
        return fault(s, s->at, "JSON has no comments: take out what begins with '%.*s'",
                     *s->at == '#' ? 1 : 2, s->at);
    if (*s->at == '\'')
        return fault(s, s->at, "not valid JSON: strings and keys stand in double quotes");
    int n = word_length(s, s->at);
    if (n == 0)
        n = (int)utf8_length(s->at, (size_t)(s->end - s->at));
    if ((unsigned char)*s->at < 0x20 || *s->at == 0x7F)
        return fault(s, s->at, "not valid JSON: a control character (byte 0x%02x), expected %s",
                     (unsigned char)*s->at, expected);
    return fault(s, s->at, "not valid JSON: '%.*s' where %s is expected", n, s->at, expected);
}

/* ---- characters ---- */

/* Zero bytes and what is no UTF-8, anywhere. */
static enum status check_bytes(const struct scan *s)
{
    for (const char *p = s->begin; p < s->end;) {
        size_t n = utf8_length(p, (size_t)(s->end - p));
        if (*p == '\0')
            return fault(s, p, "not a text: it holds a zero byte");
        if (n == 0)
            return fault(s, p, "not UTF-8: byte 0x%02x", (unsigned char)*p);
        p += n;
    }
    return OK;
}

static void skip_blank(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool hex4(unsigned *out, const char *p, const char *end)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        if (p + i >= end || !isxdigit((unsigned char)p[i]))
            return false;
        int c = tolower((unsigned char)p[i]);
        *out = *out * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

static bool is_high(unsigned u)
{
    return u >= 0xD800 && u <= 0xDBFF;
}

static bool is_low(unsigned u)
{
    return u >= 0xDC00 && u <= 0xDFFF;
}

/* The escape at s->at, a backslash, is passed over. */
static enum status skip_escape(struct scan *s)
{
    const char *p = s->at;
    unsigned u, low;
    if (p + 1 >= s->end)
        return fault(s, p, "not valid JSON: the text ends within a string");
    if (p[1] != 'u') {
        if (!strchr("\"\\/bfnrt", p[1]))
            return fault(s, p, "not valid JSON: a backslash in a string stands before one of \"\\/bfnrtu");
        s->at += 2;
        return OK;
    }
    if (!hex4(&u, p + 2, s->end))
        return fault(s, p, "not valid JSON: \\u takes four hexadecimal digits");
    if (u == 0)
        return fault(s, p, "\\u0000 in a string: a zero byte has no place in a text");
    s->at += 6;
    if (!is_high(u) && !is_low(u))
        return OK;
    if (is_low(u) || s->at + 1 >= s->end || s->at[0] != '\\' || s->at[1] != 'u' ||
        !hex4(&low, s->at + 2, s->end) || !is_low(low))
        return fault(s, p, "\\u%04x in a string is half of a surrogate pair", u);
    s->at += 6;
    return OK;
}

static enum status skip_string(struct scan *s)
{
    const char *open = s->at++;
    while (s->at < s->end && *s->at != '"') {
        if (*s->at == '\n' || *s->at == '\r')
            return fault(s, open, "not valid JSON: a string that begins here does not end on its line");
        if ((unsigned char)*s->at < 0x20)
            return fault(s, s->at, "not valid JSON: a control character (byte 0x%02x) in a string",
                         (unsigned char)*s->at);
        if (*s->at == '\\')
            TRY(skip_escape(s));
        else
            s->at++;
    }
    if (s->at == s->end)
        return fault(s, open, "not valid JSON: a string that begins here does not end");
    s->at++;
    return OK;
}

/* ---- keys ---- */

/* The next character of a key, decoded; the key has been checked. */
static unsigned long next_char(const char **p)
{
    const unsigned char *b = (const unsigned char *)*p;
    if (*b != '\\') {
        size_t n = utf8_length(*p, 4);
        unsigned long c = n == 1 ? b[0] : b[0] & (0xFFU >> (n + 1));
        for (size_t i = 1; i < n; i++)
            c = c << 6 | (b[i] & 0x3FU);
        *p += n;
        return c;
    }
    if (b[1] != 'u') {
        static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
        const char *l = strchr(letters, b[1]);
        *p += 2;
        return l ? (unsigned char)meant[l - letters] : b[1];
    }
    unsigned u = 0, low = 0;
    hex4(&u, *p + 2, *p + 6);
    *p += 6;
    if (!is_high(u))
        return u;
    hex4(&low, *p + 2, *p + 6);
    *p += 6;
    return 0x10000UL + ((unsigned long)(u - 0xD800) << 10) + (low - 0xDC00);
}

static int compare_keys(const struct key *x, const struct key *y)
{
    const char *a = x->text, *b = y->text, *a_end = a + x->size, *b_end = b + y->size;
    while (a < a_end && b < b_end) {
        unsigned long c = next_char(&a), d = next_char(&b);
        if (c != d)
            return c < d ? -1 : 1;
    }
    return (a < a_end) - (b < b_end);
}

/* Equal keys in the order of the text. */
static int by_name_and_place(const void *x, const void *y)
{
    const struct key *a = x, *b = y;
    int order = compare_keys(a, b);
    return order ? order : (a->text > b->text) - (a->text < b->text);
}

/* The names of the objects around a key, and its own, with dots between. */
static void key_path(char *out, size_t size, const struct scan *s, const struct key *last)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 1; i <= s->n_objects && used < size; i++) {
        const struct key *k = i < s->n_objects ? &s->keys[s->base[i] - 1] : last;
        size_t n = k->size;
        if (n > SHOWN_MAX) {
            n = SHOWN_MAX;
            while (n > 0 && ((unsigned char)k->text[n] & 0xC0) == 0x80)
                n--;
        }
        int wrote = snprintf(out + used, size - used, "%s%.*s", i > 1 ? "." : "", (int)n, k->text);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

/* Of the object that ends here. Sorting keeps an object of a million keys a matter of seconds. */
static enum status check_twice(struct scan *s)
{
    size_t n = s->n_keys - s->base[s->n_objects - 1];
    const struct key *again = NULL;
    if (n < 2)
        return OK;
    struct key *own = s->keys + s->base[s->n_objects - 1];
    qsort(own, n, sizeof *own, by_name_and_place);
    for (size_t i = 1; i < n; i++)
        if (compare_keys(&own[i - 1], &own[i]) == 0 && (!again || own[i].text < again->text))
            again = &own[i];
    if (!again)
        return OK;
    char path[6 * SHOWN_MAX];
    key_path(path, sizeof path, s, again);
    return fault(s, again->text - 1, "key '%s' is given twice", path);
}

static enum status push_key(struct scan *s, const char *text, size_t size)
{
    if (s->n_keys == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        struct key *grown = realloc(s->keys, room * sizeof *grown);
        if (!grown)
            return err_set(s->err, E_NOMEM, "out of memory reading JSON");
        s->keys = grown;
        s->room = room;
    }
    s->keys[s->n_keys++] = (struct key){text, size};
    return OK;
}

/* ---- values ---- */

static size_t digits(const char *p, const char *end)
{
    size_t n = 0;
    while (p + n < end && isdigit((unsigned char)p[n]))
        n++;
    return n;
}

size_t json_check_number(const char *text, size_t n)
{
    const char *p = text, *end = text + n;
    if (p < end && *p == '-')
        p++;
    size_t whole = digits(p, end);
    if (whole == 0)
        return 0;
    p += *p == '0' ? 1 : whole;
    if (p < end && *p == '.' && digits(p + 1, end) > 0)
        p += 1 + digits(p + 1, end);
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1 + (p + 1 < end && (p[1] == '+' || p[1] == '-'));
        if (digits(q, end) > 0)
            p = q + digits(q, end);
    }
    return (size_t)(p - text);
}

/* What is wrong with a word that was meant for a number. */
static const char *number_fault(const char *w, size_t n)
{
    size_t sign = n > 0 && (*w == '-' || *w == '+');
    const char *p = w + sign;
    if (*w == '+')
        return "has a plus sign in front";
    if (n - sign > 1 && *p == '0' && (p[1] == 'x' || p[1] == 'X'))
        return "is hexadecimal";
    if (n - sign > 1 && *p == '0' && isdigit((unsigned char)p[1]))
        return "begins with 0";
    if (n > sign && *p == '.')
        return "has no digit before the point";
    return NULL;
}

static enum status skip_number(struct scan *s)
{
    size_t n = json_check_number(s->at, (size_t)(s->end - s->at));
    size_t word = (size_t)word_length(s, s->at);
    if (n == 0 || n < word) {
        const char *why = number_fault(s->at, word);
        if (!why && n > 0 && s->at[n] == '.')
            why = "has no digit after the point";
        return fault(s, s->at, "not valid JSON: the number '%.*s' %s", (int)word, s->at,
                     why ? why : "is none that JSON knows (text stands in double quotes)");
    }
    char copy[64];
    if (n < sizeof copy) { /* a longer one is a long row of digits, which the parser reads as well as it can */
        memcpy(copy, s->at, n);
        copy[n] = '\0';
        if (!isfinite(strtod(copy, NULL)))
            return fault(s, s->at, "the number '%s' is too large", copy);
    }
    s->at += n;
    return OK;
}

static enum status skip_word(struct scan *s)
{
    static const struct {
        const char *word, *hint;
    } words[] = {{"true", NULL},
                 {"false", NULL},
                 {"null", NULL},
                 {"True", "JSON writes true"},
                 {"False", "JSON writes false"},
                 {"None", "JSON writes null"},
                 {"NaN", "JSON has no such number"},
                 {"nan", "JSON has no such number"},
                 {"Infinity", "JSON has no such number"},
                 {"inf", "JSON has no such number"},
                 {"undefined", "JSON has no such word"}};
    size_t n = (size_t)word_length(s, s->at);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].word) != n || !begins(s, words[i].word))
            continue;
        if (words[i].hint)
            return fault(s, s->at, "not valid JSON: '%s': %s", words[i].word, words[i].hint);
        s->at += n;
        return OK;
    }
    return fault(s, s->at, "not valid JSON: '%.*s': text stands in double quotes", (int)n, s->at);
}

static enum status skip_value(struct scan *s);

/* After an element: a comma and another one, or the closing bracket. *more: the comma. */
static enum status skip_separator(struct scan *s, char close, bool *more)
{
    skip_blank(s);
    const char *comma = s->at;
    *more = s->at < s->end && *s->at == ',';
    if (!*more) {
        if (s->at == s->end || *s->at != close)
            return unexpected(s, close == ']' ? "a comma or ]" : "a comma or }");
        s->at++;
        return OK;
    }
    s->at++;
    skip_blank(s);
    if (s->at < s->end && *s->at == close)
        return fault(s, comma, "not valid JSON: a comma before the closing %c: take it out", close);
    return OK;
}

static enum status skip_array(struct scan *s)
{
    bool more = true;
    s->at++;
    skip_blank(s);
    if (s->at < s->end && *s->at == ']') {
        s->at++;
        return OK;
    }
    while (more) {
        TRY(skip_value(s));
        TRY(skip_separator(s, ']', &more));
    }
    return OK;
}

static enum status skip_member(struct scan *s)
{
    skip_blank(s);
    const char *key = s->at;
    if (s->at == s->end || *s->at != '"') {
        int n = word_length(s, s->at);
        if (n > 0)
            return fault(s, s->at, "not valid JSON: the key %.*s stands in double quotes: \"%.*s\"", n, s->at, n,
                         s->at);
        return unexpected(s, "a key in double quotes");
    }
    TRY(skip_string(s));
    TRY(push_key(s, key + 1, (size_t)(s->at - key) - 2));
    skip_blank(s);
    if (s->at == s->end || *s->at != ':')
        return unexpected(s, "a colon");
    s->at++;
    return skip_value(s);
}

static enum status skip_object(struct scan *s)
{
    bool more = true;
    s->base[s->n_objects++] = s->n_keys;
    s->at++;
    skip_blank(s);
    if (s->at < s->end && *s->at == '}') {
        s->at++;
        more = false;
    }
    while (more) {
        TRY(skip_member(s));
        TRY(skip_separator(s, '}', &more));
    }
    TRY(check_twice(s));
    s->n_keys = s->base[--s->n_objects];
    return OK;
}

static enum status skip_value(struct scan *s)
{
    skip_blank(s);
    if (s->at == s->end)
        return unexpected(s, "a value");
    char c = *s->at;
    if (c == '"')
        return skip_string(s);
    if (isdigit((unsigned char)c) || c == '-' || c == '+' || c == '.')
        return skip_number(s);
    if (isalpha((unsigned char)c) || c == '_')
        return skip_word(s);
    if (c != '{' && c != '[')
        return unexpected(s, "a value");
    if (s->depth == DEPTH_MAX)
        return fault(s, s->at, "more than %d brackets are open", DEPTH_MAX);
    s->depth++;
    TRY(c == '{' ? skip_object(s) : skip_array(s));
    s->depth--;
    return OK;
}

enum status json_check(const char *text, size_t size, enum status code, struct err *err)
{
    struct scan s = {.begin = text, .end = text + size, .at = text, .code = code, .err = err};
    enum status st = check_bytes(&s);
    if (st == OK && begins(&s, "\xEF\xBB\xBF"))
        s.at += 3;
    if (st == OK)
        st = skip_value(&s);
    skip_blank(&s);
    if (st == OK && s.at < s.end)
        st = unexpected(&s, "the end of the text");
    free(s.keys);
    return st;
}
