#include "cli/folder.h"

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

enum status folder_open(struct folder *f, const char *dir, const struct config *c,
                               struct err *err)
{
    struct fit_options options = fit_options_default();
    TRY(to_options(&options, c, err));
    const struct fit_read_options read = {.count = options.count};
    TRY(fit_table_read(&f->table, &dir, 1, &read, err));
    TRY(curves_read(&f->curves, dir, err));
    return fit_analyse(&f->report, &f->table, &options, err);
}

void folder_close(struct folder *f)
{
    fit_report_free(&f->report);
    fit_table_free(&f->table);
    curves_free(&f->curves);
}
