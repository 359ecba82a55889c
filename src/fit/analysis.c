#include "fit/analysis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/boot.h"
#include "fit/choice.h"
#include "fit/frontier.h"
#include "fit/isoflop.h"
#include "fit/kept.h"
#include "fit/methods.h"
#include "fit/noise.h"
#include "fit/odd_runs.h"
#include "fit/profile.h"
#include "fit/search.h"
#include "fit/serial.h"
#include "fit/verdict.h"
#include "fit/view.h"

/* Fewer runs than this carry no law. */
#define MIN_RUNS 5
/* Row refits that a bootstrap may take in all (about 20 s on one core), and fewer for the laws that are
 * more than a sum of powers. */
#define BOOT_WORK 4e7
#define BOOT_WORK_CURVED 1e7
/* Longer tables get BCa and profile intervals only where asked: all three agree there. */
#define PROFILE_ROWS 5e3

struct fit_options fit_options_default(void)
{
    return (struct fit_options){.obj = {SOLVE_HUBER, 1e-3, SOLVE_LOG, 1},
                                .bootstrap = 1000,
                                .holdout = 0.2,
                                .break_sims = 399,
                                .isoflop_window = 4,
                                .seed = 1};
}

const struct fit_law *fit_report_selected(const struct fit_report *r)
{
    return r->selected < r->n_laws ? &r->laws[r->selected] : NULL;
}

static void free_law(struct fit_law *f)
{
    free(f->points);
    free(f->loss);
    free(f->ln_loss);
    free(f->rows);
    free(f->boot);
    free(f->draws);
    free(f->boot_aicc);
}

void fit_report_free(struct fit_report *r)
{
    for (size_t i = 0; i < r->n_laws; i++)
        free_law(&r->laws[i]);
    free(r->isoflop);
    free(r->frontier);
    free(r->draws);
    free(r->off);
    free(r->outliers);
    fit_lines_free(&r->notes);
    fit_lines_free(&r->warnings);
    fit_lines_free(&r->verdict.lines);
    *r = (struct fit_report){0};
}

struct fit_value fit_predict(const struct fit_law *f, double n, double d)
{
    return fit_predict_repeated(f, n, d, d);
}

struct fit_value fit_predict_repeated(const struct fit_law *f, double n, double d, double unique)
{
    struct law_point x = {log(n) - f->problem.centre.u, log(d) - f->problem.centre.v,
                          log(fmin(unique, d)), {0, 0}};
    if (f->law->n_vars == 1)
        x.v = x.ln_unique = 0;
    for (size_t b = 0; b < f->n_boot; b++)
        f->draws[b] = law_value(f->law, f->boot + b * f->law->n_params, &x, &f->problem.centre);
    return stats_summary(law_value(f->law, f->best.p, &x, &f->problem.centre), f->draws, f->n_boot, f->z);
}

/* --- one law ------------------------------------------------------------------------------------- */

static double ln_unique(const struct fit_table *t, size_t i)
{
    double u = t->col[FIT_UNIQUE_TOKENS][i];
    return log(u > 0 ? u : t->col[FIT_TOKENS][i]);
}

