#include "sim.h"

#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "base/size.h"
#include "fit/verdict/predict.h"

/* Noise of 0.3 % in all: a trajectory's own 0.2 %, and 0.22 % from run to run. */
#define TRUNK 0.002
#define POINT 0.00224

const struct sim_design sim_laws[] = {
    {"power", {30, 0.2}, 6, 2, 8, TRUNK, POINT, SIM_NO_BREAK},
    {"floor", {1.8, 40, 0.3}, 6, 2, 8, TRUNK, POINT, SIM_NO_BREAK},
    {"bnsl", {1.2, 12, 0.15, 0.35, 3e7, 0.4}, 6, 2, 16, TRUNK, POINT, SIM_NO_BREAK},
    {"chinchilla", {1.8, 480, 2100, 0.35, 0.37}, 6, 2, 6, TRUNK, POINT, SIM_NO_BREAK},
    {"joint", {1.8, 480, 2100, 0.35, 0.37, 0.6}, 6, 2, 6, TRUNK, POINT, SIM_NO_BREAK},
    {"repeat", {1.87, 521, 1488, 0.353, 0.36, 5.3, 15.4}, 5, 6, 6, TRUNK, POINT, SIM_NO_BREAK},
};
const size_t sim_n_laws = sizeof sim_laws / sizeof *sim_laws;

const struct sim_design sim_breaks[] = {
    {"floor", {1.8, 40, 0.3}, 24, 1, 1, 0, 0.003, SIM_NO_BREAK},
    {"chinchilla", {1.8, 480, 2100, 0.35, 0.37}, 6, 1, 6, 0, 0.003, SIM_NO_BREAK},
    {"chinchilla", {1.8, 480, 2100, 0.35, 0.37}, 6, 2, 6, TRUNK, POINT, SIM_NO_BREAK},
    {"floor", {1.8, 40, 0.3}, 24, 1, 1, 0, 0.003, SIM_BREAK_COMPUTE},
    {"chinchilla", {1.8, 480, 2100, 0.35, 0.37}, 6, 1, 6, 0, 0.003, SIM_BREAK_COMPUTE},
    {"chinchilla", {1.8, 480, 2100, 0.35, 0.37}, 6, 2, 6, TRUNK, POINT, SIM_BREAK_COMPUTE},
    {"chinchilla", {1.8, 480, 2100, 0.35, 0.37}, 6, 2, 6, TRUNK, POINT, SIM_BREAK_DATA},
};
const size_t sim_n_breaks = sizeof sim_breaks / sizeof *sim_breaks;

/* Sizes a factor 2.2 apart from 1e5 parameters, budgets a factor 2 apart from 2M tokens; the variable of a
 * one-variable law goes from 1e5 to 1e9 along the points, or along the sizes where each has one point. */
struct place {
    double n, d, x;
};

static struct place place_of(const struct sim_design *s, size_t size, size_t point)
{
    double share = s->points > 1 ? (double)point / (double)(s->points - 1)
                                 : (double)size / (double)(s->sizes - 1);
    return (struct place){1e5 * pow(2.2, (double)size), 2e6 * pow(2, (double)point), 1e5 * pow(10, 4 * share)};
}

/* How far, in logarithms, a run lies in the last third of the range of what the break is in. */
static double beyond(const struct sim_design *s, bool one, const struct place *p)
{
    struct place lo = place_of(s, 0, 0), hi = place_of(s, s->sizes - 1, s->points - 1);
    double a = log(lo.n * lo.d), b = log(hi.n * hi.d), at = log(p->n * p->d);
    if (one)
        a = log(lo.x), b = log(hi.x), at = log(p->x);
    else if (s->brk == SIM_BREAK_DATA)
        a = log(lo.d), b = log(hi.d), at = log(p->d);
    return fmax(0, at - (a + (b - a) * 2 / 3));
}

static double loss_at(const struct sim_design *s, const struct law *law, const struct law_at *at,
                      const struct place *p, double unique)
{
    const double *o = s->truth;
    struct law_point x = {law->n_vars == 1 ? log(p->x) : log(p->n), log(p->d), log(unique), {0, 0}};
    double t[2], far = s->brk == SIM_NO_BREAK ? 0 : beyond(s, law->n_vars == 1, p);
    x.u -= at->centre.u;
    x.v -= at->centre.v;
    law_at_terms(t, at, &x);
    if (law->n_vars == 1)
        t[0] *= exp(0.5 * o[2] * far);
    else if (s->brk == SIM_BREAK_DATA)
        t[1] *= exp(0.5 * o[4] * far);
    else
        for (size_t k = 0; k < 2; k++)
            t[k] *= exp(0.5 * o[3] * o[4] / (o[3] + o[4]) * far);
    return (law->level >= 0 ? at->p[law->level] : 0) + t[0] + t[1];
}

