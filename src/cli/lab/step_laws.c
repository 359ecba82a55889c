/* (e) N* = a C^b, D* = a C^b and L = E + k C^-g by three methods: the best run of each budget, the minima of the IsoFLOP
 * parabolas, and the parametric law of size and data. */
#include <math.h>
#include <string.h>

#include "cli/lab/figure.h"
#include "cli/lab/train.h"
#include "cli/lab/steps.h"

enum { METHODS = 3 };
static const char *const names[METHODS] = {"best run of each budget", "IsoFLOP minima", "parametric law"};

struct method {
    size_t n;
    double c[LAB_BUDGETS], size[LAB_BUDGETS], data[LAB_BUDGETS], loss[LAB_BUDGETS];
    double n_a, d_a; /* N* = n_a C^b */
    struct fit_value n_b, d_b, floor, k, g;
};

static const struct fit_value unknown = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};

/* The run of the lowest loss at each budget. */
static void best_runs(struct method *m, const struct fit_table *t, const struct lab_scale *s)
{
    for (size_t k = 0; k < s->n_budgets; k++) {
        size_t best = t->n;
        for (size_t i = 0; i < t->n; i++)
            if (fabs(log(t->col[FIT_FLOPS][i] / s->budgets[k])) < 0.1 &&
                (best == t->n || t->col[FIT_LOSS][i] < t->col[FIT_LOSS][best]))
                best = i;
        if (best == t->n)
            continue;
        m->c[m->n] = t->col[FIT_FLOPS][best], m->size[m->n] = t->col[FIT_PARAMS][best];
        m->data[m->n] = t->col[FIT_TOKENS][best], m->loss[m->n++] = t->col[FIT_LOSS][best];
    }
}

static void minima(struct method *m, const struct fit_report *r)
{
    for (size_t i = 0; i < r->isoflop.n && m->n < LAB_BUDGETS; i++) {
        const struct fit_isoflop *x = &r->isoflop.at[i];
        if (!x->valid || x->at_edge)
            continue;
        m->c[m->n] = x->flops, m->size[m->n] = x->n_opt.value, m->data[m->n] = x->d_opt.value, m->loss[m->n++] = x->loss.value;
    }
}

/* L = E + k C^-g through a few points, by the law `floor` of one variable. */
static enum status fit_loss(struct method *m, const struct lab_scale *s, struct err *err)
{
    struct fit_table t = {0};
    struct fit_report r = {0};
    struct fit_options opt = fit_options_default();
    if (m->n < 4)
        return OK;
    opt.law = "floor", opt.bootstrap = s->bootstrap, opt.break_sims = 0, opt.holdout = 0, opt.exponents_only = true;
    enum status st = fit_table_init(&t, m->n, err);
    for (size_t i = 0; i < m->n && st == OK; i++) {
        t.col[FIT_X][i] = t.col[FIT_FLOPS][i] = m->c[i], t.col[FIT_LOSS][i] = m->loss[i];
        t.col[FIT_SEED][i] = 1;
    }
    if (st == OK) {
        t.has[FIT_X] = t.has[FIT_LOSS] = true;
        snprintf(t.x_name, sizeof t.x_name, "flops");
        st = fit_analyse(&r, &t, &opt, err);
    }
    const struct fit_law *f = st == OK ? fit_report_selected(&r) : NULL;
    if (f && f->law->n_params == 3)
        m->floor = f->params[0], m->k = f->params[1], m->g = f->params[2];
    fit_report_free(&r);
    fit_table_free(&t);
    return st;
}

static enum status fit_points(struct method *m, const struct lab_scale *s, struct err *err)
{
    m->n_b = m->d_b = m->floor = m->k = m->g = unknown;
    m->n_a = m->d_a = (double)NAN;
    (void)figure_power(&m->n_a, &m->n_b.value, m->c, m->size, m->n);
    (void)figure_power(&m->d_a, &m->d_b.value, m->c, m->data, m->n);
    return fit_loss(m, s, err);
}

static void take_interval(struct fit_value *to, const struct fit_value *from)
{
    if (isfinite(from->value))
        *to = *from;
}

static void parametric(struct method *m, const struct fit_report *r)
{
    double c = r->cost.max_flops;
    m->n_b = r->frontier.n_exponent, m->d_b = r->frontier.d_exponent;
    m->n_a = fit_frontier_params(&r->frontier, c).value * pow(c, -m->n_b.value);
    m->d_a = fit_frontier_tokens(&r->frontier, c).value * pow(c, -m->d_b.value);
    m->floor = r->frontier.e, m->k = r->frontier.k, m->g = r->frontier.g;
}

