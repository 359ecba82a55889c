#include "fit/analysis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/solve/boot.h"
#include "fit/solve/profile.h"
#include "fit/solve/search.h"
#include "fit/verdict/ahead.h"
#include "fit/verdict/choice.h"
#include "fit/verdict/serial.h"
#include "fit/view.h"

/* Fewer runs than this carry no law. */
#define MIN_RUNS 5
/* Row refits that a bootstrap may take in all (about 20 s on one core), and fewer for the laws that are
 * more than a sum of powers. */
#define BOOT_WORK 4e7
#define BOOT_WORK_CURVED 1e7
/* Longer tables get BCa and profile intervals only where asked: all three agree there. */
#define PROFILE_ROWS 5e3

const struct fit_law *fit_report_selected(const struct fit_report *r)
{
    return fit_laws_selected(&r->laws);
}

void fit_report_free(struct fit_report *r)
{
    fit_laws_free(&r->laws);
    design_free(&r->design);
    design_free(&r->kept);
    isoflop_free(&r->isoflop);
    frontier_free(&r->frontier);
    ensemble_free(&r->spread);
    breaks_free(&r->verdict.brk);
    odd_runs_free(&r->odd);
    fit_lines_free(&r->notes);
    fit_lines_free(&r->warnings);
    fit_lines_free(&r->verdict.lines);
    *r = (struct fit_report){0};
}

/* --- one law ------------------------------------------------------------------------------------- */

static void judge(struct fit_law *f)
{
    double n = (double)f->n, ss = 0;
    for (size_t i = 0; i < f->n; i++) {
        double r = log(law_value(f->law, f->best.p, &f->points[i], &f->problem.centre)) - f->ln_loss[i];
        ss += r * r / n;
    }
    f->rms_log = sqrt(ss);
    f->aicc = solve_aicc(&f->scale, &f->problem, f->best.objective);
}

/* Add one law to the report; a law with too few runs for its parameters is noted and left out. */
static enum status add_law(struct fit_report *r, const struct law *law, const struct fit_options *opt, struct err *err)
{
    struct fit_law *f = &r->laws.at[r->laws.n];
    const struct fit_design *d = &r->design;
    *f = (struct fit_law){.law = law, .x = d->x, .x_name = d->x_name, .n = d->n, .points = d->points,
                          .loss = d->loss, .ln_loss = d->ln_loss, .rows = d->rows, .n_clusters = d->n_clusters,
                          .z = stats_expanded(d->n_clusters)};
    f->problem = (struct solve_problem){.law = f->law, .n = d->n, .x = d->points, .loss = d->loss,
                                        .ln_loss = d->ln_loss, .centre = d->centre, .obj = opt->obj};
    enum status st = fit_options_map(&f->problem.map, f->law, &f->problem.centre, opt, err);
    bool enough = st == OK && f->n >= f->problem.map.n_free + 1;
    if (enough)
        st = search_global(&f->best, &f->problem, err);
    if (enough && st == OK) {
        const double none = (double)NAN;
        law_external(f->outer, f->law, f->best.p, &f->problem.centre);
        for (size_t j = 0; j < f->law->n_params; j++) {
            f->params[j] = (struct fit_value){f->outer[j], none, none, none};
            f->bca_lo[j] = f->bca_hi[j] = f->profile_lo[j] = f->profile_hi[j] = none;
        }
        judge(f);
        st = ahead_hold_out(f, d, opt->holdout, err);
    }
    if (st != OK || !enough) {
        if (st == OK)
            fit_lines_add(&r->notes, "law %s needs at least %zu runs; these are %zu", f->law->name,
                          f->problem.map.n_free + 1, f->n);
        fit_law_free(f);
        return st;
    }
    r->laws.n++;
    return OK;
}

static void name_held(struct fit_law *f, const struct fit_table *t)
{
    for (size_t i = 0; i < f->holdout_n; i++)
        f->held[i].at = origins_told(&t->from, f->held[i].row);
}

