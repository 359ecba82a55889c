#include "fit/kept.h"

#include <stdlib.h>

#include "base/size.h"

enum status kept_take(struct kept *k, const struct fit_report *r, const struct fit_law *f, struct err *err)
{
    size_t m = 0;
    *k = (struct kept){.problem = f->problem};
    TRY(size_calloc(&k->points, f->n, sizeof *k->points, "runs", err));
    TRY(size_calloc(&k->loss, f->n, sizeof *k->loss, "runs", err));
    TRY(size_calloc(&k->ln_loss, f->n, sizeof *k->ln_loss, "runs", err));
    TRY(size_calloc(&k->index, f->n, sizeof *k->index, "runs", err));
    for (size_t i = 0; i < f->n; i++) {
        if (r->off && r->off[f->rows[i]])
            continue;
        k->points[m] = f->points[i];
        k->loss[m] = f->loss[i];
        k->ln_loss[m] = f->ln_loss[i];
        k->index[m++] = i;
    }
    k->problem.n = m;
    k->problem.x = k->points;
    k->problem.loss = k->loss;
    k->problem.ln_loss = k->ln_loss;
    return OK;
}

void kept_free(struct kept *k)
{
    free(k->points);
    free(k->loss);
    free(k->ln_loss);
    free(k->index);
    *k = (struct kept){.loss = NULL};
}
