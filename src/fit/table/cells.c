#include "fit/table/cells.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool one_of(const char *const *words, const char *text)
{
    for (; *words; words++)
        if (strcasecmp(*words, text) == 0)
            return true;
    return false;
}

bool cell_is_missing(const char *cell)
{
    static const char *const words[] = {"", "nan", "-nan", "na", "n/a", "#n/a", "<na>", "null", "none", "nil", "missing", "-", "--",
                                        "\xe2\x80\x93", "\xe2\x80\x94", ".", "?", NULL};
    return cell[0] < '0' || cell[0] > '9' ? one_of(words, cell) : false;
}

bool cell_is_infinite(const char *cell)
{
    static const char *const words[] = {"inf", "+inf", "infinity", "+infinity", "\xe2\x88\x9e", NULL};
    return one_of(words, cell);
}

/* Digits in groups of three after the first 1 to 3, with `mark` between. */
static bool grouped(const char *s, char mark, const char **rest)
{
    size_t n = strspn(s, "0123456789");
    if (n < 1 || n > 3 || s[n] != mark || s[0] == '0')
        return false;
    for (s += n; *s == mark; s += 4)
        if (strspn(s + 1, "0123456789") < 3 || isdigit((unsigned char)s[4]))
            return false;
    *rest = s;
    return true;
}

enum cell_comma cell_comma(const char *cell)
{
    const char *s = cell + (*cell == '-' || *cell == '+'), *rest;
    const char *comma = strchr(s, ',');
    if (!comma || !isdigit((unsigned char)s[0]) || strlen(s + strspn(s, "0123456789.,_eE+-")) > 2)
        return CELL_NO_COMMA; /* the tail is a suffix at most */
    if (grouped(s, ',', &rest)) {
        if (strchr(comma + 1, ',') || *rest == '.')
            return CELL_THOUSANDS;
        return *rest == 'e' || *rest == 'E' ? CELL_DECIMAL : CELL_EITHER;
    }
    bool other = strchr(comma + 1, ',') || (memchr(s, '.', (size_t)(comma - s)) && !grouped(s, '.', &rest));
    return other ? CELL_NO_COMMA : CELL_DECIMAL;
}

/* Nouns that may follow a number or its unit: 70M params, 1.2e20 FLOP. */
static const char *const nouns[] = {"parameters", "parameter", "params", "param", "tokens", "token", "toks", "tok", "flops",
                                    "flop", NULL};

/* k, M, B or G, T, P, with a blank before it or not; a small m is a million too, for nobody counts in thousandths. Else a
 * unit in words: million, PF-days, ZFLOP; with a noun after it, or the noun alone. */
static double suffix(const char *s)
{
    static const struct {
        char mark;
        double factor;
    } table[] = {{'k', 1e3}, {'m', 1e6}, {'b', 1e9}, {'g', 1e9}, {'t', 1e12}, {'p', 1e15}};
    char word[40];
    s += strspn(s, " ");
    s += s[0] == '\xc2' && s[1] == '\xa0' ? 2 : 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (tolower((unsigned char)s[0]) == table[i].mark && s[1] == '\0')
            return table[i].factor;
    size_t n = strlen(s);
    if (n < 2 || n >= sizeof word || !isalpha((unsigned char)s[0]))
        return 0;
    if (one_of(nouns, s))
        return 1;
    double factor = cell_unit(s);
    for (size_t i = 0; nouns[i] && !(factor > 0); i++) {
        size_t m = strlen(nouns[i]);
        if (m + 1 < n && s[n - m - 1] == ' ' && strcasecmp(s + n - m, nouns[i]) == 0) {
            memcpy(word, s, n - m - 1);
            word[n - m - 1] = '\0';
            factor = cell_unit(word);
        }
    }
    return factor;
}