static enum status gather(struct fit_law *f, const struct fit_table *t, const struct view *v,
                          const struct fit_options *opt, struct err *err)
{
    const double *n = f->law->n_vars == 2 ? t->col[fit_count_column(opt->count)] : t->col[v->x];
    /* what stands still beside the variable, for the way from x to compute */
    const double *d = f->law->n_vars == 2 || v->x != FIT_TOKENS ? t->col[FIT_TOKENS]
                                                                : t->col[fit_count_column(opt->count)];
    TRY(size_calloc(&f->points, v->n, sizeof *f->points, "points", err));
    TRY(size_calloc(&f->loss, v->n, sizeof *f->loss, "losses", err));
    TRY(size_calloc(&f->ln_loss, v->n, sizeof *f->ln_loss, "losses", err));
    TRY(size_calloc(&f->rows, v->n, sizeof *f->rows, "rows", err));
    struct law_centre c = {0, 0};
    for (size_t i = 0; i < t->n; i++) {
        if (!v->use[i])
            continue;
        size_t k = f->n++;
        f->rows[k] = i;
        f->loss[k] = t->col[FIT_LOSS][i];
        f->ln_loss[k] = log(f->loss[k]);
        f->points[k] = (struct law_point){log(n[i]), log(d[i]), ln_unique(t, i), {0, 0}};
    }
    for (size_t k = 0; k < f->n; k++) {
        c.u += f->points[k].u / (double)f->n;
        c.v += f->points[k].v / (double)f->n;
    }
    for (size_t k = 0; k < f->n; k++) {
        f->points[k].u -= c.u;
        f->points[k].v = f->law->n_vars == 2 ? f->points[k].v - c.v : 0;
    }
    f->problem = (struct solve_problem){.law = f->law, .n = f->n, .x = f->points, .loss = f->loss,
                                        .ln_loss = f->ln_loss, .centre = c, .obj = opt->obj};
    return OK;
}

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

/* Fit the points with w = 1, predict the others: sum of squared and of plain log errors there, and how many; nothing
 * is added where the rest is too little to fit. */
static enum status predict_rest(const struct fit_law *f, const double *w, double *ss, double *sum, size_t *m,
                                struct err *err)
{
    struct solve_problem q = f->problem;
    struct solve_result r;
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++)
        kept += w[i] > 0;
    q.w = w;
    if (kept < q.map.n_free + 2 || kept == f->n)
        return OK;
    struct err why;
    enum status st = search_near(&r, &q, f->best.p, &why);
    if (st != OK)
        return st == E_NOMEM ? err_set(err, st, "%s", why.msg) : OK;
    for (size_t i = 0; i < f->n; i++) {
        if (w[i] > 0)
            continue;
        double e = log(law_value(f->law, r.p, &f->points[i], &q.centre)) - f->ln_loss[i];
        *ss += e * e;
        *sum += e;
        ++*m;
    }
    return OK;
}

/* Compute of a point, or the variable itself where there is no compute. */
static double scale_of(const struct fit_law *f, const struct fit_table *t, size_t i)
{
    double c = t->col[FIT_FLOPS][f->rows[i]];
    return f->x == FIT_X && f->law->n_vars == 1 ? t->col[FIT_X][f->rows[i]] : c;
}

#define MAX_BUDGET_GROUPS 12

static enum status hold_out(struct fit_law *f, const struct fit_table *t, const struct fit_options *opt,
                            struct err *err)
{
    double *c, *w = NULL, sum = 0, ss = 0;
    f->holdout_error = f->holdout_bias = f->lobo_error = (double)NAN;
    TRY(size_calloc(&c, f->n, sizeof *c, "compute", err));
    enum status st = size_calloc(&w, f->n, sizeof *w, "weights", err);
    if (st == OK) {
        for (size_t i = 0; i < f->n; i++)
            c[i] = scale_of(f, t, i);
        sort_doubles(c, f->n);
        size_t at = (size_t)((1 - opt->holdout) * (double)f->n);
        double edge = c[size_min(at, f->n - 1)] / 1.03;
        for (size_t i = 0; i < f->n; i++)
            w[i] = scale_of(f, t, i) < edge;
        if (opt->holdout > 0)
            st = predict_rest(f, w, &ss, &sum, &f->holdout_n, err);
        if (f->holdout_n > 0) {
            f->holdout_error = sqrt(ss / (double)f->holdout_n);
            f->holdout_bias = sum / (double)f->holdout_n;
        }
    }
    free(c);
    free(w);
    return st;
}

