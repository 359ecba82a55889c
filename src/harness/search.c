#include "harness/search_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "base/size.h"
#include "base/system.h"
#include "data/baseline.h"
#include "harness/rundir.h"
#include "harness/search_path.h"

/* One short run. */
struct trial {
    size_t site;
    size_t setting[CONFIG_VARY_MAX]; /* of each of search.keys: 0 the config's own value, else 1 + the value's place */
    double lr;
    struct config cfg;
    bool known;
    double loss; /* INFINITY: it diverged */
};

struct search {
    const struct config *c;
    const struct plan *grid;
    const struct data *d;
    const struct sweep_options *o;
    char folder[FILE_PATH_MAX];
    struct search_sites sites;
    struct config_vary varied; /* train.lr and search.keys: what tells trials apart */
    struct trial *trials;      /* (n) */
    size_t n, room;
    size_t setting[CONFIG_VARY_MAX]; /* the best so far */
    double flops;              /* of all trials */
};

/* ---- trials ---- */

static bool is_trial(const struct trial *t, const struct search *s, size_t site, const size_t *setting)
{
    return t->site == site && memcmp(t->setting, setting, s->c->search.keys.n * sizeof *setting) == 0;
}

static enum status add(struct search *s, size_t site, const size_t *setting, double lr, struct err *err)
{
    if (s->n == s->room) {
        size_t room = 2 * s->room + 32;
        struct trial *grown = realloc(s->trials, room * sizeof *grown);
        if (!grown)
            return err_set(err, E_NOMEM, "out of memory for %zu trials", room);
        s->trials = grown;
        s->room = room;
    }
    const struct run *at = s->sites.of[site].at;
    struct trial *t = &s->trials[s->n];
    *t = (struct trial){.site = site, .lr = lr, .cfg = config_of_run(s->c), .loss = (double)NAN};
    for (size_t i = 0; i < s->c->search.keys.n; i++) {
        t->setting[i] = setting[i];
        if (setting[i] > 0)
            TRY(config_vary_give(&t->cfg, &s->c->search.keys.items[i], setting[i] - 1, err));
    }
    t->cfg.model.d_model = at->cfg.model.d_model;
    t->cfg.model.n_layer = at->cfg.model.n_layer;
    t->cfg.model.n_head = at->cfg.model.n_head;
    t->cfg.train.tokens = at->cfg.train.tokens;
    t->cfg.train.seed = at->cfg.train.seed;
    t->cfg.train.lr = lr;
    t->cfg.train.lr_law.kind = LR_NUMBER;
    s->n++;
    return OK;
}

static void bowl_of(struct bowl *b, const struct search *s, size_t site, const size_t *setting, double sd, double df)
{
    struct bowl_point points[2 * SEARCH_MOST];
    size_t n = 0;
    for (size_t i = 0; i < s->n && n < 2 * SEARCH_MOST; i++)
        if (is_trial(&s->trials[i], s, site, setting) && s->trials[i].known)
            points[n++] = (struct bowl_point){s->trials[i].lr, s->trials[i].loss};
    bowl_fit(b, points, n, sd, df);
}

static size_t count_of(const struct search *s, size_t site, const size_t *setting)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += is_trial(&s->trials[i], s, site, setting);
    return n;
}

/* The rates that were tried at the site, from the lowest to the highest. */
static void range_of(double *lo, double *hi, const struct search *s, size_t site, const size_t *setting)
{
    *lo = (double)INFINITY, *hi = 0;
    for (size_t i = 0; i < s->n; i++)
        if (is_trial(&s->trials[i], s, site, setting) && s->trials[i].known) {
            *lo = fmin(*lo, s->trials[i].lr);
            *hi = fmax(*hi, s->trials[i].lr);
        }
}

