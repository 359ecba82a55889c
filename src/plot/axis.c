#include "plot/axis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

bool axis_shows(bool log, double v)
{
    /* beyond 1e300 the width of an axis would overflow */
    return fabs(v) <= 1e300 && (!log || v >= 1e-300);
}

double axis_at(const struct axis *a, double v)
{
    if (a->log)
        return (log(v) - log(a->lo)) / (log(a->hi) - log(a->lo));
    return (v - a->lo) / (a->hi - a->lo);
}

static void superscript(char *buf, size_t size, int exponent)
{
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char plain[16];
    snprintf(plain, sizeof plain, "%d", exponent);
    size_t n = 0;
    buf[0] = '\0';
    for (const char *p = plain; *p; p++) {
        const char *s = *p == '-' ? "⁻" : digits[*p - '0'];
        if (n + strlen(s) + 1 > size)
            return;
        strcpy(buf + n, s);
        n += strlen(s);
    }
}

/* v in this many significant digits: mantissa and power of ten. Rounding comes before anything else: 9.996 to three
 * digits is ten, and belongs to the next power. */
static double rounded(double v, int digits, int *exponent)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", digits - 1, v);
    char *e = strchr(text, 'e');
    CHECK(e);
    *e = '\0';
    *exponent = atoi(e + 1);
    return strtod(text, NULL);
}

/* What has no digits; true where v is that. */
static bool plain_label(char *buf, size_t size, double v)
{
    if (v != 0 && isfinite(v))
        return false;
    snprintf(buf, size, "%s", v == 0 ? "0" : "?");
    return true;
}

void axis_label_power(char *buf, size_t size, double v, int digits)
{
    char sup[40];
    int e;
    if (plain_label(buf, size, v))
        return;
    double mantissa = rounded(v, digits, &e);
    superscript(sup, sizeof sup, e);
    if (fabs(mantissa) == 1)
        snprintf(buf, size, "%s10%s", v < 0 ? "-" : "", sup);
    else
        snprintf(buf, size, "%.*g×10%s", digits, mantissa, sup);
}

void axis_label(char *buf, size_t size, double v, int digits)
{
    static const struct {
        int least, power;
        const char *suffix;
    } si[] = {{9, 9, "B"}, {6, 6, "M"}, {3, 3, "k"}, {-3, 0, ""}};
    int most = digits > 3 ? digits : 3, e;
    if (plain_label(buf, size, v))
        return;
    double mantissa = rounded(v, most, &e);
    if (e >= 12 || e < -3) {
        axis_label_power(buf, size, v, digits);
        return;
    }
    for (size_t i = 0; i < sizeof si / sizeof *si; i++)
        if (e >= si[i].least) {
            snprintf(buf, size, "%.*g%s", most, mantissa * pow(10, e - si[i].power), si[i].suffix);
            return;
        }
}

void axis_label_kind(char *buf, size_t size, enum axis_kind kind, double v, int digits)
{
    if (kind == AXIS_POWER)
        axis_label_power(buf, size, v, digits);
    else if (kind == AXIS_PERCENT && isfinite(v))
        snprintf(buf, size, "%.*g %%", digits > 3 ? digits : 3, 100 * v);
    else
        axis_label(buf, size, v, digits);
}

/* On an axis that needs powers of ten anywhere, every label is one. */
static void use_powers(struct axis *a)
{
    double biggest = fmax(fabs(a->lo), fabs(a->hi));
    if (a->kind == AXIS_PERCENT || a->kind == AXIS_POWER || (biggest < 1e12 && (!a->log || a->lo >= 1e-4)))
        return;
    for (size_t i = 0; i < a->n_ticks; i++)
        if (a->ticks[i].label[0])
            axis_label_power(a->ticks[i].label, sizeof a->ticks[i].label, a->ticks[i].value, a->log ? 3 : 7);
}

static void add_tick(struct axis *a, double v, bool labelled, int digits)
{
    if (a->n_ticks == AXIS_MAX_TICKS || v < a->lo - 1e-9 * fabs(a->lo) ||
        v > a->hi + 1e-9 * fabs(a->hi))
        return;
    struct axis_tick *t = &a->ticks[a->n_ticks++];
    t->value = v;
    t->label[0] = '\0';
    if (labelled)
        axis_label_kind(t->label, sizeof t->label, a->kind, v, digits);
}

