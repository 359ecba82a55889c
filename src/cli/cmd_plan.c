#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "base/system.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/next_runs.h"
#include "cli/text.h"
#include "fit/verdict/words.h"
#include "harness/sweep.h"

struct plan_words {
    const char *flops, *time, *json;
    double budget, times; /* what --flops says: so much, or so many times the largest budget of the runs; else 0 */
    double loss;          /* 0: not given */
    size_t jobs;
    size_t next;          /* NEXT_NONE: not given */
    double reach;
};

#define NEXT_NONE SIZE_MAX

/* In seconds, as a config takes times; 0 where it is none. */
static double parse_time(const char *text)
{
    double v = 0;
    return count_parse_seconds(&v, text) ? v : 0;
}

static double seconds_for(const struct fitted *f, double flops)
{
    return flops / answer_speed(f, fit_frontier_params(&f->report.frontier, flops).value);
}

static double loss_for(const struct fitted *f, double flops)
{
    return fit_frontier_loss(&f->report.frontier, flops).value;
}

#define FLOPS_MIN 1e3

/* The compute at which a monotone function of it reaches y, FLOPS_MIN where it is there from the start; NaN where it does not
 * below ANSWER_FLOPS_MAX. */
static double reach(const struct fitted *f, double (*fn)(const struct fitted *, double), double y)
{
    double lo = log(FLOPS_MIN), hi = log(ANSWER_FLOPS_MAX);
    bool rises = fn(f, ANSWER_FLOPS_MAX) > fn(f, FLOPS_MIN);
    if (!(rises ? fn(f, ANSWER_FLOPS_MAX) >= y : fn(f, ANSWER_FLOPS_MAX) <= y))
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

/* "1e15", "300T", or "10x". */
static enum status parse_flops(struct plan_words *w, struct err *err)
{
    char number[64];
    size_t n = strlen(w->flops);
    bool times = n > 1 && n < sizeof number && w->flops[n - 1] == 'x';
    snprintf(number, sizeof number, "%.*s", (int)(times ? n - 1 : n), w->flops);
    double *out = times ? &w->times : &w->budget;
    if (n >= sizeof number || !count_parse(out, number) || !(*out > 0))
        return err_set(err, E_USAGE, "--flops %s: expected a number above 0, such as 1e15, or 10x for ten times the largest "
                                     "budget of the runs", w->flops);
    return OK;
}

/* What can be told before anything is read. */
static enum status check_words(struct plan_words *w, struct err *err)
{
    if ((w->flops != NULL) + (w->time != NULL) + (w->loss > 0) + (w->next != NEXT_NONE) != 1)
        return err_set(err, E_USAGE, "plan: give one of --flops, --time, --loss and --next");
    if (w->next != NEXT_NONE && (w->next < 1 || w->next > NEXT_RUNS_MAX))
        return err_set(err, E_USAGE, "--next %zu: expected 1 to %d runs", w->next, NEXT_RUNS_MAX);
    if (w->reach > 0 && w->next == NEXT_NONE)
        return err_set(err, E_USAGE, "--reach is for --next");
    if (w->reach > 0 && !(w->reach >= 1 && w->reach <= 100))
        return err_set(err, E_USAGE, "--reach %g: expected a factor from 1 to 100", w->reach);
    if (w->jobs < 1 || w->jobs > 4096)
        return err_set(err, E_USAGE, "--jobs %zu: expected 1 to 4096", w->jobs);
    return w->flops ? parse_flops(w, err) : OK;
}

static enum status find_flops(double *flops, const struct fitted *f, const struct plan_words *w,
                              struct err *err)
{
    *flops = w->times > 0 ? w->times * f->report.cost.max_flops : w->budget;
    if (w->time) {
        double seconds = parse_time(w->time);
        if (!f->folder)
            return err_set(err, E_USAGE, "--time: a table does not say how fast this machine trains: give --flops or --loss");
        if (!(seconds > 0))
            return err_set(err, E_USAGE, "--time %s: expected a time such as 90s, 30m, 2h or 1d", w->time);
        *flops = reach(f, seconds_for, seconds * (double)w->jobs);
        if (isnan(*flops))
            return err_set(err, E_DATA, "--time: no run of this sweep says how fast it was");
    }
    if (w->loss > 0) {
        const struct fit_value *e = &f->report.frontier.e;
        char iv[100];
        if (w->loss >= loss_for(f, FLOPS_MIN))
            return err_set(err, E_USAGE, "--loss %g: by the fit %g FLOPs have no more than %.4g: give a loss below", w->loss,
                           FLOPS_MIN, loss_for(f, FLOPS_MIN));
        *flops = reach(f, loss_for, w->loss);
        if (isnan(*flops))
            return err_set(err, E_USAGE, "--loss %g: the fit never gets there: it levels off at %.4g%s", w->loss, e->value,
                           words_interval(iv, sizeof iv, e->lo, e->hi, 4));
    }
    return OK;
}

static enum status answer(struct answer *a, const struct fitted *f, const struct plan_words *w, double flops,
                          struct err *err)
{
    const struct fit_report *r = &f->report;
    *a = (struct answer){.report = r,
                         .unit = fitted_unit(f),
                         .flops = flops,
                         .times_largest = flops / r->cost.max_flops,
                         .x = (double)NAN,
                         .params = fit_frontier_params(&r->frontier, flops),
                         .tokens = fit_frontier_tokens(&r->frontier, flops),
                         .unique = (double)NAN,
                         .loss_curve = fit_frontier_loss(&r->frontier, flops),
                         .jobs = w->jobs};
    return answer_fill(a, f, err);
}

static enum status plan(struct fitted *f, const struct plan_words *w, struct err *err)
{
    struct answer a;
    double flops;
    TRY(fitted_read(f, err));
    if (w->json && strcmp(w->json, "-") != 0)
        TRY(fitted_check_place(f, "--json", w->json, err));
    TRY(fitted_analyse(f, err));
    TRY(fitted_need_law(f, err));
    if (!f->report.frontier.holds || isnan(fit_frontier_params(&f->report.frontier, f->report.cost.max_flops).value))
        return err_set(err, E_DATA, "%s: these runs carry no law in size and data, so there is nothing to plan by",
                       fitted_name(f));
    TRY(find_flops(&flops, f, w, err));
    TRY(answer(&a, f, w, flops, err));
    fitted_say_columns(f);
    return answer_show(&a, f, w->json, err);
}

/* Where the config goes that trains them, where nothing else is said. */
static enum status next_place(char *path, const struct fitted *f, const struct plan_words *w, struct err *err)
{
    path[0] = '\0';
    if (w->json)
        return file_join(path, FILE_PATH_MAX, w->json, "", err);
    return f->folder ? file_join(path, FILE_PATH_MAX, f->folder, "next.json", err) : OK;
}

static enum status write_next(const struct next_runs *x, const struct fitted *f, const char *path, struct err *err)
{
    struct file_writer out;
    TRY(file_writer_open(&out, path, err));
    enum status st = next_runs_json(out.out, x, f, err);
    if (st == OK)
        return file_writer_commit(&out, err);
    file_writer_abandon(&out);
    return st;
}

static enum status show_next(const struct next_runs *x, const struct fitted *f, const struct plan_words *w, struct err *err)
{
    char path[FILE_PATH_MAX], again[2 * FILE_PATH_MAX];
    if (w->json && strcmp(w->json, "-") == 0)
        return next_runs_json(stdout, x, f, err);
    TRY(next_place(path, f, w, err));
    next_runs_print(x, f);
    if (path[0])
        TRY(write_next(x, f, path, err));
    if (x->has_shapes) {
        char dir[FILE_PATH_MAX], to[] = "--out";
        TRY(file_join(dir, sizeof dir, f->folder, "", err));
        char *words[] = {path, to, dir};
        args_quote(again, sizeof again, "sweep", 3, words, NULL);
        printf("train them into the same folder: %s\n", again); /* in one piece, to be copied */
    } else {
        text_beside(stdout, "", "A table says nothing of shapes: only of a sweep's folder is there a config that trains them.");
    }
    return OK;
}

static enum status plan_next(struct fitted *f, const struct plan_words *w, struct err *err)
{
    struct next_runs x;
    TRY(fitted_read(f, err));
    if (w->json && strcmp(w->json, "-") != 0)
        TRY(fitted_check_place(f, "--json", w->json, err));
    TRY(fitted_analyse(f, err));
    TRY(fitted_need_law(f, err));
    enum status st = next_runs_make(&x, f, w->next, w->reach > 0 ? w->reach : NEXT_RUNS_REACH, w->jobs, err);
    if (st == OK)
        fitted_say_columns(f);
    if (st == OK)
        st = show_next(&x, f, w, err);
    next_runs_free(&x);
    return st;
}

enum status cmd_plan(int argc, char **argv, struct err *err)
{
    struct fitted f;
    struct plan_words w = {.jobs = (size_t)system_cores_all(), .next = NEXT_NONE};
    struct arg_list sources;
    bool help;
    enum { N_OWN = 7 };
    fitted_init(&f);
    struct arg args[FIT_OPTIONS_MAX + N_OWN] = {
        {"--flops", ARG_STRING, &w.flops, "C|10x", "a budget of compute: 1e15, or 10x for ten times the largest of the runs"},
        {"--time", ARG_STRING, &w.time, "T", "or of time on this machine: 90s, 30m, 2h, 1d"},
        {"--loss", ARG_COUNT, &w.loss, "X", "or the loss to reach"},
        {"--next", ARG_SIZE, &w.next, "K",
         "or the K runs that would narrow the verdict's intervals most for what they cost: a table, and a config of them (to "
         "--json, else DIR/next.json)"},
        {"--reach", ARG_COUNT, &w.reach, "F",
         "--next: budgets and compute (of fewer than four sizes, sizes too) up to so many times the largest (default 4)"},
        {"--jobs", ARG_SIZE, &w.jobs, "N", "cores that train (default: all)"},
        {"--json", ARG_STRING, &w.json, "FILE|-", "write the numbers as JSON; - prints them alone"},
    };
    const struct args_spec spec = {
        .command = "plan",
        .positionals = "DIR|TABLE...",
        .summary = "From a sweep's own fit: the best size and amount of data for a budget, the loss of one new run\n"
                   "there with a prediction interval, the nearest shape, the epochs and the time it takes here, and\n"
                   "the command that trains it. From a table, or with options of another fit: size, data and loss.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = N_OWN + fit_words_args(args + N_OWN, &f.words),
    };
    enum status st = fitted_parse(&f, &sources, &help, &spec, argc, argv, err);
    if (st == OK && !help)
        st = check_words(&w, err);
    if (st == OK && !help)
        st = w.next != NEXT_NONE ? plan_next(&f, &w, err) : plan(&f, &w, err);
    args_free(&spec, &sources);
    fitted_close(&f);
    return st;
}