static enum status at_edge(const struct search *s, size_t site, const size_t *setting, const struct bowl *b, const char *why,
                           struct err *err)
{
    double lo, hi;
    char diverged[96] = "";
    range_of(&lo, &hi, s, site, setting);
    if (isfinite(b->above) && b->state != BOWL_FOUND)
        snprintf(diverged, sizeof diverged, ", %.4g diverged", b->above);
    const char *name = s->sites.of[site].at->name;
    return err_set(err, E_RUN, "train.lr auto: at %.*s the best rate, %.4g, lies at the edge of what was tried (%.4g to %.4g%s): "
                   "that is no optimum; %s. The trials are kept in %s", (int)(strrchr(name, '-') - name), name, b->best, lo, hi,
                   diverged, why, s->folder);
}

/* What the bowl of a site still wants: rates about `centre` where it has none, those that close its bracket, and then as
 * many as `least`. */
static enum status want(struct search *s, size_t site, const size_t *setting, double centre, size_t first, size_t least,
                        struct err *err)
{
    struct bowl b;
    double lo, hi;
    size_t there = count_of(s, site, setting);
    if (there == 0) {
        for (size_t i = 0; i < first; i++)
            TRY(add(s, site, setting, centre * pow(SEARCH_STEP, (double)i - (double)(first / 2)), err));
        return OK;
    }
    bowl_of(&b, s, site, setting, (double)NAN, (double)NAN);
    double next = bowl_next(&b, SEARCH_STEP);
    range_of(&lo, &hi, s, site, setting);
    if (b.state == BOWL_FOUND && b.n < least)
        next = b.x.value > b.best && isfinite(b.above) ? hi * SEARCH_STEP : lo / SEARCH_STEP;
    if (isnan(next) || (b.state == BOWL_FOUND && there >= SEARCH_MOST))
        return OK;
    if (there >= SEARCH_MOST)
        return at_edge(s, site, setting, &b, "a search tries no more than that", err);
    if (!(next >= 1e-9 && next <= 10))
        return at_edge(s, site, setting, &b, "train.lr takes no more", err);
    if (next > lo && next < hi && fabs(log(next / b.best)) < log(SEARCH_NEAREST))
        return at_edge(s, site, setting, &b, "all above diverges: a longer train.warmup_tokens or train.clip may help", err);
    return add(s, site, setting, next, err);
}

/* ---- training them ---- */

