#include "harness/transfer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "harness/results.h"
#include "harness/rundir.h"

/* Rates that are as good as one, as bowl_fit has it. */
static bool same_rate(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(a);
}

static size_t find_cell(const struct transfer_bowls *b, enum param_kind parametrisation, size_t d_model, size_t n_layer)
{
    size_t i = 0;
    while (i < b->n && (b->cells[i].parametrisation != parametrisation || b->cells[i].d_model != d_model ||
                        b->cells[i].n_layer != n_layer))
        i++;
    return i;
}

/* The cell where the axes meet is one. */
static void add_span(struct transfer_bowls *b, enum transfer_axis axis, enum param_kind parametrisation)
{
    const struct transfer_spec *s = b->spec;
    struct transfer_span *span = &b->spans[b->n_spans++];
    *span = (struct transfer_span){.axis = axis, .parametrisation = parametrisation, .n = s->sizes[axis].n};
    for (size_t i = 0; i < span->n; i++) {
        size_t d_model = transfer_d_model(s, axis, i), n_layer = transfer_n_layer(s, axis, i);
        span->cells[i] = find_cell(b, parametrisation, d_model, n_layer);
        if (span->cells[i] < b->n)
            continue;
        struct transfer_cell *c = &b->cells[b->n++];
        *c = (struct transfer_cell){.parametrisation = parametrisation, .d_model = d_model, .n_layer = n_layer};
        c->n_rates = s->n_rates;
        memcpy(c->rates, s->rates, s->n_rates * sizeof *c->rates);
    }
}

void transfer_bowls_init(struct transfer_bowls *b, const struct transfer_spec *spec)
{
    *b = (struct transfer_bowls){.spec = spec};
    for (enum transfer_axis axis = 0; axis < TRANSFER_N_AXES; axis++)
        for (size_t p = 0; p < 2 && spec->sizes[axis].n > 0; p++)
            add_span(b, axis, (enum param_kind)p);
}

/* ---- the grid ---- */

/* Text that grows at its end; what does not fit is our own mistake. */
struct text {
    char all[1 << 14];
    size_t n;
};

