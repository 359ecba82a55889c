/* How well forecasts of runs under way hold: forecast [--law] DIR..., folders of finished sweeps, replayed. The table of
 * docs/live.md.
 *
 * The protocol. Every run of the folder is looked at when it has trained 25, 50 and 75 % of its tokens, on a clock that runs as
 * in a sweep with two jobs: trajectories longest first, a token of a size takes what its FLOPs take. What had finished by then
 * is known with its result and curve; what was to come is not. The curve of the run ends there. With --law the law is fitted to
 * what had finished, as the live page fits it. Counted is how often the 95 % interval holds the result that came, how wide it
 * is, and how far off the value. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fit/analysis.h"
#include "fit/forecast.h"
#include "fit/verdict/predict.h"
#include "harness/curves.h"
#include "harness/results.h"

enum { RUNS_MAX = 512, JOBS = 2 };

struct replay {
    const char *dir;
    struct curves curves;
    struct fit_table table;
    size_t n;
    struct {
        char trunk[RUN_NAME_MAX];
        double params, tokens, seed, rate, loss; /* rate: tokens a second of the clock */
        double began, ended;               /* on the clock, of its trajectory and of itself */
        size_t trunk_id, row;
        bool shared;
    } run[RUNS_MAX];
};

struct tally {
    size_t n, held, none;
    double *widths, *misses;
};

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_number);
    return n ? stats_quantile(x, n, 0.5) : (double)NAN;
}

static enum status read_folder(struct replay *p, const char *dir, struct err *err)
{
    const struct fit_read_options read = {.count = FIT_COUNT_TOTAL};
    *p = (struct replay){.dir = dir};
    TRY(curves_read(&p->curves, dir, err));
    TRY(fit_table_read(&p->table, &dir, 1, &read, err));
    for (size_t i = 0; i < p->curves.n && p->n < RUNS_MAX; i++) {
        const struct curve *c = &p->curves.items[i];
        char path[FILE_PATH_MAX];
        struct run_row row;
        bool found;
        TRY(file_join(path, sizeof path, dir, c->run, err));
        TRY(run_row_read_anywhere(&row, &found, path, err));
        if (!found || strcmp(row.status, "done") != 0)
            continue;
        size_t k = 0;
        while (k < p->table.n && p->table.col[FIT_LOSS][k] != row.loss)
            k++;
        if (k == p->table.n)
            continue;
        p->curves.items[p->n] = *c;
        snprintf(p->run[p->n].trunk, RUN_NAME_MAX, "%s", row.trunk);
        p->run[p->n].params = row.params;
        p->run[p->n].tokens = row.tokens;
        p->run[p->n].seed = row.seed;
        p->run[p->n].rate = row.tokens / row.flops;
        p->run[p->n].loss = row.loss;
        p->run[p->n].row = k;
        p->n++;
    }
    return OK;
}

/* Tokens of the trajectory when run i ends: of a trunk up to each branch, and the branches. */
static double trained_by(const struct replay *p, size_t i)
{
    double branches = 0;
    size_t on = 0;
    for (size_t j = 0; j < p->n; j++)
        if (strcmp(p->run[j].trunk, p->run[i].trunk) == 0) {
            on++;
            if (p->run[j].tokens <= p->run[i].tokens)
                branches += 0.2 * p->run[j].tokens;
        }
    return on > 1 ? 0.8 * p->run[i].tokens + branches : p->run[i].tokens;
}

static void schedule(struct replay *p)
{
    double free_at[JOBS] = {0};
    bool *placed = calloc(p->n, sizeof *placed);
    for (size_t id = 0;; id++) {
        size_t longest = p->n, slot = 0;
        for (size_t i = 0; i < p->n; i++)
            if (!placed[i] &&
                (longest == p->n || trained_by(p, i) / p->run[i].rate > trained_by(p, longest) / p->run[longest].rate))
                longest = i;
        if (longest == p->n)
            break;
        for (size_t k = 1; k < JOBS; k++)
            slot = free_at[k] < free_at[slot] ? k : slot;
        for (size_t i = 0; i < p->n; i++)
            if (strcmp(p->run[i].trunk, p->run[longest].trunk) == 0) {
                placed[i] = true;
                p->run[i].trunk_id = id;
                p->run[i].began = free_at[slot];
                p->run[i].ended = free_at[slot] + trained_by(p, i) / p->run[i].rate;
            }
        free_at[slot] = p->run[longest].ended;
    }
    free(placed);
}

/* When run i has trained that share of its tokens: after the branches before it, where those lie before that. */
static double time_of(const struct replay *p, size_t i, double share)
{
    double t = share * p->run[i].tokens, tokens = t;
    for (size_t j = 0; j < p->n; j++)
        if (j != i && p->run[j].trunk_id == p->run[i].trunk_id && 0.8 * p->run[j].tokens <= t)
            tokens += 0.2 * p->run[j].tokens;
    return p->run[i].began + tokens / p->run[i].rate;
}

/* The law of the n runs that have a loss. */
static enum status fit_known(struct fit_report **out, const struct replay *p, const struct forecast_run *runs, size_t n,
                             struct err *err)
{
    struct fit_table t;
    struct fit_options opt = fit_options_default();
    struct fit_report *r = *out = calloc(1, sizeof *r); /* borrows from the table: both stay */
    opt.bootstrap = 100;
    opt.break_sims = 0;
    TRY(fit_table_init(&t, n, err));
    n = 0;
    for (size_t j = 0; j < p->n; j++) {
        if (!(runs[j].loss > 0))
            continue;
        for (size_t c = 0; c < FIT_N_COLUMNS; c++) {
            t.has[c] = p->table.has[c];
            t.col[c][n] = p->table.col[c][p->run[j].row];
        }
        t.trunk[n++] = p->run[j].trunk_id;
    }
    t.n_trunks = p->n;
    return fit_analyse(r, &t, &opt, err);
}

