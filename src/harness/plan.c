#include "harness/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"

double plan_cost(const struct gpt_shape *s)
{
    const double beside = 27e3;
    return gpt_flops_per_token(s) + beside * (double)(s->ensemble * gpt_shape_blocks(s));
}

double plan_eval_tokens(double held_out)
{
    return held_out / 2.6;
}

double plan_own_tokens(const struct plan *p, const struct trajectory *t, size_t i)
{
    struct schedule s = config_schedule(&p->runs[i].cfg);
    bool trunk = i == t->first + t->n - 1;
    return s.total - (trunk ? 0 : schedule_branch_tokens(&s));
}

/* What a plan is made of. */
struct maker {
    struct plan *p;
    const struct config *c;
    const struct config_vary *varied; /* what differs among the runs beside shape, budget and seed */
    struct config_hasher *hasher;
    size_t vocab, train_tokens;
    const struct config *list; /* (n_list) of plan_list */
    size_t n_list;
    double least, most, own;   /* sizes of the grid and that at hand, in parameters, without what varies */
    bool elsewhere;            /* only cells at which grid.vary does not hold; else those at which it does */
};

/* Whole steps, at least one. */
static double round_tokens(double tokens, const struct config *c)
{
    struct batch b = config_batch(c);
    return batch_round(&b, tokens);
}

static enum status name_run(struct run *r, struct config_hasher *h, struct err *err)
{
    uint64_t hash, trunk_hash;
    TRY(config_hasher_hash(&hash, h, &r->cfg, err));
    char tokens[32];
    count_format(tokens, sizeof tokens, r->cfg.train.tokens);
    snprintf(r->name, sizeof r->name, "d%zu-l%zu-t%s-s%zu-%08x", r->shape.C, r->shape.L, tokens,
             r->cfg.train.seed, (unsigned)(hash >> 32));
    /* Runs share a trunk where they differ in nothing but the budget, and the schedule is wsd. */
    if (r->cfg.train.schedule != SCHEDULE_WSD) {
        strcpy(r->trunk, r->name);
        return OK;
    }
    double tokens_kept = r->cfg.train.tokens;
    r->cfg.train.tokens = 0;
    enum status st = config_hasher_hash(&trunk_hash, h, &r->cfg, err);
    r->cfg.train.tokens = tokens_kept;
    snprintf(r->trunk, sizeof r->trunk, "d%zu-l%zu-s%zu-%08x", r->shape.C, r->shape.L,
             r->cfg.train.seed, (unsigned)(trunk_hash >> 32));
    return st;
}

static enum status fill_run(struct run *r, const struct maker *m, struct err *err)
{
    r->shape = config_gpt_shape(&r->cfg, m->vocab);
    TRY(gpt_shape_check(&r->shape, err));
    r->cfg.model.n_head = r->shape.NH;
    r->varied = m->varied;
    if (r->cfg.train.order_seed == r->cfg.train.seed)
        r->cfg.train.order_seed = 0; /* the same run, by its one name */
    r->params = gpt_params(&r->shape);
    r->params_nonembd = gpt_params_nonembd(&r->shape);
    r->params_matmul = gpt_params_matmul(&r->shape);
    r->params_active = gpt_params_active(&r->shape);
    r->flops = gpt_flops_per_token(&r->shape) * r->cfg.train.tokens;
    r->flops_6nd = 6 * r->params * r->cfg.train.tokens;
    r->teacher_flops = (double)NAN;
    const struct data_mix mix = config_data_mix(&r->cfg);
    double own_tokens = r->cfg.train.tokens - data_mix_tokens(&mix, r->cfg.train.tokens);
    size_t unique = m->c->data.epochs > 0 ? r->cfg.data.unique_tokens : m->train_tokens;
    r->epochs = unique ? own_tokens / (double)unique : (double)NAN;
    return name_run(r, m->hasher, err);
}

