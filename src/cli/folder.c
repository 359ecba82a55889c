#include "cli/folder.h"

#include <stdlib.h>
#include <string.h>

#include "cli/fit_options.h"

static enum status to_options(struct fit_options *o, const struct config *c, struct err *err)
{
    o->law = c->fit.law[0] ? c->fit.law : NULL;
    o->bootstrap = c->fit.bootstrap;
    o->holdout = c->fit.holdout;
    o->seed = c->fit.seed;
    TRY(fit_options_objective(&o->obj, c->fit.objective, err));
    return fit_options_count(&o->count, c->fit.count, err);
}

enum status folder_curves(struct envelope_curve **out, size_t *n, const struct curves *c, struct err *err)
{
    struct envelope_curve *grown = realloc(*out, (*n + c->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, E_NOMEM, "out of memory for %zu training curves", *n + c->n);
    *out = grown;
    for (size_t i = 0; i < c->n; i++) {
        const struct curve *x = &c->items[i];
        if (strcmp(x->status, "done") == 0)
            grown[(*n)++] = (struct envelope_curve){.params = {x->params, x->params_nonembd, x->params_matmul},
                                                    .n = x->n, .tokens = x->tokens, .flops = x->flops,
                                                    .loss = x->loss};
    }
    return OK;
}

enum status folder_open(struct folder *f, const char *dir, const struct config *c, struct err *err)
{
    struct fit_options options = fit_options_default();
    TRY(to_options(&options, c, err));
    const struct fit_read_options read = {.count = options.count};
    TRY(fit_table_read(&f->table, &dir, 1, &read, err));
    TRY(curves_read(&f->curves, dir, err));
    struct envelope_curve *curves = NULL;
    TRY(folder_curves(&curves, &options.n_curves, &f->curves, err));
    options.curves = curves;
    enum status st = fit_analyse(&f->report, &f->table, &options, err);
    free(curves);
    return st;
}

void folder_close(struct folder *f)
{
    fit_report_free(&f->report);
    fit_table_free(&f->table);
    curves_free(&f->curves);
}
