#include "fit/verdict/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/levels.h"
#include "fit/solve/profile.h"
#include "fit/unlike.h"
#include "fit/verdict/floor.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/returns.h"
#include "fit/verdict/trend.h"
#include "fit/verdict/words.h"

/* --- breaks and extrapolation ------------------------------------------------------------------------ */

/* "C", "N", "D", or the one variable, along which a break was looked for. */
static const char *break_variable(const struct fit_verdict *v, const struct fit_law *f)
{
    static const char *const names[] = {"C", "N", "D"};
    return f->law->n_vars == 1 ? f->x_name : names[v->brk.variable];
}

/* "of 22.7k parameters ", or nothing in a table of one variable. */
static const char *of_size(char *buf, size_t size, const struct turn_out *t)
{
    char n[32];
    snprintf(buf, size, "%s%s%s", isfinite(t->size) ? "of " : "",
             isfinite(t->size) ? words_count(n, sizeof n, t->size, false) : "", isfinite(t->size) ? " parameters " : "");
    return buf;
}

static void say_rise(struct fit_verdict *v, const struct fit_law *f)
{
    const struct turn_out *t = &v->brk.turn;
    const char *x = f->law->n_vars == 1 ? f->x_name : "D";
    char from[32], to[32], size[64];
    fit_lines_add(&v->lines,
                  "Break: the loss of runs %srises again, from %.4g at %s = %s to %.4g at %s = %s, by more than their seeds do "
                  "(p = %.2g). No law says so: are tokens repeated, are they other ones, or is the rate too high?",
                  of_size(size, sizeof size, t), t->low, x, words_count(from, sizeof from, t->from, false), t->end, x,
                  words_count(to, sizeof to, t->to, false), t->p);
}

static void judge_break(struct fit_verdict *v, const struct fit_law *f)
{
    const struct breaks_out *b = &v->brk;
    struct fit_lines *out = &v->lines;
    bool one = f->law->n_vars == 1, compute = one ? f->x == FIT_FLOPS : b->variable == BREAKS_COMPUTE;
    char at[32], place[128], change[128];
    if (b->turn.found)
        say_rise(v, f);
    if (b->turn.found && !b->bent)
        return;
    if (!b->tested) {
        fit_lines_add(out, "Break: not tested: %s.", breaks_untested(b));
        return;
    }
    if (!(b->p < 0.05) || !isfinite(b->change.value + b->place.value + b->cv + b->cv_bent)) {
        fit_lines_add(out, "Break: none found. Letting the excess fall with another exponent beyond some point "
                           "(tried all along %s) helps no more than chance would (p = %.2g).",
                      one ? f->x_name : "compute, size and data", b->p);
        return;
    }
    fit_lines_add(out, "Break%s: beyond %s = %s%s%s the excess falls %s: its exponent changes by "
                       "%.3g%s, p = %.2g. Runs left out are missed by %.2g %% with the bend and %.2g %% without: "
                       "%s.",
                  b->found ? "" : ", not enough evidence", break_variable(v, f),
                  words_count(at, sizeof at, b->place.value, compute), compute ? " FLOPs" : "",
                  words_count_interval(place, sizeof place, b->place.lo, b->place.hi, compute),
                  b->change.value < 0 ? "more slowly" : "faster", b->change.value,
                  words_interval(change, sizeof change, b->change.lo, b->change.hi, 4), b->p, 100 * b->cv_bent,
                  100 * b->cv,
                  b->found ? "the runs do change course there, or follow another law than the one fitted"
        : b->cv_bent >= BREAKS_MATTERS * b->cv_other
            ? "but another of the laws fitted misses them hardly more, without a bend"
        : b->change.lo < 0 && b->change.hi > 0
            ? "but its sign is open, so these runs do not tell which way they bend"
        : b->matters ? "but without the smallest budgets it is hardly seen, so it tells of runs that had hardly begun"
            : "so the bend explains what was seen and predicts little or nothing better");
}