/* An unset warm-up takes a token for each parameter (Porian et al. 2024, arXiv 2406.19146, section 3), of an ensemble for
 * each of a member's, but no more than a fifth of the run: what it depends on is the run's own, so that a run is the same
 * in every grid. Budgets of more than five tokens a parameter have one warm-up then, and share a trunk. */
static double warmup_of(const struct config *c, const struct gpt_shape *s, double tokens)
{
    struct batch b = config_batch(c);
    double params = gpt_params(s) / (double)s->ensemble, warmup = fmin(params, tokens / 5), smallest = 0;
    if (c->train.warmup_tokens > 0)
        return c->train.warmup_tokens;
    if (c->grid.warmup_flops > 0)
        smallest = round_tokens(c->grid.warmup_flops / gpt_flops_per_token(s), c);
    else if (c->grid.warmup_tokens > 0)
        smallest = round_tokens(c->grid.warmup_tokens, c);
    /* A folder of the first version; budgets below all that it had are new to it. */
    if (smallest > 0 && tokens >= smallest)
        warmup = 0.1 * smallest;
    return batch_floor(&b, warmup);
}

/* A law becomes the run's own number: one of four digits, so that no name hangs on the last bit of a power. */
static enum status set_rate(struct config *run, const struct config *c, double params, struct err *err)
{
    const double most = 10; /* as of the key */
    char digits[32];
    run->train.lr = config_lr_at(c, params, run->train.tokens);
    if (c->train.lr_law.kind == LR_LAW) {
        snprintf(digits, sizeof digits, "%.4g", run->train.lr);
        run->train.lr = strtod(digits, NULL);
    }
    run->train.lr_law = (struct config_lr_law){LR_NUMBER, 0, 0, 0, 0};
    if (!(run->train.lr >= 0 && run->train.lr <= most))
        return err_set(err, E_CONFIG, "train.lr: the law says %.3g at %.15g parameters and %.15g tokens: 0 to %g can be",
                       run->train.lr, params, run->train.tokens, most);
    return OK;
}

/* data.epochs becomes the run's own number, so that the same run stands in any grid. */
static enum status set_unique(struct config *run, const struct maker *m, struct err *err)
{
    const struct data_mix mix = config_data_mix(run);
    const double T = (double)run->model.ctx, own = run->train.tokens - data_mix_tokens(&mix, run->train.tokens);
    double unique = fmax(1, ceil(own / run->data.epochs / T - 1e-9)) * T;
    if (m->train_tokens > 0 && unique > (double)m->train_tokens)
        return err_set(err, E_CONFIG, "data.epochs=%g: a run of %.15g tokens takes %.15g that are unique, there are %zu",
                       run->data.epochs, run->train.tokens, unique, m->train_tokens);
    run->data.unique_tokens = (size_t)unique;
    run->data.epochs = 0;
    return OK;
}

