/* (c) At three budgets, the size that is thought best there is trained at a ladder of learning rates. Where the best of them is
 * the first or last, the ladder grows. Through the bottoms goes the law lr*(C) = a C^b. */
#include <math.h>

#include "cli/lab/figure.h"
#include "cli/lab/train.h"
#include "cli/lab/steps.h"
#include "fit/bowl.h"

enum { BOWLS = 3, ROUNDS = 4 };
#define FIRST_RATE 0.0005
/* Rates do not rise with the budget, nor fall faster than its root: three bowls of single runs may well say so, by chance. */
#define LEAST_EXPONENT (-0.5)
#define MOST_EXPONENT  0.0

struct rates {
    struct lab_cell cell[BOWLS];
    double rates[BOWLS][BOWL_MAX];
    size_t n[BOWLS];
    struct bowl bowl[BOWLS];
    double noise, df;
    double a, b, found; /* lr = a (N D)^b; b as it was found, before it was held within its bounds */
    double middle;      /* N D that stands in the law's middle */
};

static void begin(struct rates *r, const struct lab *l, const struct setup *s)
{
    const size_t at[BOWLS] = {0, l->scale.n_budgets / 2, l->scale.n_budgets - 1};
    for (size_t i = 0; i < BOWLS; i++) {
        r->cell[i] = scale_middle(&l->scale, at[i], &s->cfg, data_vocab(s->data));
        for (size_t k = 0; k < l->scale.rates; k++)
            r->rates[i][r->n[i]++] = FIRST_RATE * pow(2, (double)k);
    }
}

static enum status train(const struct rates *r, const struct lab *l, size_t i, const double *rates, size_t n, struct err *err)
{
    const struct lab_sweep one = {.name = "rates", .cells = &r->cell[i], .n = 1, .rates = rates, .n_rates = n};
    return lab_train(l, &one, err);
}

/* The losses of the folder, each to the bowl whose cell has its tokens and size. */
static enum status read_bowls(struct rates *r, const struct lab *l, struct err *err)
{
    struct bowl_point points[BOWLS][BOWL_MAX];
    size_t n[BOWLS] = {0};
    char dir[FILE_PATH_MAX];
    const char *source = dir;
    const struct fit_read_options opt = {.drop_missing = true};
    struct fit_table t = {0};
    TRY(lab_path(dir, l, "rates", NULL, err));
    enum status st = fit_table_read(&t, &source, 1, &opt, err);
    for (size_t k = 0; st == OK && k < t.n_tried; k++)
        for (size_t i = 0; i < BOWLS; i++) {
            const struct fit_tried *x = &t.tried[k];
            if (fabs(log(x->tokens / r->cell[i].tokens)) < 0.05 &&
                fabs(log(x->params[FIT_COUNT_TOTAL] / r->cell[i].params)) < 0.01 && n[i] < BOWL_MAX)
                points[i][n[i]++] = (struct bowl_point){x->lr, x->loss};
        }
    fit_table_free(&t);
    TRY(st);
    for (size_t i = 0; i < BOWLS; i++)
        bowl_fit(&r->bowl[i], points[i], n[i], (double)NAN, 0);
    r->noise = bowl_pool(&r->df, r->bowl, BOWLS);
    for (size_t i = 0; i < BOWLS; i++)
        bowl_fit(&r->bowl[i], points[i], n[i], r->noise, r->df);
    return OK;
}

/* Another rate for each bowl whose bottom is not inside. */
static enum status widen(bool *grew, struct rates *r, const struct lab *l, struct err *err)
{
    *grew = false;
    for (size_t i = 0; i < BOWLS; i++) {
        double next = bowl_next(&r->bowl[i], 2);
        if (!isfinite(next) || !(next > 1e-6 && next < 1) || r->n[i] == BOWL_MAX)
            continue;
        r->rates[i][r->n[i]++] = next;
        TRY(train(r, l, i, &next, 1, err));
        *grew = true;
    }
    return OK;
}

static enum status find(struct rates *r, const struct lab *l, struct err *err)
{
    for (size_t i = 0; i < BOWLS; i++)
        TRY(train(r, l, i, r->rates[i], r->n[i], err));
    bool grew = true;
    TRY(read_bowls(r, l, err));
    for (int k = 0; k < ROUNDS && grew; k++) {
        TRY(widen(&grew, r, l, err));
        if (grew)
            TRY(read_bowls(r, l, err));
    }
    return OK;
}

