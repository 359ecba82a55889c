#include "cli/dry_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "cli/calibrate.h"
#include "cli/protocol.h"
#include "cli/search_words.h"
#include "cli/text.h"
#include "harness/memory.h"

/* The grid and what is found out about it. */
struct preview {
    const struct setup *s;
    const struct plan *p;
    struct kern k;
    int jobs;
    double available_bytes;
    bool *too_large; /* (n_trajectories) for this machine's memory */
    double *seconds; /* (n_trajectories) that one core takes for a token; NaN where it is too large */
    size_t n_fitting; /* trajectories that are not too large */
};

static double bytes_of(const struct preview *v, size_t trajectory)
{
    return memory_of_run(&v->p->runs[v->p->trajectories[trajectory].first], &v->k, v->jobs);
}

/* --- the table -------------------------------------------------------------------------------- */

/* In a grid of more runs than that only the first and the last of each size are shown: at most 128. */
enum { ROWS_MAX = 256, CELL_MAX = CONFIG_VARIED_MAX };

/* Width, depth, tokens and seed stand in a run's name, what else the grid varies beside it. */
enum column { RUN, VARIED, PARAMS, ACTIVE, NONEMBD, FLOPS, EPOCHS, WARMUP, MEMORY, ADDS, N_COLUMNS };

static const char *const columns[N_COLUMNS] = {"run",   "varied", "params",  "active", "nonembd",
                                               "flops", "epochs", "warm-up", "memory", "adds"};

struct table {
    struct row {
        char cells[N_COLUMNS][CELL_MAX];
    } *rows; /* (n), owned */
    size_t n;
    int width[N_COLUMNS]; /* 0: not shown */
};

/* Shorter than count_format_seconds, for the table's width. */
static char *short_time(char *buf, size_t size, double seconds)
{
    if (seconds < 59.5)
        return count_format_seconds(buf, size, seconds);
    if (seconds < 3599.5)
        snprintf(buf, size, "%.0f min", seconds / 60);
    else
        snprintf(buf, size, "%.*f h", seconds < 36e3 ? 1 : 0, seconds / 3600);
    return buf;
}

/* The length of a run's name without "-" and the hash at its end. */
static size_t short_name(const char *name)
{
    return (size_t)(strrchr(name, '-') - name);
}

/* Whether two runs of the grid differ in their hashes alone: such names are neighbours when sorted. */
static bool needs_hashes(const struct plan *p)
{
    for (size_t i = 1; i < p->n; i++) {
        const char *a = p->sorted[i - 1]->name, *b = p->sorted[i]->name;
        if (strncmp(a, b, short_name(a) + 1) == 0)
            return true;
    }
    return false;
}

static enum status fill_row(struct row *row, const struct preview *v, size_t trajectory, size_t run, bool hashes,
                            struct err *err)
{
    const struct run *r = &v->p->runs[run];
    char(*c)[CELL_MAX] = row->cells;
    snprintf(c[RUN], CELL_MAX, "%.*s", hashes ? CELL_MAX : (int)short_name(r->name), r->name);
    TRY(config_vary_text(c[VARIED], &r->cfg, r->varied, err));
    count_format(c[PARAMS], CELL_MAX, r->params);
    count_format(c[ACTIVE], CELL_MAX, r->params_active);
    count_format(c[NONEMBD], CELL_MAX, r->params_nonembd);
    snprintf(c[FLOPS], CELL_MAX, "%.3g", r->flops);
    snprintf(c[EPOCHS], CELL_MAX, isfinite(r->epochs) ? "%.2f" : "-", r->epochs);
    count_format(c[WARMUP], CELL_MAX, r->cfg.train.warmup_tokens);
    count_format_bytes(c[MEMORY], CELL_MAX, bytes_of(v, trajectory));
    if (v->too_large[trajectory])
        snprintf(c[ADDS], CELL_MAX, "too big");
    else
        short_time(c[ADDS], CELL_MAX,
                   plan_own_tokens(v->p, &v->p->trajectories[trajectory], run) * v->seconds[trajectory]);
    return OK;
}

/* Whether a run is the first or the last of its size, whose runs are neighbours. */
static bool at_end_of_size(const struct plan *p, size_t run)
{
    const struct gpt_shape *s = &p->runs[run].shape;
    return run == 0 || run + 1 == p->n || !gpt_shape_same(s, &p->runs[run - 1].shape) ||
           !gpt_shape_same(s, &p->runs[run + 1].shape);
}

