#include "report/number.h"

#include <math.h>
#include <stdio.h>

#include "fit/verdict/words.h"
#include "plot/axis.h"

static bool spans_decades(enum number_form form)
{
    return form == NUMBER_COUNT || form == NUMBER_COMPUTE;
}

/* How far the value may be off; NaN: not known. */
static double half_width(const struct fit_value *v)
{
    bool low = isfinite(v->lo), high = isfinite(v->hi);
    if (low && high)
        return (v->hi - v->lo) / 2;
    return low ? fabs(v->value - v->lo) : high ? fabs(v->hi - v->value) : (double)NAN;
}

/* Digits of x that the interval supports; fallback: where there is none. */
static int digits_of(double x, const struct fit_value *v, int fallback)
{
    double half = v ? half_width(v) : (double)NAN;
    if (!(half > 0) || x == 0 || !isfinite(x))
        return fallback;
    int digits = (int)floor(log10(fabs(x))) + 1 + words_places(half);
    return digits < 1 ? 1 : digits > 6 ? 6 : digits;
}

/* On a scale of decades: an interval of 5 % to either side leaves two digits. */
static int decade_digits(const struct fit_value *v)
{
    if (!v || !(v->lo > 0) || !(v->hi >= v->lo) || !isfinite(v->hi))
        return 3;
    double half = log(v->hi / v->lo) / 2;
    int digits = half > 0 ? words_places(half) : 3;
    return digits < 2 ? 2 : digits > 4 ? 4 : digits;
}

const char *number_bare(char *out, size_t size, enum number_form form, double x, int digits, bool copy)
{
    if (!isfinite(x))
        snprintf(out, size, "unknown");
    else if (form == NUMBER_COMPUTE && copy && (x >= 1e4 || x < 1e-3) && x > 0) {
        int e = (int)floor(log10(x) + 1e-12);
        double m = x / pow(10, e);
        char text[32];
        snprintf(text, sizeof text, "%.*g", digits, m);
        if (text[0] == '1' && text[1] == '0') /* 9.99 to two digits */
            snprintf(text, sizeof text, "1"), e++;
        snprintf(out, size, "%se%d", text, e);
    } else if (form == NUMBER_COMPUTE && !copy)
        axis_label_power(out, size, x, digits);
    else if (form == NUMBER_COUNT)
        axis_label(out, size, x, digits);
    else if (form == NUMBER_SHARE)
        snprintf(out, size, "%.*g %%", digits, 100 * x);
    else if (fabs(x) >= pow(10, digits) && fabs(x) < 1e6) { /* 400, not 4e+02 */
        double unit = pow(10, floor(log10(fabs(x))) + 1 - digits);
        snprintf(out, size, "%.0f", round(x / unit) * unit);
    } else
        snprintf(out, size, "%.*g", digits, x);
    return out;
}

/* No more digits than this, however narrow the interval. */
static int most_digits(enum number_form form)
{
    return form == NUMBER_LOSS ? 5 : 4;
}

/* Fixed places, so that a value and the ends of its interval end alike: 0.68 (0.60 to 0.76). */
static bool fixed(char *out, size_t size, enum number_form form, double x, const struct fit_value *v)
{
    double half = v ? half_width(v) : (double)NAN;
    int places = words_places(half), whole = v && v->value != 0 ? (int)floor(log10(fabs(v->value))) + 1 : 1;
    places = places > most_digits(form) - whole ? most_digits(form) - whole : places;
    if (!(half > 0) || places < 0 || places > 6 || fabs(x) >= 1e6)
        return false;
    snprintf(out, size, "%.*f", places, x);
    return true;
}

const char *number_say(char *out, size_t size, enum number_form form, double x, const struct fit_value *v, bool copy)
{
    bool plain = form == NUMBER_LOSS || form == NUMBER_PLAIN;
    if (!isfinite(x) || (v && isnan(v->lo) && isnan(v->hi)))
        return number_bare(out, size, form, x, form == NUMBER_LOSS ? 4 : 3, copy);
    if (plain && fixed(out, size, form, x, v))
        return out;
    int digits = spans_decades(form) ? decade_digits(v) : digits_of(x, v, form == NUMBER_LOSS ? 4 : 3);
    return number_bare(out, size, form, x, digits, copy);
}

const char *number_interval(char *out, size_t size, enum number_form form, const struct fit_value *v, bool copy)
{
    char a[NUMBER_MAX], b[NUMBER_MAX];
    bool low = isfinite(v->lo), high = isfinite(v->hi);
    if (low)
        number_say(a, sizeof a, form, v->lo, v, copy);
    if (high)
        number_say(b, sizeof b, form, v->hi, v, copy);
    if (low && high && spans_decades(form) && !words_quotable(v->lo, v->hi))
        snprintf(out, size, " (95 %%: over more than six decades)");
    else if (low && high)
        snprintf(out, size, " (95 %%: %s to %s)", a, b);
    else if (low || high)
        snprintf(out, size, " (95 %%: %s %s)", low ? "above" : "below", low ? a : b);
    else
        out[0] = '\0';
    return out;
}
