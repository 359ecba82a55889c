#include "base/count.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A plain decimal number with optional exponent; strtod alone would take "inf", "nan" and hex. */
static bool parse_number(double *out, const char *text, const char **rest)
{
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return false;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return false;
    char *end = NULL;
    double v = strtod(text, &end);
    if (end == text || !isfinite(v))
        return false;
    *out = v;
    *rest = end;
    return true;
}

bool count_parse(double *out, const char *text)
{
    double v;
    const char *rest;
    if (!parse_number(&v, text, &rest))
        return false;
    static const struct {
        char suffix;
        double factor;
    } table[] = {{'k', 1e3}, {'K', 1e3}, {'M', 1e6}, {'B', 1e9}, {'G', 1e9}, {'T', 1e12}, {'P', 1e15}};
    if (*rest != '\0') {
        size_t i = 0;
        while (i < sizeof table / sizeof *table && table[i].suffix != *rest)
            i++;
        if (i == sizeof table / sizeof *table || rest[1] != '\0')
            return false;
        v *= table[i].factor;
    }
    if (!isfinite(v))
        return false;
    *out = v;
    return true;
}

bool count_parse_seconds(double *out, const char *text)
{
    double v;
    const char *rest;
    if (!parse_number(&v, text, &rest))
        return false;
    double factor = 1.0;
    if (strcmp(rest, "m") == 0 || strcmp(rest, "min") == 0)
        factor = 60.0;
    else if (strcmp(rest, "h") == 0)
        factor = 3600.0;
    else if (strcmp(rest, "d") == 0)
        factor = 86400.0;
    else if (strcmp(rest, "s") != 0 && *rest != '\0')
        return false;
    if (!isfinite(v * factor))
        return false;
    *out = v * factor;
    return true;
}

static const struct {
    double factor;
    const char *suffix;
} scales[] = {{1e15, "P"}, {1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}, {1.0, ""}};

char *count_format(char *buf, size_t size, double value)
{
    if (!isfinite(value) || fabs(value) >= 1e18 || (value != 0 && fabs(value) < 1e-3)) {
        snprintf(buf, size, "%.3g", value);
        return buf;
    }
    size_t i = 0;
    /* 999.5 and above would print as 1e+03 with three digits, so it moves up one suffix. */
    while (i + 1 < sizeof scales / sizeof *scales && fabs(value) < 0.9995 * scales[i].factor)
        i++;
    snprintf(buf, size, "%.3g%s", value / scales[i].factor, scales[i].suffix);
    return buf;
}

char *count_format_bytes(char *buf, size_t size, double bytes)
{
    static const char prefix[] = {'k', 'M', 'G', 'T', 'P', 'E'};
    size_t i = 0;
    double v = bytes / 1e3;
    for (; v >= 999.5 && i + 1 < sizeof prefix; i++)
        v /= 1e3;
    if (bytes < 999.5)
        snprintf(buf, size, "%.0f B", bytes);
    else
        snprintf(buf, size, "%.3g %cB", v, prefix[i]);
    return buf;
}

char *count_format_exact(char *buf, size_t size, double value)
{
    for (size_t i = 0; i + 1 < sizeof scales / sizeof *scales; i++) {
        double q = value / scales[i].factor;
        if (q >= 1.0 && q == floor(q)) {
            snprintf(buf, size, "%.0f%s", q, scales[i].suffix);
            return buf;
        }
    }
    snprintf(buf, size, "%.0f", value);
    return buf;
}

char *count_format_seconds(char *buf, size_t size, double seconds)
{
    const double hour = 3600;
    if (!isfinite(seconds) || seconds < 0)
        snprintf(buf, size, "?");
    else if (seconds < 59.95)
        snprintf(buf, size, "%.*f s", seconds < 9.95 ? 1 : 0, seconds);
    else if (seconds < 3599.5)
        snprintf(buf, size, "%d min %02d s", (int)((seconds + 0.5) / 60), (int)(seconds + 0.5) % 60);
    else if (seconds < 100 * hour)
        snprintf(buf, size, "%d h %02d min", (int)((seconds + 30) / hour), (int)((seconds + 30) / 60) % 60);
    else if (seconds < 1000 * 24 * hour)
        snprintf(buf, size, "%d d %02d h", (int)((seconds / hour + 0.5) / 24), (int)(seconds / hour + 0.5) % 24);
    else
        snprintf(buf, size, "%.3g years", seconds / (365.25 * 24 * hour));
    return buf;
}
