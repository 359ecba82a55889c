/* (h) What Kaplan et al. (2020) would have concluded from these cells: parameters counted without embeddings and compute as
 * 6ND of those, a long warm-up, one learning rate for all. Then one of these at a time is put right, as Porian et al. (2024,
 * arXiv 2406.19146) did, and the exponent of the best size moves. */
#include <math.h>

#include "cli/lab/figure.h"
#include "cli/lab/train.h"
#include "cli/lab/steps.h"

enum { RUNGS = 4 };

static const struct rung {
    const char *words, *tick, *sweep;
    bool kaplan_count, lower; /* lower: of a sweep that has more cells than the others */
} rungs[RUNGS] = {
    {"1 as Kaplan: no embeddings, long warm-up, one rate", "1 Kaplan", "kaplan", true, false},
    {"2 embeddings and head counted", "2 count", "kaplan", false, false},
    {"3 and a short warm-up", "3 warm-up", "one-rate", false, false},
    {"4 and rates tuned to the budget", "4 rates", "isoflop", false, true},
};

struct found {
    struct fit_value law[RUNGS], isoflop[RUNGS];
    double warmup, lr;
};

static enum status train(struct found *x, const struct lab *l, struct err *err)
{
    struct lab_cell cells[LAB_CELLS];
    struct lab_sweep w = {.name = "kaplan", .cells = cells};
    struct setup s;
    enum status st = lab_setup(&s, l, err);
    if (st == OK)
        st = note_read(&x->lr, l, 'c', "lr_largest", err);
    if (st == OK) {
        w.n = lab_cells(cells, l, &s, scale_lower(&l->scale), false);
        double least = (double)INFINITY;
        for (size_t i = 0; i < w.n; i++)
            least = fmin(least, cells[i].tokens);
        w.rate = (struct lab_rate){.lr0 = x->lr};
        w.warmup_tokens = x->warmup = floor(least / 2);
        st = lab_train(l, &w, err);
    }
    if (st == OK) {
        w.name = "one-rate", w.warmup_tokens = 0;
        st = lab_train(l, &w, err);
    }
    setup_free(&s);
    return st;
}

static enum status fit_rung(struct fit_value *law, struct fit_value *isoflop, const struct lab *l, const struct rung *k,
                            struct err *err)
{
    char dir[FILE_PATH_MAX], below[48];
    const char *source = dir, *const where[] = {below, "seed=1"};
    struct fit_read_options read = {.drop_missing = true, .where = where, .n_where = k->lower ? 2 : 0};
    struct fit_options opt = fit_options_default();
    struct fit_table t = {0};
    struct fit_report r = {0};
    snprintf(below, sizeof below, "flops<=%.6g", 1.05 * l->scale.budgets[scale_lower(&l->scale) - 1]);
    opt.law = "chinchilla", opt.bootstrap = l->scale.bootstrap, opt.break_sims = 0, opt.holdout = 0, opt.exponents_only = true;
    opt.count = read.count = k->kaplan_count ? FIT_COUNT_NONEMBD : FIT_COUNT_TOTAL;
    TRY(lab_path(dir, l, k->sweep, NULL, err));
    enum status st = fit_table_read(&t, &source, 1, &read, err);
    for (size_t i = 0; st == OK && k->kaplan_count && i < t.n; i++)
        t.col[FIT_FLOPS][i] = 6 * t.col[FIT_PARAMS_NONEMBD][i] * t.col[FIT_TOKENS][i];
    if (st == OK)
        st = fit_analyse(&r, &t, &opt, err);
    const struct fit_value none = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    *law = *isoflop = none;
    if (st == OK && r.frontier.holds) {
        *law = r.frontier.n_exponent;
        *isoflop = k->kaplan_count ? none : r.isoflop.n_exponent; /* its budgets are not those of this count */
    }
    fit_report_free(&r);
    fit_table_free(&t);
    return st;
}

static enum status draw_line(struct chart *c, double at, const char *words, struct err *err)
{
    struct chart_line *line;
    TRY(chart_add_line(&line, c, false, at, err));
    line->lo = line->hi = (double)NAN;
    line->color = palette_ink(PALETTE_SOFT);
    line->dash = line->gap = 4;
    snprintf(line->label, sizeof line->label, "%s", words);
    return OK;
}