/* By trunk, and in it by budget: as a plan wants them. */
static int by_trunk(const void *a, const void *b)
{
    const struct trial *const *x = a, *const *y = b;
    const struct config *c = &(*x)->cfg, *d = &(*y)->cfg;
    const double keys[][2] = {{(double)c->model.d_model, (double)d->model.d_model},
                              {(double)c->model.n_layer, (double)d->model.n_layer},
                              {(double)c->model.n_head, (double)d->model.n_head},
                              {(*x)->lr, (*y)->lr}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    int setting = memcmp((*x)->setting, (*y)->setting, sizeof (*x)->setting);
    return setting ? setting : (c->train.tokens > d->train.tokens) - (c->train.tokens < d->train.tokens);
}

/* A plan of all trials, or of those that have no result; order (n) says which each of its runs is. */
struct trials {
    struct trial **order;
    struct config *runs;
    struct plan plan;
    size_t n;
};

static void trials_free(struct trials *b)
{
    plan_free(&b->plan);
    free(b->order);
    free(b->runs);
}

static enum status trials_make(struct trials *b, struct search *s, bool all, struct err *err)
{
    *b = (struct trials){.n = 0};
    TRY(size_calloc(&b->order, s->n, sizeof(struct trial *), "the trials", err));
    TRY(size_calloc(&b->runs, s->n, sizeof *b->runs, "the trials", err));
    for (size_t i = 0; i < s->n; i++)
        if (all || !s->trials[i].known)
            b->order[b->n++] = &s->trials[i];
    qsort(b->order, b->n, sizeof *b->order, by_trunk);
    for (size_t i = 0; i < b->n; i++)
        b->runs[i] = b->order[i]->cfg;
    TRY(plan_list(&b->plan, b->runs, b->n, &s->varied, data_vocab(s->d), data_train_tokens(s->d), err));
    if (s->grid->n > 0 && s->grid->runs[0].teacher)
        plan_teach(&b->plan, s->grid->runs[0].teacher);
    return plan_check_warmup(&b->plan, err);
}

static double flops_of(const struct plan *p)
{
    double flops = 0;
    for (size_t i = 0; i < p->n_trajectories; i++)
        flops += p->trajectories[i].flops;
    return flops;
}

static double cost_of(const struct plan *p)
{
    double cost = 0;
    for (size_t i = 0; i < p->n_trajectories; i++)
        cost += p->trajectories[i].cost * p->trajectories[i].tokens;
    return cost;
}

/* The sweep that follows is part of what is to do. */
struct whole {
    const struct sweep_options *o;
    double cost, after; /* of these trials, and of the sweep */
    size_t runs_after;
    struct live shown;
};

static void show_whole(void *ctx, const struct live *l, bool final)
{
    struct whole *w = ctx;
    w->shown = *l;
    w->shown.runs += w->runs_after;
    w->shown.share = l->share * w->cost / (w->cost + w->after);
    if (l->share > 0)
        w->shown.left_s = l->left_s + l->seconds / l->share * w->after / w->cost;
    w->o->view(w->o->view_ctx, &w->shown, final);
}

static enum status sweep(struct search *s, const struct trials *b, struct err *err)
{
    struct sweep_outcome outcome;
    struct sweep_options o = *s->o;
    struct whole whole = {.o = s->o, .cost = cost_of(&b->plan), .after = cost_of(s->grid), .runs_after = s->grid->n};
    o.fresh = false;
    o.before = NULL; /* what the protocol can move is the sweep's to say */
    o.view = s->o->view ? show_whole : NULL;
    o.view_ctx = &whole;
    return sweep_run(&outcome, &b->plan, &b->runs[0], s->d, s->folder, &o, err);
}

static enum status take_results(struct search *s, const struct trials *b, struct err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        char run_dir[FILE_PATH_MAX];
        struct run_row row;
        bool found;
        TRY(file_join(run_dir, sizeof run_dir, s->folder, b->plan.runs[i].name, err));
        TRY(run_row_read(&row, &found, run_dir, err));
        if (!found)
            return err_set(err, E_RUN, "%s has no result", run_dir);
        b->order[i]->known = true;
        b->order[i]->loss = strcmp(row.status, "done") == 0 ? run_row_loss(&row, s->c->fit.loss) : (double)INFINITY;
    }
    return OK;
}

static enum status forget(struct search *s, struct err *err)
{
    struct trials b;
    enum status st = trials_make(&b, s, false, err);
    if (st == OK)
        st = rundir_forget(&b.plan, s->folder, err);
    trials_free(&b);
    return st;
}

static enum status too_dear(const struct search *s, struct err *err)
{
    for (size_t i = s->n; i-- > 0;) { /* the bowl that the newest trial is for */
        struct bowl b;
        if (s->trials[i].known)
            continue;
        bowl_of(&b, s, s->trials[i].site, s->trials[i].setting, (double)NAN, (double)NAN);
        char why[160];
        snprintf(why, sizeof why, "to try %.4g would take %.3g of the sweep's FLOPs, more than search.share=%g: raise that, or "
                 "give search.start or train.lr", s->trials[i].lr, s->flops / s->sites.sweep_flops, s->c->search.share);
        if (b.n > 0 && b.state != BOWL_FOUND)
            return at_edge(s, s->trials[i].site, s->trials[i].setting, &b, why, err);
        return err_set(err, E_RUN, "train.lr auto: %s. The trials are kept in %s", why, s->folder);
    }
    return OK;
}