/* Leave each compute budget out in turn; where there are many, twelve groups of them. */
static enum status leave_budgets_out(struct fit_law *f, const struct fit_table *t, struct err *err)
{
    double *c, *w = NULL, sum = 0, ss = 0;
    TRY(size_calloc(&c, f->n, sizeof *c, "compute", err));
    enum status st = size_calloc(&w, f->n, sizeof *w, "weights", err);
    if (st == OK) {
        size_t levels = 0;
        for (size_t i = 0; i < f->n; i++)
            c[i] = scale_of(f, t, i);
        sort_doubles(c, f->n);
        for (size_t i = 0; i < f->n; i++)
            if (levels == 0 || c[i] > c[levels - 1] * 1.03)
                c[levels++] = c[i];
        size_t groups = size_min(levels, MAX_BUDGET_GROUPS);
        for (size_t g = 0; g < groups && levels > 2 && st == OK; g++) {
            double lo = c[g * levels / groups], hi = c[(g + 1) * levels / groups - 1] * 1.03;
            for (size_t i = 0; i < f->n; i++)
                w[i] = scale_of(f, t, i) < lo || scale_of(f, t, i) > hi;
            st = predict_rest(f, w, &ss, &sum, &f->lobo_n, err);
        }
        if (f->lobo_n > 0)
            f->lobo_error = sqrt(ss / (double)f->lobo_n);
    }
    free(c);
    free(w);
    return st;
}

static enum status conditions(struct solve_map *map, const struct law *law, const struct law_centre *c,
                              const struct fit_options *opt, struct err *err)
{
    solve_map_identity(map, law);
    for (size_t i = 0; i < opt->n_fix; i++)
        TRY(solve_map_fix(map, law, opt->fix[i], c, err));
    for (size_t i = 0; i < opt->n_tie; i++)
        TRY(solve_map_tie(map, law, opt->tie[i], c, err));
    if (map->n_free == 0)
        return err_set(err, E_USAGE, "law %s: nothing is left to fit", law->name);
    return OK;
}

/* Ties and fixed values leave out the laws that lack their parameters. */
static bool takes_conditions(const struct law *law, const struct fit_options *opt)
{
    const struct law_centre c = {0, 0};
    struct solve_map map;
    struct err ignored;
    return conditions(&map, law, &c, opt, &ignored) == OK;
}

enum status fit_options_check(const struct fit_options *opt, struct err *err)
{
    const struct law *law = opt->law ? law_find(opt->law) : law_find("chinchilla");
    const struct law_centre c = {0, 0};
    struct solve_map map;
    char names[LAW_NAMES];
    if (!law)
        return err_set(err, E_USAGE, "--law %s: no such law (%s)", opt->law, law_names(names));
    for (size_t i = 0; law_nth(i) && !opt->law; i++)
        if (takes_conditions(law_nth(i), opt))
            return OK;
    return conditions(&map, law, &c, opt, err);
}

/* Add one law to the report; a law with too few runs for its parameters is noted and left out. */
static enum status add_law(struct fit_report *r, const struct law *law, const struct fit_table *t,
                           const struct view *v, const struct fit_options *opt, struct err *err)
{
    struct fit_law *f = &r->laws[r->n_laws];
    *f = (struct fit_law){.law = law, .x = v->x, .x_name = v->x_name};
    enum status st = gather(f, t, v, opt, err);
    if (st == OK)
        st = conditions(&f->problem.map, f->law, &f->problem.centre, opt, err);
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
        st = hold_out(f, t, opt, err);
    }
    if (st != OK || !enough) {
        if (st == OK)
            fit_lines_add(&r->notes, "law %s needs at least %zu runs; these are %zu", f->law->name,
                          f->problem.map.n_free + 1, f->n);
        free_law(f);
        return st;
    }
    r->n_laws++;
    return OK;
}

static bool repeats(const struct fit_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->col[FIT_TOKENS][i] > 1.05 * t->col[FIT_UNIQUE_TOKENS][i])
            return true;
    return false;
}

