/* The tables of docs/intervals.md: ways to make an interval of a floor and of a prediction, judged on the bank of real
 * sweeps whose floor is known, and what leaving one family of languages out would have chosen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "bank.h"
#include "fit/verdict/noise_model.h"
#include "fit/stats.h"

enum kind { ONE_LAW, HULL_OF_LAWS, HULL_OF_WINDOWS, MIXTURE };

struct scheme {
    const char *name;
    enum kind kind;
    bool fits_only;    /* MIXTURE: of the windows' fits, without resamples */
    double power;      /* a cell counts as its error ahead to minus this */
    double likelihood; /* a resample counts as its likelihood to this power */
    double stretch;
    bool by_fit;       /* the stretch goes as far as the law lacks fit */
};

static const struct scheme schemes[] = {
    {"one law, resampled", ONE_LAW, false, 0, 0, 1, false},
    {"hull over laws", HULL_OF_LAWS, false, 0, 0, 1, false},
    {"hull over laws and windows", HULL_OF_WINDOWS, false, 0, 0, 1, false},
    {"even mixture of fits, x 1.5", MIXTURE, true, 0, 0, 1.5, false},
    {"even mixture, resampled", MIXTURE, false, 0, 0, 1, false},
    {"weighed by error ahead", MIXTURE, false, 2, 0, 1, false},
    {"and by likelihood", MIXTURE, false, 2, 0.5, 1, false},
    {"the same, x 2", MIXTURE, false, 2, 0.5, 2, false},
    {"the same, x 2.5", MIXTURE, false, 2, 0.5, 2.5, false},
    {"the same, x 3", MIXTURE, false, 2, 0.5, 3, false},
    {"x 2 where fit lacks", MIXTURE, false, 2, 0.5, 2, true},
    {"x 2, likelihood whole", MIXTURE, false, 2, 1, 2, false},
    {"error^-3, x 2", MIXTURE, false, 3, 0.5, 2, false},
    {"error^-1, x 2", MIXTURE, false, 1, 0.5, 2, false},
};
enum { QUOTED = 7 }; /* of floors; of runs the one with by_fit */
enum { N_SCHEMES = sizeof schemes / sizeof *schemes };

/* What is asked for: the floor, or the loss of one run. */
struct question {
    bool floor;
    double n, d;
    double outside; /* share of the distribution on either side of the interval */
};

static double answer(const struct question *q, const struct fit_law *f, const double *p)
{
    if (q->floor)
        return f->law->level >= 0 ? p[f->law->level] : 0;
    const struct law_point x = law_point(f->law, &f->problem.centre, q->n, q->d, q->d);
    return law_value(f->law, p, &x, &f->problem.centre);
}

struct interval {
    double lo, value, hi;
};