static enum status add_run(const struct maker *m, struct config_shape s, size_t seed, double tokens, struct err *err)
{
    struct run *r = &m->p->runs[m->p->n++];
    r->cfg = config_of_run(m->c);
    r->cfg.model.d_model = s.d_model;
    r->cfg.model.n_layer = s.n_layer;
    r->cfg.model.n_head = s.n_head;
    r->cfg.train.seed = seed;
    r->cfg.train.tokens = tokens;
    struct gpt_shape shape = config_gpt_shape(&r->cfg, m->vocab);
    r->cfg.train.warmup_tokens = warmup_of(m->c, &shape, tokens);
    TRY(set_rate(&r->cfg, m->c, gpt_params(&shape), err));
    if (r->cfg.data.epochs > 0)
        TRY(set_unique(&r->cfg, m, err));
    return fill_run(r, m, err);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A budget below one step would be rounded up to something that was not asked for. */
static enum status check_budget(double tokens, const struct config *c, const char *key,
                                struct err *err)
{
    struct batch b = config_batch(c);
    if (!(tokens >= batch_of_step(&b, 0)))
        return err_set(err, E_CONFIG, "%s: a budget of %.6g tokens is less than one step of %.0f", key, tokens,
                       batch_of_step(&b, 0));
    return OK;
}

/* Token budgets of one size, smallest first; equal ones after rounding are dropped. */
static enum status budgets_of(double *out, size_t *n, const struct config *c,
                              const struct gpt_shape *s, struct err *err)
{
    bool iso = c->grid.flops.n > 0;
    const struct config_counts *list = iso ? &c->grid.flops : &c->grid.tokens;
    *n = 0;
    for (size_t i = 0; i < list->n; i++) {
        double tokens = iso ? list->items[i] / gpt_flops_per_token(s) : list->items[i];
        TRY(check_budget(tokens, c, iso ? "grid.flops" : "grid.tokens", err));
        out[(*n)++] = round_tokens(tokens, c);
    }
    qsort(out, *n, sizeof *out, ascending);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (kept == 0 || out[i] != out[kept - 1])
            out[kept++] = out[i];
    *n = kept;
    return OK;
}

void plan_teach(struct plan *p, const struct teacher *t)
{
    double members, token = gpt_flops_per_token(&t->shape) / 3;
    for (size_t i = 0; i < p->n_trajectories; i++) {
        struct trajectory *own = &p->trajectories[i];
        struct run *r = &p->runs[own->first];
        if (!(r->cfg.train.distill_weight > 0))
            continue;
        members = (double)r->shape.ensemble;
        own->cost += members * plan_eval_tokens(plan_cost(&t->shape));
        for (; r < &p->runs[own->first + own->n]; r++) {
            r->teacher = t;
            r->teacher_flops = members * token * r->cfg.train.tokens;
        }
    }
}

double plan_teacher_flops(const struct plan *p)
{
    double most = (double)NAN;
    for (size_t i = 0; i < p->n; i++)
        most = fmax(most, p->runs[i].teacher_flops);
    return most;
}

enum status plan_check_warmup(const struct plan *p, struct err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct run *r = &p->runs[i];
        double warmup = r->cfg.train.warmup_tokens, tokens = r->cfg.train.tokens;
        struct batch b = config_batch(&r->cfg);
        if (warmup >= tokens && warmup > batch_of_step(&b, 0))
            return err_set(err, E_CONFIG, "train.warmup_tokens=%.15g is not below the %.15g tokens of run %s", warmup,
                           tokens, r->name);
    }
    return OK;
}

static double params_of(const struct maker *m, struct config_shape s)
{
    struct config one = *m->c;
    one.model.d_model = s.d_model, one.model.n_layer = s.n_layer, one.model.n_head = s.n_head;
    struct gpt_shape shape = config_gpt_shape(&one, m->vocab);
    return gpt_params(&shape);
}

/* Sizes whose first and last budgets are the grid's corners. */
static bool is_corner(const struct maker *m)
{
    return m->own <= m->least || m->own >= m->most;
}

/* Whether grid.vary holds at the budget b of n. */
static bool varies_at(const struct maker *m, size_t b, size_t n)
{
    bool least = m->own <= m->least, most = m->own >= m->most, first = b == 0, last = b + 1 == n;
    switch (m->c->grid.vary_at) {
    case VARY_AT_CORNERS:
        return (least || most) && (first || last);
    case VARY_AT_SMALLEST:
        return least && first;
    case VARY_AT_LARGEST:
        return most && last;
    default:
        return true;
    }
}

