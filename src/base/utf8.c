#include "base/utf8.h"

#include <string.h>

/* Unicode 15, table 3-7: the second byte has a range of its own after some first bytes, which is what keeps
 * overlong forms and surrogates out. */
static const struct {
    unsigned char first_lo, first_hi, second_lo, second_hi;
    size_t length;
} forms[] = {
    {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

size_t utf8_length(const char *s, size_t n)
{
    const unsigned char *b = (const unsigned char *)s;
    for (size_t i = 0; n > 0 && i < sizeof forms / sizeof *forms; i++) {
        if (b[0] < forms[i].first_lo || b[0] > forms[i].first_hi)
            continue;
        if (forms[i].length > n)
            return 0;
        if (forms[i].length > 1 && (b[1] < forms[i].second_lo || b[1] > forms[i].second_hi))
            return 0;
        for (size_t j = 2; j < forms[i].length; j++)
            if (b[j] < 0x80 || b[j] > 0xBF)
                return 0;
        return forms[i].length;
    }
    return 0;
}

/* Bytes of the character at s where it is well-formed and no control character, else 0. */
static size_t plain_length(const char *s, size_t n)
{
    unsigned char a = (unsigned char)s[0];
    size_t length = utf8_length(s, n);
    bool control = a < 0x20 || a == 0x7F || (a == 0xC2 && length == 2 && (unsigned char)s[1] < 0xA0);
    return control ? 0 : length;
}

bool utf8_is_plain(const char *s)
{
    for (size_t n = strlen(s), length; n > 0; s += length, n -= length)
        if ((length = plain_length(s, n)) == 0)
            return false;
    return true;
}

void utf8_make_plain(char *s)
{
    for (size_t n = strlen(s), length; n > 0; s += length, n -= length)
        if ((length = plain_length(s, n)) == 0) {
            *s = '?';
            length = 1;
        }
}