static int by_value(const void *a, const void *b)
{
    const struct stats_draw *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static double quantile(const struct stats_draw *x, size_t n, double share)
{
    double all = 0, below = 0, last = 0;
    for (size_t i = 0; i < n; i++)
        all += x[i].weight;
    for (size_t i = 0; i < n; i++) {
        double at = (below + x[i].weight / 2) / all;
        if (at >= share)
            return i == 0 ? x[0].value
                          : x[i - 1].value + (share - last) / fmax(at - last, 1e-300) * (x[i].value - x[i - 1].value);
        below += x[i].weight;
        last = at;
    }
    return x[n - 1].value;
}

static struct interval of_resamples(const struct question *q, const struct fit_law *f, struct stats_draw *room)
{
    double z = f->z / STATS_Z95 * -stats_normal_quantile(q->outside);
    for (size_t b = 0; b < f->n_boot; b++)
        room[b] = (struct stats_draw){answer(q, f, f->boot + b * f->law->n_params), 1};
    qsort(room, f->n_boot, sizeof *room, by_value);
    return (struct interval){quantile(room, f->n_boot, stats_normal_cdf(-z)), answer(q, f, f->best.p),
                             quantile(room, f->n_boot, stats_normal_cdf(z))};
}

static double cell_weight(const struct ensemble_cell *c, double power)
{
    double ss = 1e-8, k = 0;
    for (size_t o = 0; o < ENSEMBLE_ORIGINS; o++)
        if (!isnan(c->error[o])) {
            ss += c->error[o] * c->error[o];
            k++;
        }
    return k > 0 ? pow(ss / k, -power / 2) : 0;
}

static size_t mixture_draws(struct stats_draw *out, const struct question *q, const struct scheme *s,
                            const struct fit_report *r)
{
    const struct ensemble *e = &r->spread;
    size_t n = 0;
    for (size_t i = 0; i < e->n_cells && s->fits_only; i++)
        if (e->cells[i].fitted)
            out[n++] = (struct stats_draw){answer(q, &r->laws.at[e->cells[i].law], e->cells[i].fit.p), 1};
    for (size_t i = 0, end; i < e->n_members && !s->fits_only; i = end) {
        const struct ensemble_cell *c = &e->cells[e->members[i].cell];
        double best = (double)INFINITY, sum = 0, tiny = (double)c->n * 1e-18;
        for (end = i; end < e->n_members && e->members[end].cell == e->members[i].cell; end++)
            best = fmin(best, e->members[end].objective);
        for (size_t k = i; k < end; k++) {
            double odds = log((e->members[k].objective + tiny) / (best + tiny));
            out[n + k - i] = (struct stats_draw){answer(q, &r->laws.at[c->law], e->members[k].p),
                                                 exp(-s->likelihood * (double)c->n * odds)};
            sum += out[n + k - i].weight;
        }
        for (size_t k = i; k < end; k++)
            out[n + k - i].weight *= cell_weight(c, s->power) / sum;
        n += end - i;
    }
    return n;
}

static struct interval of_mixture(const struct question *q, const struct scheme *s, const struct fit_report *r,
                                  struct stats_draw *room)
{
    const struct fit_law *f = fit_report_selected(r);
    size_t n = mixture_draws(room, q, s, r);
    double stretch = s->by_fit ? 1 + (s->stretch - 1) * r->noise.lack_of_fit : s->stretch, value = answer(q, f, f->best.p);
    qsort(room, n, sizeof *room, by_value);
    double lo = quantile(room, n, q->outside), mid = quantile(room, n, 0.5), hi = quantile(room, n, 1 - q->outside);
    return (struct interval){fmin(value, fmax(0, mid - stretch * (mid - lo))), value,
                             fmax(value, mid + stretch * (hi - mid))};
}

static struct interval hull(const struct question *q, const struct scheme *s, const struct fit_report *r,
                            struct stats_draw *room)
{
    const struct fit_law *f = fit_report_selected(r);
    struct interval out = {(double)INFINITY, answer(q, f, f->best.p), -(double)INFINITY};
    for (size_t i = 0; i < r->laws.n && s->kind == HULL_OF_LAWS; i++) {
        struct interval one = of_resamples(q, &r->laws.at[i], room);
        out = (struct interval){fmin(out.lo, one.lo), out.value, fmax(out.hi, one.hi)};
    }
    for (size_t i = 0; i < r->spread.n_cells && s->kind == HULL_OF_WINDOWS; i++) {
        const struct ensemble_cell *c = &r->spread.cells[i];
        double v = c->fitted ? answer(q, &r->laws.at[c->law], c->fit.p) : out.value;
        out = (struct interval){fmin(out.lo, v), out.value, fmax(out.hi, v)};
    }
    return out;
}

static struct interval interval_of(const struct question *q, const struct scheme *s, const struct fit_report *r,
                                   struct stats_draw *room)
{
    return s->kind == ONE_LAW   ? of_resamples(q, fit_report_selected(r), room)
           : s->kind == MIXTURE ? of_mixture(q, s, r, room)
                                : hull(q, s, r, room);
}

/* --- the score ------------------------------------------------------------------------------------------ */

struct judged {
    const struct bank_sweep *sweep;
    struct fit_report whole, early; /* of all runs, and of those up to a quarter of the compute */
    bool *ahead;
};

struct score {
    size_t n, covered, identified;
    double *widths;          /* of the identified, as shares of the floor */
    double score;            /* mean interval score (Gneiting and Raftery 2007, eq. 43), as a share of the floor */
    size_t runs, runs_covered;
};

static double interval_score(const struct interval *i, double truth, double outside)
{
    return i->hi - i->lo + fmax(0, i->lo - truth) / outside + fmax(0, truth - i->hi) / outside;
}

static void judge_floor(struct score *out, const struct scheme *s, const struct judged *j, struct stats_draw *room)
{
    const struct question q = {.floor = true, .outside = 0.025};
    struct interval i = interval_of(&q, s, &j->whole, room);
    double truth = j->sweep->table.truth_heldout, half = (i.hi - i.lo) / 2;
    out->n++;
    out->covered += i.lo <= truth && truth <= i.hi;
    out->score += interval_score(&i, truth, q.outside) / truth;
    if (i.lo >= 0.5 * i.hi)
        out->widths[out->identified++] = half / i.value;
}

static void judge_runs(struct score *out, const struct scheme *s, const struct judged *j, struct stats_draw *room)
{
    const struct fit_table *t = &j->sweep->table;
    const struct fit_report *r = &j->early;
    for (size_t k = 0; k < t->n; k++) {
        if (!j->ahead[k])
            continue;
        const struct question q = {.n = t->col[FIT_PARAMS][k], .d = t->col[FIT_TOKENS][k], .outside = 0.05};
        struct interval i = interval_of(&q, s, r, room);
        double sd = r->noise.model.df > 0 ? noise_model_at(&r->noise.model, q.n, q.d) : 0;
        double noise = 1.645 * sd, loss = t->col[FIT_LOSS][k];
        out->runs++;
        out->runs_covered += i.value - hypot(i.value - i.lo, noise) <= loss && loss <= i.value + hypot(i.hi - i.value, noise);
    }
}

static bool in_family(const struct judged *j, const char *only, const char *without)
{
    return (!only || strcmp(j->sweep->family, only) == 0) && (!without || strcmp(j->sweep->family, without) != 0);
}

static struct score judge(const struct scheme *s, const struct judged *all, size_t n, const char *only, const char *without,
                          struct stats_draw *room, double *widths)
{
    struct score out = {.widths = widths};
    for (size_t i = 0; i < n; i++)
        if (in_family(&all[i], only, without)) {
            judge_floor(&out, s, &all[i], room);
            judge_runs(&out, s, &all[i], room);
        }
    out.score /= (double)out.n;
    return out;
}

static void print_score(const char *name, struct score *s)
{
    printf("| %-27s | %2zu of %2zu | %2zu | %5.1f %% | %5.2f | %3zu of %3zu |\n", name, s->covered, s->n, s->identified,
           100 * bank_median(s->widths, s->identified), s->score, s->runs_covered, s->runs);
}

/* --- one family out -------------------------------------------------------------------------------------- */

/* Of a grid of mixtures, that with the lowest interval score among those that cover nine tenths. */
static struct scheme choose(const struct judged *all, size_t n, const char *without, struct stats_draw *room, double *widths)
{
    static const double powers[] = {0, 1, 2, 3}, likelihoods[] = {0, 0.5, 1}, stretches[] = {1, 1.5, 2, 2.5, 3, 4};
    struct scheme best = schemes[QUOTED];
    double least = (double)INFINITY;
    for (size_t p = 0; p < 4; p++)
        for (size_t l = 0; l < 3; l++)
            for (size_t k = 0; k < 6; k++) {
                struct scheme s = {"", MIXTURE, false, powers[p], likelihoods[l], stretches[k], false};
                struct score x = judge(&s, all, n, NULL, without, room, widths);
                if ((double)x.covered < 0.9 * (double)x.n || (double)x.runs_covered < 0.85 * (double)x.runs || x.score >= least)
                    continue;
                least = x.score;
                best = s;
            }
    return best;
}

static void leave_families_out(const struct judged *all, size_t n, struct stats_draw *room, double *widths)
{
    static const char *const families[] = {"zipf-facts", "graph-walk", "hierarchy", "markov-mix"};
    printf("\nChosen on the other families, judged on one\n");
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        struct scheme s = choose(all, n, families[f], room, widths);
        struct score there = judge(&s, all, n, NULL, families[f], room, widths);
        printf("%-10s error^-%g, likelihood^%g, x %g: others %zu of %zu floors, %zu of %zu runs\n", families[f], s.power,
               s.likelihood, s.stretch, there.covered, there.n, there.runs_covered, there.runs);
        struct score here = judge(&s, all, n, families[f], NULL, room, widths);
        print_score("  chosen", &here);
        here = judge(&schemes[QUOTED], all, n, families[f], NULL, room, widths);
        print_score("  as quoted", &here);
    }
}