/* Of the laws that are asked for, or of all, those that have a form for what rises. */
static enum status add_rising(struct fit_report *r, const struct fit_table *t, const struct law *asked,
                              const struct fit_options *opt,
                              struct err *err)
{
    if (asked && !asked->rising)
        return err_set(err, E_DATA, "--law %s falls, but these values rise with %s: --law power has a form that rises", asked->name,
                       t->x_name);
    fit_lines_add(&r->notes, "the values rise with %s, so the power law is fitted with an exponent above 0: k x^g", t->x_name);
    for (size_t i = 0; law_nth(i); i++)
        if (law_nth(i)->rising && (!asked || asked == law_nth(i)))
            TRY(add_law(r, law_nth(i)->rising, opt, err));
    return OK;
}

static enum status add_laws(struct fit_report *r, const struct fit_table *t, const struct view *v,
                            const struct fit_options *opt, struct err *err)
{
    const struct law *law = opt->law ? law_find(opt->law) : NULL;
    if (v->n < MIN_RUNS || v->levels < VIEW_MIN_LEVELS)
        return OK;
    if (v->rises)
        return add_rising(r, t, law, opt, err);
    if (law && law->n_vars == (v->two ? 2 : 1))
        return add_law(r, law, opt, err);
    if (law && t->x_name[0] != '\0')
        return err_set(err, E_USAGE, "--law %s takes params and tokens, not --x %s", law->name,
                       t->x_name);
    const struct law_runs runs = {.two = v->two, .repeats = fit_table_repeats(t) > 0, .n = v->n};
    bool some = false;
    for (size_t i = 0; (law = law_nth(i)); i++) {
        if (!law_suits(law, &runs) || !fit_options_suit(opt, law))
            continue;
        some = true;
        TRY(add_law(r, law, opt, err));
    }
    return some ? OK : err_set(err, E_USAGE, "--tie, --fix: no law %s has these parameters",
                               v->two ? "of size and data" : "of one variable");
}

/* --- everything ------------------------------------------------------------------------------------ */

static enum status intervals(struct fit_report *r, struct fit_law *f, const struct fit_options *opt, struct err *err)
{
    const struct fit_design *d = &r->design;
    double work = f->law->n_terms > 0 ? BOOT_WORK : BOOT_WORK_CURVED;
    size_t n_boot = size_min(opt->bootstrap, (size_t)fmax(50, work / (double)f->n));
    if (n_boot < opt->bootstrap)
        fit_lines_add(&r->notes, "law %s: %zu resamples instead of %zu, because there are %zu runs",
                      f->law->name, n_boot, opt->bootstrap, f->n);
    TRY(boot_run(f, d->cluster, d->n_clusters, opt->stratify ? d->scale : NULL, n_boot, opt->seed, err));
    if (opt->exponents_only || ((double)f->n > PROFILE_ROWS && !opt->profile))
        return OK;
    TRY(boot_bca(f, d->cluster, d->n_clusters, err));
    profile_intervals(f);
    if (opt->profile)
        profile_tables(f);
    return OK;
}

/* The laws on the runs that are kept, with their optima, but one, and those that bend by themselves, or where tokens come
 * again, only where they are wanted; returns how many. */
static size_t laws_kept(struct solve_problem problems[FIT_MAX_LAWS], const double *starts[FIT_MAX_LAWS],
                        const struct fit_report *r, const struct fit_law *without, bool bending)
{
    size_t n = 0;
    for (size_t i = 0; i < r->laws.n; i++) {
        const struct fit_law *f = &r->laws.at[i];
        if (f == without || ((f->law->bends || f->law->for_repeats) && !bending))
            continue;
        problems[n] = design_problem(&r->kept, &f->problem);
        starts[n++] = f->best.p;
    }
    return n;
}

/* Resamples for the interval of a break. */
#define BREAK_BOOT 200

static enum status test_break(struct fit_report *r, const struct fit_options *opt, struct err *err)
{
    struct solve_problem others[FIT_MAX_LAWS];
    const double *starts[FIT_MAX_LAWS];
    const struct fit_law *f = frontier_law_to_bend(&r->laws);
    if (f && (double)f->n > PROFILE_ROWS)
        r->verdict.brk.untested = "so many runs would take too long";
    if (!f || f->law->rises || opt->bootstrap == 0 || opt->break_sims == 0 || (double)f->n > PROFILE_ROWS)
        return OK;
    const struct solve_problem q = design_problem(&r->kept, &f->problem);
    const struct breaks_in in = {.problem = &q, .start = f->best.p, .design = &r->kept, .n_sims = opt->break_sims,
                                 .others = others, .other_starts = starts, .n_others = laws_kept(others, starts, r, f, false),
                                 .n_boot = size_min(opt->bootstrap, BREAK_BOOT), .seed = opt->seed};
    return breaks_test(&r->verdict.brk, &in, err);
}