static enum status fill_rows(struct table *t, const struct preview *v, struct err *err)
{
    const struct plan *p = v->p;
    bool hashes = p->runs[0].varied->n == 0 && needs_hashes(p);
    for (size_t k = 0; k < p->n_trajectories; k++)
        for (size_t i = p->trajectories[k].first; i < p->trajectories[k].first + p->trajectories[k].n; i++)
            if (p->n <= ROWS_MAX || at_end_of_size(p, i))
                TRY(fill_row(&t->rows[t->n++], v, k, i, hashes, err));
    return OK;
}

/* Half a screen, a slide, a phone. */
enum { TABLE_WIDTH = 60 };

/* Columns as wide as what stands in them; and where long names leave no room, what results.csv
 * will say of the runs goes before what decides whether to begin them. */
static void fit_columns(struct table *t, const bool shown[N_COLUMNS])
{
    static const enum column first_to_go[] = {NONEMBD, FLOPS, WARMUP, PARAMS};
    int sum = -1; /* a blank between any two */
    for (int c = 0; c < N_COLUMNS; c++) {
        size_t most = strlen(columns[c]);
        for (size_t i = 0; i < t->n; i++)
            most = size_max(most, strlen(t->rows[i].cells[c]));
        t->width[c] = shown[c] ? (int)most : 0;
        sum += t->width[c] ? t->width[c] + 1 : 0;
    }
    for (size_t i = 0; sum > TABLE_WIDTH && i < sizeof first_to_go / sizeof *first_to_go; i++) {
        sum -= t->width[first_to_go[i]] ? t->width[first_to_go[i]] + 1 : 0;
        t->width[first_to_go[i]] = 0;
    }
}

static void print_rows(const struct table *t)
{
    for (int c = 0; c < N_COLUMNS; c++)
        if (t->width[c])
            printf(c == RUN ? "%-*s" : " %*s", t->width[c], columns[c]);
    printf("\n");
    for (size_t i = 0; i < t->n; i++, printf("\n"))
        for (int c = 0; c < N_COLUMNS; c++)
            if (t->width[c])
                printf(c == RUN ? "%-*s" : " %*s", t->width[c], t->rows[i].cells[c]);
}

/* Epochs are of texts alone, active parameters of experts. */
static void choose_columns(bool shown[N_COLUMNS], const struct plan *p)
{
    for (int c = 0; c < N_COLUMNS; c++)
        shown[c] = true;
    shown[EPOCHS] = isfinite(p->runs[0].epochs);
    shown[VARIED] = p->runs[0].varied->n > 0;
    shown[ACTIVE] = false;
    for (size_t i = 0; i < p->n; i++)
        shown[ACTIVE] = shown[ACTIVE] || p->runs[i].params_active != p->runs[i].params;
}

static enum status print_table(const struct preview *v, struct err *err)
{
    struct table t = {0};
    TRY(size_calloc(&t.rows, ROWS_MAX, sizeof *t.rows, "the table", err));
    enum status st = fill_rows(&t, v, err);
    if (st == OK) {
        bool shown[N_COLUMNS];
        choose_columns(shown, v->p);
        fit_columns(&t, shown);
        print_rows(&t);
    }
    free(t.rows);
    if (st == OK && t.n < v->p->n)
        text_beside(stdout, "", "%zu more runs are not shown: of each size the first and the last one stand here",
                    v->p->n - t.n);
    return st;
}

/* --- the totals ------------------------------------------------------------------------------- */

static int longest_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* When the last core is done if the longest trajectories start first; sorts the times. */
static double makespan(double *seconds, size_t n, int jobs)
{
    double busy[256] = {0}, end = 0, sum = 0;
    qsort(seconds, n, sizeof *seconds, longest_first);
    for (size_t i = 0; i < n; i++) {
        int first = 0;
        for (int j = 1; j < jobs; j++)
            if (busy[j] < busy[first])
                first = j;
        busy[first] += seconds[i];
        sum += seconds[i];
        end = fmax(end, busy[first]);
    }
    /* cores without a trajectory help those that have one, at some loss */
    return fmax(sum / jobs, n < (size_t)jobs ? end * (double)n / jobs * 1.3 : end);
}

/* Of what fits into memory: the rest the sweep leaves out. */
struct totals {
    size_t runs, trajectories;
    double tokens, separate, flops, most_bytes;
};

static struct totals totals_of(const struct preview *v)
{
    struct totals a = {0};
    for (size_t i = 0; i < v->p->n_trajectories; i++) {
        const struct trajectory *t = &v->p->trajectories[i];
        if (v->too_large[i])
            continue;
        a.runs += t->n;
        a.trajectories++;
        a.tokens += t->tokens;
        a.flops += t->flops;
        a.most_bytes = fmax(a.most_bytes, bytes_of(v, i));
        for (size_t j = t->first; j < t->first + t->n; j++)
            a.separate += v->p->runs[j].cfg.train.tokens;
    }
    return a;
}