static void judge_extrapolation(struct fit_lines *lines, const struct fit_law *f)
{
    if (f->holdout_n == 0 || !isfinite(f->holdout_error)) {
        fit_lines_add(lines, "Extrapolation: not enough runs to hold the largest ones out.");
        return;
    }
    fit_lines_add(lines,
                  "Extrapolation: fitted to the smaller runs, the law misses the %zu largest by %.2g %% "
                  "(root mean square; on average %s by %.2g %%).",
                  f->holdout_n, 100 * f->holdout_error,
                  f->holdout_bias > 0 ? "too high" : "too low", 100 * fabs(f->holdout_bias));
}

/* --- runs off the law, and what is withheld ---------------------------------------------------------- */

/* So many are named in the text; fit.json lists all. */
#define MOST_NAMED 6

static void name_outliers(struct fit_lines *lines, const struct fit_odd *odd, size_t of, const char *unit)
{
    char list[700];
    size_t at = 0, n = odd->n, told = size_min(n, MOST_NAMED);
    if (n == 0)
        return;
    for (size_t i = 0; i < told && at < sizeof list; i++) {
        const struct fit_outlier *o = &odd->runs[i];
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s: loss %.4g, expected %.4g", i ? "; " : "", o->at.text,
                               o->loss, o->expected);
    }
    if (told < n && at < sizeof list)
        snprintf(list + at, sizeof list - at, "; and %zu more", n - told);
    fit_lines_add(lines,
                  "Off the law: %zu run%s of %zu lie%s farther from every law than the scatter of the others explains "
                  "(%s%s%s%s). %s left out of noise, break test and flattening: look at %s.",
                  n, n == 1 ? "" : "s", of, n == 1 ? "s" : "", *unit ? "in" : "", unit, *unit ? "; " : "", list,
                  n == 1 ? "It is" : "They are",
                  n == 1 ? "it" : "them");
}

/* An exponent at its lower bound makes a second floor of its term: nothing that hangs on either is quoted. At the upper one
 * a term has gone, which says that nothing falls only where no other is left. */
static bool exponent_at_bound(char *why, size_t size, const struct fit_law *f)
{
    size_t exponents = 0, gone = 0, last = 0;
    bool low_one = false;
    for (size_t j = 0; j < f->law->n_params && !f->law->bends; j++) {
        bool at = f->best.at_bound >> j & 1, low = f->best.p[j] <= f->law->params[j].lo;
        if (f->law->params[j].kind != LAW_EXPONENT)
            continue;
        exponents++;
        gone += at;
        low_one |= at && low;
        last = at ? j : last;
    }
    if (exponents == 0 || (!low_one && gone < exponents))
        return false;
    snprintf(why, size, "%s of law %s lies at its bound (%.3g), so these runs do not settle how the loss falls",
             f->law->params[last].name, f->law->name, f->outer[last]);
    return true;
}

/* The law has a bend of its own, or a floor that the user held, which may be why the runs leave it. */
static bool bends_as_asked(const struct fit_law *f)
{
    return f->law->bends || (f->law->level >= 0 && profile_held(f, (size_t)f->law->level));
}

const char *verdict_because_words(enum verdict_because because)
{
    switch (because) {
    case VERDICT_GIVEN:
        break;
    case VERDICT_NO_FALL:
        return "the loss does not fall";
    case VERDICT_NO_LAW:
        return "no law that was fitted describes how the loss falls";
    case VERDICT_OFF:
        return "the law misses the very runs that an extrapolation starts from";
    case VERDICT_COURSE:
        return "the runs do not follow one law to the end";
    case VERDICT_BOUND:
        return "how the loss falls is not settled";
    }
    return "";
}