/* Steps of 1, 2 or 5 times a power of ten: the smallest that gives at most `want` ticks. */
static double nice_step(double span, size_t want)
{
    double raw = span / (double)(want > 1 ? want : 1), p = pow(10, floor(log10(raw)));
    const double steps[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (steps[i] * p >= raw * (1 - 1e-9))
            return steps[i] * p;
    return 10 * p;
}

static void linear_ticks(struct axis *a, size_t want)
{
    double step = nice_step(a->hi - a->lo, want);
    if (floor(a->hi / step) - ceil(a->lo / step) < 1) /* 0 alone tells no scale */
        step /= 2;
    if (a->kind == AXIS_COUNT)
        step = fmax(step, 1);
    double biggest = fmax(fabs(a->lo), fabs(a->hi));
    int digits = (int)floor(log10(biggest) + 1e-9) - (int)floor(log10(step) + 1e-9) + 1;
    if (a->kind == AXIS_POWER) /* 10¹¹ and 1.5×10¹¹ */
        digits = digits < 3 ? 3 : digits;
    for (double k = ceil(a->lo / step - 1e-9); k * step <= a->hi + 1e-9 * step; k++) {
        double v = k * step;
        add_tick(a, fabs(v) < 1e-9 * step ? 0 : v, true, digits);
        if (a->n_ticks == AXIS_MAX_TICKS)
            break;
    }
}

/* The mantissas, in tenths, that get a label in each of `every` decades, most first; `between`: for what is left between a
 * decade and a part of one, where others are bunched at one end. */
static const struct {
    unsigned char tenths[11]; /* up to a 0 */
    bool between;
} patterns[] = {{{10, 20, 30, 40, 50, 60, 70, 80, 90}, false}, {{10, 20, 30, 50, 70}, false},
                {{10, 12, 15, 20, 25, 30, 40, 50, 60, 80}, true}, {{10, 15, 20, 30, 50, 70}, true},
                {{10, 20, 50}, false}, {{10, 30}, false}, {{10}, false}};
enum { N_PATTERNS = sizeof patterns / sizeof *patterns };

static double tenths_of(int tenths, int e)
{
    return (tenths % 10 ? tenths / 10.0 : tenths / 10) * pow(10, e);
}

static bool has_label(size_t pattern, int tenths)
{
    const unsigned char *p = patterns[pattern].tenths;
    while (*p && *p != tenths)
        p++;
    return *p != 0;
}

/* How a pattern's labels lie between lo and hi, as shares of a log axis. */
struct spacing {
    size_t n;
    double inner, ends; /* the widest part between two, and before the first or after the last */
};

static struct spacing spacing_of(const struct axis *a, size_t pattern, int first, int last)
{
    struct spacing s = {0};
    double before = a->lo, wide = log(a->hi / a->lo);
    for (int e = first; e <= last; e++)
        for (const unsigned char *t = patterns[pattern].tenths; *t; t++) {
            double v = tenths_of(*t, e);
            if (v < a->lo * (1 - 1e-9) || v > a->hi * (1 + 1e-9))
                continue;
            double *gap = s.n++ ? &s.inner : &s.ends;
            *gap = fmax(*gap, log(v / before) / wide);
            before = v;
        }
    s.ends = fmax(s.ends, log(a->hi / before) / wide);
    return s;
}

#define ENDS 0.2
/* Labels all along the axis, none of its ends without. A count has no parts. */
static bool is_even(const struct axis *a, size_t pattern, const struct spacing *s)
{
    bool parts = patterns[pattern].between && a->kind == AXIS_COUNT && a->lo < 10;
    return s->n >= 3 && s->inner <= 0.4 && s->ends <= ENDS && !parts;
}

/* The pattern with the most labels that are not more than wanted; about a decade, one that is even if there is. A part of
 * one that has none has steps of equal size: then N_PATTERNS. Below `between` decades patterns between are not asked. */
static size_t choose_pattern(const struct axis *a, size_t want, int first, int last, double between)
{
    const double decades = log10(a->hi) - log10(a->lo);
    size_t most = N_PATTERNS;
    for (size_t k = 0; k < N_PATTERNS; k++) {
        struct spacing s = spacing_of(a, k, first, last);
        if (s.n > want && k + 1 < N_PATTERNS)
            continue;
        if (decades < 1.5 && is_even(a, k, &s) && (decades > between || !patterns[k].between))
            return k;
        if (most == N_PATTERNS && !patterns[k].between)
            most = k;
    }
    return decades < 0.9 ? N_PATTERNS : most;
}

/* Whether steps of equal size leave no end without a label. */
static bool to_the_ends(const struct axis *a)
{
    return a->n_ticks > 0 && axis_at(a, a->ticks[0].value) <= ENDS && axis_at(a, a->ticks[a->n_ticks - 1].value) >= 1 - ENDS;
}

/* Decades apart where they are many; 1..9 of every decade as minor ticks where they are not too dense. */
static void log_ticks(struct axis *a, size_t want)
{
    const double decades = log10(a->hi) - log10(a->lo);
    const int first = (int)floor(log10(a->lo) + 1e-9), last = (int)ceil(log10(a->hi) - 1e-9);
    size_t pattern = choose_pattern(a, want, first, last, 0.45);
    int every = 1;
    if (pattern == N_PATTERNS) {
        linear_ticks(a, want);
        if (to_the_ends(a))
            return;
        a->n_ticks = 0;
        pattern = choose_pattern(a, want, first, last, 0);
    }
    if (pattern == N_PATTERNS) { /* a few more than wanted: the next finer step */
        linear_ticks(a, want * 5 / 4);
        return;
    }
    while ((double)(last - first) / every > (double)want)
        every++;
    for (int e = first; e <= last; e++)
        for (int t = 10; t < 100; t++) {
            bool labelled = e % every == 0 && has_label(pattern, t);
            if (labelled || (t % 10 == 0 && every == 1 && decades < 7))
                add_tick(a, tenths_of(t, e), labelled, 2);
        }
}

void axis_fit(struct axis *a, bool log_scale, double lo, double hi, size_t n, size_t want)
{
    axis_fit_kind(a, AXIS_PLAIN, log_scale, lo, hi, n, want);
}

void axis_fit_kind(struct axis *a, enum axis_kind kind, bool log_scale, double lo, double hi, size_t n, size_t want)
{
    *a = (struct axis){.log = log_scale, .kind = kind};
    if (n == 0) {
        lo = log_scale ? 1 : 0;
        hi = log_scale ? 10 : 1;
    }
    if (log_scale) {
        double air = fmax(1.05, exp(0.04 * (log(hi) - log(lo))));
        a->lo = fmax(lo / air, 1e-300);
        a->hi = fmin(hi * air, 1e300);
        log_ticks(a, want);
        use_powers(a);
        return;
    }
    if (fmax(fabs(lo), fabs(hi)) < 1e-290) /* steps of it would be 0 */
        lo = hi = 0;
    double span = hi - lo;
    /* Equal values, or all but: open the range around them. */
    if (!(span > 1e-9 * fmax(fabs(lo), fabs(hi))))
        span = lo == 0 ? 1 : 0.2 * fabs(lo);
    a->lo = lo - 0.04 * span;
    a->hi = hi + 0.04 * span;
    if (lo > 0.02 * span && a->lo < 0) /* nearer to 0 a mark would be cut by the axis */
        a->lo = 0;
    if (kind == AXIS_NAMES)
        a->lo = lo - 0.6, a->hi = hi + 0.6;
    else
        linear_ticks(a, want);
    use_powers(a);
}

void axis_name_places(struct axis *a, const char (*names)[AXIS_LABEL_MAX], size_t n)
{
    a->n_ticks = 0;
    for (size_t i = 0; i < n && a->n_ticks < AXIS_MAX_TICKS; i++) {
        struct axis_tick *t = &a->ticks[a->n_ticks];
        if (!names[i][0])
            continue;
        t->value = (double)(i + 1);
        snprintf(t->label, sizeof t->label, "%s", names[i]);
        a->n_ticks++;
    }
}
