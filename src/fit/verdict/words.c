#include "fit/verdict/words.h"

#include <math.h>
#include <stdio.h>

#include "base/count.h"

const char *words_count(char *buf, size_t size, double v, bool compute)
{
    if (!isfinite(v)) {
        snprintf(buf, size, "unknown");
        return buf;
    }
    if (!compute && v < 1e15 && v >= 1e-3)
        return count_format(buf, size, v);
    if (!(v >= 1e4)) {
        snprintf(buf, size, "%.3g", v);
        return buf;
    }
    int e = (int)floor(log10(v) + 1e-12);
    snprintf(buf, size, "%.3ge%d", v / pow(10, e), e);
    return buf;
}

bool words_quotable(double lo, double hi)
{
    if (!isfinite(lo) || !isfinite(hi))
        return false;
    double a = fabs(lo), b = fabs(hi);
    return (lo < 0) != (hi < 0) || lo == 0 || fmax(a, b) <= WORDS_WIDEST * fmin(a, b);
}

/* What stands in the place of an interval that is no pair of numbers; NULL where it is one. */
static const char *unquotable(double lo, double hi)
{
    if (isnan(lo) || isnan(hi))
        return "";
    return words_quotable(lo, hi) ? NULL : " (its 95 % interval spans more than six decades)";
}

int words_places(double half)
{
    if (!(half > 0) || !isfinite(half))
        return 0;
    int e = (int)floor(log10(half));
    return half / pow(10, e) < 3.55 ? 1 - e : -e;
}

const char *words_value(char *buf, size_t size, double v, double lo, double hi, int digits)
{
    double half = (hi - lo) / 2;
    int places = words_places(half), whole = v != 0 && isfinite(v) ? (int)floor(log10(fabs(v))) + 1 : 1;
    if (!(half > 0) || !isfinite(half) || places < 0 || whole + places > digits)
        snprintf(buf, size, "%.*g", digits, v);
    else
        snprintf(buf, size, "%.*f", places, v);
    return buf;
}

const char *words_interval(char *buf, size_t size, double lo, double hi, int digits)
{
    const char *other = unquotable(lo, hi);
    char a[40], b[40];
    if (other)
        snprintf(buf, size, "%s", other);
    else
        snprintf(buf, size, " (95 %% interval %s to %s)", words_value(a, sizeof a, lo, lo, hi, digits),
                 words_value(b, sizeof b, hi, lo, hi, digits));
    return buf;
}

const char *words_count_interval(char *buf, size_t size, double lo, double hi, bool compute)
{
    char a[32], b[32];
    const char *other = unquotable(lo, hi);
    if (other)
        snprintf(buf, size, "%s", other);
    else
        snprintf(buf, size, " (95 %% interval %s to %s)", words_count(a, sizeof a, lo, compute),
                 words_count(b, sizeof b, hi, compute));
    return buf;
}