/* What is new, in its place among all. Where no bracket is open, a bowl may stay as it is. */
static enum status train(struct search *s, struct err *err)
{
    struct trials b;
    enum status st = trials_make(&b, s, true, err);
    s->flops = flops_of(&b.plan);
    if (st == OK && s->flops > s->sites.most_flops)
        st = too_dear(s, err);
    if (st == OK && s->o->fresh)
        st = forget(s, err);
    if (st == OK)
        st = sweep(s, &b, err);
    if (st == OK)
        st = take_results(s, &b, err);
    trials_free(&b);
    return st;
}

/* ---- what is tried, stage by stage ---- */

static double centre_of(const struct search *s, size_t site, const size_t *setting)
{
    struct bowl b;
    bowl_of(&b, s, site, setting, (double)NAN, (double)NAN);
    return b.best;
}

/* The first bowl alone: all others begin where it has its bottom. */
static enum status want_first(struct search *s, size_t unused, struct err *err)
{
    (void)unused;
    return want(s, s->sites.keys, s->setting, s->c->search.start, SEARCH_FIRST, SEARCH_LEAST, err);
}

/* All values of one key, each with a bowl of its own: the rate that is best moves with the batch and others. */
static enum status want_key(struct search *s, size_t key, struct err *err)
{
    double centre = centre_of(s, s->sites.keys, s->setting);
    for (size_t v = 0; v < s->c->search.keys.items[key].n; v++) {
        size_t setting[CONFIG_VARY_MAX];
        memcpy(setting, s->setting, sizeof setting);
        setting[key] = v + 1;
        TRY(want(s, s->sites.keys, setting, centre, SEARCH_NEAR, SEARCH_NEAR, err));
    }
    return OK;
}

static enum status want_sites(struct search *s, size_t unused, struct err *err)
{
    (void)unused;
    double centre = centre_of(s, s->sites.keys, s->setting);
    for (size_t i = 0; i < s->sites.n; i++)
        TRY(want(s, i, s->setting, centre, SEARCH_NEAR, SEARCH_LEAST, err));
    return OK;
}

static enum status until_nothing_is_wanted(struct search *s, enum status (*more)(struct search *, size_t, struct err *), size_t i,
                                           struct err *err)
{
    for (;;) {
        size_t before = s->n;
        TRY(more(s, i, err));
        if (s->n == before)
            return OK;
        TRY(train(s, err));
    }
}

/* What the noise of a loss is, by the bowls of one stage. */
static double noise_of(double *df, const struct search *s, size_t key)
{
    struct bowl b[1 + CONFIG_LIST_MAX];
    size_t setting[CONFIG_VARY_MAX], n = s->c->search.keys.items[key].n;
    memcpy(setting, s->setting, sizeof setting);
    for (size_t v = 0; v <= n; v++) {
        setting[key] = v ? v : s->setting[key];
        bowl_of(&b[v], s, s->sites.keys, setting, (double)NAN, (double)NAN);
    }
    return bowl_pool(df, b, n + 1);
}

/* The value with the lowest bottom, where it lies below that of the config's own by more than twice the noise of one run:
 * else the config's own stays. */
static void choose_value(struct search *s, size_t key)
{
    struct bowl b;
    double df, noise = noise_of(&df, s, key);
    bowl_of(&b, s, s->sites.keys, s->setting, (double)NAN, (double)NAN);
    double least = b.loss - (isfinite(noise) ? 2 * noise : 0);
    size_t best = 0, setting[CONFIG_VARY_MAX];
    memcpy(setting, s->setting, sizeof setting);
    for (size_t v = 1; v <= s->c->search.keys.items[key].n; v++) {
        setting[key] = v;
        bowl_of(&b, s, s->sites.keys, setting, (double)NAN, (double)NAN);
        if (b.loss < least)
            least = b.loss, best = v;
    }
    s->setting[key] = best;
}

static enum status try_all(struct search *s, struct err *err)
{
    TRY(until_nothing_is_wanted(s, want_first, 0, err));
    for (size_t i = 0; i < s->c->search.keys.n; i++) {
        TRY(until_nothing_is_wanted(s, want_key, i, err));
        choose_value(s, i);
    }
    return until_nothing_is_wanted(s, want_sites, 0, err);
}

