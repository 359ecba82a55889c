#include "cli/next_runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "cli/answer.h"
#include "fit/levels.h"
#include "fit/verdict/candidates.h"
#include "harness/folder.h"
#include "harness/plan.h"

static plan_count_fn *const counts[FIT_N_COUNTS] = {gpt_params, gpt_params_nonembd, gpt_params_matmul};

/* ---- shapes, of a folder ---- */

/* A size that is wanted and the shape that has it; d_model 0 where none does. */
struct sized {
    struct config_shape shape;
    double n;
};

static double curve_params(const struct curve *c, enum fit_count count)
{
    return count == FIT_COUNT_TOTAL ? c->params : count == FIT_COUNT_NONEMBD ? c->params_nonembd : c->params_matmul;
}

/* The shape of a run that has this size, as its own config has it. */
static enum status shape_that_ran(struct sized *s, const struct fitted *f, double n, struct err *err)
{
    for (size_t i = 0; i < f->curves.n; i++) {
        const struct curve *c = &f->curves.items[i];
        char path[FILE_PATH_MAX], inside[200];
        struct config one;
        if (!(fabs(log(curve_params(c, f->report.count) / n)) < log(LEVELS_MET)))
            continue;
        snprintf(inside, sizeof inside, "%s/config.json", c->run);
        TRY(file_join(path, sizeof path, f->folder, inside, err));
        config_init(&one);
        enum status st = config_load(&one, path, err);
        *s = (struct sized){{one.model.d_model, one.model.n_layer, one.model.n_head}, curve_params(c, f->report.count)};
        config_free(&one);
        return st;
    }
    return OK;
}

/* So far off may a shape be whose size was wanted. */
#define OFF 0.35

/* As deep as those that ran, where that gives the size; else of any depth. */
static void shape_for(struct sized *s, const struct fitted *f, size_t vocab, double n)
{
    struct plan_shapes like = plan_all_shapes;
    plan_count_fn *count = counts[f->report.count];
    size_t least = SIZE_MAX, most = 0;
    for (size_t i = 0; i < f->curves.n; i++) {
        least = size_min(least, (size_t)f->curves.items[i].n_layer);
        most = size_max(most, (size_t)f->curves.items[i].n_layer);
    }
    if (most > 0)
        like.n_layer[0] = least, like.n_layer[1] = most;
    const struct plan_shapes *const tried[] = {&like, &plan_all_shapes};
    for (size_t i = 0; i < 2 && s->shape.d_model == 0; i++) {
        struct config_shape shape = plan_shape_within(tried[i], count, n, &f->cfg, vocab);
        struct gpt_shape g = config_gpt_shape(&f->cfg, vocab);
        g.C = shape.d_model, g.L = shape.n_layer, g.NH = shape.n_head;
        if (shape.d_model && fabs(log(count(&g) / n)) < OFF)
            *s = (struct sized){shape, count(&g)};
    }
}

static bool twice(const struct sized *sizes, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (sizes[j].shape.d_model == sizes[i].shape.d_model && sizes[j].shape.n_layer == sizes[i].shape.n_layer)
            return true;
    return false;
}

/* Shapes for all sizes: those that ran keep theirs, and no other level may have one of these. */
static enum status find_shapes(struct sized *sizes, const struct candidates *c, const struct fitted *f, size_t vocab,
                               struct err *err)
{
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < c->n_sizes; i++) {
            if (c->ran[i] && pass == 0)
                TRY(shape_that_ran(&sizes[i], f, c->sizes[i], err));
            if (pass == 1 && sizes[i].shape.d_model == 0)
                shape_for(&sizes[i], f, vocab, c->sizes[i]);
        }
    for (size_t i = 0; i < c->n_sizes; i++)
        for (size_t j = 0; j < c->n_sizes; j++)
            if (j != i && !c->ran[i] && sizes[i].shape.d_model == sizes[j].shape.d_model &&
                sizes[i].shape.n_layer == sizes[j].shape.n_layer && (c->ran[j] || j < i))
                sizes[i].shape.d_model = 0;
    for (size_t i = 0; i < c->n_sizes; i++)
        if (sizes[i].shape.d_model && twice(sizes, i))
            sizes[i].shape.d_model = 0;
    return OK;
}

/* Candidates of sizes that no shape has, and of more tokens than the corpus, are dropped; the others get the size and the
 * compute that their shape really has. */
static enum status shape_candidates(struct candidates *c, struct sized *sizes, const struct fitted *f, struct err *err)
{
    struct folder_data data;
    double batch = (double)f->cfg.train.batch_tokens, most = 0;
    TRY(folder_data_of(&data, f->folder, &f->cfg, err));
    const size_t vocab = data.vocab, corpus = data.train_tokens;
    TRY(find_shapes(sizes, c, f, vocab, err));
    for (size_t i = 0; i < f->table.n; i++)
        most = fmax(most, f->table.col[FIT_TOKENS][i]);
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct sized *s = &sizes[c->items[i].size];
        double d = fmax(1, round(c->runs[i].d / batch)) * batch;
        if (s->shape.d_model == 0 || (corpus > 0 && d > fmax((double)corpus, most)))
            continue;
        struct gpt_shape g = config_gpt_shape(&f->cfg, vocab);
        g.C = s->shape.d_model, g.L = s->shape.n_layer;
        g.NH = s->shape.n_head ? s->shape.n_head : size_max(1, g.C / f->cfg.model.head_size);
        c->items[kept] = c->items[i];
        c->runs[kept++] = (struct worth_run){s->n, d, gpt_flops_per_token(&g) * d, c->runs[i].trunk};
    }
    c->n = kept;
    return OK;
}