static void put(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void put(struct text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(t->all + t->n, sizeof t->all - t->n, fmt, args);
    va_end(args);
    CHECK(n >= 0 && (size_t)n < sizeof t->all - t->n);
    t->n += (size_t)n;
}

/* Different rates of all cells. */
static size_t all_rates(double *rates, size_t room, const struct transfer_bowls *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        for (size_t j = 0; j < b->cells[i].n_rates; j++) {
            size_t k = 0;
            while (k < n && rates[k] != b->cells[i].rates[j])
                k++;
            if (k == n && n < room)
                rates[n++] = b->cells[i].rates[j];
        }
    return n;
}

static void put_models(struct text *t, const struct transfer_bowls *b)
{
    size_t n = 0;
    put(t, "grid.models=[");
    for (size_t i = 0; i < b->n; i++)
        if (find_cell(b, PARAM_COMPLETEP, b->cells[i].d_model, b->cells[i].n_layer) == i)
            put(t, "%s{\"d_model\":%zu,\"n_layer\":%zu}", n++ ? "," : "", b->cells[i].d_model, b->cells[i].n_layer);
    put(t, "]");
}

static void put_vary(struct text *t, const struct transfer_bowls *b)
{
    double rates[CONFIG_LIST_MAX];
    size_t n = all_rates(rates, CONFIG_LIST_MAX, b);
    put(t, "grid.vary={\"model.parametrisation\":[\"completep\",\"standard\"],\"train.lr\":[");
    for (size_t i = 0; i < n; i++)
        put(t, "%s%.17g", i ? "," : "", rates[i]);
    put(t, "]}");
}

static enum status set(struct config *c, struct text *t, struct err *err)
{
    enum status st = config_set(c, t->all, err);
    t->n = 0;
    return st;
}

enum status transfer_config(struct config *c, const struct transfer_bowls *b, struct err *err)
{
    static const char end[] = "-transfer";
    static const char *const none[] = {"grid.params=[]", "grid.flops=[]"};
    struct text t = {.n = 0};
    size_t n = strlen(c->name), m = sizeof end - 1;
    if (n < m || strcmp(c->name + n - m, end) != 0)
        snprintf(c->name + size_min(n, sizeof c->name - sizeof end), sizeof end, "%s", end);
    for (size_t i = 0; i < 2; i++)
        TRY(config_set(c, none[i], err));
    put_models(&t, b);
    TRY(set(c, &t, err));
    put_vary(&t, b);
    TRY(set(c, &t, err));
    put(&t, "grid.tokens=[%.17g]", b->spec->tokens);
    TRY(set(c, &t, err));
    put(&t, "grid.seeds=[");
    for (size_t i = 0; i < b->spec->seeds; i++)
        put(&t, "%s%zu", i ? "," : "", c->train.seed + i);
    put(&t, "]");
    TRY(set(c, &t, err));
    /* The default depends on the size: widths would differ in more than their width. */
    if (!(c->train.warmup_tokens > 0)) {
        double batch = (double)c->train.batch_tokens;
        c->train.warmup_tokens = fmax(1, floor(b->spec->tokens / 5 / batch)) * batch;
    }
    config_disown(c); /* what varies is this program's choice */
    return config_check(c, err);
}

/* ---- trials ---- */

static size_t cell_of(const struct transfer_bowls *b, const struct run *r)
{
    return find_cell(b, (enum param_kind)r->cfg.model.parametrisation, r->shape.C, r->shape.L);
}

static bool wanted(const void *ctx, const struct run *r)
{
    const struct transfer_bowls *b = ctx;
    size_t i = cell_of(b, r);
    for (size_t j = 0; i < b->n && j < b->cells[i].n_rates; j++)
        if (b->cells[i].rates[j] == r->cfg.train.lr)
            return true;
    return false;
}

enum status transfer_plan(struct plan *p, const struct transfer_bowls *b, const struct config *c, const struct data *d,
                          struct err *err)
{
    TRY(plan_make(p, c, data_vocab(d), data_train_tokens(d), err));
    TRY(plan_check_warmup(p, err));
    return plan_keep(p, wanted, b, err);
}

static enum status read_run(struct run_row *row, const struct run *r, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    bool found;
    TRY(rundir_path(path, dir, r->name, "", err));
    TRY(run_row_read(row, &found, path, err));
    return found ? OK : err_set(err, E_RUN, "%s has no result", path);
}

/* What one cell's trials ended with, in points. */
static enum status read_cell(struct bowl_point *points, size_t *n, struct transfer_bowls *b, size_t cell, const struct plan *p,
                             const char *dir, struct err *err)
{
    *n = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct run_row row;
        if (cell_of(b, &p->runs[i]) != cell)
            continue;
        TRY(read_run(&row, &p->runs[i], dir, err));
        points[(*n)++] = (struct bowl_point){p->runs[i].cfg.train.lr, row.loss};
        b->n_trials++;
        b->n_diverged += !isfinite(row.loss);
        b->tokens += p->runs[i].cfg.train.tokens;
        b->flops += p->runs[i].flops;
    }
    return OK;
}

