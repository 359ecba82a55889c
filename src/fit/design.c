#include "fit/design.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

static enum status alloc(struct fit_design *d, size_t n, struct err *err)
{
    TRY(size_calloc(&d->rows, n, sizeof *d->rows, "rows", err));
    TRY(size_calloc(&d->points, n, sizeof *d->points, "points", err));
    TRY(size_calloc(&d->loss, n, sizeof *d->loss, "losses", err));
    TRY(size_calloc(&d->ln_loss, n, sizeof *d->ln_loss, "losses", err));
    TRY(size_calloc(&d->scale, n, sizeof *d->scale, "compute", err));
    TRY(size_calloc(&d->cluster, n, sizeof *d->cluster, "clusters", err));
    return size_calloc(&d->cell, n, sizeof *d->cell, "cells", err);
}

void design_free(struct fit_design *d)
{
    free(d->rows);
    free(d->points);
    free(d->loss);
    free(d->ln_loss);
    free(d->scale);
    free(d->cluster);
    free(d->cell);
    *d = (struct fit_design){.n = 0};
}

static double ln_unique(const struct fit_table *t, size_t i)
{
    double u = t->col[FIT_UNIQUE_TOKENS][i];
    return log(u > 0 ? u : t->col[FIT_TOKENS][i]);
}

/* Beside the one variable of a law stands what stays still, for the way from x to compute. */
static void take_rows(struct fit_design *d, const struct fit_table *t, const bool *use, enum fit_count count)
{
    const double *size = t->col[fit_count_column(count)];
    const double *n = d->two ? size : t->col[d->x];
    const double *data = d->two || d->x != FIT_TOKENS ? t->col[FIT_TOKENS] : size;
    const double *scale = !d->two && d->x == FIT_X ? t->col[FIT_X] : t->col[FIT_FLOPS];
    for (size_t i = 0; i < t->n; i++) {
        if (!use[i])
            continue;
        size_t k = d->n++;
        d->rows[k] = i;
        d->loss[k] = t->col[FIT_LOSS][i];
        d->ln_loss[k] = log(d->loss[k]);
        d->scale[k] = scale[i];
        d->points[k] = (struct law_point){log(n[i]), log(data[i]), ln_unique(t, i), {0, 0}};
    }
}

void design_mirror(struct fit_design *d)
{
    for (size_t k = 0; k < d->n; k++)
        d->points[k].u = -d->points[k].u;
    d->centre.u = -d->centre.u;
}

static void centre(struct fit_design *d)
{
    struct law_centre c = {0, 0};
    for (size_t k = 0; k < d->n; k++) {
        c.u += d->points[k].u / (double)d->n;
        c.v += d->points[k].v / (double)d->n;
    }
    for (size_t k = 0; k < d->n; k++) {
        d->points[k].u -= c.u;
        d->points[k].v = d->two ? d->points[k].v - c.v : 0;
    }
    d->centre = c;
}

/* Numbers from 0 for the trajectories that are left, in the order in which they come. */
static enum status number_clusters(struct fit_design *d, const struct fit_table *t, struct err *err)
{
    size_t *seen;
    TRY(size_calloc(&seen, t->n_trunks, sizeof *seen, "clusters", err));
    for (size_t i = 0; i < d->n; i++) {
        size_t *id = &seen[t->trunk[d->rows[i]]];
        if (*id == 0)
            *id = ++d->n_clusters;
        d->cluster[i] = *id - 1;
    }
    free(seen);
    return OK;
}

struct placed {
    struct law_point at;
    size_t i;
};

static int by_place(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->at.u != y->at.u)
        return x->at.u < y->at.u ? -1 : 1;
    if (x->at.v != y->at.v)
        return x->at.v < y->at.v ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

static enum status number_cells(struct fit_design *d, struct err *err)
{
    struct placed *p;
    TRY(size_calloc(&p, d->n, sizeof *p, "cells", err));
    for (size_t i = 0; i < d->n; i++)
        p[i] = (struct placed){d->points[i], i};
    qsort(p, d->n, sizeof *p, by_place);
    for (size_t i = 0; i < d->n; i++) {
        bool same = i > 0 && p[i].at.u == p[i - 1].at.u && p[i].at.v == p[i - 1].at.v;
        d->cell[p[i].i] = same ? d->cell[p[i - 1].i] : p[i].i;
    }
    free(p);
    return OK;
}

enum status design_without(struct fit_design *out, const struct fit_design *d, const bool *off, struct err *err)
{
    size_t *number;
    *out = (struct fit_design){.two = d->two, .x = d->x, .x_name = d->x_name, .centre = d->centre};
    TRY(alloc(out, d->n, err));
    TRY(size_calloc(&number, d->n, sizeof *number, "clusters", err));
    for (size_t i = 0; i < d->n; i++) {
        if (off && off[d->rows[i]])
            continue;
        size_t k = out->n++, *id = &number[d->cluster[i]];
        if (*id == 0)
            *id = ++out->n_clusters;
        out->cluster[k] = *id - 1;
        out->rows[k] = d->rows[i];
        out->points[k] = d->points[i];
        out->loss[k] = d->loss[i];
        out->ln_loss[k] = d->ln_loss[i];
        out->scale[k] = d->scale[i];
    }
    free(number);
    return number_cells(out, err);
}

struct solve_problem design_problem(const struct fit_design *d, const struct solve_problem *q)
{
    struct solve_problem p = *q;
    p.n = d->n;
    p.x = d->points;
    p.loss = d->loss;
    p.ln_loss = d->ln_loss;
    return p;
}

enum status design_make(struct fit_design *d, const struct fit_table *t, const bool *use, bool two, enum fit_column x,
                        const char *x_name, enum fit_count count, struct err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += use[i];
    *d = (struct fit_design){.two = two, .x = x, .x_name = x_name};
    TRY(alloc(d, n, err));
    take_rows(d, t, use, count);
    centre(d);
    TRY(number_clusters(d, t, err));
    return number_cells(d, err);
}
