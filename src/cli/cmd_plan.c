#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/folder.h"
#include "data/data.h"
#include "harness/plan.h"
#include "harness/sweep.h"

struct plan_words {
    const char *time;
    double flops, loss; /* 0: not given */
    size_t jobs;
};

/* Compute that no machine will see; the search for a loss or a time stays below it. */
static const double FLOPS_MAX = 1e40;

/* "90", "90s", "30m", "2h", "1d" in seconds; 0 where it is none of these. */
static double parse_time(const char *text)
{
    char *end;
    double v = strtod(text, &end);
    const double unit = *end == '\0' || strcmp(end, "s") == 0 ? 1
                        : strcmp(end, "m") == 0               ? 60
                        : strcmp(end, "h") == 0               ? 3600
                        : strcmp(end, "d") == 0               ? 86400
                                                              : 0;
    return end != text && v > 0 && isfinite(v) ? v * unit : 0;
}

/* Flops a second of one core at this size, from the speed of the sweep's runs: that of the run nearest in
 * ln N; NaN where no run has a speed. */
static double speed_at(const struct folder *f, double params)
{
    const double *n = f->table.col[fit_count_column(f->report.count)], *c = f->table.col[FIT_FLOPS];
    const double *d = f->table.col[FIT_TOKENS], *v = f->table.col[FIT_TOKENS_PER_S];
    double best = (double)INFINITY, speed = (double)NAN;
    for (size_t i = 0; i < f->table.n; i++) {
        double away = fabs(log(n[i] / params));
        if (v[i] > 0 && away < best) {
            best = away;
            speed = v[i] * c[i] / d[i];
        }
    }
    return speed;
}

static double seconds_for(const struct folder *f, double flops)
{
    return flops / speed_at(f, fit_frontier_params(&f->report, flops).value);
}

static double loss_for(const struct folder *f, double flops)
{
    return fit_frontier_loss(&f->report, flops).value;
}

/* The compute at which a monotone function of it reaches y; NaN where it does not below FLOPS_MAX. */
static double reach(const struct folder *f, double (*fn)(const struct folder *, double), double y)
{
    double lo = log(1e3), hi = log(FLOPS_MAX);
    bool rises = fn(f, FLOPS_MAX) > fn(f, 1e3);
    if (!(rises ? fn(f, FLOPS_MAX) >= y : fn(f, FLOPS_MAX) <= y))
        return (double)NAN;
    for (int i = 0; i < 200; i++) {
        double mid = (lo + hi) / 2;
        if ((fn(f, exp(mid)) < y) == rises)
            lo = mid;
        else
            hi = mid;
    }
    return exp((lo + hi) / 2);
}

static enum status find_flops(double *flops, const struct folder *f, const struct plan_words *w,
                              struct err *err)
{
    *flops = w->flops;
    if (w->time) {
        double seconds = parse_time(w->time);
        if (!(seconds > 0))
            return err_set(err, E_USAGE, "--time %s: expected a time such as 90s, 30m, 2h or 1d", w->time);
        *flops = reach(f, seconds_for, seconds * (double)w->jobs);
        if (isnan(*flops))
            return err_set(err, E_DATA, "--time: no run of this sweep says how fast it was");
    }
    if (w->loss > 0) {
        *flops = reach(f, loss_for, w->loss);
        if (isnan(*flops))
            return err_set(err, E_USAGE,
                           "--loss %g: the fit never gets there: it levels off at %.4g (95 %% interval %.4g to %.4g)",
                           w->loss, f->report.frontier_e.value, f->report.frontier_e.lo,
                           f->report.frontier_e.hi);
    }
    return OK;
}

/* A count, or a loss in nats. */
static void print_value(const char *what, struct fit_value v, bool count)
{
    char a[32], b[32], c[32];
    if (count)
        printf("  %-16s %11s   95 %% interval %s to %s\n", what, count_format(a, sizeof a, v.value),
               count_format(b, sizeof b, v.lo), count_format(c, sizeof c, v.hi));
    else
        printf("  %-16s %11.4f   95 %% interval %.4f to %.4f nats per token\n", what, v.value, v.lo, v.hi);
}