static enum status add_laws(struct fit_report *r, const struct fit_table *t, const struct view *v,
                            const struct fit_options *opt, struct err *err)
{
    const struct law *law = opt->law ? law_find(opt->law) : NULL;
    if (v->n < MIN_RUNS || v->levels < VIEW_MIN_LEVELS)
        return OK;
    if (law && law->n_vars == (v->two ? 2 : 1))
        return add_law(r, law, t, v, opt, err);
    if (law && t->x_name[0] != '\0')
        return err_set(err, E_USAGE, "--law %s takes params and tokens, not --x %s", law->name,
                       t->x_name);
    const struct law_runs runs = {.two = v->two, .repeats = repeats(t), .n = v->n};
    bool some = false;
    for (size_t i = 0; (law = law_nth(i)); i++) {
        if (!law_suits(law, &runs) || !takes_conditions(law, opt))
            continue;
        some = true;
        TRY(add_law(r, law, t, v, opt, err));
    }
    return some ? OK : err_set(err, E_USAGE, "--tie, --fix: no law %s has these parameters",
                               v->two ? "of size and data" : "of one variable");
}

/* --- everything ------------------------------------------------------------------------------------ */

static enum status cluster_of(size_t **cluster, size_t *n_clusters, const struct fit_law *f,
                              const struct fit_table *t, struct err *err)
{
    size_t *seen = NULL;
    TRY(size_calloc(cluster, f->n, sizeof **cluster, "clusters", err));
    enum status st = size_calloc(&seen, t->n_trunks, sizeof *seen, "clusters", err);
    *n_clusters = 0;
    for (size_t i = 0; i < f->n && st == OK; i++) {
        size_t *id = &seen[t->trunk[f->rows[i]]];
        if (*id == 0)
            *id = ++*n_clusters;
        (*cluster)[i] = *id - 1;
    }
    free(seen);
    return st;
}

static enum status intervals(struct fit_report *r, struct fit_law *f, const struct fit_table *t,
                             const struct fit_options *opt, struct err *err)
{
    size_t *cluster = NULL, n_clusters = 0;
    double *stratum = NULL;
    double work = f->law->n_terms > 0 ? BOOT_WORK : BOOT_WORK_CURVED;
    size_t n_boot = size_min(opt->bootstrap, (size_t)fmax(50, work / (double)f->n));
    if (n_boot < opt->bootstrap)
        fit_lines_add(&r->notes, "law %s: %zu resamples instead of %zu, because there are %zu runs",
                      f->law->name, n_boot, opt->bootstrap, f->n);
    enum status st = cluster_of(&cluster, &n_clusters, f, t, err);
    f->n_clusters = n_clusters;
    f->z = stats_expanded(n_clusters);
    if (st == OK)
        st = size_calloc(&stratum, f->n, sizeof *stratum, "strata", err);
    if (st == OK) {
        for (size_t i = 0; i < f->n; i++)
            stratum[i] = scale_of(f, t, i);
        st = boot_run(f, cluster, n_clusters, opt->stratify ? stratum : NULL, n_boot, opt->seed, err);
    }
    if (st == OK && ((double)f->n <= PROFILE_ROWS || opt->profile)) {
        st = boot_bca(f, cluster, n_clusters, err);
        profile_intervals(f);
        if (opt->profile)
            profile_tables(f);
    }
    free(cluster);
    free(stratum);
    return st;
}

/* The law whose excess is tested for a break: the selected one, or that with a floor in its place where the
 * selected one has none, or bends by itself. */
static const struct fit_law *law_to_break(const struct fit_report *r)
{
    const struct fit_law *f = fit_report_selected(r);
    for (size_t i = 0; i < r->n_laws && f && (f->law->level < 0 || f->law->bends); i++)
        if (r->laws[i].law->level >= 0 && !r->laws[i].law->bends)
            f = &r->laws[i];
    return f;
}

/* Resamples for the interval of a break. */
#define BREAK_BOOT 200

/* What the break test needs of each run that is kept, beside its problem. */
struct beside {
    double *ln_flops;
    size_t *cluster, n_clusters; /* numbered anew */
    bool compute;                /* all have it */
};

