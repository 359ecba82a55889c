#include "cli/dry_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "model/bench.h"

/* Seconds that one core takes for a token of each trajectory's shape. Shapes that come again, with another
 * seed, are measured once. */
static enum status calibrate(double *seconds, const struct setup *s, const struct kern *k, struct err *err)
{
    const struct plan *p = &s->plan;
    const struct bench_options o = {.k = k, .threads = 1, .repeat = 1};
    for (size_t i = 0; i < p->n_trajectories; i++) {
        const struct run *r = &p->runs[p->trajectories[i].first];
        size_t j = 0;
        while (j < i && memcmp(&p->runs[p->trajectories[j].first].shape, &r->shape, sizeof r->shape) != 0)
            j++;
        if (j < i) {
            seconds[i] = seconds[j];
            continue;
        }
        struct bench_shape shape = {r->shape, r->cfg.train.batch_tokens / r->shape.T};
        struct bench_train t;
        TRY(bench_train(&t, &o, &shape, err));
        seconds[i] = 1 / t.tokens_per_s;
    }
    return OK;
}

static void print_run(const struct run *r, const struct kern *k, double own_s)
{
    char params[32], nonembd[32], tokens[32], time[32], memory[32], epochs[32] = "-";
    size_t B = r->cfg.train.batch_tokens / r->shape.T;
    if (isfinite(r->epochs))
        snprintf(epochs, sizeof epochs, "%.2f", r->epochs);
    printf("%-34s %7zu %7zu %8s %7s %8s %9.3g %7s %7sB %9s\n", r->name, r->shape.C, r->shape.L,
           count_format(params, sizeof params, r->params),
           count_format(nonembd, sizeof nonembd, r->params_nonembd),
           count_format(tokens, sizeof tokens, r->cfg.train.tokens), r->flops, epochs,
           count_format(memory, sizeof memory, (double)gpt_bytes(&r->shape, k, B, 1)),
           count_format_seconds(time, sizeof time, own_s));
}

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

static void print_totals(const struct setup *s, int jobs, double *seconds, size_t most_bytes)
{
    const struct plan *p = &s->plan;
    double tokens = 0, flops = 0;
    char a[32], b[32], c[32], m[32];
    for (size_t i = 0; i < p->n_trajectories; i++) {
        tokens += p->trajectories[i].tokens;
        flops += p->trajectories[i].flops;
    }
    printf("%zu runs in %zu trajectories, %d at a time: %s tokens to train", p->n, p->n_trajectories, jobs,
           count_format(a, sizeof a, tokens));
    if (p->tokens_separate > tokens)
        printf(" (%s without shared trunks: %.0f %% saved)", count_format(b, sizeof b, p->tokens_separate),
               100 * (1 - tokens / p->tokens_separate));
    printf(", %.3g flops\nabout %s here with evaluations; at most %sB of memory\n", flops,
           count_format_seconds(c, sizeof c, makespan(seconds, p->n_trajectories, jobs)),
           count_format(m, sizeof m, (double)most_bytes * (double)size_min((size_t)jobs, p->n_trajectories)));
}

/* --- what is doubtful about the design -------------------------------------------------------- */

static size_t distinct(const struct plan *p, double (*value)(const struct run *))
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t j = 0;
        while (j < i && !(fabs(log(value(&p->runs[j]) / value(&p->runs[i]))) < 0.02))
            j++;
        n += j == i;
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

static double ratio_of(const struct run *r)
{
    return r->cfg.train.tokens / r->params;
}

static void warn_budgets(const struct plan *p)
{
    size_t few_steps = 0, repeated = 0;
    double epochs = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct run *r = &p->runs[i];
        few_steps += r->cfg.train.tokens < 100 * (double)r->cfg.train.batch_tokens;
        if (r->epochs > 4) {
            repeated++;
            epochs = fmax(epochs, r->epochs);
        }
    }
    if (few_steps)
        printf("careful: %zu runs have fewer than 100 steps: give them more tokens or smaller batches\n",
               few_steps);
    if (repeated)
        printf("careful: %zu runs read the corpus more than 4 times (up to %.1f): repeated data teach less, and\n"
               "         only the law repeat accounts for it\n", repeated, epochs);
}