static enum status read(struct judged *j, const struct bank_sweep *s, struct err *err)
{
    struct fit_options o = fit_options_default();
    struct fit_table small = {.n = 0};
    o.bootstrap = 400;
    o.break_sims = 0;
    o.holdout = 0;
    j->sweep = s;
    TRY(size_calloc(&j->ahead, s->table.n, sizeof *j->ahead, "bank", err));
    TRY(fit_analyse(&j->whole, &s->table, &o, err));
    enum status st = bank_split(&small, j->ahead, &s->table, err);
    if (st == OK)
        st = fit_analyse(&j->early, &small, &o, err);
    fit_table_free(&small);
    return st;
}

int main(void)
{
    struct err err;
    struct bank b;
    struct judged *all = NULL;
    struct stats_draw *room = NULL;
    double *widths = NULL;
    enum status st = bank_read(&b, "-", &err);
    if (st == OK)
        st = size_calloc(&all, b.n, sizeof *all, "bank", &err);
    if (st == OK)
        st = size_calloc(&room, 100000, sizeof *room, "bank", &err);
    if (st == OK)
        st = size_calloc(&widths, b.n, sizeof *widths, "bank", &err);
    for (size_t i = 0; i < b.n && st == OK; i++) {
        st = read(&all[i], &b.sweeps[i], &err);
        fprintf(stderr, "\r%zu of %zu sweeps", i + 1, b.n);
    }
    fprintf(stderr, "\n");
    if (st != OK) {
        fprintf(stderr, "intervals: %s\n", err.msg);
        return status_exit_code(st);
    }
    printf("| scheme                      | floor covered | identified | their median half-width | score | runs ahead "
           "covered (90 %%) |\n");
    printf("| --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < N_SCHEMES; i++) {
        struct score s = judge(&schemes[i], all, b.n, NULL, NULL, room, widths);
        print_score(schemes[i].name, &s);
    }
    leave_families_out(all, b.n, room, widths);
    return 0; /* the system takes the memory back */
}