static enum status add_varied(const struct maker *m, struct config_shape shape, struct err *err)
{
    const struct config *c = m->c;
    struct config one = *c;
    one.model.d_model = shape.d_model;
    one.model.n_layer = shape.n_layer;
    one.model.n_head = shape.n_head;
    struct gpt_shape s = config_gpt_shape(&one, m->vocab);
    TRY(gpt_shape_check(&s, err));
    double budgets[CONFIG_LIST_MAX];
    size_t n;
    TRY(budgets_of(budgets, &n, c, &s, err));
    const struct config_counts *corner = &c->grid.corner_seeds;
    size_t n_seeds = c->grid.seeds.n ? c->grid.seeds.n : 1;
    for (size_t i = 0; i < n_seeds; i++) {
        size_t seed = c->grid.seeds.n ? (size_t)c->grid.seeds.items[i] : c->train.seed;
        for (size_t b = 0; b < n; b++)
            if (varies_at(m, b, n) != m->elsewhere)
                TRY(add_run(m, shape, seed, budgets[b], err));
    }
    for (size_t i = 0; i < corner->n && is_corner(m); i++)
        for (size_t b = 0; b < n; b += size_max(1, n - 1)) /* the first and the last */
            if (varies_at(m, b, n) != m->elsewhere)
                TRY(add_run(m, shape, (size_t)corner->items[i], budgets[b], err));
    return OK;
}

/* One shape, seed after seed, its budgets rising. */
static int by_place(const void *a, const void *b)
{
    const struct config_cell *x = a, *y = b;
    const struct config_shape *v = &x->shape, *w = &y->shape;
    const double keys[][2] = {{(double)v->d_model, (double)w->d_model}, {(double)v->n_layer, (double)w->n_layer},
                              {(double)v->n_head, (double)w->n_head},   {(double)x->seed, (double)y->seed},
                              {x->tokens, y->tokens}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static bool same_shape(const struct config_shape *a, const struct config_shape *b)
{
    return a->d_model == b->d_model && a->n_layer == b->n_layer && a->n_head == b->n_head;
}

static enum status add_cells_of_size(const struct maker *m, const struct config_cell *cells, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        TRY(check_budget(cells[i].tokens, m->c, "grid.runs", err));
        TRY(add_run(m, cells[i].shape, cells[i].seed, round_tokens(cells[i].tokens, m->c), err));
    }
    return OK;
}

/* Sizes one after the other, each with all that varies. */
static enum status add_sorted_cells(const struct maker *m, const struct config_cell *cells, size_t n, struct err *err)
{
    const size_t varied = (size_t)config_vary_count(m->c);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && same_shape(&cells[end].shape, &cells[i].shape);)
            end++;
        for (size_t v = 0; v < varied; v++) {
            struct config one = *m->c;
            struct maker own = *m;
            own.c = &one;
            TRY(config_vary_apply(&one, v, err));
            if (varied > 1 && config_check(&one, err) != OK)
                return err_wrap(err, "grid.vary");
            TRY(add_cells_of_size(&own, cells + i, end - i, err));
        }
    }
    return OK;
}

static enum status add_cells(const struct maker *m, struct err *err)
{
    const struct config_cells *list = &m->c->grid.runs;
    struct config_cell *sorted;
    TRY(size_calloc(&sorted, list->n, sizeof *sorted, "grid.runs", err));
    for (size_t i = 0; i < list->n; i++) {
        sorted[i] = list->items[i];
        sorted[i].seed = sorted[i].seed ? sorted[i].seed : m->c->train.seed;
        if (sorted[i].shape.n_head == 0)
            sorted[i].shape.n_head = size_max(1, sorted[i].shape.d_model / m->c->model.head_size);
    }
    qsort(sorted, list->n, sizeof *sorted, by_place);
    enum status st = add_sorted_cells(m, sorted, list->n, err);
    free(sorted);
    return st;
}

/* All runs of a size are neighbours. */
static enum status add_size(const struct maker *m, struct config_shape shape, struct err *err)
{
    const size_t n = (size_t)config_vary_count(m->c);
    const double own = params_of(m, shape);
    for (size_t i = 0; i < n; i++) {
        struct config one = *m->c;
        struct maker varied = *m;
        varied.c = &one, varied.own = own;
        TRY(config_vary_apply(&one, i, err));
        config_settle(&one);
        if (n > 1 && config_check(&one, err) != OK)
            return err_wrap(err, "grid.vary");
        TRY(add_varied(&varied, shape, err));
    }
    struct maker others = *m;
    others.own = own, others.elsewhere = true;
    return add_varied(&others, shape, err);
}