/* What it says of run i; NaN of fewer than eight runs. */
static enum status law_now(struct fit_value *law, const struct replay *p, const struct forecast_run *runs, size_t i,
                           struct err *err)
{
    static struct fit_report *fitted[RUNS_MAX]; /* by how many had finished, which says who */
    static const char *dir;
    size_t n = 0;
    *law = (struct fit_value){(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    for (size_t j = 0; j < p->n; j++)
        n += runs[j].loss > 0;
    if (n < 8)
        return OK;
    if (dir != p->dir)
        memset(fitted, 0, sizeof fitted);
    dir = p->dir;
    if (!fitted[n])
        TRY(fit_known(&fitted[n], p, runs, n, err));
    if (fit_report_selected(fitted[n])) {
        struct fit_run_noise noise = fit_run_noise_at(fitted[n], p->run[i].params, p->run[i].tokens);
        *law = fit_new_run(fit_curve(fitted[n], p->run[i].params, p->run[i].tokens, p->run[i].tokens), &noise);
    }
    return OK;
}

static struct forecast look(const struct replay *p, size_t i, double share, bool law, size_t *known)
{
    static struct forecast_run runs[RUNS_MAX];
    double now = time_of(p, i, share);
    struct err err;
    *known = 0;
    for (size_t j = 0; j < p->n; j++) {
        const struct curve *c = &p->curves.items[j];
        bool over = j != i && p->run[j].ended <= now;
        runs[j] = (struct forecast_run){.params = p->run[j].params, .tokens = p->run[j].tokens, .order = p->run[j].seed,
                                        .trunk = p->run[j].trunk_id,
                                        .loss = over ? p->run[j].loss : (double)NAN, .at = c->tokens, .curve = c->loss,
                                        .n = over ? c->n : 0,
                                        .law = {(double)NAN, (double)NAN, (double)NAN, (double)NAN}};
        *known += over;
    }
    while (runs[i].n < p->curves.items[i].n && p->curves.items[i].tokens[runs[i].n] <= share * p->run[i].tokens)
        runs[i].n++;
    if (law && law_now(&runs[i].law, p, runs, i, &err) != OK)
        printf("%s: %s\n", p->dir, err.msg);
    return forecast_of(runs, p->n, i);
}

static void count(struct tally *t, const struct forecast *f, double loss)
{
    if (f->from == FORECAST_NONE) {
        t->none++;
        return;
    }
    t->held += f->lo <= loss && loss <= f->hi;
    t->widths[t->n] = log(f->hi / f->lo);
    t->misses[t->n++] = fabs(log(f->value / loss));
}

static void print_tally(const char *name, const char *what, struct tally *t)
{
    if (t->n + t->none == 0)
        return;
    printf("%-14s %-18s %5zu %5zu  %5.1f %%  %6.2f %%  %6.2f %%\n", name, what, t->n, t->none,
           100.0 * (double)t->held / (double)t->n, 100 * median(t->widths, t->n), 100 * median(t->misses, t->n));
}

static struct tally tally_make(void)
{
    return (struct tally){.widths = calloc(3 * RUNS_MAX * 32, sizeof(double)), .misses = calloc(3 * RUNS_MAX * 32, sizeof(double))};
}

static void tally_free(struct tally *t)
{
    free(t->widths);
    free(t->misses);
}

static void replay(const char *dir, bool law, struct tally *all)
{
    static const double shares[] = {0.25, 0.5, 0.75};
    static const char *const known_names[] = {"nothing finished", "1 to 7 finished", "8 and more"};
    static struct replay p;
    struct err err;
    struct tally by_share[3], by_known[3];
    if (read_folder(&p, dir, &err) != OK) {
        printf("%s: %s\n", dir, err.msg);
        return;
    }
    schedule(&p);
    for (size_t k = 0; k < 3; k++) {
        by_share[k] = tally_make();
        by_known[k] = tally_make();
    }
    for (size_t i = 0; i < p.n; i++)
        for (size_t k = 0; k < 3; k++) {
            size_t known;
            struct forecast f = look(&p, i, shares[k], law, &known);
            count(&by_share[k], &f, p.run[i].loss);
            count(&by_known[known == 0 ? 0 : known < 8 ? 1 : 2], &f, p.run[i].loss);
            count(&all[k], &f, p.run[i].loss);
            count(&all[3 + (known == 0 ? 0 : known < 8 ? 1 : 2)], &f, p.run[i].loss);
        }
    for (size_t k = 0; k < 3; k++) {
        char what[32];
        snprintf(what, sizeof what, "at %.0f %%", 100 * shares[k]);
        print_tally(file_basename(dir), what, &by_share[k]);
        tally_free(&by_share[k]);
    }
    for (size_t k = 0; k < 3; k++) {
        print_tally(file_basename(dir), known_names[k], &by_known[k]);
        tally_free(&by_known[k]);
    }
    fit_table_free(&p.table);
}

int main(int argc, char **argv)
{
    struct tally all[6];
    static const char *const names[] = {"at 25 %", "at 50 %", "at 75 %", "nothing finished", "1 to 7 finished", "8 and more"};
    bool law = argc > 1 && strcmp(argv[1], "--law") == 0;
    for (size_t k = 0; k < 6; k++)
        all[k] = tally_make();
    printf("%-14s %-18s %5s %5s %8s %9s %9s\n", "sweep", "when", "runs", "none", "held", "width", "off");
    for (int i = 1 + law; i < argc; i++)
        replay(argv[i], law, all);
    for (size_t k = 0; k < 6; k++) {
        print_tally("all", names[k], &all[k]);
        tally_free(&all[k]);
    }
    return 0;
}