static double bottom(const struct bowl *b)
{
    return b->state == BOWL_FOUND ? b->x.value : b->best;
}

static enum status fit_law(struct rates *r, struct err *err)
{
    double x[BOWLS], y[BOWLS], ln = 0, ln_lr = 0;
    for (size_t i = 0; i < BOWLS; i++) {
        x[i] = r->cell[i].params * r->cell[i].tokens;
        y[i] = bottom(&r->bowl[i]);
        ln += log(x[i]) / BOWLS, ln_lr += log(y[i]) / BOWLS;
    }
    if (!figure_power(&r->a, &r->found, x, y, BOWLS) || !isfinite(ln_lr))
        return err_set(err, E_RUN, "no learning rate gave a loss: see rates/results.csv");
    r->b = fmin(MOST_EXPONENT, fmax(LEAST_EXPONENT, r->found));
    r->middle = exp(ln);
    r->a = exp(ln_lr); /* the rate there */
    return OK;
}

static double law(const struct rates *r, double nd)
{
    return r->a * pow(nd / r->middle, r->b);
}

/* --- told --- */

static void label_bowl(char *out, size_t size, const struct lab *l, const struct lab_cell *cell)
{
    char c[AXIS_LABEL_MAX], params[AXIS_LABEL_MAX], tokens[AXIS_LABEL_MAX];
    axis_label_power(c, sizeof c, l->scale.budgets[cell->budget], 2);
    axis_label_kind(params, sizeof params, AXIS_COUNT, cell->params, 3);
    axis_label_kind(tokens, sizeof tokens, AXIS_COUNT, cell->tokens, 3);
    snprintf(out, size, "C = %s: N = %s, D = %s", c, params, tokens);
}

static enum status draw_bowls(struct note *n, const struct rates *r, const struct lab *l, struct err *err)
{
    struct chart c = {.log_x = true};
    enum status st = OK;
    snprintf(c.title, sizeof c.title, "The best rate is %.2g at the smallest budget and %.2g at the largest", bottom(&r->bowl[0]),
             bottom(&r->bowl[BOWLS - 1]));
    snprintf(c.quantity, sizeof c.quantity, "Loss against the learning rate, one bowl a budget");
    snprintf(c.subtitle, sizeof c.subtitle, "Dots: runs. Diamonds: the bottom of each bowl, between the runs by a curve through "
             "them. A bowl without one has its best at the edge.");
    snprintf(c.x_label, sizeof c.x_label, "learning rate");
    snprintf(c.y_label, sizeof c.y_label, "held-out loss (nats)");
    for (size_t i = 0; i < BOWLS && st == OK; i++) {
        char label[CHART_TEXT_MAX];
        double x[BOWL_MAX];
        const struct bowl *b = &r->bowl[i];
        for (size_t k = 0; k < b->n; k++)
            x[k] = exp(b->ln_x[k]);
        label_bowl(label, sizeof label, l, &r->cell[i]);
        const struct figure_series s = {label, palette_kind(i), MARKER_DISC, 1.5, 0, false, b->n, x, b->mean, NULL, NULL};
        const struct figure_series low = {"", palette_kind(i), MARKER_DIAMOND, 0, 0, false, 1, &b->x.value, &b->loss, NULL, NULL};
        st = figure_add(&c, &s, err);
        if (st == OK && b->state == BOWL_FOUND)
            st = figure_add(&c, &low, err);
    }
    if (st == OK)
        st = note_chart(n, &c, "bowls", err);
    chart_free(&c);
    return st;
}

