/* Axes: ranges, where ticks stand, and what they say. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/axis.h"

static void check_axis(const struct axis *a, double lo, double hi)
{
    size_t labelled = 0;
    EXPECT_MSG(a->lo <= lo && a->hi >= hi, "%g to %g does not hold %g to %g", a->lo, a->hi, lo, hi);
    for (size_t i = 0; i < a->n_ticks; i++) {
        const struct axis_tick *t = &a->ticks[i];
        double at = axis_at(a, t->value);
        EXPECT_MSG(at >= -1e-6 && at <= 1 + 1e-6, "a tick at %g outside %g to %g", t->value, a->lo, a->hi);
        EXPECT_MSG(i == 0 || t->value > a->ticks[i - 1].value, "ticks out of order at %g", t->value);
        labelled += t->label[0] != '\0';
        for (size_t j = 0; j < i; j++)
            EXPECT_MSG(!t->label[0] || strcmp(t->label, a->ticks[j].label) != 0,
                       "label %s twice on %g to %g", t->label, a->lo, a->hi);
    }
    EXPECT_MSG(labelled >= 2 && labelled <= 14, "%zu labels on %g to %g (log %d)", labelled, a->lo, a->hi,
               a->log);
}

static void axes_of_any_range(void)
{
    for (int i = 0; i < 20000 && !test_failed(); i++) {
        struct axis a;
        double lo = pow(10, 30 * rng_double(test_rng()) - 10);
        double hi = lo * pow(10, pow(10, 3 * rng_double(test_rng()) - 2));
        axis_fit(&a, true, lo, hi, 2, 8);
        check_axis(&a, lo, hi);
        double x = (rng_double(test_rng()) - 0.5) * lo, w = hi * (rng_double(test_rng()) + 1e-6);
        axis_fit(&a, false, x, x + w, 2, 8);
        check_axis(&a, x, x + w);
    }
}

static void axes_of_little(void)
{
    struct axis a;
    axis_fit(&a, false, 3, 3, 1, 8);
    check_axis(&a, 3, 3);
    axis_fit(&a, true, 3, 3, 1, 8);
    EXPECT(a.lo < 3 && a.hi > 3);
    axis_fit(&a, false, 0, 0, 1, 8);
    check_axis(&a, 0, 0);
    axis_fit(&a, true, 0, 0, 0, 8);
    EXPECT(a.lo < a.hi && a.lo > 0);
    EXPECT(!axis_shows(true, 0) && !axis_shows(true, -1) && axis_shows(false, -1));
    EXPECT(!axis_shows(false, (double)NAN) && !axis_shows(true, (double)INFINITY));
}

static void labels(void)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0, "0"},      {250000, "250k"}, {1e6, "1M"},     {1.5e6, "1.5M"}, {2e9, "2B"},
                 {0.05, "0.05"}, {-3, "-3"},       {1e12, "10¹²"}, {3e13, "3×10¹³"}, {1e-5, "10⁻⁵"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buf[AXIS_LABEL_MAX];
        axis_label(buf, sizeof buf, cases[i].v, 2);
        EXPECT_MSG(strcmp(buf, cases[i].text) == 0, "%g is '%s', expected '%s'", cases[i].v, buf,
                   cases[i].text);
    }
}

/* What rounds up to the next power belongs to it; what is no number has no digits. */
static void labels_round_first(void)
{
    static const struct {
        bool power;
        double v;
        const char *text;
    } cases[] = {{true, 9.996e10, "10¹¹"},     {true, 9.994e10, "9.99×10¹⁰"}, {true, -9.999e15, "-10¹⁶"},
                 {true, 9.9999e-8, "10⁻⁷"},    {true, 5e-324, "4.94×10⁻³²⁴"}, {true, 1e308, "10³⁰⁸"},
                 {false, 999600, "1M"},        {false, 999400, "999k"},       {false, 999.7, "1k"},
                 {false, 9.996e11, "10¹²"},    {false, -999999, "-1M"},       {false, 0.00099996, "0.001"},
                 {false, 1e-4, "10⁻⁴"},        {true, 0, "0"},                {false, (double)NAN, "?"},
                 {false, (double)INFINITY, "?"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buf[AXIS_LABEL_MAX];
        (cases[i].power ? axis_label_power : axis_label)(buf, sizeof buf, cases[i].v, 3);
        EXPECT_MSG(strcmp(buf, cases[i].text) == 0, "%g is '%s', expected '%s'", cases[i].v, buf, cases[i].text);
    }
}

static void axes_of_extremes(void)
{
    static const double ends[][2] = {{1e-300, 1e300}, {1e-300, 1e-300}, {1e300, 1e300}, {-1e300, 1e300},
                                     {0, 5e-324},     {-5e-324, 1e-310}, {1, 1 + 1e-12}, {1e15, 1e15 + 1}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (int log = 0; log < 2; log++) {
            struct axis a;
            if (!axis_shows(log, ends[i][0]) || !axis_shows(log, ends[i][1]))
                continue;
            axis_fit(&a, log, ends[i][0], ends[i][1], 2, 8);
            EXPECT(a.lo < a.hi && isfinite(a.lo) && isfinite(a.hi) && a.n_ticks > 0);
            for (size_t k = 0; k < a.n_ticks; k++) {
                double at = axis_at(&a, a.ticks[k].value);
                EXPECT_MSG(at > -1e-6 && at < 1 + 1e-6, "a tick at %g of %g to %g", at, a.lo, a.hi);
            }
        }
    EXPECT(!axis_shows(true, 1e-301) && !axis_shows(false, -1e301));
}

/* A log axis of less than a few decades has labels all along, and neither end without. */
static void log_labels_to_the_ends(void)
{
    static const double ends[][2] = {{4e4, 1.6e5}, {0.021, 0.17}, {1.1, 17}, {900, 2.1e4}};
    for (size_t i = 0; i < 4000; i++) {
        double lo = pow(10, 6 * rng_double(test_rng()) - 3), before;
        double hi = i < 4 ? ends[i][1] : lo * pow(10, 0.2 + 2 * rng_double(test_rng())), inner = 0, at_ends = 0;
        struct axis a;
        axis_fit(&a, true, i < 4 ? ends[i][0] : lo, hi, 2, 8);
        before = 0;
        for (size_t k = 0, n = 0; k < a.n_ticks; k++) {
            double at = axis_at(&a, a.ticks[k].value);
            if (!a.ticks[k].label[0])
                continue;
            double *gap = n++ ? &inner : &at_ends;
            *gap = fmax(*gap, at - before);
            before = at;
        }
        at_ends = fmax(at_ends, 1 - before);
        EXPECT_MSG(inner <= 0.45 && at_ends <= 0.34, "%g to %g: %.2f without a label, %.2f at an end", a.lo, a.hi, inner, at_ends);
    }
}

/* A low panel about 0, which has room for few labels, has not that of 0 alone. */
static void labels_about_zero(void)
{
    for (double most = 1; most < 10; most += 0.1) {
        struct axis a;
        size_t n = 0;
        axis_fit(&a, false, -most, most, 2, 3);
        for (size_t k = 0; k < a.n_ticks; k++)
            n += a.ticks[k].label[0] != '\0';
        EXPECT_MSG(n >= 2, "%zu labels from %g to %g", n, a.lo, a.hi);
    }
}

/* Counts are whole: no half a run between two. What stands at 0 has air below it. */
static void whole_counts(void)
{
    static const double most[] = {0, 1, 2, 3, 7, 12, 40};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        struct axis a;
        axis_fit_kind(&a, AXIS_COUNT, false, 0, most[i], 2, 9);
        EXPECT(a.lo < 0 && a.hi > most[i] && a.n_ticks >= 1);
        for (size_t k = 0; k < a.n_ticks; k++)
            EXPECT_MSG(a.ticks[k].value == floor(a.ticks[k].value) && a.ticks[k].value >= 0, "0 to %g: a tick at %g", most[i],
                       a.ticks[k].value);
    }
    struct axis log;
    axis_fit_kind(&log, AXIS_COUNT, true, 1, 6, 2, 9);
    for (size_t k = 0; k < log.n_ticks; k++)
        EXPECT_MSG(log.ticks[k].value == floor(log.ticks[k].value), "a tick at %g", log.ticks[k].value);
}

static const struct test tests[] = {
    {"axes_of_any_range", axes_of_any_range},
    {"axes_of_little", axes_of_little},
    {"labels", labels},
    {"labels_round_first", labels_round_first},
    {"axes_of_extremes", axes_of_extremes},
    {"log_labels_to_the_ends", log_labels_to_the_ends},
    {"whole_counts", whole_counts},
    {"labels_about_zero", labels_about_zero},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