/* A law without the bend is not what the largest runs follow. */
static void course_changes(struct fit_verdict *v, const struct fit_law *f)
{
    char at[32];
    bool compute = f->law->n_vars == 1 ? f->x == FIT_FLOPS : v->brk.variable == BREAKS_COMPUTE;
    v->because = VERDICT_COURSE;
    if (v->brk.turn.found)
        snprintf(v->withheld, sizeof v->withheld, "the loss rises again beyond %s = %s, and law %s falls without end",
                 f->law->n_vars == 1 ? f->x_name : "D", words_count(at, sizeof at, v->brk.turn.from, false), f->law->name);
    else
        snprintf(v->withheld, sizeof v->withheld, "the runs change course at %s = %s, and law %s knows of no bend",
             break_variable(v, f), words_count(at, sizeof at, v->brk.place.value, compute), f->law->name);
}

/* Where the scatter about the law is this share of that about one constant loss, the law follows noise. */
#define FOLLOWS_NOISE 0.8

static bool follows_noise(const struct fit_design *d, const struct fit_law *f)
{
    double mean = 0, about_mean = 0, about_law = 0;
    for (size_t i = 0; i < d->n; i++)
        mean += d->ln_loss[i] / (double)d->n;
    for (size_t i = 0; i < d->n; i++) {
        double e = log(law_value(f->law, f->best.p, &d->points[i], &d->centre)) - d->ln_loss[i];
        about_mean += (d->ln_loss[i] - mean) * (d->ln_loss[i] - mean);
        about_law += e * e;
    }
    return about_law > FOLLOWS_NOISE * FOLLOWS_NOISE * about_mean;
}

static bool loss_falls(const struct verdict_in *in)
{
    const struct fit_table *t = in->t;
    bool x = t->x_name[0] != '\0';
    const double *n = t->col[fit_size_column(t, in->opt->count)], *d = x ? NULL : t->col[FIT_TOKENS];
    return trend_falls(trend_tau(n, d, t->col[FIT_LOSS], in->odd->off, t->n), t->n - in->odd->n);
}

/* Fill v->withheld where nothing can be extrapolated; returns whether the loss falls at all. */
static bool judge_withheld(struct fit_verdict *v, const struct verdict_in *in, const struct fit_law *f)
{
    const struct fit_table *t = in->t;
    const struct fit_top_off *top = &in->odd->top;
    const char *after = top->miss < 0 ? "something was learnt late; run larger ones" : "look at them, or run them again";
    const bool falls = loss_falls(in);
    if (!falls || follows_noise(in->kept, f)) {
        v->because = falls ? VERDICT_NO_LAW : VERDICT_NO_FALL;
        if (v->brk.turn.found)
            course_changes(v, f);
        else
            snprintf(v->withheld, sizeof v->withheld,
                     f->law->rises ? "these values rise with %s, and returns and floors are of a loss that falls"
                     : falls      ? "the loss falls with %s here, but as no law does that was fitted: nothing to extrapolate"
                                  : "the loss does not fall with %s here: nothing to extrapolate",
                     t->x_name[0] ? t->x_name : "size and data");
        return false;
    }
    v->because = top->n > 0 ? VERDICT_OFF : VERDICT_BOUND;
    if (v->brk.turn.found && !in->frontier->bent)
        course_changes(v, f); /* what weighs most comes first. NOLINT(bugprone-branch-clone) */
    else if (top->n > 0 && top->best)
        snprintf(v->withheld, sizeof v->withheld,
                 "the run with the lowest loss lies %.2g %% below what the law of the others says: %s",
                 -100 * top->miss, after);
    else if (top->n > 0)
        snprintf(v->withheld, sizeof v->withheld,
                 "%zu of the %zu run%s of the largest budget lie%s %.2g %% %s what the law of the others says: %s", top->n,
                 top->of, top->of == 1 ? "" : "s", top->n == 1 ? "s" : "", 100 * fabs(top->miss),
                 top->miss < 0 ? "below" : "above", after);
    else if (!exponent_at_bound(v->withheld, sizeof v->withheld, f) && v->brk.found && !in->frontier->bent && !bends_as_asked(f))
        course_changes(v, f);
    if (v->withheld[0] == '\0')
        v->because = VERDICT_GIVEN;
    return true;
}