/* ---- the law ---- */

static double significant(double v, int digits)
{
    char text[32];
    snprintf(text, sizeof text, "%.*g", digits, v);
    return strtod(text, NULL);
}

static double decimals(double v, int digits)
{
    char text[32];
    snprintf(text, sizeof text, "%.*f", digits, v);
    return strtod(text, NULL) + 0.0; /* no minus before a zero */
}

/* As train.lr has it: the rate at the smallest cell, and exponents. */
static void set_law(struct search_found *f, double lr, double params, double n_exponent, double tokens, double d_exponent)
{
    f->lr = significant(lr, 4);
    f->law = (struct config_lr_law){LR_LAW, significant(params, 6), decimals(n_exponent, 4), significant(tokens, 6),
                                    decimals(d_exponent, 4)};
}

/* The largest budget of a run's size: where its trunk ends. */
static double horizon(const struct plan *p, const struct run *r)
{
    double most = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->runs[i].params == r->params)
            most = fmax(most, p->runs[i].cfg.train.tokens);
    return most;
}

/* A law in size alone: the rates at the horizon of the smallest and the largest size, and a power between them. */
static void set_law_of_size(struct search_found *f, const struct bowl_law *law, const struct plan *p)
{
    const struct run *least = &p->runs[0], *most = &p->runs[0];
    for (size_t i = 1; i < p->n; i++) {
        least = p->runs[i].params < least->params ? &p->runs[i] : least;
        most = p->runs[i].params > most->params ? &p->runs[i] : most;
    }
    double a = bowl_law_at(law, least->params, horizon(p, least)).value, b = bowl_law_at(law, most->params, horizon(p, most)).value;
    double exponent = most->params > least->params ? log(b / a) / log(most->params / least->params) : 0;
    set_law(f, a, least->params, exponent, horizon(p, least), 0);
}

/* What size alone costs at the run where it costs most, as bowls are steep. */
static double excess_of(const struct search_found *f, const struct bowl_law *law, const struct plan *p)
{
    double steep = 0, most = 0;
    for (size_t i = 0; i < f->n; i++)
        steep += f->bottoms[i].steep / (double)f->n;
    for (size_t i = 0; i < p->n; i++) {
        double lr = f->lr * pow(p->runs[i].params / f->law.params, f->law.params_exponent);
        double off = log(lr / bowl_law_at(law, p->runs[i].params, p->runs[i].cfg.train.tokens).value);
        most = fmax(most, steep * off * off);
    }
    return most;
}

static void take_bottoms(struct search_found *f, struct bowl_site *at, struct search *s)
{
    struct bowl b[SEARCH_SITES];
    double df;
    for (size_t i = 0; i < s->sites.n; i++)
        bowl_of(&b[i], s, i, s->setting, (double)NAN, (double)NAN);
    f->noise = bowl_pool(&df, b, s->sites.n);
    for (size_t i = 0; i < s->sites.n; i++) {
        struct search_site *site = &s->sites.of[i];
        bowl_of(&site->bowl, s, i, s->setting, f->noise, df);
        const struct bowl *w = &site->bowl;
        at[i] = bowl_law_site(site->at->params, site->at->cfg.train.tokens, w);
        f->bottoms[i] = (struct search_bottom){site->at->params, site->at->cfg.train.tokens, site->at->flops, w->x.value, w->x.lo,
                                               w->x.hi, w->loss, w->steep};
    }
    f->n = s->sites.n;
}

/* Where a law in size alone costs less than this share of the loss, or than noise, nobody will see it. */
#define UNSEEN 0.001

