#include "fit/verdict/floor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/solve/profile.h"
#include "fit/solve/search.h"
#include "fit/verdict/words.h"

/* A floor whose interval reaches below this share of the lowest loss is no floor that the runs show. */
#define FLOOR_SHARE 0.01
/* AICc must be lower with the floor by this much. */
#define FLOOR_AICC 2.0
/* A floor is identified where the interval's lower end is at least this share of its upper one, and half its width, as a
 * share of the floor, is not remarked on up to the other. */
#define IDENTIFIED 0.5
#define SETTLED 0.10

/* AICc of the same law with E held at 0, less that with E free, of the runs that follow it; NaN where either has
 * none. */
static enum status without_floor(double *delta, const struct floor_in *in, const struct fit_law *f, struct err *err)
{
    struct solve_problem q = design_problem(in->kept, &f->problem);
    struct solve_result with = f->best, without;
    struct err why;
    char text[32];
    double tau;
    enum status st = OK;
    *delta = (double)NAN;
    if (in->odd)
        st = search_near(&with, &q, f->best.p, &why);
    double aicc = solve_aicc(&tau, &q, with.objective);
    snprintf(text, sizeof text, "%s=0", f->law->params[f->law->level].name);
    if (st == OK && solve_map_fix(&q.map, f->law, text, &q.centre, &why) == OK) {
        st = search_global(&without, &q, &why);
        *delta = st == OK ? solve_aicc(&tau, &q, without.objective) - aicc : *delta;
    }
    return st == E_NOMEM ? err_set(err, st, "%s", why.msg) : OK;
}

/* The hull of the laws' own intervals: for fit.json, beside the one that is quoted. */
static void over_laws(struct fit_floor *v, const struct fit_laws *laws)
{
    for (size_t i = 0; i < laws->n; i++) {
        const struct fit_law *g = &laws->at[i];
        if (g->law->level < 0 || isnan(g->params[g->law->level].lo))
            continue;
        v->laws_lo = fmin(g->params[g->law->level].lo, v->laws_lo); /* NaN is passed over */
        v->laws_hi = fmax(g->params[g->law->level].hi, v->laws_hi);
    }
}

static double lowest_loss(const struct fit_design *d)
{
    double lowest = (double)INFINITY;
    for (size_t i = 0; i < d->n; i++)
        lowest = fmin(lowest, d->loss[i]);
    return lowest;
}

/* No floor lies above the lowest loss by more than noise. */
static void cut_off_above(struct fit_value *v, double lowest, const struct fit_noise *n)
{
    double noise = n->sigma > 0 ? n->sigma : n->scatter > 0 ? n->scatter : 0;
    if (isfinite(v->hi))
        v->hi = fmax(v->value, fmin(v->hi, lowest + 3 * noise));
}

/* "AICc without one: +3.1" */
static const char *aicc_without(char *buf, size_t size, double delta)
{
    if (isfinite(delta))
        snprintf(buf, size, "AICc without one: %+.1f", delta);
    else
        snprintf(buf, size, "too few runs for AICc");
    return buf;
}

/* " (95 % interval .. to .., over laws, windows and resamples)" */
static const char *over_what(char *buf, size_t size, const struct fit_frontier *fr, const struct fit_value *v)
{
    char iv[100];
    words_interval(iv, sizeof iv, v->lo, v->hi, 4);
    snprintf(buf, size, "%s", iv);
    if (iv[0] && fr->weight && !fr->bent)
        snprintf(buf, size, "%.*s, over laws, windows of the runs and resamples)", (int)(strlen(iv) - 1), iv);
    return buf;
}

