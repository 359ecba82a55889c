/* (b) What a token of training costs, counted product by product, beside the rule of thumb 6N. */
#include <math.h>

#include "cli/lab/figure.h"
#include "cli/lab/steps.h"
#include "model/gpt.h"

enum { SIZES = 10 };
static const size_t widths[SIZES] = {8, 12, 16, 24, 32, 48, 64, 128, 256, 512};

struct costs {
    double d[SIZES], params[SIZES], nonembd[SIZES], exact[SIZES], six[SIZES], kaplan[SIZES], off[SIZES];
    double embeddings[SIZES]; /* their share of the parameters */
};

static void count(struct costs *x, const struct setup *s)
{
    struct gpt_shape g = config_gpt_shape(&s->cfg, data_vocab(s->data));
    for (size_t i = 0; i < SIZES; i++) {
        g.C = widths[i], g.L = 2, g.NH = widths[i] % 8 == 0 ? widths[i] / 8 : widths[i] / 4;
        x->d[i] = (double)widths[i];
        x->params[i] = gpt_params(&g);
        x->nonembd[i] = gpt_params_nonembd(&g);
        x->exact[i] = gpt_flops_per_token(&g);
        x->six[i] = 6 * x->params[i];
        x->kaplan[i] = 6 * x->nonembd[i];
        x->off[i] = x->six[i] / x->exact[i];
        x->embeddings[i] = 1 - x->nonembd[i] / x->params[i];
    }
}

static enum status draw(struct note *n, const struct costs *x, struct err *err)
{
    struct chart c = {.log_x = true, .log_y = true, .x_kind = AXIS_COUNT, .y_kind = AXIS_COUNT};
    const struct figure_series exact = {
        "counted product by product", palette_kind(0), MARKER_DISC, 1.5, 0, false, SIZES, x->params, x->exact, NULL, NULL};
    const struct figure_series six = {"6N", palette_ink(PALETTE_INK), MARKER_NONE, 1.5, 5, false, SIZES, x->params, x->six, NULL,
                                      NULL};
    const struct figure_series kaplan = {
        "6N without embeddings", palette_kind(1), MARKER_RING, 1.2, 2, false, SIZES, x->params, x->kaplan, NULL, NULL};
    snprintf(c.title, sizeof c.title, "6N is %.2f times the exact count at the smallest size and %.2f at the largest", x->off[0],
             x->off[SIZES - 1]);
    snprintf(c.quantity, sizeof c.quantity, "FLOPs of training on one token against size, two layers");
    snprintf(c.x_label, sizeof c.x_label, "model size N (all parameters)");
    snprintf(c.y_label, sizeof c.y_label, "FLOPs a token, forward and backward");
    enum status st = figure_add(&c, &six, err);
    if (st == OK)
        st = figure_add(&c, &kaplan, err);
    if (st == OK)
        st = figure_add(&c, &exact, err);
    if (st == OK)
        st = note_chart(n, &c, "flops", err);
    chart_free(&c);
    return st;
}

static void tell(struct note *n, const struct costs *x)
{
    struct note_table t = {.columns = 7};
    double lo = x->off[0], hi = x->off[0];
    for (size_t i = 0; i < SIZES; i++)
        lo = fmin(lo, x->off[i]), hi = fmax(hi, x->off[i]);
    note_lead(n,
              "Over these sizes 6N is %.2f to %.2f times what training really costs. At width %.0f embeddings are %.0f %% of the "
              "parameters, at width %.0f %.1f %%.",
              lo, hi, x->d[0], 100 * x->embeddings[0], x->d[SIZES - 1], 100 * x->embeddings[SIZES - 1]);
    for (const char *const *h = (const char *const[]){"d_model", "N, all", "without embeddings", "exact FLOPs a token", "6N",
                                                      "6N / exact", "embeddings", NULL};
         *h; h++)
        note_cell(&t, "%s", *h);
    for (size_t i = 0; i < SIZES; i++) {
        note_cell(&t, "%.0f", x->d[i]);
        note_cell(&t, "%.0f", x->params[i]);
        note_cell(&t, "%.0f", x->nonembd[i]);
        note_cell(&t, "%.0f", x->exact[i]);
        note_cell(&t, "%.0f", x->six[i]);
        note_cell(&t, "%.3f", x->off[i]);
        note_cell(&t, "%.1f %%", 100 * x->embeddings[i]);
    }
    note_tell(n, &t);
    note_number(n, "six_over_exact_smallest", x->off[0]);
    note_number(n, "six_over_exact_largest", x->off[SIZES - 1]);
}

enum status step_flops(struct lab *l, struct note *n, struct err *err)
{
    struct costs x;
    struct setup s;
    enum status st = lab_setup(&s, l, err);
    if (st == OK) {
        count(&x, &s);
        tell(n, &x);
        st = draw(n, &x, err);
    }
    setup_free(&s);
    return st;
}