enum status sim_table(struct fit_table *t, const struct sim_design *s, uint64_t seed, struct err *err)
{
    const struct law *law = law_find(s->law);
    const struct law_centre c = {log(1e6), log(3e7)};
    struct rng rng = rng_make(seed, RNG_TEST, law->stream, (uint64_t)s->brk);
    double inner[LAW_MAX_PARAMS], shared = 0;
    TRY(fit_table_init(t, s->sizes * s->seeds * s->points, err));
    law_internal(inner, law, s->truth, &c);
    struct law_at at = law_at(law, inner, &c);
    if (law->n_vars == 1)
        snprintf(t->x_name, sizeof t->x_name, "x");
    t->n_trunks = s->sizes * s->seeds;
    for (size_t i = 0; i < t->n; i++) {
        size_t trunk = i / s->points, size = trunk / s->seeds, seed_of = trunk % s->seeds;
        struct place p = place_of(s, size, i % s->points);
        /* law repeat: a third of the trajectories each with 4M, 32M and 256M distinct tokens */
        double unique = law == law_find("repeat") ? fmin(p.d, 4e6 * pow(8, (double)(seed_of % 3))) : p.d;
        if (i % s->points == 0)
            shared = s->trunk_noise * rng_normal(&rng);
        t->trunk[i] = trunk;
        t->col[FIT_X][i] = p.x;
        t->col[FIT_PARAMS][i] = p.n;
        t->col[FIT_TOKENS][i] = p.d;
        t->col[FIT_UNIQUE_TOKENS][i] = unique;
        t->col[FIT_FLOPS][i] = 6 * p.n * p.d;
        t->col[FIT_SEED][i] = (double)seed_of;
        t->col[FIT_LOSS][i] = loss_at(s, law, &at, &p, unique) * exp(shared + s->noise * rng_normal(&rng));
    }
    return OK;
}

static bool covers(double lo, double hi, double truth)
{
    return lo <= truth && truth <= hi;
}

enum status sim_cover(struct sim_coverage *c, const struct sim_design *s, const double *params, size_t first,
                      size_t n, size_t resamples, struct err *err)
{
    for (size_t i = first; i < first + n; i++, c->n++) {
        struct fit_options o = fit_options_default();
        struct fit_table t = {0};
        struct fit_report r = {0};
        o.law = s->law;
        o.bootstrap = resamples;
        o.break_sims = 0;
        o.holdout = 0;
        o.seed = i + 1;
        enum status st = sim_table(&t, s, i, err);
        if (st == OK)
            st = fit_analyse(&r, &t, &o, err);
        for (size_t j = 0; st == OK && r.laws.n > 0 && j < r.laws.at[0].law->n_params; j++) {
            const struct fit_law *f = &r.laws.at[0];
            c->ci95[j] += covers(f->params[j].lo, f->params[j].hi, params[j]);
            c->bca[j] += covers(f->bca_lo[j], f->bca_hi[j], params[j]);
            c->profile[j] += covers(f->profile_lo[j], f->profile_hi[j], params[j]);
        }
        fit_report_free(&r);
        fit_table_free(&t);
        TRY(st);
    }
    return OK;
}

enum status sim_find_breaks(size_t *found, const struct sim_design *s, size_t first, size_t n, struct err *err)
{
    *found = 0;
    for (size_t i = first; i < first + n; i++) {
        struct fit_options o = fit_options_default();
        struct fit_table t = {0};
        struct fit_report r = {0};
        o.law = s->law;
        o.bootstrap = 200;
        o.break_sims = 199;
        o.holdout = 0;
        o.seed = i + 1;
        enum status st = sim_table(&t, s, i, err);
        if (st == OK)
            st = fit_analyse(&r, &t, &o, err);
        *found += st == OK && r.verdict.brk.found;
        fit_report_free(&r);
        fit_table_free(&t);
        TRY(st);
    }
    return OK;
}

/* The loss of one more run, of its own seed. */
static double new_run(const struct sim_design *s, double n, double d, struct rng *rng)
{
    const struct law *law = law_find(s->law);
    const struct law_centre c = {log(1e6), log(3e7)};
    struct place p = {n, d, 0};
    double inner[LAW_MAX_PARAMS], noise = s->trunk_noise * rng_normal(rng) + s->noise * rng_normal(rng);
    law_internal(inner, law, s->truth, &c);
    struct law_at at = law_at(law, inner, &c);
    return loss_at(s, law, &at, &p, d) * exp(noise);
}

static void predict_one(struct sim_predicted *at, const struct fit_report *r, const struct sim_design *s, struct rng *rng)
{
    double c = at->times * r->cost.max_flops;
    double n = fit_frontier_params(&r->frontier, c).value, d = fit_frontier_tokens(&r->frontier, c).value;
    double loss = new_run(s, n, d, rng);
    struct fit_run_noise noise = fit_run_noise_at(r, n, d);
    struct fit_value curve = fit_frontier_loss(&r->frontier, c), run = fit_new_run(curve, &noise);
    at->run += covers(run.lo, run.hi, loss);
    at->curve += covers(curve.lo, curve.hi, loss);
}

enum status sim_predict(struct sim_predicted *at, size_t places, const struct sim_design *s, const char *law, size_t first,
                        size_t n, size_t resamples, struct err *err)
{
    for (size_t i = first; i < first + n; i++) {
        struct fit_options o = fit_options_default();
        struct fit_table t = {0};
        struct fit_report r = {0};
        struct rng rng = rng_make(i, RNG_TEST, 811, 0);
        o.law = law;
        o.bootstrap = resamples;
        o.break_sims = 0;
        o.holdout = 0;
        o.seed = i + 1;
        enum status st = sim_table(&t, s, i, err);
        if (st == OK)
            st = fit_analyse(&r, &t, &o, err);
        for (size_t k = 0; k < places && st == OK; k++)
            predict_one(&at[k], &r, s, &rng);
        fit_report_free(&r);
        fit_table_free(&t);
        TRY(st);
    }
    return OK;
}