static void say(struct fit_lines *lines, const struct fit_floor *v, const struct floor_in *in, const struct fit_law *f)
{
    const struct fit_frontier *fr = in->frontier;
    const char *unit = in->unit;
    char iv[200], aicc[64], value[40], settled[100] = "";
    words_value(value, sizeof value, v->at.value, v->at.lo, v->at.hi, 4);
    const char *bent = fr->bent ? " (of the law beyond the break)" : "";
    if (v->supported) {
        double half = (v->at.hi - v->at.lo) / (2 * v->at.value);
        if (half > SETTLED)
            snprintf(settled, sizeof settled, " How high is not settled: the interval is %.0f %% of it to either side.",
                     100 * half);
        fit_lines_add(lines, "Floor%s: the loss would level off at %s%s%s. The runs support a floor above 0: a law "
                                 "without one fits worse (AICc higher by %.1f).%s",
                      bent, value, unit, over_what(iv, sizeof iv, fr, &v->at), v->delta_aicc, settled);
    } else if (!isfinite(v->at.hi)) {
        fit_lines_add(lines, "Floor: not enough evidence. The best fit puts it at %.4g%s, but there are no resamples for an "
                                 "interval (%s).",
                      v->at.value, unit, aicc_without(aicc, sizeof aicc, v->delta_aicc));
    } else if (isnan(v->at.lo)) {
        fit_lines_add(lines,
                      "Floor%s: not enough evidence. The runs allow any floor below %.4g%s%s; the best fit %s%s "
                      "(%s).",
                      bent, v->at.hi, unit,
                      fr->weight ? " (95 %, over laws, windows of the runs and resamples)" : " (95 %)",
                      f->law->level >= 0 && v->at.value > 0 ? "puts it at " : "has none",
                      f->law->level >= 0 && v->at.value > 0 ? words_count(iv, sizeof iv, v->at.value, false) : "",
                      f->law->level >= 0 ? aicc_without(aicc, sizeof aicc, v->delta_aicc)
                                         : "a plain power law fits no worse");
    } else {
        fit_lines_add(lines, "Floor%s: not enough evidence. The best fit puts it at %s%s%s, but these runs do not "
                                 "tell a floor from none (%s).",
                      bent, value, unit, over_what(iv, sizeof iv, fr, &v->at),
                      aicc_without(aicc, sizeof aicc, v->delta_aicc));
    }
}

void floor_none(struct fit_floor *floor)
{
    const double none = (double)NAN;
    *floor = (struct fit_floor){.at = {none, none, none, none}, .laws_lo = none, .laws_hi = none, .delta_aicc = none};
}

enum status floor_judge(struct fit_floor *v, struct fit_lines *lines, const struct floor_in *in, struct err *err)
{
    const struct fit_law *f = fit_laws_selected(in->laws);
    double lowest = lowest_loss(in->kept);
    if (f->law->level >= 0 && profile_held(f, (size_t)f->law->level)) {
        v->at = f->params[f->law->level];
        fit_lines_add(lines, "Floor: held at %.4g%s, as asked, so this fit says nothing about it.",
                      f->outer[f->law->level], in->unit);
        return OK;
    }
    v->at = in->frontier->e;
    over_laws(v, in->laws);
    if (f->law->level >= 0)
        TRY(without_floor(&v->delta_aicc, in, f, err));
    cut_off_above(&v->at, lowest, in->noise);
    if (v->at.lo <= FLOOR_SHARE * lowest)
        v->at.lo = (double)NAN; /* without end below */
    v->supported = f->law->level >= 0 && isfinite(v->at.lo) && v->delta_aicc > FLOOR_AICC;
    v->identified = v->supported && v->at.lo >= IDENTIFIED * v->at.hi;
    if (f->law->level < 0 && !isfinite(v->at.hi))
        fit_lines_add(lines, "Floor: the selected law has none; these runs fit a plain power law no worse, so they say "
                                 "nothing about where the loss would end.");
    else
        say(lines, v, in, f);
    return OK;
}

/* Losses are measured on the held-out set, so the floor that a fit can find is that of the set; where it is
 * not known, that of the language. */
void floor_judge_truth(struct fit_truth *truth, struct fit_lines *lines, const struct fit_floor *floor, const struct fit_law *f)
{
    char known[80] = "";
    if (!truth->known || (f->law->level >= 0 && profile_held(f, (size_t)f->law->level)))
        return;
    double exact = isfinite(truth->heldout) ? truth->heldout : truth->floor;
    if (isfinite(truth->heldout))
        snprintf(known, sizeof known, ", and %.4g on this held-out set", truth->heldout);
    truth->covered = !(floor->at.lo > exact) && exact <= floor->at.hi;
    truth->covered_over_laws = floor->laws_lo <= exact && exact <= floor->laws_hi;
    if (isfinite(floor->at.hi))
        fit_lines_add(lines, "Truth: the exact floor of this language is %.4g nats%s; the fit %s it.", truth->floor,
                      known, truth->covered ? "covers" : "does NOT cover");
    else
        fit_lines_add(lines, "Truth: the exact floor of this language is %.4g nats%s; the fit says %.4g, without an "
                                 "interval.", truth->floor, known, floor->at.value);
}
