#include "fit/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/frontier.h"
#include "fit/noise.h"
#include "fit/profile.h"
#include "fit/search.h"

/* --- words ------------------------------------------------------------------------------------------ */

/* Compute as the papers write it, 5.31e12; anything else, such as tokens, with a suffix. */
static const char *count(char *buf, size_t size, double v, bool compute)
{
    if (!compute && v < 1e15 && v >= 1e-3)
        return count_format(buf, size, v);
    if (!(v >= 1e4) || !isfinite(v)) {
        snprintf(buf, size, "%.3g", v);
        return buf;
    }
    int e = (int)floor(log10(v) + 1e-12);
    snprintf(buf, size, "%.3ge%d", v / pow(10, e), e);
    return buf;
}

/* " (95 % interval 1.2 to 3.4)", or nothing where there is none. */
static const char *interval(char *buf, size_t size, double lo, double hi)
{
    buf[0] = '\0';
    if (!isnan(lo) && !isnan(hi))
        snprintf(buf, size, " (95 %% interval %.4g to %.4g)", lo, hi);
    return buf;
}

/* A floor whose interval reaches below this share of the lowest loss is no floor that the runs show. */
#define FLOOR_SHARE 0.01
/* AICc must be lower with the floor by this much. */
#define FLOOR_AICC 2.0

/* AICc of the same law with E held at 0, less that with E free. */
static double without_floor(const struct fit_law *f)
{
    struct solve_problem q = f->problem;
    struct solve_result s;
    struct err ignored;
    char text[32];
    snprintf(text, sizeof text, "%s=0", f->law->params[f->law->level].name);
    if (solve_map_fix(&q.map, f->law, text, &q.centre, &ignored) != OK ||
        search_global(&s, &q, &ignored) != OK)
        return (double)NAN;
    double tau;
    return solve_aicc(&tau, &q, s.objective) - f->aicc;
}

/* An interval takes its law's form for granted. The floor lies beyond all data, where laws that describe the
 * runs alike part ways, so the others that were fitted have a say: the hull of their intervals. Returns
 * whether it is wider by more than a tenth of the selected law's, with the names of the laws. */
static bool floor_over_laws(char *names, size_t size, struct fit_report *r)
{
    struct fit_verdict *v = &r->verdict;
    size_t used = 0;
    v->floor_lo = v->floor.lo;
    v->floor_hi = v->floor.hi;
    for (size_t i = 0; i < r->n_laws; i++) {
        const struct fit_law *g = &r->laws[i];
        if (g->law->level < 0 || isnan(g->params[g->law->level].lo))
            continue;
        v->floor_lo = fmin(v->floor_lo, g->params[g->law->level].lo);
        v->floor_hi = fmax(v->floor_hi, g->params[g->law->level].hi);
        int n = snprintf(names + used, size - used, "%s%s", used ? ", " : "", g->law->name);
        used = size_min(size - 1, used + (size_t)n);
    }
    return v->floor_hi - v->floor_lo > 1.1 * (v->floor.hi - v->floor.lo);
}