static void conclude(struct search_found *f, struct search *s)
{
    struct bowl_site at[SEARCH_SITES];
    struct bowl_law law;
    double separate = 0;
    *f = (struct search_found){.flops = s->flops, .sweep_flops = s->sites.sweep_flops, .trials = s->n, .excess = (double)NAN};
    for (size_t i = 0; i < CONFIG_VARY_MAX; i++)
        f->values[i] = s->setting[i] ? s->c->search.keys.items[i].values[s->setting[i] - 1] : (double)NAN;
    for (size_t i = 0; i < s->grid->n; i++)
        separate += s->grid->runs[i].flops;
    f->separate = separate / s->sites.sweep_flops;
    take_bottoms(f, at, s);
    bowl_law_fit(&law, at, s->sites.n, true, BOWL_EXPONENT_SD);
    set_law_of_size(f, &law, s->grid);
    if (!law.has_d)
        return;
    f->excess = excess_of(f, &law, s->grid);
    double unseen = fmax(UNSEEN * f->bottoms[0].loss, isfinite(f->noise) ? f->noise : 0);
    bool alone = s->c->search.terms == SEARCH_TERMS_PARAMS ||
                 (s->c->search.terms == SEARCH_TERMS_AUTO && f->separate > 1 && f->excess <= unseen);
    if (!alone)
        set_law(f, bowl_law_at(&law, at[0].n, at[0].d).value, at[0].n, law.n_exponent, at[0].d, law.d_exponent);
}

/* ---- all of it ---- */

static enum status vary_list(struct config_vary *out, const struct config *c, struct err *err)
{
    out->n = 0;
    TRY(size_calloc(&out->items, CONFIG_VARY_MAX + 1, sizeof *out->items, "the keys of a search", err));
    out->items[out->n++].path = "train.lr";
    for (size_t i = 0; i < c->search.keys.n; i++)
        out->items[out->n++].path = c->search.keys.items[i].path;
    return OK;
}

/* So that status can tell of the folder while its rates are searched. */
static enum status record_sweep(const struct search *s, const char *dir, struct err *err)
{
    struct sweep_json there;
    sweep_json_read(&there, dir, s->c, s->d);
    if (there.found)
        return OK;
    struct sweep_facts facts = {.version = PLATEAU_VERSION, .isa = config_isa_name(s->c, s->o->isa), .floor = (double)NAN,
                                .eval_floor = (double)NAN, .cores = system_cores_all(), .data = s->d};
    TRY(baseline_of_text(&facts.baseline, s->d, err));
    TRY(file_mkdirs(s->folder, err));
    return sweep_json_write(dir, s->c, &facts, err);
}

static enum status search(struct search *s, struct search_found *f, const char *dir, struct err *err)
{
    uint64_t hash;
    TRY(search_choose(&s->sites, s->c, s->grid, err));
    TRY(vary_list(&s->varied, s->c, err));
    TRY(search_hash(&hash, s->c, s->d, err));
    TRY(file_refuse_link(s->folder, err));
    TRY(record_sweep(s, dir, err));
    TRY(try_all(s, err));
    conclude(f, s);
    return search_write(f, dir, s->c, hash, err);
}

enum status search_run(struct search_found *f, bool *searched, const struct config *c, const struct plan *p, const struct data *d,
                       const char *dir, const struct sweep_options *o, struct err *err)
{
    bool found = false;
    struct search s = {.c = c, .grid = p, .d = d, .o = o};
    *searched = false;
    TRY(search_folder(s.folder, dir, err));
    if (!o->fresh)
        TRY(search_read(f, &found, dir, c, d, err));
    if (found)
        return OK;
    *searched = true;
    enum status st = search(&s, f, dir, err);
    free(s.varied.items);
    free(s.trials);
    return st;
}

enum status search_apply(struct config *c, const struct search_found *f, struct err *err)
{
    c->train.lr = f->lr;
    c->train.lr_law = f->law;
    for (size_t i = 0; i < c->search.keys.n; i++) {
        const struct config_varied *k = &c->search.keys.items[i];
        for (size_t v = 0; v < k->n; v++)
            if (f->values[i] == k->values[v])
                TRY(config_vary_give(c, k, v, err));
    }
    return OK;
}