/* ---- the answer ---- */

/* The k-th seed of the runs, or a new one: the next whole numbers that none of them has. */
static double seed_at(const double *seeds, size_t n, size_t k)
{
    return k < n ? seeds[k] : (n > 0 ? floor(seeds[n - 1]) : 0) + 1 + (double)(k - n);
}

static double flops_there(const struct fitted *f)
{
    double sum = 0;
    for (size_t i = 0; i < f->table.n; i++)
        sum += isfinite(f->table.col[FIT_FLOPS][i]) ? f->table.col[FIT_FLOPS][i] : 0;
    return sum;
}

static void take_picks(struct next_runs *x, const struct fitted *f, const struct candidates *c, const struct sized *sizes,
                       const double *seeds, size_t n_seeds)
{
    x->n = x->worth.n;
    for (size_t i = 0; i < x->n; i++) {
        const struct worth_pick *p = &x->worth.picks[i];
        const struct candidate *at = &c->items[p->run];
        const struct worth_run *r = &c->runs[p->run];
        struct next_run *out = &x->runs[i];
        *out = (struct next_run){.cell = {sizes[at->size].shape, r->d, (size_t)seed_at(seeds, n_seeds, at->seed)},
                                 .n = r->n, .d = r->d, .flops = p->flops};
        out->seconds = p->flops / answer_speed(f, r->n);
        memcpy(out->width, p->width, sizeof out->width);
        x->seconds += out->seconds;
    }
    x->flops = x->worth.flops;
    x->share = x->flops / flops_there(f);
}

/* The folder's config with these runs for its grid. */
static enum status make_config(struct next_runs *x, const struct fitted *f, struct err *err)
{
    struct config_cell cells[NEXT_RUNS_MAX];
    x->config = config_of_run(&f->cfg);
    x->config.grid.warmup_tokens = f->cfg.grid.warmup_tokens;
    x->config.grid.warmup_flops = f->cfg.grid.warmup_flops;
    x->config.search = f->cfg.search;
    x->config.model.d_model = x->config.model.n_layer = x->config.model.n_head = 0;
    x->config.train.tokens = 0;
    for (size_t i = 0; i < x->n; i++)
        cells[i] = x->runs[i].cell;
    return config_set_runs(&x->config, cells, x->n, err);
}

static enum status choose(struct next_runs *x, const struct fitted *f, struct candidates *c, size_t k, double reach,
                          double *seeds, struct err *err)
{
    struct sized sizes[CANDIDATES_LEVELS] = {{.n = 0}};
    size_t n_seeds = candidates_seeds(seeds, &f->table);
    TRY(candidates_make(c, &f->report, &f->table, reach, err));
    if (f->folder)
        TRY(shape_candidates(c, sizes, f, err));
    x->n_candidates = c->n;
    if (c->n < k)
        return err_set(err, E_DATA, "%s: up to %g times the largest of the runs there are %zu to choose from, not %zu: a larger "
                                    "--reach gives more", fitted_name(f), reach, c->n, k);
    TRY(candidates_lengthen(c, &f->report, &f->table, k, err));
    bool shares = f->folder && f->cfg.train.schedule == SCHEDULE_WSD;
    for (size_t i = 0; i < c->n && f->folder && !shares; i++)
        c->runs[i].trunk = i;
    const struct worth_in in = {.runs = c->runs, .n = c->n, .branch = shares ? f->cfg.train.cooldown : 1, .k = k};
    TRY(worth_choose(&x->worth, &f->report, &f->table, &in, err));
    take_picks(x, f, c, sizes, seeds, n_seeds);
    x->has_shapes = f->folder != NULL;
    return x->has_shapes ? make_config(x, f, err) : OK;
}

enum status next_runs_make(struct next_runs *x, const struct fitted *f, size_t k, double reach, size_t jobs, struct err *err)
{
    struct candidates c = {.n = 0};
    double *seeds;
    *x = (struct next_runs){.n = 0};
    if (f->folder && f->cfg.grid.vary.n > 0)
        return err_set(err, E_DATA, "%s: its grid varies %s, and --next does not know with which value the new runs should be: "
                                    "give the table with --where", fitted_name(f), f->cfg.grid.vary.items[0].path);
    TRY(size_calloc(&seeds, f->table.n, sizeof *seeds, "the seeds", err));
    enum status st = choose(x, f, &c, k, reach, seeds, err);
    x->seconds /= (double)jobs;
    candidates_free(&c);
    free(seeds);
    return st;
}

void next_runs_free(struct next_runs *x)
{
    worth_free(&x->worth);
    free(x->config.grid.runs.items);
    *x = (struct next_runs){.n = 0};
}