static void judge_floor(struct fit_report *r, const struct fit_law *f)
{
    struct fit_verdict *v = &r->verdict;
    char iv[80], names[80] = "", hull[200] = "";
    double lowest = (double)INFINITY;
    if (f->law->level < 0) {
        fit_lines_add(&v->lines, "Floor: the selected law has none; these runs fit a plain power law no "
                                 "worse, so they say nothing about where the loss would end.");
        return;
    }
    for (size_t i = 0; i < f->n; i++)
        lowest = fmin(lowest, f->loss[i]);
    v->floor = f->params[f->law->level];
    v->floor_delta_aicc = without_floor(f);
    v->floor_supported = v->floor.lo > FLOOR_SHARE * lowest && v->floor_delta_aicc > FLOOR_AICC;
    interval(iv, sizeof iv, v->floor.lo, v->floor.hi);
    if (floor_over_laws(names, sizeof names, r))
        snprintf(hull, sizeof hull, " The interval takes the law %s for granted; over the laws fitted (%s) it "
                                    "reaches from %.4g to %.4g.", f->law->name, names, v->floor_lo, v->floor_hi);
    if (v->floor_supported)
        fit_lines_add(&v->lines,
                      "Floor: the loss would level off at %.4g nats%s. The runs support a floor above 0: "
                      "a law without one fits worse (AICc higher by %.1f).%s",
                      v->floor.value, iv, v->floor_delta_aicc, hull);
    else
        fit_lines_add(&v->lines,
                      "Floor: not enough evidence. The best fit puts it at %.4g nats%s, but these runs do "
                      "not tell a floor from none (AICc without one: %+.1f).%s",
                      v->floor.value, iv, v->floor_delta_aicc, hull);
}

/* Losses are measured on the held-out set, so the floor that a fit can find is that of the set; where it is
 * not known, that of the language. */
static void judge_truth(struct fit_report *r, const struct fit_table *t, const struct fit_law *f)
{
    struct fit_verdict *v = &r->verdict;
    if (!t->truth_known || f->law->level < 0)
        return;
    char known[128] = "";
    bool set = isfinite(t->truth_heldout);
    double truth = set ? t->truth_heldout : t->truth_floor;
    if (set)
        snprintf(known, sizeof known, ", and %.4g on this held-out set", t->truth_heldout);
    v->truth_covered = v->floor.lo <= truth && truth <= v->floor.hi;
    v->truth_covered_over_laws = v->floor_lo <= truth && truth <= v->floor_hi;
    if (isnan(v->floor.lo))
        fit_lines_add(&v->lines, "Truth: the exact floor of this language is %.4g nats%s; the fit says "
                                 "%.4g, without an interval.", t->truth_floor, known, v->floor.value);
    else
        fit_lines_add(&v->lines,
                      "Truth: the exact floor of this language is %.4g nats%s; the fit says %.4g, and its "
                      "interval %.4g to %.4g %s it%s.",
                      t->truth_floor, known, v->floor.value, v->floor.lo, v->floor.hi,
                      v->truth_covered ? "covers" : "does NOT cover",
                      v->truth_covered || !v->truth_covered_over_laws
                          ? ""
                          : ", though the range over all laws fitted does");
}

/* A value of the frontier over its resamples. */
static struct fit_value over_frontier(const struct fit_report *r,
                                      double (*fn)(const struct fit_frontier *, double), double arg)
{
    const double none = (double)NAN;
    struct fit_value v = {fn(&r->frontier[0], arg), none, none, none};
    double *draws = malloc(size_max(r->n_frontier_boot, 1) * sizeof *draws);
    if (!draws)
        return v;
    for (size_t b = 0; b < r->n_frontier_boot; b++)
        draws[b] = fn(&r->frontier[b + 1], arg);
    v = stats_summary(v.value, draws, r->n_frontier_boot, r->frontier_z);
    free(draws);
    return v;
}

/* Where returns sink under the noise; noise known from few repeated runs is itself drawn anew. */
static struct fit_value flattening(const struct fit_report *r, uint64_t seed)
{
    const double none = (double)NAN;
    struct fit_value v = {frontier_flatten(&r->frontier[0], r->sigma), none, none, none};
    double *draws = malloc(size_max(r->n_frontier_boot, 1) * sizeof *draws);
    if (!draws)
        return v;
    for (size_t b = 0; b < r->n_frontier_boot; b++) {
        struct rng rng = rng_make(seed, RNG_BOOTSTRAP, 3001, b);
        draws[b] = frontier_flatten(&r->frontier[b + 1], noise_draw(r, &rng));
    }
    v = stats_summary(v.value, draws, r->n_frontier_boot, r->frontier_z);
    free(draws);
    return v;
}