static enum status draw(struct note *n, const struct found *x, struct err *err)
{
    struct chart c = {.x_kind = AXIS_NAMES};
    enum status st = OK;
    double at[RUNGS], beside[RUNGS], y[2][RUNGS], lo[2][RUNGS], hi[2][RUNGS];
    for (size_t i = 0; i < RUNGS; i++) {
        at[i] = (double)i + 1, beside[i] = at[i] + 0.12;
        y[0][i] = x->law[i].value, lo[0][i] = x->law[i].lo, hi[0][i] = x->law[i].hi;
        y[1][i] = x->isoflop[i].value, lo[1][i] = x->isoflop[i].lo, hi[1][i] = x->isoflop[i].hi;
    }
    snprintf(c.title, sizeof c.title, "From %.2f as Kaplan would have it to %.2f with all put right", y[0][0], y[0][RUNGS - 1]);
    snprintf(c.quantity, sizeof c.quantity, "Exponent of the best size against compute, step by step");
    snprintf(c.subtitle, sizeof c.subtitle, "From left to right one thing after another is put right. The first step counts "
             "compute otherwise, so its runs have no common budgets and no minima.");
    snprintf(c.x_label, sizeof c.x_label, "step: 2 all parameters counted, 3 a short warm-up, 4 rates tuned to the budget");
    for (size_t i = 0; i < RUNGS && st == OK; i++)
        st = chart_name_place(&c, i + 1, RUNGS, rungs[i].tick, err);
    snprintf(c.y_label, sizeof c.y_label, "exponent of N*(C)");
    const struct figure_series law = {
        "parametric law, 95 %", palette_kind(0), MARKER_DISC, 1.2, 0, false, RUNGS, at, y[0], lo[0], hi[0]};
    const struct figure_series iso = {
        "IsoFLOP minima, 95 %", palette_kind(1), MARKER_DIAMOND, 0, 0, false, RUNGS, beside, y[1], lo[1], hi[1]};
    if (st == OK)
        st = figure_add(&c, &law, err);
    if (st == OK)
        st = figure_add(&c, &iso, err);
    if (st == OK)
        st = draw_line(&c, 0.73, "Kaplan et al. 2020", err);
    if (st == OK)
        st = draw_line(&c, 0.5, "Hoffmann et al. 2022", err);
    if (st == OK)
        st = note_chart(n, &c, "kaplan", err);
    chart_free(&c);
    return st;
}

static void tell(struct note *n, const struct lab *l, const struct found *x)
{
    struct note_table t = {.columns = 4};
    char law[96], iso[96], key[16];
    note_lead(n, "Counted and trained as in 2020 the exponent of the best size would be %s; with all put right it is %s.",
              note_interval(law, sizeof law, 2, &x->law[0]), note_interval(iso, sizeof iso, 2, &x->law[RUNGS - 1]));
    note_line(
        n,
        "All rows are of the same cells, the %zu smallest budgets. The long warm-up is %.0f tokens for every run, half of the "
        "shortest; the one rate is %.3g, the best of the largest budget.",
        scale_lower(&l->scale), x->warmup, x->lr);
    for (const char *const *h = (const char *const[]){"step", "by the law", "moved by", "by IsoFLOP minima", NULL}; *h; h++)
        note_cell(&t, "%s", *h);
    for (size_t i = 0; i < RUNGS; i++) {
        note_cell(&t, "%s", rungs[i].words);
        note_cell(&t, "%s", note_interval(law, sizeof law, 2, &x->law[i]));
        if (i > 0)
            note_cell(&t, "%+.2f", x->law[i].value - x->law[i - 1].value);
        else
            note_cell(&t, "-");
        note_cell(&t, "%s", note_interval(iso, sizeof iso, 2, &x->isoflop[i]));
        snprintf(key, sizeof key, "rung_%zu", i + 1);
        note_value(n, key, &x->law[i]);
    }
    note_tell(n, &t);
    note_line(n,
              "A step smaller than the intervals of its two rows is not shown by these runs: more budgets and seeds would tell.");
}

enum status step_kaplan(struct lab *l, struct note *n, struct err *err)
{
    struct found x = {.lr = 0};
    TRY(train(&x, l, err));
    for (size_t i = 0; i < RUNGS; i++)
        TRY(fit_rung(&x.law[i], &x.isoflop[i], l, &rungs[i], err));
    tell(n, l, &x);
    return draw(n, &x, err);
}