static void measure(struct transfer_span *s, const struct transfer_cell *cells)
{
    const struct bowl *low = NULL, *high = NULL;
    double x[TRANSFER_SIZES_MAX], y[TRANSFER_SIZES_MAX];
    s->found = true;
    for (size_t i = 0; i < s->n; i++) {
        const struct transfer_cell *c = &cells[s->cells[i]];
        const struct bowl *b = &c->bowl;
        s->found = s->found && b->state == BOWL_FOUND && isfinite(b->x.value);
        x[i] = (double)(s->axis == TRANSFER_WIDTH ? c->d_model : c->n_layer);
        y[i] = b->x.value;
        low = !low || b->x.value < low->x.value ? b : low;
        high = !high || b->x.value > high->x.value ? b : high;
    }
    s->factor = s->exponent = (struct fit_value){(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    if (!s->found)
        return;
    s->exponent = exponent_fit(x, y, s->n);
    s->factor.value = high->x.value / low->x.value;
    if (low == high)
        return;
    s->factor.se = hypot(high->x.se, low->x.se); /* of its logarithm */
    s->factor.lo = fmax(1, s->factor.value * exp(-STATS_Z95 * s->factor.se));
    s->factor.hi = s->factor.value * exp(STATS_Z95 * s->factor.se);
}

struct trials {
    struct bowl_point *points; /* (n), of all cells one after the other */
    size_t of[2 * 2 * TRANSFER_SIZES_MAX];
    struct bowl *bowls; /* (cells) */
};

/* The noise of a trial is taken from all cells together: each alone has few points beyond its parabola. */
static void fit(struct transfer_bowls *b, const struct trials *t)
{
    size_t at = 0;
    for (size_t i = 0; i < b->n; at += t->of[i++])
        bowl_fit(&t->bowls[i], t->points + at, t->of[i], (double)NAN, (double)NAN);
    b->sd = bowl_pool(&b->df, t->bowls, b->n);
    at = 0;
    for (size_t i = 0; i < b->n; at += t->of[i++])
        bowl_fit(&b->cells[i].bowl, t->points + at, t->of[i], b->sd, b->df);
    for (size_t i = 0; i < b->n_spans; i++)
        measure(&b->spans[i], b->cells);
}

enum status transfer_read(struct transfer_bowls *b, const struct plan *p, const char *dir, struct err *err)
{
    struct trials t = {.points = NULL};
    size_t at = 0;
    b->n_trials = b->n_diverged = 0;
    b->tokens = b->flops = 0;
    TRY(size_calloc(&t.points, p->n, sizeof *t.points, "the trials", err));
    enum status st = size_calloc(&t.bowls, b->n, sizeof *t.bowls, "the bowls", err);
    for (size_t i = 0; i < b->n && st == OK; at += t.of[i++])
        st = read_cell(t.points + at, &t.of[i], b, i, p, dir, err);
    if (st == OK)
        fit(b, &t);
    free(t.bowls);
    free(t.points);
    return st;
}

/* ---- further rates ---- */

/* The same number where another cell has it already: one run more in a column that there is. */
static double known_rate(const struct transfer_bowls *b, double rate)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t j = 0; j < b->cells[i].n_rates; j++)
            if (same_rate(b->cells[i].rates[j], rate))
                return b->cells[i].rates[j];
    return rate;
}

static bool has_rate(const struct transfer_cell *c, double rate)
{
    for (size_t i = 0; i < c->n_rates; i++)
        if (same_rate(c->rates[i], rate))
            return true;
    return false;
}

bool transfer_extend(struct transfer_bowls *b)
{
    double rates[CONFIG_LIST_MAX];
    bool any = false;
    for (size_t i = 0; i < b->n; i++) {
        struct transfer_cell *c = &b->cells[i];
        double rate = bowl_next(&c->bowl, b->spec->step);
        bool room = all_rates(rates, CONFIG_LIST_MAX, b) < CONFIG_LIST_MAX && c->n_rates < BOWL_MAX;
        if (!(rate > 1e-9 && rate <= TRANSFER_RATE_MAX) || !room || has_rate(c, rate))
            continue;
        c->rates[c->n_rates++] = known_rate(b, rate);
        any = true;
    }
    return any;
}

const struct transfer_span *transfer_span_of(const struct transfer_bowls *b, enum transfer_axis axis, enum param_kind p)
{
    for (size_t i = 0; i < b->n_spans; i++)
        if (b->spans[i].axis == axis && b->spans[i].parametrisation == p)
            return &b->spans[i];
    return NULL;
}