static enum status beside_take(struct beside *b, const struct kept *k, const struct fit_law *f,
                               const struct fit_table *t, const size_t *cluster, struct err *err)
{
    size_t n = k->problem.n, *number;
    TRY(size_calloc(&b->ln_flops, n, sizeof *b->ln_flops, "break test", err));
    TRY(size_calloc(&b->cluster, n, sizeof *b->cluster, "break test", err));
    TRY(size_calloc(&number, f->n, sizeof *number, "break test", err));
    b->compute = true;
    for (size_t m = 0; m < n; m++) {
        size_t i = k->index[m];
        if (number[cluster[i]] == 0)
            number[cluster[i]] = ++b->n_clusters;
        b->cluster[m] = number[cluster[i]] - 1;
        b->ln_flops[m] = log(t->col[FIT_FLOPS][f->rows[i]]);
        b->compute = b->compute && isfinite(b->ln_flops[m]);
    }
    free(number);
    return OK;
}

static enum status test_break(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                              struct err *err)
{
    const struct fit_law *f = law_to_break(r);
    size_t *cluster = NULL, n_clusters;
    struct beside b = {.ln_flops = NULL};
    struct kept k = {.loss = NULL};
    if (f && (double)f->n > PROFILE_ROWS)
        r->verdict.brk.untested = "so many runs would take too long";
    if (!f || opt->bootstrap == 0 || opt->break_sims == 0 || (double)f->n > PROFILE_ROWS)
        return OK;
    enum status st = cluster_of(&cluster, &n_clusters, f, t, err);
    if (st == OK)
        st = kept_take(&k, r, f, err);
    if (st == OK)
        st = beside_take(&b, &k, f, t, cluster, err);
    struct breaks_in in = {.problem = &k.problem, .start = f->best.p, .ln_flops = b.compute ? b.ln_flops : NULL,
                           .cluster = b.cluster, .n_clusters = b.n_clusters,
                           .n_sims = opt->break_sims,
                           .n_boot = size_min(opt->bootstrap, BREAK_BOOT), .seed = opt->seed};
    if (st == OK)
        st = breaks_test(&r->verdict.brk, &in, err);
    free(b.ln_flops);
    free(b.cluster);
    kept_free(&k);
    free(cluster);
    return st;
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

static enum status fill(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                        const struct view *v, struct err *err)
{
    TRY(add_laws(r, t, v, opt, err));
    frontier_cost(r, t, opt);
    r->selected = r->n_laws;
    if (r->n_laws > 0)
        choice_select(r);
    else
        say_nothing(r, t, v);
    if (r->n_laws > 0)
        TRY(serial_warn(r, &r->laws[r->selected], t, err));
    for (size_t i = 0; i < r->n_laws; i++) {
        if (opt->bootstrap > 0)
            TRY(intervals(r, &r->laws[i], t, opt, err));
        TRY(leave_budgets_out(&r->laws[i], t, err));
    }
    choice_weigh(r);
    TRY(odd_runs_fill(r, t, err));
    TRY(noise_fill(r, t, err));
    TRY(isoflop_analyse(r, t, opt, err));
    if (r->n_laws > 0)
        TRY(frontier_fill(r, &r->laws[r->selected], err));
    TRY(methods_fill(r, t, opt, err));
    TRY(test_break(r, t, opt, err));
    return verdict_fill(r, t, opt, err);
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
    r->isoflop_n_exponent = r->isoflop_d_exponent = unknown;
    r->frontier_n_exponent = r->frontier_d_exponent = unknown;
    r->frontier_e = r->frontier_k = r->frontier_g = unknown;
    r->verdict.brk = (struct breaks_out){.untested = "no resamples were asked for",
                                         .p = none, .cv = none, .cv_bent = none,
                                         .place = unknown, .change = unknown};
    for (size_t i = 0; i < t->notes.n; i++)
        fit_lines_add(&r->notes, "%s", t->notes.text[i]);
    for (size_t i = 0; i < t->careful.n; i++)
        fit_lines_add(&r->warnings, "%s", t->careful.text[i]);
    enum status st = view_choose(&v, r, t, opt, err);
    if (st == OK)
        st = fill(r, t, opt, &v, err);
    view_free(&v);
    const struct fit_lines *said[] = {&t->notes, &r->notes, &r->warnings, &r->verdict.lines};
    for (size_t i = 0; i < sizeof said / sizeof *said && st == OK; i++)
        st = fit_lines_check(said[i], err);
    return st;
}