static enum status print_shape(const struct config *c, double params, struct err *err)
{
    struct data *d;
    struct data_spec spec = config_data_spec(c);
    TRY(data_open(&d, &spec, c->model.ctx, err));
    struct config_shape s = plan_shape(params, c, data_vocab(d));
    struct gpt_shape g = {data_vocab(d), c->model.ctx, s.d_model, s.n_layer, s.n_head};
    char n[32];
    data_close(d);
    printf("  %-18s d_model %zu, %zu layers, %zu heads (%s parameters, all counted)\n", "nearest shape",
           s.d_model, s.n_layer, s.n_head, count_format(n, sizeof n, gpt_params(&g)));
    return OK;
}

static enum status print_plan(const struct folder *f, const struct config *c, const struct plan_words *w,
                              double flops, struct err *err)
{
    const struct fit_report *r = &f->report;
    struct fit_value n = fit_frontier_params(r, flops), d = fit_frontier_tokens(r, flops);
    double seconds = flops / speed_at(f, n.value) / (double)w->jobs;
    char time[32];
    printf("For %.3g FLOPs, by law %s (%zu runs, N counted %s):\n", flops, fit_report_selected(r)->law->name,
           fit_report_selected(r)->n, fit_count_name(r->count));
    print_value("parameters N", n, true);
    print_value("tokens D", d, true);
    print_value("loss", fit_frontier_loss(r, flops), false);
    TRY(print_shape(c, n.value, err));
    if (isfinite(seconds))
        printf("  %-16s %11s   on %zu core%s, at the speed of the sweep's runs nearest in size\n", "time",
               count_format_seconds(time, sizeof time, seconds), w->jobs, w->jobs == 1 ? "" : "s");
    if (flops > 2 * r->max_flops)
        printf("careful: that is %.3g times the largest budget of the runs, so this is an extrapolation\n",
               flops / r->max_flops);
    return OK;
}

static enum status plan(const char *dir, const struct plan_words *w, struct err *err)
{
    struct folder f = {0};
    struct config c;
    double flops;
    config_init(&c);
    enum status st = config_load_sweep(&c, dir, err);
    if (st == OK)
        st = folder_open(&f, dir, &c, err);
    if (st == OK && (!f.report.has_frontier || isnan(fit_frontier_params(&f.report, f.report.max_flops).value)))
        st = err_set(err, E_DATA, "%s: these runs carry no law in size and data, so there is nothing to plan by",
                     dir);
    if (st == OK)
        st = find_flops(&flops, &f, w, err);
    if (st == OK)
        st = print_plan(&f, &c, w, flops, err);
    folder_close(&f);
    config_free(&c);
    return st;
}

enum status cmd_plan(int argc, char **argv, struct err *err)
{
    struct plan_words w = {.jobs = (size_t)sweep_cores()};
    struct arg_list dirs;
    bool help;
    const struct arg args[] = {
        {"--flops", ARG_COUNT, &w.flops, "C", "a budget of compute: 1e15"},
        {"--time", ARG_STRING, &w.time, "T", "or of time on this machine: 90s, 30m, 2h, 1d"},
        {"--loss", ARG_COUNT, &w.loss, "X", "or the loss to reach"},
        {"--jobs", ARG_SIZE, &w.jobs, "N", "cores that train (default: all)"},
    };
    const struct args_spec spec = {
        .command = "plan",
        .positionals = "DIR",
        .summary = "From a sweep's fit: the best size and amount of data for a budget, the loss to expect with\n"
                   "its interval, the nearest shape, and the time it takes here.",
        .min_positionals = 1,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &dirs, &help, argc, argv, err);
    if (st == OK && !help) {
        if ((w.flops > 0) + (w.time != NULL) + (w.loss > 0) != 1)
            st = err_set(err, E_USAGE, "plan: give one of --flops, --time and --loss");
        else if (w.jobs < 1 || w.jobs > 4096)
            st = err_set(err, E_USAGE, "--jobs %zu: expected 1 to 4096", w.jobs);
        else
            st = plan(dirs.items[0], &w, err);
    }
    args_free(&spec, &dirs);
    return st;
}