/* Resamples of each law in each window. */
#define SPREAD_BOOT 40

static enum status spread(struct fit_report *r, const struct fit_options *opt, struct err *err)
{
    struct solve_problem problems[FIT_MAX_LAWS];
    const double *starts[FIT_MAX_LAWS];
    if (r->laws.n == 0 || opt->bootstrap == 0 || (double)r->kept.n > PROFILE_ROWS)
        return OK;
    const struct ensemble_in in = {.design = &r->kept, .problems = problems, .starts = starts,
                                   .n_laws = laws_kept(problems, starts, r, NULL, true),
                                   .chosen = r->laws.selected,
                                   .n_boot = size_min(opt->bootstrap, SPREAD_BOOT), .seed = opt->seed};
    return ensemble_fill(&r->spread, &in, err);
}

/* What it would have taken to fit a law. Why only some of the runs are looked at, or why a law was left out, has been
 * noted last. */
static void say_nothing(struct fit_report *r, const struct fit_table *t, const struct view *v)
{
    const char *noted = r->notes.n ? r->notes.text[r->notes.n - 1] : "no law suits these runs";
    if (t->n == 0 && t->n_diverged + t->n_failed > 0)
        snprintf(r->nothing, sizeof r->nothing, "no run is left (%zu diverged, %zu failed); a law needs at least %d",
                 t->n_diverged, t->n_failed, MIN_RUNS);
    else if (t->n < MIN_RUNS)
        snprintf(r->nothing, sizeof r->nothing, "%zu finished run%s; a law needs at least %d", t->n,
                 t->n == 1 ? "" : "s", MIN_RUNS);
    else if (v->n < MIN_RUNS)
        snprintf(r->nothing, sizeof r->nothing, "%s; a law needs at least %d", noted, MIN_RUNS);
    else if (v->levels < VIEW_MIN_LEVELS)
        snprintf(r->nothing, sizeof r->nothing, "the %zu runs have %zu value%s of %s; a law needs at least %d", v->n,
                 v->levels, v->levels == 1 ? "" : "s", v->x_name, VIEW_MIN_LEVELS);
    else
        snprintf(r->nothing, sizeof r->nothing, "%s", noted);
}

static void tell(const struct fit_options *opt, double share, const char *what)
{
    if (opt->progress)
        opt->progress(opt->progress_ctx, share, what);
}

/* Which of the runs and of the laws can be relied on. */
static enum status question(struct fit_report *r, const struct fit_table *t, struct err *err)
{
    if (r->laws.n > 0)
        TRY(serial_warn(&r->warnings, &r->laws.at[r->laws.selected], t, r->count, err));
    for (size_t i = 0; i < r->laws.n; i++) {
        name_held(&r->laws.at[i], t);
        TRY(ahead_leave_out(&r->laws.at[i], &r->design, err));
    }
    choice_weigh(&r->laws);
    return odd_runs_fill(&r->odd, &r->laws, &r->design, t, r->count, err);
}

/* What the runs that are kept tell of noise and of the best sizes. */
static enum status measure(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt, struct err *err)
{
    TRY(design_without(&r->kept, &r->design, r->odd.off, err));
    const struct noise_in in = {t, r->count, r->odd.off, &r->kept, fit_laws_selected(&r->laws), opt->seed};
    TRY(noise_fill(&r->noise, &in, err));
    return isoflop_analyse(&r->isoflop, t, opt, &r->cost, &r->noise, err);
}

static enum status frontier(struct fit_report *r, struct err *err)
{
    const struct frontier_in in = {&r->laws, &r->cost, r->noise.lack_of_fit, &r->spread, &r->verdict.brk};
    return r->laws.n > 0 ? frontier_fill(&r->frontier, &in, err) : OK;
}