/* --- warnings about the design ----------------------------------------------------------------------- */

static void warn_design(struct fit_lines *w, const struct fit_table *t, const struct fit_options *opt, double *scratch)
{
    const double *n = t->col[fit_count_column(opt->count)], *d = t->col[FIT_TOKENS];
    if (t->n_diverged + t->n_failed > 0)
        fit_lines_add(w, "%zu diverged and %zu failed runs were left out: the smooth part of the grid "
                         "may flatter the law", t->n_diverged, t->n_failed);
    if (t->n_trunks < t->n)
        fit_lines_add(w, "runs share %zu trajectories: whole trajectories are resampled, because points "
                         "of one are not independent", t->n_trunks);
    if (t->n_trunks < 10 && t->n > 0)
        fit_lines_add(w, "only %zu independent trajectories: intervals from so few are rough and mostly "
                         "too narrow", t->n_trunks);
    if (t->x_name[0] != '\0' || t->n == 0)
        return;
    size_t sizes = levels_distinct(scratch, n, t->n, 1 + LEVELS_WRITTEN);
    size_t budgets = levels_distinct(scratch, d, t->n, 1 + LEVELS_WRITTEN);
    if (sizes < 4)
        fit_lines_add(w, "only %zu model size%s: the exponent of size rests on very little", sizes,
                      sizes == 1 ? "" : "s");
    if (budgets < 4)
        fit_lines_add(w, "only %zu token budget%s: the exponent of data rests on very little", budgets,
                      budgets == 1 ? "" : "s");
    size_t repeated = fit_table_repeats(t);
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

/* What is known of how runs were trained, of every run that the table had: those of settings that were not the best count
 * too. Columns (n each) of one block. */
struct trained {
    double *params, *tokens, *loss, *lr, *batch, *warmup;
    size_t n;
};

static enum status trained_of(struct trained *k, const struct fit_table *t, enum fit_count count, struct err *err)
{
    size_t n = t->n_tried ? t->n_tried : t->n;
    *k = (struct trained){.n = n};
    TRY(size_calloc(&k->params, 6 * n, sizeof *k->params, "the runs' training", err));
    double **const rest[] = {&k->tokens, &k->loss, &k->lr, &k->batch, &k->warmup};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        *rest[i] = k->params + (i + 1) * n;
    for (size_t i = 0; i < t->n_tried; i++) {
        const struct fit_tried *x = &t->tried[i];
        k->params[i] = x->params[count], k->tokens[i] = x->tokens, k->loss[i] = x->loss;
        k->lr[i] = x->lr, k->batch[i] = x->batch, k->warmup[i] = x->warmup;
    }
    for (size_t i = 0; i < n && !t->n_tried; i++) {
        k->params[i] = t->col[fit_count_column(count)][i], k->tokens[i] = t->col[FIT_TOKENS][i];
        k->loss[i] = t->col[FIT_LOSS][i];
        k->lr[i] = unlike_number(t->unlike, i, unlike_trait("lr"), NULL);
        k->batch[i] = unlike_number(t->unlike, i, unlike_trait("batch_tokens"), "batch_tokens");
        k->warmup[i] = unlike_number(t->unlike, i, unlike_trait("warmup_tokens"), "warmup_tokens");
    }
    return OK;
}

static enum status judge_protocol(struct fit_verdict *v, const struct verdict_in *in, struct err *err)
{
    const struct fit_table *t = in->t;
    struct trained k;
    char isa_runs[120];
    if (t->x_name[0] != '\0' || t->n == 0)
        return OK;
    TRY(trained_of(&k, t, in->opt->count, err));
    struct protocol_in p = {.n = k.n, .params = k.params, .tokens = k.tokens, .loss = k.loss, .lr = k.lr, .batch = k.batch,
                             .warmup = k.warmup, .cooldown = (double)NAN, .noise = in->noise->sigma, .minima = in->isoflop->n};
    for (size_t i = 0; i < in->isoflop->n; i++)
        p.at_edge += in->isoflop->at[i].at_edge;
    p.isas = unlike_texts(isa_runs, sizeof isa_runs, t->unlike, unlike_trait("isa"), t->n);
    p.isa_runs = isa_runs;
    v->n_protocol = protocol_say(v->protocol, &p);
    for (size_t i = 0; i < v->n_protocol; i++)
        fit_lines_add(&v->lines, "Protocol%s: %s.", v->protocol[i].measured ? "" : ", not measured", v->protocol[i].text);
    free(k.params);
    return OK;
}

/* Smallest and largest compute of the runs, or of x where that stands in its place. */
static void range_of_runs(struct fit_returns *out, const struct verdict_in *in, const struct fit_law *f)
{
    const double *x = in->t->col[FIT_X];
    double lo = in->cost->min_flops, hi = in->cost->max_flops;
    if (f && f->law->n_vars == 1 && f->x == FIT_X) {
        lo = hi = x[f->rows[0]];
        for (size_t i = 1; i < f->n; i++) {
            lo = fmin(lo, x[f->rows[i]]);
            hi = fmax(hi, x[f->rows[i]]);
        }
    }
    returns_none(out, lo, hi);
}

static enum status judge(struct fit_verdict *v, const struct verdict_in *in, const struct fit_law *f, struct err *err)
{
    const struct fit_table *t = in->t;
    char unit[40] = ""; /* " nats"; nothing where no name of a column tells */
    if (t->loss_unit && t->loss_unit[0])
        snprintf(unit, sizeof unit, " %s", t->loss_unit);
    bool falls = judge_withheld(v, in, f);
    const bool withheld = v->withheld[0] != '\0';
    if (falls)
        name_outliers(&v->lines, in->odd, t->n, unit);
    if (withheld) {
        fit_lines_add(&v->lines, "Withheld: floor, gain and flattening are not given, for %s.", v->withheld);
        if (t->truth_known)
            fit_lines_add(&v->lines, "Truth: the exact floor of this language is %.4g%s.", t->truth_floor, unit);
    } else {
        const struct floor_in of = {in->laws, in->kept, in->odd->n > 0, in->noise, in->frontier, unit};
        TRY(floor_judge(&v->floor, &v->lines, &of, err));
        floor_judge_truth(&v->truth, &v->lines, &v->floor, f);
    }
    const struct returns_in of = {in->frontier, in->noise, &v->floor, unit, in->opt->seed};
    if (!withheld && in->frontier->holds && v->returns.largest > 0 && isfinite(v->returns.largest))
        returns_judge(&v->returns, &v->lines, &of);
    else
        returns_say_noise(&v->lines, in->noise, unit, withheld);
    if (falls || v->brk.turn.found)
        judge_break(v, f);
    if (falls)
        judge_extrapolation(&v->lines, f);
    return OK;
}

enum status verdict_fill(struct fit_verdict *v, struct fit_lines *warnings, const struct verdict_in *in, struct err *err)
{
    const struct fit_table *t = in->t;
    const struct fit_law *f = fit_laws_selected(in->laws);
    double *scratch;
    floor_none(&v->floor);
    range_of_runs(&v->returns, in, f);
    v->truth = (struct fit_truth){.known = t->truth_known, .floor = t->truth_floor, .heldout = t->truth_heldout};
    TRY(size_calloc(&scratch, t->n, sizeof *scratch, "rows", err));
    warn_design(warnings, t, in->opt, scratch);
    free(scratch);
    if (f)
        warn_law(warnings, f);
    if (!f) {
        fit_lines_add(&v->lines, "Not enough runs: %s. Add sizes, token budgets or both.", in->nothing);
        return judge_protocol(v, in, err);
    }
    v->enough = true;
    TRY(judge(v, in, f, err));
    return judge_protocol(v, in, err);
}