static double halving(const struct fit_frontier *f, double unused)
{
    (void)unused;
    return 1 / f->g;
}

static void judge_returns(struct fit_report *r, uint64_t seed)
{
    struct fit_verdict *v = &r->verdict;
    char c[32], at[32], lo[32], hi[32], iv[128];
    bool compute = strcmp(r->frontier_x, "C") == 0;
    const char *unit = compute ? " FLOPs" : "";
    v->loss = over_frontier(r, frontier_loss, v->largest_flops);
    v->gain = over_frontier(r, frontier_gain, v->largest_flops);
    v->halving = over_frontier(r, halving, 0);
    count(c, sizeof c, v->largest_flops, compute);
    interval(iv, sizeof iv, v->gain.lo, v->gain.hi);
    fit_lines_add(&v->lines, "Returns (%s): at %s = %s%s, the largest budget here, the next doubling gains "
                             "%.3g nats%s.", r->frontier_of, r->frontier_x, c, unit, v->gain.value, iv);
    interval(iv, sizeof iv, v->halving.lo, v->halving.hi);
    fit_lines_add(&v->lines, "The excess over the floor halves every %.3g doublings%s. A straight line on "
                             "log axes is the same law: shrinking gains alone are no wall.",
                  v->halving.value, iv);
    if (!(r->sigma > 0))
        return;
    v->flatten = flattening(r, seed);
    count(at, sizeof at, v->flatten.value, compute);
    iv[0] = '\0';
    if (!isnan(v->flatten.lo))
        snprintf(iv, sizeof iv, " (95 %% interval %s to %s)", count(lo, sizeof lo, v->flatten.lo, compute),
                 count(hi, sizeof hi, v->flatten.hi, compute));
    char sigma[80] = "";
    if (!isnan(r->sigma_lo))
        snprintf(sigma, sizeof sigma, " (95 %% interval %.2g to %.2g)", r->sigma_lo, r->sigma_hi);
    fit_lines_add(&v->lines, "Noise: one run's loss moves by %.2g nats%s, from %s.", r->sigma, sigma,
                  r->sigma_from);
    bool here = v->flatten.value <= v->largest_flops;
    bool sure = here ? v->flatten.hi <= v->largest_flops : v->flatten.lo > v->largest_flops;
    fit_lines_add(&v->lines,
                  "Flattening: a doubling gains less than that noise beyond %s = %s%s%s: %s.",
                  r->frontier_x, at, unit, iv,
                  !sure ? "whether the runs here reach that point is open"
                  : here ? "the largest runs here are past it, so a single seed no longer shows a gain"
                         : "beyond the runs here, so this is an extrapolation");
}

static void judge_break(struct fit_report *r, const struct fit_law *f)
{
    static const char *const names[] = {"C", "N", "D"};
    const struct breaks_out *b = &r->verdict.brk;
    struct fit_lines *out = &r->verdict.lines;
    bool one = f->law->n_vars == 1, compute = one ? f->x == FIT_FLOPS : b->variable == BREAKS_COMPUTE;
    char at[32], lo[32], hi[32], iv[80];
    if (!b->tested) {
        fit_lines_add(out, "Break: not tested: %s.", b->untested);
        return;
    }
    if (!(b->p < 0.05)) {
        fit_lines_add(out, "Break: none found. Letting the excess fall with another exponent beyond some point "
                           "(tried all along %s) helps no more than chance would (p = %.2g).",
                      one ? f->x_name : "compute, size and data", b->p);
        return;
    }
    interval(iv, sizeof iv, b->change.lo, b->change.hi);
    const char *what = one ? f->x_name : names[b->variable];
    fit_lines_add(out, "Break%s: beyond %s = %s%s (%s to %s) the excess falls %s: its exponent changes by "
                       "%.3g%s, p = %.2g. Runs left out are missed by %.2g %% with the bend and %.2g %% without: "
                       "%s.",
                  b->found ? "" : ", not enough evidence", what, count(at, sizeof at, b->place.value, compute),
                  compute ? " FLOPs" : "", count(lo, sizeof lo, b->place.lo, compute),
                  count(hi, sizeof hi, b->place.hi, compute), b->change.value < 0 ? "more slowly" : "faster",
                  b->change.value, iv, b->p, 100 * b->cv_bent, 100 * b->cv,
                  b->found ? "the runs do change course there, or follow another law than the one fitted"
        : b->cv_bent < b->cv ? "but its sign is open, so these runs do not tell which way they bend"
                             : "so the bend explains what was seen and predicts nothing better");
}

