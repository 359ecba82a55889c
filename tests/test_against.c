/* Charts of a comparison: does a picture show what its title tells? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "made_compare.h"
#include "test.h"

static const struct chart_series *named(const struct chart *ch, const char *label, const char *name)
{
    for (size_t i = 0; i < ch->n_series; i++)
        if (strcmp(ch->series[i].label, label) == 0 && strcmp(ch->series[i].name, name) == 0)
            return &ch->series[i];
    EXPECT_MSG(false, "no %s%s on the chart", label, name);
    return &ch->series[0];
}

/* The loss that a line shows at the compute of a mark, between its points; NaN beyond them. */
static double shown_at(const struct chart_series *s, double x)
{
    for (size_t i = 0; i + 1 < s->n; i++) {
        double share = log(x / s->x[i]) / log(s->x[i + 1] / s->x[i]);
        if (share >= -1e-9 && share <= 1 + 1e-9)
            return s->y[i] + share * (s->y[i + 1] - s->y[i]);
    }
    return (double)NAN;
}

/* The distance that the title tells is that between the lines, and the bar of a gain goes from the one to the other. */
static void frontiers_show_what_is_told(void)
{
    const struct made_compare *m = made_compare(NULL);
    struct chart ch = {.log_x = false};
    struct err err;
    bool drawn;
    EXPECT_OK(against_frontiers(&ch, &m->in, &drawn, &err));
    const struct chart_series *base = named(&ch, "base", ""), *beyond = named(&ch, "", "base, beyond");
    for (size_t k = 0; k < MADE_VARIANTS && drawn; k++) {
        const struct compare_gains *g = &m->found[k].gains;
        char bar_name[96];
        snprintf(bar_name, sizeof bar_name, "gain of %s", m->found[k].name);
        const struct chart_series *own = named(&ch, m->found[k].name, ""), *bar = named(&ch, "", bar_name);
        double end = isnan(shown_at(base, bar->x[1])) ? shown_at(beyond, bar->x[1]) : shown_at(base, bar->x[1]);
        EXPECT_NEAR(bar->x[0], g->largest.flops, 1e-6 * g->largest.flops);
        EXPECT_NEAR(bar->x[1] / bar->x[0], g->largest.value.value, 1e-9);
        EXPECT_NEAR(shown_at(own, bar->x[0]) - shown_at(base, bar->x[0]), g->loss_difference.value, 1e-6);
        EXPECT_NEAR(bar->y[0], shown_at(own, bar->x[0]), 1e-6);
        EXPECT_NEAR(bar->y[1], end, 1e-4);
        EXPECT_NEAR(bar->y[1], bar->y[0], 0.1 * fabs(g->loss_difference.value) + 1e-3); /* of one loss */
    }
    chart_free(&ch);
}

static const struct test tests[] = {
    {"frontiers_show_what_is_told", frontiers_show_what_is_told},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
