/* (a) What this machine can do: its peak, and what of it training reaches, alone and with all cores at work. From it follows
 * how large everything else may be. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "cli/lab/figure.h"
#include "cli/lab/steps.h"
#include "cli/timed.h"
#include "kernels/kern.h"
#include "model/bench.h"
#include "model/team.h"

enum { WIDTHS = 5 };
static const size_t widths[WIDTHS] = {8, 16, 32, 64, 128};

struct machine {
    struct kern k;
    struct bench_options o;
    size_t n; /* widths measured */
    double d[WIDTHS], params[WIDTHS], per_token[WIDTHS];
    double alone[WIDTHS], beside[WIDTHS]; /* FLOP/s: of a core, in the time that it works for us; of one process while all do */
    double peak, peak_all, share;
    struct sweep_time time;
};

struct all_cores {
    const struct bench_options *o;
    double peak;
};

static void peak_of_all(void *ctx)
{
    struct all_cores *a = ctx;
    struct bench_load load = {0};
    a->peak = 1e9 * bench_peak(a->o, &load);
}

/* In a process of its own: threads that were begun here would be missing in the children that train later. */
static double peak_all(const struct bench_options *one, size_t jobs)
{
    struct bench_options all = *one;
    struct all_cores a = {&all, (double)NAN};
    int ends[2];
    all.threads = (int)size_min(jobs, TEAM_MAX);
    if (pipe(ends) != 0)
        return a.peak;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        team_run(all.threads, peak_of_all, &a);
        _exit(write(ends[1], &a.peak, sizeof a.peak) == sizeof a.peak ? 0 : 1);
    }
    close(ends[1]);
    if (pid > 0 && read(ends[0], &a.peak, sizeof a.peak) != sizeof a.peak)
        a.peak = (double)NAN;
    close(ends[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return a.peak;
}

static void measure_peak(struct machine *m, size_t jobs)
{
    m->peak = 1e9 * bench_peak_cpu(&m->k);
    m->peak_all = peak_all(&m->o, jobs);
}

static enum status measure_alone(struct machine *m, const struct plan *p, struct err *err)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct run *r = &p->runs[i];
        const struct bench_shape shape = {r->shape, r->cfg.train.batch_tokens / r->shape.T};
        struct bench_train t;
        TRY(bench_train(&t, &m->o, &shape, err));
        m->d[i] = (double)r->shape.C;
        m->params[i] = r->params;
        m->per_token[i] = gpt_flops_per_token(&r->shape);
        m->alone[i] = (double)r->cfg.train.batch_tokens * m->per_token[i] / t.rate.cpu_s;
    }
    return OK;
}

/* As a sweep will have it: a process a core. Other programs come and go, so it is looked at for a while. */
static enum status measure_beside(struct machine *m, const struct setup *s, const struct lab *l, struct err *err)
{
    double *seconds, began = clock_now_s(), sum = 0, n = 0;
    TRY(size_calloc(&seconds, s->plan.n_trajectories, sizeof *seconds, "the calibration", err));
    enum status st;
    do {
        st = timed_measure(seconds, &m->time, &s->plan, s, l->jobs, err);
        sum += m->time.share, n++;
    } while (st == OK && clock_now_s() - began < 0.02 * 60 * l->minutes);
    m->share = fmin(1, fmax(0.02, sum / n));
    for (size_t i = 0; i < m->n; i++)
        m->beside[i] = m->share * m->alone[i];
    free(seconds);
    return st;
}

static enum status plan_widths(struct setup *s, size_t n, struct err *err)
{
    struct config_cell cells[WIDTHS];
    for (size_t i = 0; i < n; i++)
        cells[i] = (struct config_cell){{widths[i], 2, widths[i] / 8}, 1e6, 1};
    TRY(config_set_runs(&s->cfg, cells, n, err));
    return setup_plan(s, false, err);
}

/* Of the width nearest to this size. */
static double rate_at(const struct machine *m, double params)
{
    size_t best = 0;
    for (size_t i = 1; i < m->n; i++)
        if (fabs(log(m->params[i] / params)) < fabs(log(m->params[best] / params)))
            best = i;
    return m->beside[best];
}

/* The speed depends on the sizes, which depend on the speed. */
static void settle_scale(struct lab *l, const struct machine *m, const struct setup *s)
{
    size_t vocab = data_vocab(s->data);
    l->scale.flops_per_s = m->beside[m->n / 2];
    for (int i = 0; i < 3; i++) {
        scale_make(&l->scale, l->minutes, l->jobs, &s->cfg, vocab);
        l->scale.flops_per_s = rate_at(m, scale_middle(&l->scale, l->scale.n_budgets / 2, &s->cfg, vocab).params);
    }
    scale_make(&l->scale, l->minutes, l->jobs, &s->cfg, vocab);
}

