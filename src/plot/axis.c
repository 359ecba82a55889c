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

static void linear_ticks(struct axis *a, size_t want, bool extend)
{
    double step = nice_step(a->hi - a->lo, want);
    if (extend) {
        a->lo = floor(a->lo / step + 1e-9) * step;
        a->hi = ceil(a->hi / step - 1e-9) * step;
    }
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

/* The mantissas that get a label in each of `every` decades, most first. */
static const struct {
    const char *digits;
    int per_decade;
} patterns[] = {{"123456789", 9}, {"12357", 5}, {"125", 3}, {"13", 2}, {"1", 1}};

/* So many of a pattern's labels lie between lo and hi. */
static size_t labels_of(const struct axis *a, const char *digits, int first, int last)
{
    size_t n = 0;
    for (int e = first; e <= last; e++)
        for (const char *p = digits; *p; p++) {
            double v = (*p - '0') * pow(10, e);
            n += v >= a->lo * (1 - 1e-9) && v <= a->hi * (1 + 1e-9);
        }
    return n;
}

/* The widest part of a log axis without a label, as a share of it. */
static double widest_gap(const struct axis *a, const char *digits, int first, int last)
{
    double before = a->lo, widest = 0;
    for (int e = first; e <= last; e++)
        for (const char *p = digits; *p; p++) {
            double v = (*p - '0') * pow(10, e);
            if (v < a->lo || v > a->hi)
                continue;
            widest = fmax(widest, log(v / before));
            before = v;
        }
    return fmax(widest, log(a->hi / before)) / log(a->hi / a->lo);
}

/* The pattern with the most labels that are not more than wanted, decades apart after that; 1..9 of every decade as minor
 * ticks where they are not too dense. */
static void log_ticks(struct axis *a, size_t want)
{
    double decades = log10(a->hi) - log10(a->lo);
    int first = (int)floor(log10(a->lo) + 1e-9), last = (int)ceil(log10(a->hi) - 1e-9);
    size_t k = 0;
    while (k + 1 < sizeof patterns / sizeof *patterns && labels_of(a, patterns[k].digits, first, last) > want)
        k++;
    /* short of a decade labels may be few, or bunched at one end */
    if (decades < 0.9 && (labels_of(a, patterns[k].digits, first, last) < 3 ||
                          widest_gap(a, patterns[k].digits, first, last) > 0.4)) {
        linear_ticks(a, want, false);
        return;
    }
    int every = 1;
    while ((double)(last - first) / every > (double)want)
        every++;
    for (int e = first; e <= last; e++)
        for (int m = 1; m <= 9; m++) {
            bool labelled = e % every == 0 && strchr(patterns[k].digits, '0' + m);
            if (labelled || (every == 1 && decades < 7))
                add_tick(a, m * pow(10, e), labelled, 1);
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
    if (lo >= 0 && a->lo < 0)
        a->lo = 0;
    if (kind == AXIS_NAMES)
        a->lo = lo - 0.6, a->hi = hi + 0.6;
    else
        linear_ticks(a, want, false);
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