static enum status draw(struct note *n, const struct method *m, const struct fit_report *r, struct err *err)
{
    enum { STEPS = 24 };
    struct chart c = {.log_x = true, .log_y = true, .x_kind = AXIS_POWER, .y_kind = AXIS_COUNT};
    enum status st = OK;
    char b[96];
    snprintf(c.title, sizeof c.title, "The best size grows as C to the power of %s by the law",
             note_interval(b, sizeof b, 2, &m[2].n_b));
    snprintf(c.quantity, sizeof c.quantity, "The best size against compute by three methods");
    snprintf(c.subtitle, sizeof c.subtitle, "Marks: what was found at each budget. Dashed: a power of compute through them. The "
             "parametric law is of all runs at once and has no marks.");
    snprintf(c.x_label, sizeof c.x_label, "training compute C (FLOPs)");
    snprintf(c.y_label, sizeof c.y_label, "best size N* (all parameters)");
    for (size_t k = 0; k < METHODS && st == OK; k++) {
        double x[STEPS], y[STEPS];
        for (size_t i = 0; i < STEPS; i++) {
            x[i] = figure_step(r->cost.min_flops, LAB_AHEAD * r->cost.max_flops, i, STEPS);
            y[i] = m[k].n_a * pow(x[i], m[k].n_b.value);
        }
        const struct figure_series line = {names[k], palette_kind(k), MARKER_NONE, 1.6, k == 2 ? 0 : 4, false, STEPS, x, y, NULL,
                                           NULL};
        const struct figure_series marks = {
            "", palette_kind(k), k ? MARKER_DIAMOND : MARKER_RING, 0, 0, false, m[k].n, m[k].c, m[k].size, NULL, NULL};
        if (isfinite(m[k].n_a))
            st = figure_add(&c, &line, err);
        if (st == OK && m[k].n > 0)
            st = figure_add(&c, &marks, err);
    }
    if (st == OK)
        st = note_chart(n, &c, "allocation", err);
    chart_free(&c);
    return st;
}

static void tell(struct note *n, const struct method *m, const struct fit_report *r)
{
    struct note_table t = {.columns = 6};
    char nb[96], db[96], e[96], g[96];
    const struct fit_law *law = fit_report_selected(r);
    note_lead(n, "By the law %s, N* = %.3g C^%.2f, D* = %.3g C^%.2f, and L = %.3g + %.3g C^-%.2f.", law->law->name, m[2].n_a,
              m[2].n_b.value, m[2].d_a, m[2].d_b.value, m[2].floor.value, m[2].k.value, m[2].g.value);
    for (const char *const *h =
             (const char *const[]){"method", "N* ~ C^", "D* ~ C^", "floor E", "excess ~ C^-", "N* at the largest C", NULL};
         *h; h++)
        note_cell(&t, "%s", *h);
    for (size_t k = 0; k < METHODS; k++) {
        note_cell(&t, "%s", names[k]);
        note_cell(&t, "%s", note_interval(nb, sizeof nb, 2, &m[k].n_b));
        note_cell(&t, "%s", note_interval(db, sizeof db, 2, &m[k].d_b));
        note_cell(&t, "%s", note_interval(e, sizeof e, 3, &m[k].floor));
        note_cell(&t, "%s", note_interval(g, sizeof g, 2, &m[k].g));
        double best = m[k].n_a * pow(r->cost.max_flops, m[k].n_b.value);
        note_cell(&t, isfinite(best) ? "%.0f" : "-", best);
    }
    note_tell(n, &t);
    if (!isfinite(m[0].floor.value) || !isfinite(m[1].floor.value))
        note_line(n, "A dash: a floor and two more numbers want more budgets than that method has here.");
    if (r->verdict.truth.known)
        note_line(n, "The exact floor of this language is %.4f nats.", r->verdict.truth.floor);
    note_line(
        n, "Hoffmann et al. (2022) have exponents of 0.50 and 0.50, 0.49 and 0.51, 0.46 and 0.54 by the same three methods; Kaplan "
           "et al. (2020) 0.73 and 0.27. Those are of large models on text: what carries over is the method.");
    note_value(n, "n_exponent", &m[2].n_b);
    note_value(n, "floor", &m[2].floor);
    note_value(n, "exponent", &m[2].g);
}

enum status step_laws(struct lab *l, struct note *n, struct err *err)
{
    struct method m[METHODS] = {{0}};
    const struct fitted *f;
    enum status st = lab_fit_of(&f, l, err);
    if (st == OK)
        st = fitted_need_law(f, err);
    if (st == OK && !f->report.frontier.holds)
        st = err_set(err, E_DATA, "these runs carry no law of size and data: more minutes, or other data, may");
    if (st == OK) {
        best_runs(&m[0], &f->table, &l->scale);
        minima(&m[1], &f->report);
        st = fit_points(&m[0], &l->scale, err);
    }
    if (st == OK)
        st = fit_points(&m[1], &l->scale, err);
    if (st == OK) {
        take_interval(&m[1].n_b, &f->report.isoflop.n_exponent);
        take_interval(&m[1].d_b, &f->report.isoflop.d_exponent);
        parametric(&m[2], &f->report);
        tell(n, m, &f->report);
        st = draw(n, m, &f->report, err);
    }
    if (st == OK)
        st = lab_chart_of(n, f, "excess", err);
    return st;
}