/* Neighbours of one trunk form a trajectory. */
static enum status group(struct plan *p, struct err *err)
{
    TRY(size_calloc(&p->trajectories, p->n, sizeof *p->trajectories, "trajectories", err));
    for (size_t i = 0; i < p->n; i++) {
        const struct run *r = &p->runs[i];
        double tokens = r->cfg.train.tokens;
        p->tokens_separate += tokens;
        struct trajectory *t = NULL;
        if (i > 0 && strcmp(r->trunk, p->runs[i - 1].trunk) == 0) {
            t = &p->trajectories[p->n_trajectories - 1];
            t->n++;
            /* The trunk of the run before ended where its cooldown began; only that is thrown away. */
            struct schedule before = config_schedule(&p->runs[i - 1].cfg);
            tokens -= schedule_branch_tokens(&before);
        } else {
            t = &p->trajectories[p->n_trajectories++];
            *t = (struct trajectory){.first = i, .n = 1};
        }
        t->tokens += tokens;
        t->flops += tokens * gpt_flops_per_token(&r->shape);
        t->cost = plan_cost(&r->shape);
    }
    return OK;
}

static int by_name(const void *a, const void *b)
{
    const struct run *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* Names in order, so that two that are the same are neighbours, and one is found without a look at all. */
static enum status sort_names(struct plan *p, struct err *err)
{
    TRY(size_calloc(&p->sorted, p->n, sizeof *p->sorted, "the names of the runs", err));
    for (size_t i = 0; i < p->n; i++)
        p->sorted[i] = &p->runs[i];
    qsort(p->sorted, p->n, sizeof *p->sorted, by_name);
    for (size_t i = 1; i < p->n; i++)
        if (strcmp(p->sorted[i]->name, p->sorted[i - 1]->name) == 0)
            return err_set(err, E_CONFIG, "grid: two runs are the same (%s)", p->sorted[i]->name);
    return OK;
}

size_t plan_first_from(const struct plan *p, const char *name)
{
    size_t lo = 0, hi = p->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(p->sorted[mid]->name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool plan_has(const struct plan *p, const char *name)
{
    size_t i = plan_first_from(p, name);
    return i < p->n && strcmp(p->sorted[i]->name, name) == 0;
}

static enum status add_sizes(const struct maker *grid, struct err *err)
{
    const struct config *c = grid->c;
    struct config_shape sizes[CONFIG_LIST_MAX];
    struct maker own = *grid, *m = &own;
    size_t n = c->grid.params.n + c->grid.models.n;
    m->least = (double)INFINITY, m->most = 0;
    for (size_t i = 0; i < n; i++) {
        sizes[i] = c->grid.models.n ? c->grid.models.items[i] : plan_shape(c->grid.params.items[i], c, m->vocab);
        m->least = fmin(m->least, params_of(m, sizes[i]));
        m->most = fmax(m->most, params_of(m, sizes[i]));
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            if (sizes[j].d_model == sizes[i].d_model && sizes[j].n_layer == sizes[i].n_layer &&
                sizes[j].n_head == sizes[i].n_head)
                return err_set(err, E_CONFIG,
                               "grid: two sizes give the same shape, d_model=%zu n_layer=%zu: put them "
                               "further apart",
                               sizes[i].d_model, sizes[i].n_layer);
        TRY(add_size(m, sizes[i], err));
    }
    return OK;
}

static enum status add_single(const struct maker *m, struct err *err)
{
    struct config c = *m->c;
    struct maker settled = *m;
    struct config_shape s = {c.model.d_model, c.model.n_layer, c.model.n_head};
    config_settle(&c);
    settled.c = &c;
    TRY(check_budget(c.train.tokens, &c, "train.tokens", err));
    return add_run(&settled, s, c.train.seed, round_tokens(c.train.tokens, &c), err);
}

static enum status make(struct plan *p, size_t n, enum status (*add)(const struct maker *, struct err *),
                        struct maker m, struct err *err)
{
    TRY(size_calloc(&p->runs, n, sizeof *p->runs, "runs", err));
    TRY(config_hasher_new(&m.hasher, err));
    m.p = p;
    enum status st = add(&m, err);
    config_hasher_free(m.hasher);
    TRY(st);
    TRY(sort_names(p, err));
    return group(p, err);
}

enum status plan_keep(struct plan *p, plan_wanted_fn *wanted, const void *ctx, struct err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (wanted(ctx, &p->runs[i]))
            p->runs[n++] = p->runs[i];
    free(p->sorted);
    free(p->trajectories);
    p->sorted = NULL;
    p->trajectories = NULL;
    p->n = n;
    p->n_trajectories = 0;
    p->tokens_separate = 0;
    TRY(sort_names(p, err));
    return group(p, err);
}

/* As many as sizes, budgets and seeds can make without grid.vary. */
#define RUNS_MAX ((double)CONFIG_LIST_MAX * CONFIG_LIST_MAX * CONFIG_LIST_MAX)

enum status plan_make(struct plan *p, const struct config *c, size_t vocab, size_t train_tokens,
                      struct err *err)
{
    *p = (struct plan){0};
    const struct maker m = {.c = c, .varied = &c->grid.vary, .vocab = vocab, .train_tokens = train_tokens};
    if (c->grid.runs.n > 0)
        return make(p, c->grid.runs.n * (size_t)config_vary_count(c), add_cells, m, err);
    size_t n_sizes = c->grid.params.n + c->grid.models.n;
    size_t n_budgets = c->grid.tokens.n + c->grid.flops.n;
    if (n_sizes == 0)
        return err_set(err, E_CONFIG, "grid: give grid.params or grid.models, or grid.runs");
    if (n_budgets == 0)
        return err_set(err, E_CONFIG, "grid: give grid.tokens or grid.flops");
    double cells = (double)(n_sizes * n_budgets * size_max(1, c->grid.seeds.n));
    double corners = (double)(size_min(n_sizes, 2) * size_min(n_budgets, 2) * c->grid.corner_seeds.n);
    double runs = (cells + corners) * config_vary_count(c);
    if (runs > RUNS_MAX)
        return err_set(err, E_CONFIG, "grid.vary: with it the grid has %.3g runs, more than %.0f", runs, RUNS_MAX);
    return make(p, (size_t)runs, add_sizes, m, err);
}

enum status plan_single(struct plan *p, const struct config *c, size_t vocab, size_t train_tokens,
                        struct err *err)
{
    *p = (struct plan){0};
    if (c->model.d_model == 0 || c->model.n_layer == 0)
        return err_set(err, E_CONFIG, "model.d_model and model.n_layer: one run needs them");
    if (c->train.lr_law.kind == LR_AUTO)
        return err_set(err, E_CONFIG, "train.lr auto is for a sweep, whose corners are searched: one run needs a number or a law");
    static const struct config_vary nothing;
    const struct maker m = {.c = c, .varied = &nothing, .vocab = vocab, .train_tokens = train_tokens};
    return make(p, 1, add_single, m, err);
}

static enum status add_list(const struct maker *m, struct err *err)
{
    for (size_t i = 0; i < m->n_list; i++) {
        const struct config *c = &m->list[i];
        struct maker one = *m;
        one.c = c;
        TRY(add_run(&one, (struct config_shape){c->model.d_model, c->model.n_layer, c->model.n_head}, c->train.seed,
                    round_tokens(c->train.tokens, c), err));
    }
    return OK;
}

enum status plan_list(struct plan *p, const struct config *runs, size_t n, const struct config_vary *varied, size_t vocab,
                      size_t train_tokens, struct err *err)
{
    *p = (struct plan){0};
    const struct maker m = {.c = runs, .varied = varied, .vocab = vocab, .train_tokens = train_tokens, .list = runs, .n_list = n};
    return make(p, n, add_list, m, err);
}

void plan_free(struct plan *p)
{
    free(p->runs);
    free(p->sorted);
    free(p->trajectories);
    *p = (struct plan){0};
}