/* The number without its grouping marks and with a point: 0 where it does not fit or is doubtful. */
static bool plain(char *out, size_t size, const char *s, bool decimal_comma)
{
    char group = decimal_comma ? '.' : ',';
    const char *rest = NULL, *mark = strchr(s, group);
    bool groups = mark && grouped(s + (*s == '-' || *s == '+'), group, &rest);
    /* with decimal commas 1.0e6 is still a number of programs; two points or a comma after make it groups */
    if (groups && decimal_comma && !strchr(mark + 1, '.') && *rest != ',')
        groups = false;
    if (mark && !groups && !decimal_comma)
        return false;
    size_t n = 0;
    for (const char *p = s; *p; p++) {
        if ((groups && *p == group && p < rest) ||
            (*p == '_' && p > s && isdigit((unsigned char)p[-1]) && isdigit((unsigned char)p[1])))
            continue;
        if (n + 1 >= size)
            return false;
        out[n++] = *p == ',' ? '.' : *p;
    }
    out[n] = '\0';
    return true;
}

/* 1.000 beside decimal commas: a thousand, or one? */
static bool doubtful(const char *s, bool decimal_comma)
{
    const char *rest;
    if (!decimal_comma || strchr(s, ',') || !grouped(s, '.', &rest))
        return false;
    return *rest == '\0' && strchr(strchr(s, '.') + 1, '.') == NULL;
}

/* Up to 19 digits, a point and a small exponent, which covers nearly every cell: exact where digits and power of ten
 * both are (Clinger), and several times faster than strtod. False: not one of these. */
static bool fast_number(double *out, const char *s)
{
    static const double ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    unsigned long long m = 0;
    int digits = 0, point = 0, e = 0;
    bool seen = false;
    for (; (*s >= '0' && *s <= '9') || (*s == '.' && !seen); s++) {
        if (*s == '.') {
            seen = true;
            continue;
        }
        if (++digits > 15)
            return false;
        m = 10 * m + (unsigned long long)(*s - '0');
        point += seen;
    }
    if (digits == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        bool minus = s[1] == '-';
        s += 1 + (s[1] == '-' || s[1] == '+');
        if (*s < '0' || *s > '9')
            return false;
        for (; *s >= '0' && *s <= '9' && e < 100; s++)
            e = 10 * e + (*s - '0');
        e = minus ? -e : e;
    }
    e -= point;
    if (*s != '\0' || e > 22 || e < -22)
        return false;
    *out = e < 0 ? (double)m / ten[-e] : (double)m * ten[e];
    return true;
}

/* --- as papers and spreadsheets write numbers --------------------------------------------------------------------- */

static size_t take(const char *s, const char *const *marks)
{
    for (; *marks; marks++)
        if (strncmp(s, *marks, strlen(*marks)) == 0)
            return strlen(*marks);
    return 0;
}