/* The held-out set is the same for every run, so that a grid of short runs may spend its time on it. */
static double eval_tokens(const struct setup *s)
{
    return plan_eval_tokens((double)(data_eval_windows(s->data) * s->plan.runs[0].shape.T));
}

/* Of all that fits, on one core. */
static enum status whole_time(double *whole_s, const struct preview *v, struct err *err)
{
    double *seconds;
    size_t n = 0;
    TRY(size_calloc(&seconds, v->p->n_trajectories, sizeof *seconds, "the times", err));
    for (size_t i = 0; i < v->p->n_trajectories; i++) {
        const struct trajectory *t = &v->p->trajectories[i];
        if (!v->too_large[i])
            seconds[n++] = v->seconds[i] * (t->tokens + (double)t->n * eval_tokens(v->s));
    }
    *whole_s = makespan(seconds, n, v->jobs);
    free(seconds);
    return OK;
}

static enum status print_totals(const struct preview *v, struct err *err)
{
    char text[32], memory[32], saved[96] = "";
    double whole_s;
    const struct totals a = totals_of(v);
    TRY(whole_time(&whole_s, v, err));
    double bytes = fmin(v->available_bytes, a.most_bytes * (double)size_min((size_t)v->jobs, a.trajectories));
    printf("%zu runs in %zu trajectories, %d at a time\n", a.runs, a.trajectories, v->jobs);
    if (a.separate > a.tokens)
        snprintf(saved, sizeof saved, ", %.0f %% less than the %s without shared trunks", 100 * (1 - a.tokens / a.separate),
                 count_format(text, sizeof text, a.separate));
    text_beside(stdout, "", "%s tokens to train%s", count_format(text, sizeof text, a.tokens), saved);
    text_beside(stdout, "", "%.3g flops, about %s here with evaluations; at most %s of memory", a.flops,
                count_format_seconds(text, sizeof text, whole_s), count_format_bytes(memory, sizeof memory, bytes));
    text_teacher(stdout, plan_teacher_flops(v->p), v->s->teacher.train_flops);
    return OK;
}

/* Trials that come before. */
static enum status print_search(const struct preview *v, struct err *err)
{
    struct search_sites sites;
    if (v->s->cfg.train.lr_law.kind != LR_AUTO)
        return OK;
    TRY(search_choose(&sites, &v->s->cfg, v->p, err));
    search_words_planned(stdout, &sites, &v->s->cfg);
    return OK;
}

/* What the sweep will leave out. */
static void print_too_large(const struct preview *v)
{
    char least[32], available[32];
    size_t runs = 0, sizes = 0;
    const struct gpt_shape *last = NULL;
    double smallest = (double)INFINITY;
    for (size_t i = 0; i < v->p->n_trajectories; i++) {
        const struct trajectory *t = &v->p->trajectories[i];
        const struct gpt_shape *shape = &v->p->runs[t->first].shape;
        if (!v->too_large[i])
            continue;
        runs += t->n;
        sizes += !(last && gpt_shape_same(last, shape));
        smallest = fmin(smallest, bytes_of(v, i));
        last = shape;
    }
    if (runs)
        text_beside(stdout, "too big: ",
                    "%zu run%s of %zu size%s, which the sweep leaves out: training takes %s of memory%s, %s can be had here",
                    runs, runs == 1 ? "" : "s", sizes, sizes == 1 ? "" : "s",
                    count_format_bytes(least, sizeof least, smallest), sizes == 1 ? "" : " or more",
                    count_format_bytes(available, sizeof available, v->available_bytes));
}

/* --- what is doubtful about the design -------------------------------------------------------- */

/* Runs that fit into memory, one after the other: i is a run, *t its trajectory. Begin with i = *t = 0. */
static size_t next_fitting(const struct preview *v, size_t i, size_t *t)
{
    for (; *t < v->p->n_trajectories; ++*t) {
        const struct trajectory *own = &v->p->trajectories[*t];
        if (!v->too_large[*t] && i < own->first + own->n)
            return size_max(i, own->first);
    }
    return v->p->n;
}

#define EACH_FITTING(v, i, t) \
    for (size_t t = 0, i = next_fitting(v, 0, &t); i < (v)->p->n; i = next_fitting(v, i + 1, &t))

enum { ENOUGH = 3 };

