#include "fit/table/cells.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
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

/* k, M, B or G, T, P, with a blank before it or not; a small m is a million too, for nobody counts in thousandths. */
static double suffix(const char *s)
{
    static const struct {
        char mark;
        double factor;
    } table[] = {{'k', 1e3}, {'m', 1e6}, {'b', 1e9}, {'g', 1e9}, {'t', 1e12}, {'p', 1e15}};
    s += *s == ' ';
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (tolower((unsigned char)s[0]) == table[i].mark && s[1] == '\0')
            return table[i].factor;
    return 0;
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

const char *cell_number(double *out, bool *scaled, const char *cell, bool decimal_comma)
{
    char buf[64], *end;
    *scaled = false;
    if (!decimal_comma && fast_number(out, cell))
        return NULL;
    const char *s = cell;
    if (strchr(s, ',') || strchr(s, '_') || decimal_comma) {
        if (doubtful(s, decimal_comma))
            return "may be a thousand or one beside decimal commas";
        if (!plain(buf, sizeof buf, s, decimal_comma))
            return "is not a number";
        s = buf;
    }
    if (strchr("+-.0123456789", s[0]) == NULL || strpbrk(s, "xX"))
        return "is not a number";
    errno = 0;
    double v = strtod(s, &end);
    if (end == s)
        return "is not a number";
    if (*end != '\0') {
        double factor = suffix(end);
        if (!(factor > 0))
            return "is not a number";
        *scaled = true;
        v *= factor;
    }
    if (!isfinite(v) || (v == 0 && errno == ERANGE))
        return "is not a finite number";
    *out = v;
    return NULL;
}

int cell_truth(const char *cell)
{
    static const char *const yes[] = {"true", "yes", "t", "y", "1", "1.0", NULL};
    static const char *const no[] = {"false", "no", "f", "n", "0", "0.0", NULL};
    return one_of(yes, cell) ? 1 : one_of(no, cell) ? 0 : -1;
}

double cell_unit(const char *unit)
{
    static const struct {
        const char *names[10];
        double factor;
    } units[] = {
        {{"k", "thousand", "thousands", "kflops", "kflop", "k tokens", "k params"}, 1e3},
        {{"m", "million", "millions", "mio", "mflops", "mflop", "m tokens", "m params"}, 1e6},
        {{"b", "bn", "billion", "billions", "g", "gflops", "gflop", "b tokens", "b params"}, 1e9},
        {{"t", "trillion", "trillions", "tflops", "tflop", "t tokens", "t params"}, 1e12},
        {{"p", "pflops", "pflop", "petaflops", "petaflop"}, 1e15},
        {{"eflops", "eflop", "exaflops", "exaflop"}, 1e18},
        {{"zflops", "zflop", "zettaflops", "zettaflop"}, 1e21},
        {{"pfdays", "pfday", "pflopsdays", "pflopsday", "pflopdays", "petaflopdays", "petaflopday",
          "petaflopsdays", "pfsdays", "petaflop/sdays"}, 8.64e19},
        {{"gigaflops", "gigaflop"}, 1e9},
        {{"teraflops", "teraflop", "tflopss"}, 1e12},
        {{"pflop/sdays", "pflop/sday", "pf/sdays", "pfsday", "petaflop/sday", "pflops/sdays", "pd"}, 8.64e19},
    };
    char flat[40];
    size_t n = 0;
    for (const char *p = unit; *p && n + 1 < sizeof flat; p++)
        if (*p != '-' && *p != '_' && *p != ' ')
            flat[n++] = *p;
    flat[n] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (size_t k = 0; k < 10 && units[i].names[k]; k++) {
            if (strcasecmp(units[i].names[k], unit) == 0 || strcasecmp(units[i].names[k], flat) == 0)
                return units[i].factor;
        }
    const char *power = strncmp(unit, "10^", 3) == 0 ? unit + 3 : strncasecmp(unit, "1e", 2) == 0 ? unit + 2 : NULL;
    if (power && isdigit((unsigned char)power[0]) && strlen(power) <= 2)
        return pow(10, atof(power));
    return 0;
}
