#include "cli/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/theory.h"
#include "harness/train.h"

/* --- what they are made of ---- */

static struct charts_curve to_chart(const struct curve *c, size_t source)
{
    return (struct charts_curve){
        .run = c->run,
        .source = source,
        .done = strcmp(c->status, "done") == 0,
        .params = {c->params, c->params_nonembd, c->params_matmul},
        .budget_tokens = c->budget_tokens,
        .final_loss = c->final_loss,
        .n = c->n,
        .tokens = c->tokens,
        .flops = c->flops,
        .loss = c->loss,
    };
}

/* The last name of each source's path; a slash at its end is passed over. */
static enum status name_sources(struct draw_input *d, const struct fitted *f, struct err *err)
{
    TRY(size_calloc(&d->sources, f->n_sources, sizeof *d->sources, "the sources' names", err));
    for (size_t i = 0; i < f->n_sources; i++) {
        const char *name = file_basename(f->sources[i]);
        d->sources[i] = *name ? name : f->sources[i];
        snprintf(d->title + strlen(d->title), sizeof d->title - strlen(d->title), "%s%s", i ? ", " : "", d->sources[i]);
    }
    return OK;
}

/* Trials of a search in the folder below, where the runs of the table are none; a table that cannot be read has no chart. */
static void read_trials(struct fit_table *t, const struct fitted *f)
{
    char path[FILE_PATH_MAX];
    const char *const source = path;
    const struct fit_read_options all = {.count = f->opt.count, .drop_missing = true};
    struct err ignored;
    if (!f->folder || f->table.tried || file_join(path, sizeof path, f->folder, "search/results.csv", NULL) != OK)
        return;
    if (file_exists(path))
        (void)!fit_table_read(t, &source, 1, &all, &ignored);
}

static enum status fill(struct draw_input *d, const struct fitted *f, struct err *err)
{
    bool known = false;
    TRY(name_sources(d, f, err));
    TRY(size_calloc(&d->theory, 1, sizeof *d->theory, "what theory says", err));
    TRY(theory_of(d->theory, &known, f, err));
    TRY(size_calloc(&d->curves, f->curves.n, sizeof *d->curves, "the training curves", err));
    for (size_t i = 0; i < f->curves.n; i++)
        d->curves[i] = to_chart(&f->curves.items[i], f->curve_source[i]);
    read_trials(&d->trials, f);
    const struct fit_table *tried = f->table.tried ? &f->table : &d->trials;
    d->in = (struct charts_input){
        .table = &f->table,
        .report = &f->report,
        .curves = d->curves,
        .n_curves = f->curves.n,
        .sources = d->sources,
        .n_sources = f->n_sources,
        .title = f->about ? f->about->name : d->title,
        .loss_unit = fitted_unit(f),
        .theory = known ? &d->theory->chart : NULL,
        .trials = tried->tried,
        .n_trials = tried->n_tried,
        .eval_part = f->about ? TRAIN_CURVE_STRIDE : 0,
    };
    return OK;
}

enum status draw_input_make(struct draw_input *d, const struct fitted *f, struct err *err)
{
    *d = (struct draw_input){.curves = NULL};
    return fill(d, f, err);
}

void draw_input_free(struct draw_input *d)
{
    free(d->curves);
    free(d->sources);
    free(d->theory);
    fit_table_free(&d->trials);
    *d = (struct draw_input){.curves = NULL};
}

/* --- files ---- */

struct telling {
    struct file_list *drawn;
    bool tell;
};

/* Charts as they are written; a name that finds no memory is not added, and found missing later. */
static void tell_one(void *ctx, const char *path)
{
    const struct telling *t = ctx;
    struct file_list *drawn = t->drawn;
    const char *name = file_basename(path), *end = strrchr(name, '.');
    char **p = realloc(drawn->names, (drawn->n + 1) * sizeof *p);
    if (t->tell)
        printf("  %s\n", path);
    if (!p)
        return;
    drawn->names = p;
    if ((p[drawn->n] = strndup(name, end ? (size_t)(end - name) : strlen(name))))
        drawn->n++;
}

/* Who asked for a chart by its name is told why there is none. */
static void tell_missing(const struct file_list *drawn, const bool *only)
{
    for (size_t i = 0; i < charts_count(); i++) {
        bool missing = only[i];
        for (size_t k = 0; k < drawn->n && missing; k++)
            missing = strcmp(drawn->names[k], charts_name(i)) != 0;
        if (missing)
            printf("  %s: not drawn: it needs %s\n", charts_name(i), charts_needs(i));
    }
}

enum status draw_charts(struct file_list *drawn, const struct fitted *f, const char *out, const struct charts_how *how,
                        bool tell, struct err *err)
{
    struct draw_input d;
    struct telling t = {drawn, tell};
    enum status st = draw_input_make(&d, f, err);
    if (st == OK)
        st = charts_write(out, &d.in, how, tell_one, &t, err);
    if (st == OK && tell && how->only)
        tell_missing(drawn, how->only);
    draw_input_free(&d);
    return st;
}