static enum status draw_law(struct note *n, const struct rates *r, const struct lab *l, struct err *err)
{
    enum { STEPS = 20 };
    struct chart c = {.log_x = true, .log_y = true, .x_kind = AXIS_POWER};
    double x[BOWLS], y[BOWLS], lo[BOWLS], hi[BOWLS], lx[STEPS], ly[STEPS], per = 0;
    for (size_t i = 0; i < BOWLS; i++) {
        x[i] = l->scale.budgets[r->cell[i].budget], y[i] = bottom(&r->bowl[i]);
        lo[i] = r->bowl[i].x.lo, hi[i] = r->bowl[i].x.hi;
        per += r->cell[i].params * r->cell[i].tokens / x[i] / BOWLS;
    }
    for (size_t i = 0; i < STEPS; i++) {
        lx[i] = figure_step(x[0], LAB_AHEAD * x[BOWLS - 1], i, STEPS);
        ly[i] = law(r, lx[i] * per);
    }
    if (r->b < 0)
        snprintf(c.title, sizeof c.title, "The best learning rate goes as C to the power of %.2f", r->b);
    else
        snprintf(c.title, sizeof c.title, "No fall of the best learning rate is seen: one of %.2g is taken for all",
                 law(r, r->middle));
    snprintf(c.quantity, sizeof c.quantity, "The best learning rate against compute, and the law to ten times the largest budget");
    snprintf(c.x_label, sizeof c.x_label, "training compute C (FLOPs)");
    snprintf(c.y_label, sizeof c.y_label, "learning rate");
    const struct figure_series line = {"law lr*(C)", palette_ink(PALETTE_FIT), MARKER_NONE, 1.8, 0, false, STEPS, lx, ly, NULL,
                                       NULL};
    const struct figure_series bottoms = {
        "bottoms, 95 %", palette_ink(PALETTE_INK), MARKER_DIAMOND, 0, 0, false, BOWLS, x, y, lo, hi};
    enum status st = figure_add(&c, &line, err);
    if (st == OK)
        st = figure_add(&c, &bottoms, err);
    if (st == OK)
        st = note_chart(n, &c, "law", err);
    chart_free(&c);
    return st;
}

static void tell(struct note *n, const struct rates *r, const struct lab *l)
{
    struct note_table t = {.columns = 6};
    char rate[96];
    double top = r->cell[BOWLS - 1].params * r->cell[BOWLS - 1].tokens;
    double largest = l->scale.budgets[l->scale.n_budgets - 1];
    if (r->b < 0)
        note_lead(n,
                  "lr*(C) = %.3g (C / %.2g)^%.2f: the best rate falls from %.2g to %.2g over these budgets, and the law says %.2g "
                  "at ten times the largest.",
                  law(r, top), largest, r->b, law(r, r->cell[0].params * r->cell[0].tokens), law(r, top), law(r, LAB_AHEAD * top));
    else
        note_lead(n, "The best rate does not fall over these budgets: one of %.2g is taken for all, also at ten times the largest.",
                  law(r, top));
    for (const char *const *h = (const char *const[]){"C", "N", "D", "best rate", "loss there", "rates tried", NULL}; *h; h++)
        note_cell(&t, "%s", *h);
    for (size_t i = 0; i < BOWLS; i++) {
        const struct bowl *b = &r->bowl[i];
        note_cell(&t, "%.2g", l->scale.budgets[r->cell[i].budget]);
        note_cell(&t, "%.0f", r->cell[i].params);
        note_cell(&t, "%.0f", r->cell[i].tokens);
        note_cell(&t, "%s", b->state == BOWL_FOUND ? note_interval(rate, sizeof rate, 2, &b->x) : "at the edge of what was tried");
        note_cell(&t, "%.4f", b->state == BOWL_FOUND ? b->loss : (double)NAN);
        note_cell(&t, "%zu", b->n);
    }
    note_tell(n, &t);
    if (r->b != r->found)
        note_line(
            n,
            "The bottoms themselves would have an exponent of %.2f. It is held between %g and %g: rates are not known to rise "
            "with compute, nor to fall faster than its root, and three bowls of single runs are moved that far by chance.",
            r->found, LEAST_EXPONENT, MOST_EXPONENT);
    note_number(n, "lr0", r->a);
    note_number(n, "nd0", r->middle);
    note_number(n, "exponent", r->b);
    note_number(n, "exponent_found", r->found);
    note_number(n, "lr_largest", law(r, top));
    note_number(n, "noise", r->noise);
}

enum status step_rates(struct lab *l, struct note *n, struct err *err)
{
    struct rates r = {0};
    struct setup s;
    enum status st = lab_setup(&s, l, err);
    if (st == OK) {
        begin(&r, l, &s);
        st = find(&r, l, err);
    }
    setup_free(&s);
    TRY(st);
    TRY(fit_law(&r, err));
    tell(n, &r, l);
    TRY(draw_bowls(n, &r, l, err));
    return draw_law(n, &r, l, err);
}
