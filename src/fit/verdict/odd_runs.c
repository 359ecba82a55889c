#include "fit/verdict/odd_runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/levels.h"
#include "fit/verdict/noise_model.h"
#include "fit/verdict/outliers.h"

/* Fewer repeated cells than this say too little of a single run's noise: the cell may hold the odd run. */
#define MIN_CELLS 4
/* The share of the runs, by compute, that are the large ones. */
#define LARGE 0.2

struct work {
    const struct fit_law *f; /* the selected law, whose runs all laws share */
    const size_t *cell;      /* (n) */
    double *noise, *expected; /* (n) */
    bool *off_law, *odd;     /* (n) */
    enum fit_column size;
    struct outliers_law laws[FIT_MAX_LAWS];
};

static enum status alloc(struct work *w, struct err *err)
{
    size_t n = w->f->n;
    TRY(size_calloc(&w->noise, n, sizeof *w->noise, "odd runs", err));
    TRY(size_calloc(&w->expected, n, sizeof *w->expected, "odd runs", err));
    TRY(size_calloc(&w->off_law, n, sizeof *w->off_law, "odd runs", err));
    return size_calloc(&w->odd, n, sizeof *w->odd, "odd runs", err);
}

static void release(struct work *w)
{
    free(w->noise);
    free(w->expected);
    free(w->off_law);
    free(w->odd);
}

/* The noise of a run is that of the other cells: it may be odd itself, and the noise of its own cell with it. Beyond so
 * many rows one cell more or less makes no difference. */
#define MAX_ROWS 1000

static enum status noise_without(struct noise_model *m, const struct work *w, size_t i, bool *skip,
                                 const struct fit_table *t, struct err *err)
{
    for (size_t j = 0; j < w->f->n; j++)
        skip[w->f->rows[j]] = w->cell[j] == w->cell[i];
    enum status st = noise_model_fit(m, t, w->size, skip, err);
    memset(skip, 0, t->n * sizeof *skip);
    return st;
}

/* What seeds alone move ln loss by at each run. */
static enum status seed_noise(struct work *w, const struct fit_table *t, struct err *err)
{
    struct noise_model all, m;
    bool *skip;
    TRY(noise_model_fit(&all, t, w->size, NULL, err));
    if (all.df == 0 || all.cells <= MIN_CELLS)
        return OK;
    TRY(size_calloc(&skip, t->n, sizeof *skip, "odd runs", err));
    enum status st = OK;
    for (size_t i = 0; i < w->f->n && st == OK; i++) {
        size_t row = w->f->rows[i];
        double d = t->col[FIT_TOKENS][row];
        m = all;
        if (w->f->n <= MAX_ROWS)
            st = noise_without(&m, w, i, skip, t, err);
        if (st == OK && m.df > 0)
            w->noise[i] = noise_model_at(&m, t->col[w->size][row], isnan(d) ? 1 : d) / w->f->loss[i];
    }
    free(skip);
    return st;
}

static enum status keep(struct fit_odd *odd, const struct fit_table *t, const struct work *w, struct err *err)
{
    size_t n = w->f->n, m = 0;
    for (size_t i = 0; i < n; i++)
        m += w->odd[i];
    TRY(size_calloc(&odd->off, t->n, sizeof *odd->off, "odd runs", err));
    TRY(size_calloc(&odd->runs, m, sizeof *odd->runs, "odd runs", err));
    for (size_t i = 0; i < n; i++) {
        if (!w->odd[i])
            continue;
        size_t row = w->f->rows[i];
        struct fit_outlier *o = &odd->runs[odd->n++];
        *o = (struct fit_outlier){.row = row, .loss = w->f->loss[i], .expected = w->expected[i],
                                  .at = origins_told(&t->from, row)};
        odd->off[row] = true;
    }
    return OK;
}

/* The runs that an extrapolation starts from: the lowest loss, and the largest budget. */
static void judge_top(struct fit_odd *odd, const struct fit_table *t, const struct work *w)
{
    const struct fit_law *f = w->f;
    enum fit_column c = f->law->n_vars == 1 ? f->x : FIT_FLOPS;
    size_t best = 0, largest = 0, off = 0;
    double top = 0, miss = 0;
    for (size_t i = 0; i < f->n; i++) {
        best = f->loss[i] < f->loss[best] ? i : best;
        top = fmax(top, t->col[c][f->rows[i]]);
    }
    for (size_t i = 0; i < f->n; i++) {
        if (t->col[c][f->rows[i]] * LEVELS_MET < top)
            continue;
        largest++;
        if (w->off_law[i]) {
            off++;
            miss += f->loss[i] / w->expected[i] - 1;
        }
    }
    /* a low run in the midst of the grid is odd, and says nothing of what comes after the largest */
    size_t larger = 0;
    for (size_t i = 0; i < f->n; i++)
        larger += t->col[c][f->rows[i]] > t->col[c][f->rows[best]] * LEVELS_MET;
    bool late = (double)larger < LARGE * (double)f->n;
    if (late && w->off_law[best] && f->loss[best] < w->expected[best])
        odd->top = (struct fit_top_off){1, 1, f->loss[best] / w->expected[best] - 1, true};
    if (2 * off > largest)
        odd->top = (struct fit_top_off){off, largest, miss / (double)off, false};
}

enum status odd_runs_fill(struct fit_odd *odd, const struct fit_laws *laws, const struct fit_design *d,
                          const struct fit_table *t, enum fit_count count, struct err *err)
{
    struct work w = {.f = fit_laws_selected(laws), .cell = d->cell, .size = fit_size_column(t, count)};
    if (!w.f)
        return OK;
    for (size_t i = 0; i < laws->n; i++)
        w.laws[i] = (struct outliers_law){&laws->at[i].problem, laws->at[i].best.p};
    enum status st = alloc(&w, err);
    if (st == OK)
        st = seed_noise(&w, t, err);
    struct outliers_in in = {w.laws, laws->n, laws->selected, w.cell, w.noise};
    if (st == OK)
        st = outliers_find(w.off_law, w.odd, w.expected, &in, err);
    if (st == OK)
        st = keep(odd, t, &w, err);
    if (st == OK)
        judge_top(odd, t, &w);
    release(&w);
    return st;
}

void odd_runs_free(struct fit_odd *odd)
{
    free(odd->off);
    free(odd->runs);
    *odd = (struct fit_odd){.n = 0};
}