static void judge_extrapolation(struct fit_report *r, const struct fit_law *f)
{
    if (f->holdout_n == 0) {
        fit_lines_add(&r->verdict.lines, "Extrapolation: not enough runs to hold the largest ones out.");
        return;
    }
    fit_lines_add(&r->verdict.lines,
                  "Extrapolation: fitted to the smaller runs, the law misses the %zu largest by %.2g %% "
                  "(root mean square; on average %s by %.2g %%).",
                  f->holdout_n, 100 * f->holdout_error,
                  f->holdout_bias > 0 ? "too high" : "too low", 100 * fabs(f->holdout_bias));
}

/* --- warnings about the design ----------------------------------------------------------------------- */

/* Values that differ by more than 0.1 % from the last one counted: a continuum is many, not one. */
static size_t distinct(double *x, size_t n)
{
    size_t m = 0;
    double last = 0;
    sort_doubles(x, n);
    for (size_t i = 0; i < n; i++) {
        if (m > 0 && !(x[i] > last * 1.001))
            continue;
        last = x[i];
        m++;
    }
    return m;
}

static void warn_design(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                        double *scratch)
{
    const double *n = t->col[fit_count_column(opt->count)], *d = t->col[FIT_TOKENS];
    struct fit_lines *w = &r->warnings;
    if (r->n_diverged + r->n_failed > 0)
        fit_lines_add(w, "%zu diverged and %zu failed runs were left out: the smooth part of the grid "
                         "may flatter the law", r->n_diverged, r->n_failed);
    if (t->n_trunks < t->n)
        fit_lines_add(w, "runs share %zu trajectories: whole trajectories are resampled, because points "
                         "of one are not independent", t->n_trunks);
    if (t->n_trunks < 10 && t->n > 0)
        fit_lines_add(w, "only %zu independent trajectories: intervals from so few are rough and mostly "
                         "too narrow", t->n_trunks);
    if (t->x_name[0] != '\0' || t->n == 0)
        return;
    memcpy(scratch, n, t->n * sizeof *scratch);
    size_t sizes = distinct(scratch, t->n);
    memcpy(scratch, d, t->n * sizeof *scratch);
    size_t budgets = distinct(scratch, t->n);
    if (sizes < 4)
        fit_lines_add(w, "only %zu model size%s: the exponent of size rests on very little", sizes,
                      sizes == 1 ? "" : "s");
    if (budgets < 4)
        fit_lines_add(w, "only %zu token budget%s: the exponent of data rests on very little", budgets,
                      budgets == 1 ? "" : "s");
    for (size_t i = 0; i < t->n; i++)
        scratch[i] = d[i] / n[i];
    sort_doubles(scratch, t->n);
    if (sizes > 1 && scratch[t->n - 1] < scratch[0] * 1.3)
        fit_lines_add(w, "every run has the same ratio of tokens to parameters: their two exponents "
                         "cannot be told apart; vary the ratio");
    size_t repeated = 0;
    for (size_t i = 0; i < t->n; i++)
        repeated += d[i] > 1.05 * t->col[FIT_UNIQUE_TOKENS][i];
    if (repeated)
        fit_lines_add(w, "%zu runs see their data more than once: law repeat accounts for that, "
                         "the others do not", repeated);
}

