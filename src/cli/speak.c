#include "cli/speak.h"

#include <string.h>

#include "base/utf8.h"

/* Bytes of a character that begins so, 1 to 4; 0: none does. */
static size_t length_of(unsigned char first)
{
    if (first >= 0x80 && first < 0xC2)
        return 0;
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first <= 0xF4 ? 4 : 0;
}

/* Whether these may be the beginning of one: completed with the lowest or the highest bytes, one of both would be. */
static bool may_begin(const unsigned char *held, size_t n)
{
    for (int high = 0; high < 2; high++) {
        char whole[4];
        memset(whole, high ? 0xBF : 0x80, sizeof whole);
        memcpy(whole, held, n);
        if (utf8_length(whole, sizeof whole) == length_of(held[0]))
            return true;
    }
    return false;
}

static void put(struct speaker *s, size_t n)
{
    unsigned char c = s->held[0];
    bool control = n == 1 ? (c < ' ' && c != '\n' && c != '\t') || c == 0x7F : n == 2 && c == 0xC2 && s->held[1] < 0xA0;
    if (!s->terminal || !control)
        fwrite(s->held, 1, n, s->out);
    else if (n == 1)
        fprintf(s->out, "^%c", c ^ 0x40);
    else
        fprintf(s->out, "\\u%04x", s->held[1]);
    s->n -= n;
    memmove(s->held, s->held + n, s->n);
}

/* The first byte is none of a character's. */
static void put_stray(struct speaker *s)
{
    fprintf(s->out, "\\x%02x", s->held[0]);
    s->n--;
    memmove(s->held, s->held + 1, s->n);
}

/* All that is settled. */
static void settle(struct speaker *s)
{
    while (s->n > 0) {
        size_t whole = utf8_length((const char *)s->held, s->n), length = length_of(s->held[0]);
        if (whole > 0)
            put(s, whole);
        else if (length > s->n && may_begin(s->held, s->n))
            return;
        else
            put_stray(s);
    }
}

void speak(struct speaker *s, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->held[s->n++] = bytes[i];
        settle(s);
    }
}

void speak_end(struct speaker *s)
{
    while (s->n > 0)
        put_stray(s);
}
