#include "cli/lab/ahead.h"

#include <math.h>
#include <string.h>

#include "base/json_file.h"
#include "cli/lab/figure.h"
#include "cli/lab/train.h"
#include "fit/verdict/predict.h"

/* The law's best size is taken only this far from LAB_RATIO tokens a parameter: a law of few runs may have any. */
#define FAR 4.0

static double size_of(const struct fit_report *r, double flops)
{
    double guess = sqrt(flops / (6 * LAB_RATIO)), best = fit_frontier_params(&r->frontier, flops).value;
    return isfinite(best) ? fmin(guess * FAR, fmax(guess / FAR, best)) : guess;
}

enum status ahead_predict(struct ahead *a, const struct lab *l, const struct setup *s, const struct fit_report *r, struct err *err)
{
    size_t vocab = data_vocab(s->data);
    double corpus = (double)data_train_tokens(s->data);
    struct lab_rate rate;
    TRY(lab_rate_law(&rate, l, err));
    a->flops = LAB_AHEAD * l->scale.budgets[l->scale.n_budgets - 1];
    a->best_params = size_of(r, a->flops);
    a->shape = scale_shape(a->best_params, &s->cfg, vocab);
    a->params = scale_params(&a->shape, &s->cfg, vocab);
    a->tokens = round(a->flops / scale_flops_per_token(&a->shape, &s->cfg, vocab));
    a->lr = rate.lr0 * pow(a->params * a->tokens / rate.nd0, rate.exponent);
    a->curve = fit_curve(r, a->params, a->tokens, corpus > 0 ? fmin(corpus, a->tokens) : a->tokens);
    const struct fit_run_noise noise = fit_run_noise_at(r, a->params, a->tokens);
    a->loss = fit_new_run(a->curve, &noise);
    snprintf(a->law, sizeof a->law, "%s", fit_report_selected(r)->law->name);
    if (!isfinite(a->loss.value) || !isfinite(a->loss.lo) || !isfinite(a->loss.hi))
        return err_set(err, E_DATA, "the fit of these runs gives no interval for %.2g FLOPs: more minutes may", a->flops);
    return OK;
}

/* --- in prediction.json --- */

static const struct {
    const char *key;
    size_t at;
} numbers[] = {
    {"params", offsetof(struct ahead, params)},
    {"tokens", offsetof(struct ahead, tokens)},
    {"flops", offsetof(struct ahead, flops)},
    {"lr", offsetof(struct ahead, lr)},
    {"best_params", offsetof(struct ahead, best_params)},
    {"loss", offsetof(struct ahead, loss.value)},
    {"loss_lo", offsetof(struct ahead, loss.lo)},
    {"loss_hi", offsetof(struct ahead, loss.hi)},
    {"curve_lo", offsetof(struct ahead, curve.lo)},
    {"curve_hi", offsetof(struct ahead, curve.hi)},
};
enum { N_NUMBERS = sizeof numbers / sizeof *numbers };

static double *number(const struct ahead *a, size_t i)
{
    return (double *)((char *)a + numbers[i].at);
}

cJSON *ahead_json(const struct ahead *a)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddNumberToObject(j, "d_model", (double)a->shape.d_model);
    for (size_t i = 0; i < N_NUMBERS; i++)
        cJSON_AddNumberToObject(j, numbers[i].key, *number(a, i));
    cJSON_AddStringToObject(j, "law", a->law);
    return j;
}

enum status ahead_read(struct ahead *a, const cJSON *json, struct err *err)
{
    double d = json_number(json, "d_model");
    const cJSON *law = cJSON_GetObjectItemCaseSensitive(json, "law");
    bool good = d >= 4 && d <= 4096;
    *a = (struct ahead){.params = 0};
    for (size_t i = 0; i < N_NUMBERS; i++) {
        *number(a, i) = json_number(json, numbers[i].key);
        good = good && isfinite(*number(a, i));
    }
    if (!good)
        return err_set(err, E_DATA, "prediction.json is damaged: a number is missing");
    a->shape = scale_shape_of((size_t)d);
    snprintf(a->law, sizeof a->law, "%s", cJSON_IsString(law) ? law->valuestring : "");
    a->curve.value = a->loss.value;
    return OK;
}

/* --- the chart --- */

enum { STEPS = 24 };

static enum status add_frontier(struct chart *c, const struct fit_report *r, double to, struct err *err)
{
    double x[STEPS], y[STEPS], lo[STEPS], hi[STEPS];
    for (size_t i = 0; i < STEPS; i++) {
        x[i] = figure_step(r->cost.min_flops, to, i, STEPS);
        struct fit_value v = fit_frontier_loss(&r->frontier, x[i]);
        y[i] = v.value, lo[i] = v.lo, hi[i] = v.hi;
    }
    const struct figure_series s = {
        "the law's frontier, 95 %", palette_ink(PALETTE_FIT), MARKER_NONE, 1.8, 0, true, STEPS, x, y, lo, hi};
    return figure_add(c, &s, err);
}

static void say(struct chart *c, const struct ahead *a, double measured)
{
    bool inside = measured >= a->loss.lo && measured <= a->loss.hi;
    if (isfinite(measured))
        snprintf(c->title, sizeof c->title, "Predicted %.3f, measured %.3f: %.1f %% too %s, %s the interval",
                 a->loss.value, measured, 100 * fabs(a->loss.value / measured - 1), a->loss.value < measured ? "low" : "high",
                 inside ? "inside" : "OUTSIDE");
    else
        snprintf(c->title, sizeof c->title, "At ten times the largest budget one run will have %.3f (95 %%: %.3f to %.3f)",
                 a->loss.value, a->loss.lo, a->loss.hi);
    snprintf(c->quantity, sizeof c->quantity, "Loss against compute: runs, law and prediction");
    snprintf(c->subtitle, sizeof c->subtitle, "The error bar is where one new run lies with a probability of 95 %%.");
    snprintf(c->x_label, sizeof c->x_label, "training compute C (FLOPs)");
    snprintf(c->y_label, sizeof c->y_label, "held-out loss (nats)");
    c->log_x = c->log_y = true;
    c->x_kind = AXIS_POWER;
}

enum status ahead_draw(struct note *n, const struct ahead *a, const struct fit_table *t, const struct fit_report *r,
                       double measured, struct err *err)
{
    struct chart c = {.log_x = true};
    const struct figure_series runs = {"runs of step d",  palette_ink(PALETTE_SOFT), MARKER_RING, 0,   0, false, t->n,
                                       t->col[FIT_FLOPS], t->col[FIT_LOSS],          NULL,        NULL};
    const struct figure_series said = {"prediction for one run, 95 %",
                                       palette_kind(0),
                                       MARKER_DIAMOND,
                                       0,
                                       0,
                                       false,
                                       1,
                                       &a->flops,
                                       &a->loss.value,
                                       &a->loss.lo,
                                       &a->loss.hi};
    const struct figure_series came = {
        "measured", palette_ink(PALETTE_INK), MARKER_CROSS, 0, 0, false, 1, &a->flops, &measured, NULL, NULL};
    say(&c, a, measured);
    enum status st = add_frontier(&c, r, 1.3 * a->flops, err);
    if (st == OK)
        st = figure_add(&c, &runs, err);
    if (st == OK)
        st = figure_add(&c, &said, err);
    if (st == OK && isfinite(measured))
        st = figure_add(&c, &came, err);
    if (st == OK)
        st = note_chart(n, &c, "prediction", err);
    chart_free(&c);
    return st;
}