/* How many values more than 2 % apart there are, up to ENOUGH. */
static size_t distinct(const struct preview *v, double (*value)(const struct run *))
{
    double seen[ENOUGH];
    size_t n = 0;
    EACH_FITTING(v, i, t)
    {
        size_t j = 0;
        while (j < n && !(fabs(log(value(&v->p->runs[i]) / seen[j])) < 0.02))
            j++;
        if (j == n)
            seen[n++] = value(&v->p->runs[i]);
        if (n == ENOUGH)
            break;
    }
    return n;
}

static double params_of(const struct run *r)
{
    return r->params;
}

static double tokens_of(const struct run *r)
{
    return r->cfg.train.tokens;
}

static void warn_repeats(const struct preview *v)
{
    size_t repeated = 0;
    double epochs = 0, second = 0;
    EACH_FITTING(v, i, t)
    {
        const struct run *r = &v->p->runs[i];
        second = fmax(second, data_second_passes(v->s->data, r->cfg.train.tokens));
        repeated += r->epochs > 4;
        epochs = r->epochs > epochs ? r->epochs : epochs;
    }
    if (second > 4)
        text_beside(stdout, "careful: ", "the longest run reads data.mix_source more than 4 times (%.1f)", second);
    if (repeated)
        text_beside(stdout, "careful: ",
                    "%zu runs read the corpus more than 4 times (up to %.1f): repeated data teach less, "
                    "and only the law repeat accounts for it", repeated, epochs);
}

/* Where too few values leave a law undetermined. */
static void warn_grid(const struct preview *v)
{
    size_t sizes = distinct(v, params_of), tokens = distinct(v, tokens_of);
    if (sizes < ENOUGH)
        text_beside(stdout, "careful: ",
                    "%zu model size%s: a law in size needs at least three", sizes, sizes == 1 ? "" : "s");
    if (tokens < ENOUGH)
        text_beside(stdout, "careful: ",
                    "%zu token budget%s: a law in data needs at least three", tokens, tokens == 1 ? "" : "s");
}

/* The share of the training's time that evaluations may take. */
#define EVAL_SHARE 0.05

static void warn_evaluations(const struct preview *v)
{
    double train = 0, eval = 0;
    for (size_t i = 0; i < v->p->n_trajectories; i++) {
        const struct trajectory *t = &v->p->trajectories[i];
        if (v->too_large[i])
            continue;
        train += t->cost * t->tokens;
        eval += t->cost * (double)t->n * eval_tokens(v->s);
    }
    double share = eval / train;
    if (share > EVAL_SHARE)
        text_beside(stdout, "careful: ",
                    "evaluations will take %.1f %% of the time of training: data.eval_tokens=%.0f would make "
                    "that %.0f %%", 100 * share, floor((double)v->s->cfg.data.eval_tokens * EVAL_SHARE / share),
                    100 * EVAL_SHARE);
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum status preview_init(struct preview *v, const struct setup *s, int jobs, struct err *err)
{
    *v = (struct preview){.s = s, .p = &s->plan, .jobs = jobs, .available_bytes = memory_available()};
    kern_init(&v->k, s->isa);
    TRY(size_calloc(&v->seconds, v->p->n_trajectories, sizeof *v->seconds, "the calibration", err));
    TRY(size_calloc(&v->too_large, v->p->n_trajectories, sizeof *v->too_large, "the calibration", err));
    for (size_t i = 0; i < v->p->n_trajectories; i++) {
        v->too_large[i] = bytes_of(v, i) > v->available_bytes;
        v->n_fitting += !v->too_large[i];
    }
    return OK;
}

static enum status print_preview(const struct preview *v, struct err *err)
{
    char least[32];
    TRY(print_table(v, err));
    if (v->n_fitting > 0)
        TRY(print_totals(v, err));
    TRY(print_search(v, err));
    print_too_large(v);
    if (v->n_fitting == 0)
        return err_set(err, E_RUN, "no size of the grid fits into the %s of memory that can be had here",
                       count_format_bytes(least, sizeof least, v->available_bytes));
    warn_grid(v);
    warn_repeats(v);
    warn_evaluations(v);
    return protocol_print(stdout, &v->s->cfg, v->p, v->too_large, err);
}

enum status dry_run(const struct setup *s, int jobs, struct err *err)
{
    struct preview v;
    enum status st = preview_init(&v, s, jobs, err);
    if (st == OK)
        st = calibrate(v.seconds, v.p, v.too_large, &v.k, err);
    if (st == OK)
        st = print_preview(&v, err);
    free(v.seconds);
    free(v.too_large);
    return st;
}
