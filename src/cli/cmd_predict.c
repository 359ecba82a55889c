#include <math.h>
#include <string.h>

#include "base/system.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "harness/sweep.h"

struct predict_words {
    double params, tokens, unique, at; /* 0: not given */
    const char *json;
    size_t jobs;
};

/* The words that the law needs are given, and no others. */
static enum status check_law(const struct fitted *f, const struct predict_words *w, struct err *err)
{
    const struct fit_law *law = fit_report_selected(&f->report);
    bool one = law->law->n_vars == 1;
    if (one && !(w->at > 0 && w->params == 0 && w->tokens == 0))
        return err_set(err, E_USAGE, "predict: these runs carry law %s, of %s alone: give --at with a value of it",
                       law->law->name, law->x_name);
    if (!one && !(w->params > 0 && w->tokens > 0 && w->at == 0))
        return err_set(err, E_USAGE, "predict: these runs carry law %s, of size and data: give --params and --tokens",
                       law->law->name);
    if (!f->report.frontier.holds || !isfinite(f->report.cost.k))
        return err_set(err, E_DATA, "%s: these runs carry no law to predict by", fitted_name(f));
    return OK;
}

/* x in units of the largest of the runs. */
static double times_largest(const struct fit_law *f, double x)
{
    double top = -(double)INFINITY, sign = f->law->rises ? -1 : 1;
    for (size_t i = 0; i < f->n; i++)
        top = fmax(top, sign * f->points[i].u);
    return x / exp(top + sign * f->problem.centre.u);
}

static struct answer asked(const struct fitted *f, const struct predict_words *w)
{
    const double none = (double)NAN;
    const struct fit_report *r = &f->report;
    const struct fit_law *law = fit_report_selected(r);
    bool one = law->law->n_vars == 1;
    double unique = w->unique > 0 ? w->unique : none, flops = r->cost.k * pow(w->params, r->cost.p) * w->tokens;
    struct answer a = {.report = r, .unit = fitted_unit(f), .unique = unique, .is_asked = true, .jobs = w->jobs};
    a.x = one ? w->at : none;
    a.flops = one ? none : flops;
    a.times_largest = one ? times_largest(law, w->at) : flops / r->cost.max_flops;
    a.params = (struct fit_value){one ? none : w->params, none, none, none};
    a.tokens = (struct fit_value){one ? none : w->tokens, none, none, none};
    a.loss_curve = one ? fit_curve(r, w->at, none, none) : fit_curve(r, w->params, w->tokens, fmin(unique, w->tokens));
    return a;
}

static enum status predict(struct fitted *f, const struct predict_words *w, struct err *err)
{
    TRY(fitted_read(f, err));
    if (w->json && strcmp(w->json, "-") != 0)
        TRY(fitted_check_place(f, "--json", w->json, err));
    TRY(fitted_analyse(f, err));
    TRY(fitted_need_law(f, err));
    TRY(check_law(f, w, err));
    struct answer a = asked(f, w);
    TRY(answer_fill(&a, f, err));
    fitted_say_columns(f);
    return answer_show(&a, f, w->json, err);
}

/* What can be told before anything is read. */
static enum status check_words(const struct predict_words *w, struct err *err)
{
    bool two = w->params > 0 && w->tokens > 0, some = w->params > 0 || w->tokens > 0;
    if (w->at > 0 ? some : !two)
        return err_set(err, E_USAGE, "predict: give --params and --tokens, or --at for a law of one variable");
    if (w->unique > w->tokens)
        return err_set(err, E_USAGE, "--unique %g: more than --tokens", w->unique);
    if (w->jobs < 1 || w->jobs > 4096)
        return err_set(err, E_USAGE, "--jobs %zu: expected 1 to 4096", w->jobs);
    return OK;
}

enum status cmd_predict(int argc, char **argv, struct err *err)
{
    struct fitted f;
    struct predict_words w = {.jobs = (size_t)system_cores_all()};
    struct arg_list sources;
    bool help;
    fitted_init(&f);
    struct arg args[FIT_OPTIONS_MAX + 6] = {
        {"--params", ARG_COUNT, &w.params, "N", "the new run's parameters, counted as --count says: 1.2M"},
        {"--tokens", ARG_COUNT, &w.tokens, "D", "the tokens it trains on: 300M"},
        {"--unique", ARG_COUNT, &w.unique, "U", "of a table: of these tokens only so many are distinct (default: all)"},
        {"--at", ARG_COUNT, &w.at, "X", "for laws of one variable: its value, in place of size and tokens"},
        {"--jobs", ARG_SIZE, &w.jobs, "N", "cores that train (default: all)"},
        {"--json", ARG_STRING, &w.json, "FILE|-", "write the numbers as JSON; - prints them alone"},
    };
    const struct args_spec spec = {
        .command = "predict",
        .positionals = "DIR|TABLE...",
        .summary = "The loss of one new run, with a prediction interval: what is not known of the law, and the\n"
                   "noise of a single run on top. From a sweep's own fit also the epochs it needs, the nearest\n"
                   "shape, the time it takes here, and the command that trains it.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = 6 + fit_words_args(args + 6, &f.words),
    };
    enum status st = fitted_parse(&f, &sources, &help, &spec, argc, argv, err);
    if (st == OK && !help)
        st = check_words(&w, err);
    if (st == OK && !help)
        st = predict(&f, &w, err);
    args_free(&spec, &sources);
    fitted_close(&f);
    return st;
}