/* "A, alpha" of the parameters for which `is` holds; false where there are none. */
static bool name_params(char *buf, size_t size, const struct fit_law *f,
                        bool (*is)(const struct fit_law *, size_t))
{
    size_t at = 0;
    buf[0] = '\0';
    for (size_t j = 0; j < f->law->n_params && at < size; j++)
        if (is(f, j))
            at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? ", " : "", f->law->params[j].name);
    return at > 0;
}

static bool at_bound(const struct fit_law *f, size_t j)
{
    return f->best.at_bound >> j & 1;
}

static bool open_inside(const struct fit_law *f, size_t j)
{
    return profile_open(f, j) && !at_bound(f, j);
}

static void warn_law(struct fit_lines *w, const struct fit_law *f)
{
    char names[128];
    for (size_t j = 0; j < f->law->n_params; j++)
        if (at_bound(f, j))
            fit_lines_add(w, "law %s: %s lies at its bound (%.3g): the runs do not settle it", f->law->name,
                          f->law->params[j].name, f->outer[j]);
    if (name_params(names, sizeof names, f, open_inside))
        fit_lines_add(w, "law %s: %s not identified: the fit stays as good, within the noise, however far it goes",
                      f->law->name, names);
    if (name_params(names, sizeof names, f, profile_disagrees))
        fit_lines_add(w, "law %s: bootstrap and profile-likelihood intervals of %s disagree (--profile shows "
                         "both): take the wider one", f->law->name, names);
    if (!f->best.converged)
        fit_lines_add(w, "law %s: the objective is flat in some direction; its parameters are not settled one "
                         "by one", f->law->name);
    if (f->n_boot_failed > 0)
        fit_lines_add(w, "law %s: %zu of %zu resamples could not be fitted and are left out", f->law->name,
                      f->n_boot_failed, f->n_boot + f->n_boot_failed);
}

static void warn_fits(struct fit_report *r)
{
    struct fit_lines *w = &r->warnings;
    const struct fit_law *f = fit_report_selected(r);
    if (f)
        warn_law(w, f);
    size_t edge = 0;
    for (size_t i = 0; i < r->n_isoflop; i++)
        edge += r->isoflop[i].at_edge;
    if (edge)
        fit_lines_add(w, "%zu of %zu IsoFLOP minima lie at the edge of the sampled sizes: sample "
                         "further out before trusting N*", edge, r->n_isoflop);
}

enum status verdict_fill(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                         struct err *err)
{
    struct fit_verdict *v = &r->verdict;
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    const struct fit_law *f = fit_report_selected(r);
    double *scratch;
    v->floor = v->loss = v->gain = v->halving = v->flatten = unknown;
    v->floor_delta_aicc = v->floor_lo = v->floor_hi = none;
    v->largest_flops = r->max_flops;
    v->truth_known = t->truth_known;
    v->truth_floor = t->truth_floor;
    v->truth_heldout = t->truth_heldout;
    TRY(size_calloc(&scratch, t->n, sizeof *scratch, "rows", err));
    warn_design(r, t, opt, scratch);
    free(scratch);
    warn_fits(r);
    if (!f) {
        fit_lines_add(&v->lines, "Not enough runs: %s. Add sizes, token budgets or both.", r->nothing);
        return OK;
    }
    v->enough = true;
    if (r->has_frontier && f->law->n_vars == 1 && f->x == FIT_X) {
        v->largest_flops = 0;
        for (size_t i = 0; i < f->n; i++)
            v->largest_flops = fmax(v->largest_flops, t->col[FIT_X][f->rows[i]]);
    }
    judge_floor(r, f);
    judge_truth(r, t, f);
    if (r->has_frontier && v->largest_flops > 0)
        judge_returns(r, opt->seed);
    judge_break(r, f);
    judge_extrapolation(r, f);
    return OK;
}