/* The same law where parameters are counted another way. */
static enum status other_count(struct fit_method_counts *m, const struct fit_law *f, const struct fit_table *t,
                               const struct fit_options *opt, enum fit_count count, struct err *err)
{
    const struct fit_options side = methods_side(opt, f->law->name, count);
    struct fit_report r = {0};
    enum status st = fit_analyse(&r, t, &side, err);
    if (st == OK)
        methods_add(m, count, &r.cost, &r.frontier, &r.isoflop);
    fit_report_free(&r);
    return st;
}

/* Exponents for every count whose column the table has; nothing for laws of one variable. */
static enum status methods(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt, struct err *err)
{
    const struct fit_law *f = fit_report_selected(r);
    if (!f || f->law->n_vars == 1)
        return OK;
    for (enum fit_count c = 0; c < FIT_N_COUNTS; c++) {
        if (c == r->count)
            methods_add(&r->methods, c, &r->cost, &r->frontier, &r->isoflop);
        else if (t->has[fit_count_column(c)])
            TRY(other_count(&r->methods, f, t, opt, c, err));
    }
    return methods_envelopes(&r->methods, t, opt, err);
}

/* Laws with their intervals. */
static enum status fit_laws(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                            const struct view *v, struct err *err)
{
    TRY(design_make(&r->design, t, v->use, v->two, v->x, v->x_name, opt->count, err));
    if (v->rises)
        design_mirror(&r->design);
    tell(opt, 0, "searching the laws' optima");
    TRY(add_laws(r, t, v, opt, err));
    r->cost = cost_fit(t, opt->count);
    r->laws.selected = r->laws.n;
    if (r->laws.n > 0)
        choice_select(&r->laws);
    else
        say_nothing(r, t, v);
    for (size_t i = 0; i < r->laws.n && opt->bootstrap > 0; i++) {
        tell(opt, 0.15 + 0.35 * (double)i / (double)r->laws.n, "resampling");
        TRY(intervals(r, &r->laws.at[i], opt, err));
    }
    return OK;
}

/* Shares of the time are those of a sweep of 70 runs; resamples take most of a long table's. */
static enum status fill(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                        const struct view *v, struct err *err)
{
    TRY(fit_laws(r, t, opt, v, err));
    if (opt->exponents_only) {
        TRY(measure(r, t, opt, err));
        return frontier(r, err);
    }
    tell(opt, 0.5, "leaving runs out");
    TRY(question(r, t, err));
    TRY(measure(r, t, opt, err));
    tell(opt, 0.6, "laws in windows, and breaks");
    TRY(spread(r, opt, err));
    TRY(test_break(r, opt, err));
    TRY(frontier(r, err));
    tell(opt, 0.85, "other counts of parameters");
    TRY(methods(r, t, opt, err));
    const struct verdict_in in = {t, opt, &r->laws, r->nothing, &r->kept, &r->odd, &r->noise, &r->isoflop, &r->cost, &r->frontier};
    return verdict_fill(&r->verdict, &r->warnings, &in, err);
}

enum status fit_analyse(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                        struct err *err)
{
    struct view v;
    memset(r, 0, sizeof *r);
    TRY(fit_options_check(opt, err));
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    r->n = t->n;
    r->n_diverged = t->n_diverged;
    r->n_failed = t->n_failed;
    r->count = opt->count;
    r->obj = opt->obj;
    isoflop_none(&r->isoflop);
    frontier_none(&r->frontier);
    r->verdict.brk = (struct breaks_out){.untested = "no resamples were asked for",
                                         .p = none, .cv = none, .cv_bent = none, .cv_other = none,
                                         .place = unknown, .change = unknown};
    for (size_t i = 0; i < t->notes.n; i++)
        fit_lines_add(&r->notes, "%s", t->notes.text[i]);
    for (size_t i = 0; i < t->careful.n; i++)
        fit_lines_add(&r->warnings, "%s", t->careful.text[i]);
    enum status st = view_choose(&v, &r->notes, t, opt, err);
    if (st == OK)
        st = fill(r, t, opt, &v, err);
    view_free(&v);
    const struct fit_lines *said[] = {&t->notes, &r->notes, &r->warnings, &r->verdict.lines};
    for (size_t i = 0; i < sizeof said / sizeof *said && st == OK; i++)
        st = fit_lines_check(said[i], err);
    return st;
}
