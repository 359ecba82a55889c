#include "cli/compare_costs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "fit/origin.h"
#include "harness/memory.h"
#include "harness/results.h"
#include "harness/search.h"

struct reader {
    const char *dir;
    const struct fit_table *t;
    struct kern k;
    double *memory, *teacher; /* (t->n) */
    double teacher_train;
    bool taught;
};

/* The config in a run's folder; *found false where it cannot be read: then its memory is not known. */
static enum status read_config(struct config *c, bool *found, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct err unread;
    config_init(c);
    TRY(file_join(path, sizeof path, dir, "config.json", err));
    enum status st = file_exists(path) ? config_load(c, path, &unread) : E_DATA;
    *found = st == OK;
    return st == E_NOMEM ? err_set(err, st, "%s", unread.msg) : OK;
}

/* The shape of the model that teaches, by its own config; it has the student's vocabulary. */
static enum status read_teacher(struct teacher *t, bool *found, const struct config *c, size_t vocab, struct err *err)
{
    struct config own;
    *t = (struct teacher){.weights = 0};
    enum status st = read_config(&own, found, c->train.teacher, err);
    if (st == OK && *found)
        t->shape = config_gpt_shape(&own, vocab);
    config_free(&own);
    return st;
}

static enum status memory_of(double *out, const struct reader *r, const char *run_dir, size_t vocab, struct err *err)
{
    struct config c;
    struct teacher teacher;
    bool found, taught = true;
    struct err wrong;
    *out = (double)NAN;
    enum status st = read_config(&c, &found, run_dir, err);
    if (st == OK && found && c.train.teacher && c.train.distill_weight > 0)
        st = read_teacher(&teacher, &taught, &c, vocab, err);
    if (st == OK && found && taught) {
        struct run run = {.cfg = c, .shape = config_gpt_shape(&c, vocab)};
        run.teacher = c.train.teacher && c.train.distill_weight > 0 ? &teacher : NULL;
        if (gpt_shape_check(&run.shape, &wrong) == OK && c.train.batch_tokens >= run.shape.T)
            *out = memory_of_run(&run, &r->k, 1);
    }
    config_free(&c);
    return st;
}

static enum status read_row(struct reader *r, size_t i, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct run_row row;
    bool found = false;
    const char *name = origins_run(&r->t->from, i);
    r->memory[i] = r->teacher[i] = (double)NAN;
    if (!name || strchr(name, '/') || name[0] == '.')
        return OK;
    TRY(file_join(path, sizeof path, r->dir, name, err));
    struct err unread;
    enum status st = run_row_read(&row, &found, path, &unread);
    if (st == E_NOMEM)
        return err_set(err, st, "%s", unread.msg);
    if (st != OK || !found)
        return OK;
    r->teacher[i] = isfinite(row.teacher_flops) && row.flops > 0 ? row.teacher_flops / row.flops : 0;
    if (isfinite(row.teacher_train_flops)) {
        r->taught = true;
        r->teacher_train = fmax(r->teacher_train, row.teacher_train_flops);
    }
    return memory_of(&r->memory[i], r, path, (size_t)row.vocab, err);
}

static enum status read_search(struct compare_costs *c, const struct fitted *f, const char *dir, struct err *err)
{
    struct search_found found;
    bool there;
    c->search = c->sweep = 0;
    if (f->about->train.lr_law.kind != LR_AUTO)
        return OK;
    TRY(search_found_in(&found, &there, dir, err));
    c->search = there ? found.flops : (double)NAN;
    c->sweep = there ? found.sweep_flops : (double)NAN;
    c->trials = there ? found.trials : 0;
    return OK;
}

enum status costs_read(struct compare_costs *c, const struct fitted *f, struct err *err)
{
    const double none = (double)NAN;
    struct reader r = {.dir = f->sources[0], .t = &f->table};
    *c = (struct compare_costs){.teacher_train = none, .search = none, .sweep = none};
    if (!f->about) /* a table */
        return OK;
    TRY(read_search(c, f, r.dir, err));
    kern_init(&r.k, kern_isa_best());
    TRY(size_calloc(&r.memory, r.t->n, sizeof *r.memory, "the runs' memory", err));
    c->memory = r.memory;
    enum status st = size_calloc(&r.teacher, r.t->n, sizeof *r.teacher, "the teacher's passes", err);
    for (size_t i = 0; st == OK && i < r.t->n; i++)
        st = read_row(&r, i, err);
    if (st == OK && r.taught) {
        c->teacher = r.teacher;
        c->teacher_train = r.teacher_train;
    } else {
        free(r.teacher);
    }
    return st;
}

void costs_free(struct compare_costs *c)
{
    free((void *)c->memory);
    free((void *)c->teacher);
    *c = (struct compare_costs){.memory = NULL};
}