static enum status draw(struct note *n, const struct machine *m, struct err *err)
{
    struct chart c = {.log_x = true, .log_y = true, .x_kind = AXIS_COUNT};
    struct chart_line *line;
    double alone[WIDTHS], beside[WIDTHS];
    for (size_t i = 0; i < m->n; i++)
        alone[i] = m->alone[i] / 1e9, beside[i] = m->beside[i] / 1e9;
    snprintf(c.title, sizeof c.title, "At width %.0f training reaches %.0f %% of the peak, at width %.0f %.0f %%", m->d[0],
             100 * m->alone[0] / m->peak, m->d[m->n - 1], 100 * m->alone[m->n - 1] / m->peak);
    snprintf(c.quantity, sizeof c.quantity, "Speed of training on one core against the width of the model");
    snprintf(c.x_label, sizeof c.x_label, "width d_model");
    snprintf(c.y_label, sizeof c.y_label, "GFLOP/s of one core");
    const struct figure_series one = {
        "a core, while it works for us", palette_kind(0), MARKER_DISC, 1.5, 0, false, m->n, m->d, alone, NULL, NULL};
    const struct figure_series all = {
        "one process, all cores at work", palette_kind(1), MARKER_SQUARE, 1.5, 0, false, m->n, m->d, beside, NULL, NULL};
    enum status st = figure_add(&c, &one, err);
    if (st == OK)
        st = figure_add(&c, &all, err);
    if (st == OK)
        st = chart_add_line(&line, &c, false, m->peak / 1e9, err);
    if (st == OK) {
        line->lo = line->hi = (double)NAN;
        line->color = palette_ink(PALETTE_INK);
        snprintf(line->label, sizeof line->label, "peak of one core");
        st = note_chart(n, &c, "machine", err);
    }
    chart_free(&c);
    return st;
}

static void tell(struct lab *l, struct note *n, const struct machine *m)
{
    struct note_table t = {.columns = 6};
    double beside, alone, five = 300 * (double)l->jobs * m->beside[m->n - 1];
    note_lead(n,
              "In five minutes of training at width %.0f, %zu process%s side by side spend %.2g FLOPs here; at width %.0f, %.2g.",
              m->d[m->n - 1], l->jobs, l->jobs == 1 ? "" : "es", five, m->d[0], 300 * (double)l->jobs * m->beside[0]);
    note_line(n,
              "The peak of multiply-adds (%s) is %.1f GFLOP/s of a core in the time that it works for us; by the clock on the wall "
              "%zu together reach %.1f now. While all cores were at work, a process had %.0f %% of one: what is missing other "
              "programs had.",
              kern_isa_name(m->k.isa), m->peak / 1e9, l->jobs, m->peak_all / 1e9, 100 * m->share);
    for (const char *const *h = (const char *const[]){"d_model", "params", "FLOPs a token", "GFLOP/s of a core", "of the peak",
                                                      "of a process, all at work", NULL};
         *h; h++)
        note_cell(&t, "%s", *h);
    for (size_t i = 0; i < m->n; i++) {
        note_cell(&t, "%.0f", m->d[i]);
        note_cell(&t, "%.0f", m->params[i]);
        note_cell(&t, "%.0f", m->per_token[i]);
        note_cell(&t, "%.2f", m->alone[i] / 1e9);
        note_cell(&t, "%.0f %%", 100 * m->alone[i] / m->peak);
        note_cell(&t, "%.2f", m->beside[i] / 1e9);
    }
    note_tell(n, &t);
    scale_work(&beside, &alone, &l->scale);
    note_line(
        n, "So for %g minutes the budgets of compute are %.2g to %.2g FLOPs, %zu of them, and the run that is predicted has %.2g.",
        l->minutes, l->scale.budgets[0], l->scale.budgets[l->scale.n_budgets - 1], l->scale.n_budgets,
        alone * l->scale.budgets[l->scale.n_budgets - 1]);
    note_number(n, "peak", m->peak);
    note_number(n, "peak_all", m->peak_all);
    note_number(n, "share", m->share);
    note_number(n, "five_minutes", five);
}

enum status step_machine(struct lab *l, struct note *n, struct err *err)
{
    struct machine m = {.n = l->minutes < 2 ? 3 : WIDTHS};
    struct setup s;
    scale_form(&l->scale, l->minutes);
    enum status st = lab_setup(&s, l, err);
    if (st == OK)
        st = plan_widths(&s, m.n, err);
    if (st == OK) {
        kern_init(&m.k, s.isa);
        m.o = (struct bench_options){.k = &m.k, .threads = 1, .repeat = l->minutes < 2 ? 1 : 3};
        measure_peak(&m, l->jobs);
        st = measure_alone(&m, &s.plan, err);
    }
    if (st == OK)
        st = measure_beside(&m, &s, l, err);
    if (st == OK) {
        settle_scale(l, &m, &s);
        st = lab_keep_scale(l, err);
    }
    if (st == OK) {
        tell(l, n, &m);
        st = draw(n, &m, err);
    }
    setup_free(&s);
    return st;
}