static const char *const group_marks[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", "\xe2\x80\x99", "'", " ", NULL};
static const char *const times_marks[] = {"\xc3\x97", "\xc2\xb7", "\xe2\x8b\x85", "*", "x", "X", NULL};
static const char *const spread_marks[] = {"\xc2\xb1", "+/-", "+-", NULL};

/* 1 234 567, 1'234'567: groups of three after the first one to three, the same mark between all. */
static size_t spaced_group(const char *s, const char *begin, size_t digits)
{
    size_t n = take(s, group_marks);
    bool three = n && digits >= 1 && digits <= 3 && *begin != '0' && strspn(s + n, "0123456789") == 3;
    return three ? n : 0;
}

/* 10^20, 10**20, 10 with small raised digits: writes the digits of the power; how many bytes that took, 0: it is none. */
static size_t power_of_ten(char digits[8], const char *s)
{
    static const char *const raised[] = {"\xe2\x81\xb0", "\xc2\xb9", "\xc2\xb2", "\xc2\xb3", "\xe2\x81\xb4",
                                         "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7", "\xe2\x81\xb8", "\xe2\x81\xb9"};
    size_t at = 2, n = 0;
    if (strncmp(s, "10", 2) != 0)
        return 0;
    size_t sign = strncmp(s + 2, "**", 2) == 0 ? 2 : s[2] == '^';
    at += sign;
    if (sign) {
        if (s[at] == '-' || s[at] == '+')
            digits[n++] = s[at++];
        for (; isdigit((unsigned char)s[at]) && n < 6; at++)
            digits[n++] = s[at];
    }
    for (int k = 0; k < 10 && !sign && n < 6; k++)
        if (strncmp(s + at, raised[k], strlen(raised[k])) == 0) {
            digits[n++] = (char)('0' + k);
            at += strlen(raised[k]);
            k = -1;
        }
    digits[n] = '\0';
    return n > 0 && isdigit((unsigned char)digits[n - 1]) ? at : 0;
}

/* Into one form: about signs and what follows a plus-minus go, groups are joined, powers of ten become e20. False where
 * there was nothing of these, or no room. */
static bool simplify(char *out, size_t size, const char *s)
{
    bool changed = false;
    char digits[8];
    size_t n = 0, run = 0;
    const char *begin = s;
    if (*s == '~')
        s += 1 + (s[1] == ' '), changed = true;
    else if (strncmp(s, "\xe2\x89\x88", 3) == 0)
        s += 3 + (s[3] == ' '), changed = true;
    for (begin = s; *s;) {
        const char *after = s + strspn(s, " ");
        size_t m = take(after, times_marks), power = 0;
        if (n == 0 && (power = power_of_ten(digits, s)) > 0)
            after = s, m = 0;
        else if (m && n > 0)
            power = power_of_ten(digits, after + m + strspn(after + m, " ")), m += strspn(after + m, " ");
        if (n + 12 >= size)
            return false;
        if (n > 0 && take(after, spread_marks)) {
            changed = true;
            break;
        }
        if (power) {
            n += (size_t)(n == 0 ? sprintf(out, "1e%s", digits) : sprintf(out + n, "e%s", digits));
            s = after + m + power;
            changed = true;
            run = 0;
            continue;
        }
        size_t mark = spaced_group(s, begin, run);
        if (mark) {
            s += mark;
            begin = "1"; /* what follows may begin with 0 */
            run = 0;
            changed = true;
            continue;
        }
        run = isdigit((unsigned char)*s) ? run + 1 : 4; /* more than three: no group may follow */
        out[n++] = *s++;
    }
    out[n] = '\0';
    return changed;
}

static const char *read_number(double *out, bool *scaled, const char *cell, bool decimal_comma)
{
    char buf[64], *end;
    const char *s = cell;
    if (strchr(s, ',') || strchr(s, '_') || decimal_comma) {
        if (doubtful(s, decimal_comma))
            return CELL_DOUBTFUL;
        if (!plain(buf, sizeof buf, s, decimal_comma))
            return CELL_NO_NUMBER;
        s = buf;
    }
    if (strchr("+-.0123456789", s[0]) == NULL || strpbrk(s, "xX"))
        return CELL_NO_NUMBER;
    errno = 0;
    double v = strtod(s, &end);
    if (end == s)
        return CELL_NO_NUMBER;
    if (*end != '\0') {
        double factor = suffix(end);
        if (!(factor > 0))
            return CELL_NO_NUMBER;
        *scaled = true;
        v *= factor;
    }
    if (!isfinite(v) || (v == 0 && errno == ERANGE))
        return "is not a finite number";
    *out = v;
    return NULL;
}

const char *cell_number(double *out, bool *scaled, const char *cell, bool decimal_comma)
{
    char simple[80];
    *scaled = false;
    if (!decimal_comma && fast_number(out, cell))
        return NULL;
    const char *why = read_number(out, scaled, cell, decimal_comma);
    if (!why || strcmp(why, CELL_DOUBTFUL) == 0 || strlen(cell) > 60 || !simplify(simple, sizeof simple, cell))
        return why;
    *scaled = false;
    return read_number(out, scaled, simple, decimal_comma) ? why : NULL;
}

bool cell_has_spread(const char *cell)
{
    for (; *cell; cell++)
        if (take(cell, spread_marks))
            return true;
    return false;
}

bool cell_is_grouped(const char *cell, char mark)
{
    const char *rest, *first = strchr(cell, mark);
    return first && strchr(first + 1, mark) && grouped(cell, mark, &rest) && *rest == '\0';
}

int cell_truth(const char *cell)
{
    static const char *const yes[] = {"true", "yes", "t", "y", "1", "1.0", NULL};
    static const char *const no[] = {"false", "no", "f", "n", "0", "0.0", NULL};
    return one_of(yes, cell) ? 1 : one_of(no, cell) ? 0 : -1;
}

/* Letters and digits alone, in lower case, without the nouns at its end: "B tokens" is b, "PF-days" is pfdays. */
static void flatten_unit(char *flat, size_t size, const char *unit)
{
    size_t n = 0;
    for (const char *p = unit; *p && n + 1 < size; p++)
        if (!strchr("-_ /.", *p))
            flat[n++] = (char)tolower((unsigned char)*p);
    flat[n] = '\0';
    for (size_t i = 0; nouns[i]; i++) {
        size_t m = strlen(nouns[i]);
        if (n > m + 1 && strncmp(nouns[i], "flop", 4) != 0 && strcmp(flat + n - m, nouns[i]) == 0)
            flat[n -= m] = '\0';
    }
    if (n > 3 && strncmp(flat, "in", 2) == 0 && strcmp(flat + 2, "f") != 0)
        memmove(flat, flat + 2, n - 1);
    n = strlen(flat);
    if (n > 4 && strcmp(flat + n - 2, "of") == 0)
        flat[n - 2] = '\0';
}

double cell_unit(const char *unit)
{
    static const struct {
        const char *names[12];
        double factor;
    } units[] = {
        {{"k", "thousand", "thousands", "kflops", "kflop"}, 1e3},
        {{"m", "mm", "million", "millions", "mio", "mflops", "mflop", "megaflop", "megaflops"}, 1e6},
        {{"b", "bn", "billion", "billions", "g", "gflops", "gflop", "mrd", "gigaflops", "gigaflop"}, 1e9},
        {{"t", "tn", "trillion", "trillions", "tflops", "tflop", "teraflops", "teraflop", "tflopss"}, 1e12},
        {{"p", "pflops", "pflop", "petaflops", "petaflop", "quadrillion"}, 1e15},
        {{"e", "eflops", "eflop", "exaflops", "exaflop"}, 1e18},
        {{"z", "zflops", "zflop", "zettaflops", "zettaflop"}, 1e21},
        {{"y", "yflops", "yflop", "yottaflops", "yottaflop"}, 1e24},
        {{"pfdays", "pfday", "pflopsdays", "pflopsday", "pflopdays", "pflopday", "petaflopdays", "petaflopday",
          "petaflopsdays", "petaflopsday", "pfsdays", "pfsday"}, 8.64e19},
        {{"pd", "pflopssdays", "pflopssday", "petaflopssdays", "petaflopssday"}, 8.64e19},
        {{"exaflopdays", "exaflopsdays", "efdays", "eflopdays", "eflopsdays"}, 8.64e22},
        {{"tfdays", "tflopdays", "tflopsdays", "teraflopsdays"}, 8.64e16},
    };
    char flat[40];
    flatten_unit(flat, sizeof flat, unit);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (size_t k = 0; k < 12 && units[i].names[k]; k++)
            if (strcmp(units[i].names[k], flat) == 0)
                return units[i].factor;
    const char *s = flat;
    char digits[8];
    s += take(s, times_marks);
    if (power_of_ten(digits, s) > 0)
        return strlen(digits) <= 2 ? pow(10, atof(digits)) : 0;
    if (strncmp(s, "1e", 2) == 0 && isdigit((unsigned char)s[2])) {
        size_t n = strspn(s + 2, "0123456789");
        return n <= 2 && (s[2 + n] == '\0' || isalpha((unsigned char)s[2 + n])) ? pow(10, atof(s + 2)) : 0;
    }
    return 0;
}