/* Where one ratio of tokens to parameters, or too few values, leave a law undetermined. */
static void warn_grid(const struct config *c, const struct plan *p)
{
    size_t sizes = distinct(p, params_of), tokens = distinct(p, tokens_of);
    if (p->n > 1 && distinct(p, ratio_of) == 1)
        printf("careful: all runs have one ratio of tokens to parameters: size and data cannot be told apart\n");
    if (sizes < 3)
        printf("careful: %zu model size%s: a law in size needs at least three\n", sizes, sizes == 1 ? "" : "s");
    if (tokens < 3)
        printf("careful: %zu token budget%s: a law in data needs at least three\n", tokens,
               tokens == 1 ? "" : "s");
    for (size_t i = 0; i < c->grid.flops.n; i++) {
        double lo = (double)INFINITY, hi = 0;
        for (size_t j = 0; j < p->n; j++)
            if (fabs(log(p->runs[j].flops / c->grid.flops.items[i])) < 0.1) {
                lo = fmin(lo, ratio_of(&p->runs[j]));
                hi = fmax(hi, ratio_of(&p->runs[j]));
            }
        /* what is best lay between 5 and 200 tokens a parameter in every sweep seen so far */
        if (hi > 0 && (hi < 20 || lo > 50))
            printf("careful: at %.3g flops the sizes get %.0f to %.0f tokens a parameter: the best size is likely\n"
                   "         %s than all of them\n", c->grid.flops.items[i], lo, hi,
                   hi < 20 ? "smaller" : "larger");
    }
}

/* The held-out set is the same for every run, so that a grid of short runs may spend its time on it. */
#define EVAL_SHARE 0.05

static double eval_tokens(const struct setup *s)
{
    return plan_eval_tokens((double)(data_eval_windows(s->data) * s->plan.runs[0].shape.T));
}

static void warn_evaluations(const struct setup *s)
{
    const struct plan *p = &s->plan;
    double train = 0, eval = 0;
    for (size_t i = 0; i < p->n_trajectories; i++) {
        const struct trajectory *t = &p->trajectories[i];
        train += t->cost * t->tokens;
        eval += t->cost * (double)t->n * eval_tokens(s);
    }
    double share = eval / train;
    if (share > EVAL_SHARE)
        printf("careful: evaluations will take %.1f %% of the time of training: data.eval_tokens=%.0f would make that\n"
               "         %.0f %%\n", 100 * share, floor((double)s->cfg.data.eval_tokens * EVAL_SHARE / share),
               100 * EVAL_SHARE);
}

enum status dry_run(const struct setup *s, int jobs, struct err *err)
{
    const struct plan *p = &s->plan;
    struct kern k;
    double *seconds;
    size_t most_bytes = 0;
    kern_init(&k, s->isa);
    TRY(size_calloc(&seconds, p->n_trajectories, sizeof *seconds, "the calibration", err));
    enum status st = calibrate(seconds, s, &k, err);
    if (st == OK) {
        printf("%-34s %7s %7s %8s %7s %8s %9s %7s %8s %9s\n", "run", "d_model", "n_layer", "params", "nonembd",
               "tokens", "flops", "epochs", "memory", "adds");
        for (size_t i = 0; i < p->n_trajectories; i++) {
            const struct trajectory *t = &p->trajectories[i];
            const struct run *first = &p->runs[t->first];
            for (size_t j = t->first; j < t->first + t->n; j++)
                print_run(&p->runs[j], &k, plan_own_tokens(p, t, j) * seconds[i]);
            most_bytes = size_max(most_bytes, gpt_bytes(&first->shape, &k,
                                                        first->cfg.train.batch_tokens / first->shape.T, jobs));
            seconds[i] *= t->tokens + (double)t->n * eval_tokens(s);
        }
        print_totals(s, jobs, seconds, most_bytes);
        warn_grid(&s->cfg, p);
        warn_budgets(p);
        warn_evaluations(s);
    }
    free(seconds);
    return st;
}
