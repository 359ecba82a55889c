#include "fit/compare/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/compare/evidence.h"
#include "fit/levels.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/words.h"

const char *compare_answer_word(enum compare_answer a)
{
    static const char *const words[] = {"level", "exponent", "floor", "nothing seen", "open"};
    return words[a];
}

bool compare_moves_both(const struct compare_variant *v)
{
    return v->changed == COMPARE_FLOOR && v->floor_with_level > 0.5;
}

struct compare_options compare_options_default(void)
{
    return (struct compare_options){.sims = 999, .draws = 2000, .seed = 1};
}

/* --- cells ------------------------------------------------------------------------------------------------- */

static enum status fill_cells(struct compare_variant *v, const struct compare_side *base,
                              const struct compare_side *variant, struct err *err)
{
    const struct fit_design *b = &base->report->kept, *w = &variant->report->kept;
    const double none = (double)NAN;
    TRY(size_calloc(&v->cells, v->pairs.n_cells, sizeof *v->cells, "cells", err));
    v->n_cells = v->pairs.n_cells;
    for (size_t i = 0; i < v->pairs.n; i++) {
        const struct pair *p = &v->pairs.items[i];
        struct compare_cell *c = &v->cells[p->cell];
        const size_t row = b->rows[p->base];
        c->params = base->table->col[fit_count_column(base->report->count)][row];
        c->tokens = base->table->col[FIT_TOKENS][row];
        c->flops = base->table->col[FIT_FLOPS][row];
        c->base += b->loss[p->base];
        c->variant += w->loss[p->variant];
        c->n++;
    }
    for (size_t i = 0; i < v->n_cells; i++) {
        struct compare_cell *c = &v->cells[i];
        c->base /= (double)c->n;
        c->variant /= (double)c->n;
        c->difference = (struct fit_value){c->variant - c->base, none, none, none};
    }
    return OK;
}

/* Their intervals: the sd of one pair is that of all, about the change that explains them best; of a cell's own few
 * pairs it would be next to nothing. */
static void widen_cells(struct compare_variant *v, size_t degrees)
{
    for (size_t i = 0; i < v->n_cells; i++) {
        struct compare_cell *c = &v->cells[i];
        double se = v->sigma * (c->base + c->variant) / 2 / sqrt((double)c->n), far = stats_t95((double)degrees) * se;
        c->difference.se = se;
        c->difference.lo = c->difference.value - far;
        c->difference.hi = c->difference.value + far;
    }
}

/* --- the two fits as they are ------------------------------------------------------------------------------- */

static struct fit_value negative(struct fit_value v)
{
    return (struct fit_value){-v.value, v.se, -v.hi, -v.lo};
}

/* Of two numbers that know nothing of each other: the ends by the square root of the sum of squares (Zou and Donner 2008,
 * MOVER). An end that is not known leaves that of the difference unknown. */
static struct fit_value difference(struct fit_value a, struct fit_value b)
{
    struct fit_value n = negative(b);
    double d = a.value + n.value;
    return (struct fit_value){d, hypot(a.se, n.se), d - hypot(a.value - a.lo, n.value - n.lo),
                              d + hypot(a.hi - a.value, n.hi - n.value)};
}

static void hold_laws(struct compare_variant *v, const struct fit_report *b, const struct fit_report *w)
{
    v->base_floor = b->verdict.floor.at;
    v->floor = w->verdict.floor.at;
    v->base_exponent = b->frontier.g;
    v->exponent = w->frontier.g;
    v->base_n_exponent = b->frontier.n_exponent;
    v->n_exponent = w->frontier.n_exponent;
    v->floor_difference = difference(v->floor, v->base_floor);
    v->exponent_difference = difference(v->exponent, v->base_exponent);
    v->n_exponent_difference = difference(v->n_exponent, v->base_n_exponent);
}

/* --- everything ---------------------------------------------------------------------------------------------- */

/* Whether the pairs are runs that both sides have, so that they tell of no difference, and of times what else the machine did. */
static bool are_same_runs(const struct compare_variant *v)
{
    return v->pairs.how != PAIRS_NONE && v->pairs.same_run == v->pairs.n;
}

static enum status of_pairs(struct compare_variant *v, const struct compare_side *base, const struct compare_side *variant,
                            const struct compare_options *o, struct gains_draw *draws, struct err *err)
{
    struct evidence e;
    enum status st = evidence_fill(&e, base, variant, &v->pairs, err);
    if (st == OK)
        st = evidence_p(v->p, &v->p_any_alone, &e, o->sims, o->seed, err);
    if (st == OK) {
        evidence_kinds(v->probability, &v->floor_with_level, &e);
        if (!are_same_runs(v))
            v->smallest_gain_seen = exp(evidence_smallest(&e));
        gains_of_pairs(draws, o->draws, &e, variant->report, o->seed);
        v->sigma = are_same_runs(v) ? 0 : evidence_sigma(&e);
        widen_cells(v, v->pairs.n_clusters > 2 ? v->pairs.n_clusters - 1 : 1);
        st = gains_fill(&v->gains, draws, o->draws, base, variant, err);
        if (are_same_runs(v))
            v->gains.time_smallest = v->gains.time_largest = gains_none().time_largest;
    }
    const struct more_in in = {v->probability, v->p_any_alone, v->gains.largest.value.value, v->smallest_gain_seen};
    if (st == OK)
        st = more_fill(&v->name_kind, &v->see_gain, &in, &e, o->seed, err);
    evidence_free(&e);
    return st;
}

/* The smaller tail of a difference about 0, both sides: by the normal law through its interval, which resamples tell to its
 * 2.5 % tails, and nothing of what lies farther out than SMALLEST. */
#define SMALLEST 1e-6
static double p_of(const struct fit_value *d)
{
    double far = d->value < 0 ? d->hi : d->lo, se = fabs(d->value - far) / STATS_Z95;
    return se > 0 ? fmax(SMALLEST, 2 * stats_normal_cdf(-fabs(d->value) / se)) : 1;
}

/* Grids that do not meet: exponents and floors as the two fits have them, the level by the loss at the largest budget. */
static enum status of_fits(struct compare_variant *v, const struct compare_side *base, const struct compare_side *variant,
                           const struct compare_options *o, struct gains_draw *draws, struct err *err)
{
    gains_of_fits(draws, o->draws, base->report, variant->report, o->seed);
    TRY(gains_fill(&v->gains, draws, o->draws, base, variant, err));
    const struct fit_value *by[CHANGE_N_KINDS] = {&v->gains.loss_difference, &v->exponent_difference, &v->floor_difference};
    double sum = 0;
    v->p_any_alone = 1;
    for (size_t k = 0; k < CHANGE_N_KINDS; k++) {
        double p = p_of(by[k]);
        v->p[k] = isnan(p) ? 1 : p;
        v->p_any_alone = fmin(v->p_any_alone, CHANGE_N_KINDS * v->p[k]);
        sum += v->probability[k] = 1 / v->p[k];
    }
    v->p_any_alone = fmin(1, v->p_any_alone);
    for (size_t k = 0; k < CHANGE_N_KINDS; k++)
        v->probability[k] /= sum;
    return OK;
}

static void say_same_runs(struct compare_variant *v)
{
    const struct pairs *p = &v->pairs;
    if (are_same_runs(v) && p->lone_base + p->lone_variant == 0)
        fit_lines_add(&v->notes, "the two sides are the same runs");
    else if (are_same_runs(v))
        fit_lines_add(&v->notes, "the pairs are the same runs on both sides, which tell of no difference");
    else if (p->how != PAIRS_NONE && p->same_run > 0)
        fit_lines_add(&v->notes, "%zu of %zu pairs are one run on both sides", p->same_run, p->n);
}

/* From the smallest of a side's runs to the largest, in compute, or in x where there is none; false where it is not known. */
static bool range_of(double *lo, double *hi, const struct fit_design *d)
{
    *lo = (double)INFINITY, *hi = 0;
    for (size_t i = 0; i < d->n; i++) {
        *lo = fmin(*lo, d->scale[i]);
        *hi = fmax(*hi, d->scale[i]);
    }
    return *lo > 0 && *hi >= *lo && isfinite(*hi);
}

enum { BUDGET_WORDS = 48 };

/* x stands in the place of compute. */
static bool is_of_x(const struct fit_design *d)
{
    return !d->two && d->x == FIT_X;
}

/* "1.52e10 FLOPs", or x alone. */
static const char *budget_words(char out[BUDGET_WORDS], const struct fit_design *d, double v)
{
    const bool x = is_of_x(d);
    char text[32];
    snprintf(out, BUDGET_WORDS, "%s%s", words_count(text, sizeof text, v, !x), x ? "" : " FLOPs");
    return out;
}

/* Two fits as they are, and where the base's budgets lie beyond the variant's. */
static void say_fits(struct compare_variant *v, const struct compare_side *base, const struct compare_side *variant)
{
    double lo, hi, least, most;
    char text[BUDGET_WORDS];
    if (v->pairs.how != PAIRS_NONE || !range_of(&least, &most, &base->report->kept) || !range_of(&lo, &hi, &variant->report->kept))
        return;
    if (lo > least * LEVELS_MET)
        fit_lines_add(&v->notes, "the runs of %s begin at %s: what is said of less is extrapolated", v->name,
                      budget_words(text, &base->report->kept, lo));
    if (hi * LEVELS_MET < most)
        fit_lines_add(&v->notes, "the runs of %s end at %s: what is said of more is extrapolated", v->name,
                      budget_words(text, &base->report->kept, hi));
}

static void say_pairs(struct compare_variant *v)
{
    const struct pairs *p = &v->pairs;
    static const char *const as[] = {"", ", as sizes differ", ", as budgets differ", ", as sizes and budgets differ"};
    if (p->how == PAIRS_NONE)
        fit_lines_add(&v->notes, "fewer than %d cells of the two grids meet%s: the two fits are compared as they are, which tells "
                      "less than pairs would", PAIRS_MIN_CELLS, as[p->sizes_differ + 2 * p->budgets_differ]);
    if (p->how == PAIRS_RANK)
        fit_lines_add(&v->notes, p->budgets == PAIRS_ORDER
                                     ? "sizes and budgets differ: the k-th of the one stands beside the k-th of the other"
                                     : "sizes differ: the k-th size of the one stands beside the k-th of the other");
    if (p->how != PAIRS_NONE && p->budgets == PAIRS_FLOPS)
        fit_lines_add(&v->notes, "budgets differ in tokens: those of one compute stand beside each other");
    if (p->how != PAIRS_NONE && p->same_seed < p->n)
        fit_lines_add(&v->notes, "%zu of %zu pairs are of unlike seeds, so that noise counts twice", p->n - p->same_seed, p->n);
    if (p->how != PAIRS_NONE && p->lone_base + p->lone_variant > 0)
        fit_lines_add(&v->notes, "%zu run%s of the base and %zu of the variant have no partner (missing, diverged or beyond the "
                      "other's grid) and are left out", p->lone_base, p->lone_base == 1 ? "" : "s", p->lone_variant);
    if (v->n_off > 0)
        fit_lines_add(&v->notes, "%zu run%s that no law follows %s left out", v->n_off, v->n_off == 1 ? "" : "s",
                      v->n_off == 1 ? "is" : "are");
}

/* Of grids that have no compute in common two laws could be held beside each other far from the runs of either alone. */
static void find_ranges_apart(struct compare_variant *v, const struct compare_side *base, const struct compare_side *variant)
{
    const struct fit_design *b = &base->report->kept, *w = &variant->report->kept;
    const bool x = is_of_x(b);
    const char *unit = x ? "" : " FLOPs";
    double b_lo, b_hi, w_lo, w_hi;
    char text[4][32];
    if (!range_of(&b_lo, &b_hi, b) || !range_of(&w_lo, &w_hi, w) || (b_lo <= w_hi * LEVELS_MET && w_lo <= b_hi * LEVELS_MET))
        return;
    snprintf(v->why_not, sizeof v->why_not, "the ranges of %.60s do not overlap: %.60s has %s to %s%s, %.60s %s to %s%s",
             x ? b->x_name : "compute", base->name, words_count(text[0], 32, b_lo, !x), words_count(text[1], 32, b_hi, !x), unit,
             variant->name, words_count(text[2], 32, w_lo, !x), words_count(text[3], 32, w_hi, !x), unit);
}

/* Why the two cannot be held beside each other at all; "" where they can. */
static void find_why_not(struct compare_variant *v, const struct compare_side *base, const struct compare_side *variant)
{
    const struct fit_report *b = base->report, *w = variant->report;
    const char *ub = base->table->loss_unit, *uw = variant->table->loss_unit;
    if (!b->frontier.holds || !w->frontier.holds)
        snprintf(v->why_not, sizeof v->why_not, "%.100s: %.255s", b->frontier.holds ? variant->name : base->name,
                 (b->frontier.holds ? w : b)->nothing);
    else if (b->design.two != w->design.two || b->design.x != w->design.x)
        snprintf(v->why_not, sizeof v->why_not, "laws of %s beside laws of %s", b->design.two ? "size and data" : b->design.x_name,
                 w->design.two ? "size and data" : w->design.x_name);
    else if (ub[0] != '\0' && uw[0] != '\0' && strcmp(ub, uw) != 0)
        snprintf(v->why_not, sizeof v->why_not, "losses in %s beside losses in %s", ub, uw);
    else
        find_ranges_apart(v, base, variant);
}

static void forget(struct compare_variant *v, const char *name)
{
    const double none = (double)NAN;
    *v = (struct compare_variant){.name = name, .changed = COMPARE_OPEN, .p_any = 1, .p_any_alone = 1, .gains = gains_none(),
                                  .smallest_gain_seen = none, .sigma = none, .seeds_factor = none, .budgets_more = none,
                                  .floor_with_level = none};
    for (size_t k = 0; k < CHANGE_N_KINDS; k++)
        v->p[k] = 1;
}

static void hold_costs(struct compare_variant *v, const struct compare_side *base, const struct compare_side *variant)
{
    v->base_costs = base->costs;
    v->costs = variant->costs;
    v->base_costs.memory = v->base_costs.teacher = v->costs.memory = v->costs.teacher = NULL;
}

void compare_refuse(struct compare_variant *v, const char *name, const char *why)
{
    forget(v, name);
    snprintf(v->why_not, sizeof v->why_not, "%s", why);
}

enum status compare_fill(struct compare_variant *v, const struct compare_side *base, const struct compare_side *variant,
                         const struct compare_options *o, struct err *err)
{
    struct gains_draw *draws = NULL;
    forget(v, variant->name);
    hold_costs(v, base, variant);
    find_why_not(v, base, variant);
    if (v->why_not[0] != '\0')
        return OK;
    hold_laws(v, base->report, variant->report);
    TRY(pairs_make(&v->pairs, &base->report->kept, base->table->col[FIT_SEED], &variant->report->kept,
                   variant->table->col[FIT_SEED], err));
    v->n_off = base->report->design.n - base->report->kept.n + variant->report->design.n - variant->report->kept.n;
    TRY(fill_cells(v, base, variant, err));
    TRY(size_calloc(&draws, o->draws, sizeof *draws, "gains", err));
    enum status st = v->pairs.how == PAIRS_NONE ? of_fits(v, base, variant, o, draws, err)
                                                : of_pairs(v, base, variant, o, draws, err);
    free(draws);
    say_same_runs(v);
    say_pairs(v);
    say_fits(v, base, variant);
    compare_correct(v, 1);
    return st == OK ? fit_lines_check(&v->notes, err) : st;
}

/* --- what the sides differ in ------------------------------------------------------------------------------------- */

void compare_tell_differs(struct compare_variant *v, struct differs_key *items, size_t n)
{
    v->differs = (struct differs){true, items, n};
    if (n > 1)
        fit_lines_add(&v->notes, "the sides differ in %zu keys: what is seen is of all of them together", n);
}

void compare_free(struct compare_variant *v)
{
    pairs_free(&v->pairs);
    differs_free(&v->differs);
    free(v->cells);
    fit_lines_free(&v->notes);
    *v = (struct compare_variant){.name = NULL};
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

/* A change is called by its kind where that is so much more likely than the others. */
#define LIKELY 0.8
#define LEVEL_OF_TEST 0.05

static enum compare_answer answer_of(const struct compare_variant *v)
{
    size_t best = 0;
    if (v->why_not[0] != '\0')
        return COMPARE_OPEN;
    if (!(v->p_any < LEVEL_OF_TEST))
        return COMPARE_NOTHING;
    for (size_t k = 1; k < CHANGE_N_KINDS; k++)
        if (v->probability[k] > v->probability[best])
            best = k;
    return v->probability[best] >= LIKELY ? (enum compare_answer)best : COMPARE_OPEN;
}

/* Seeds, as a multiple of those there are, with which the smallest gain that can be seen is the one found here; or with
 * which a change that is seen can be called by its kind. */
static double seeds_of(const struct compare_variant *v)
{
    double found = fabs(log(v->gains.largest.value.value)), seen = log(v->smallest_gain_seen);
    if (v->changed == COMPARE_OPEN && v->name_kind.seeds > 0)
        return v->name_kind.seeds;
    return v->changed == COMPARE_NOTHING && found > 0 && seen > found ? pow(seen / found, 2) : (double)NAN;
}

static double budgets_of(const struct compare_variant *v)
{
    const struct compare_more *m = v->changed == COMPARE_OPEN ? &v->name_kind : &v->see_gain;
    return (v->changed == COMPARE_OPEN || v->changed == COMPARE_NOTHING) && m->budgets > 0 ? m->budgets : (double)NAN;
}

void compare_correct(struct compare_variant *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i].p_any = 0;
    double so_far = 0;
    for (size_t k = 0; k < n; k++) { /* the smallest that is left, times how many are left */
        size_t least = n;
        for (size_t i = 0; i < n; i++)
            if (v[i].p_any == 0 && (least == n || v[i].p_any_alone < v[least].p_any_alone))
                least = i;
        so_far = fmax(so_far, fmin(1, (double)(n - k) * v[least].p_any_alone));
        v[least].p_any = so_far;
    }
    for (size_t i = 0; i < n; i++) {
        v[i].changed = answer_of(&v[i]);
        v[i].seeds_factor = seeds_of(&v[i]);
        v[i].budgets_more = budgets_of(&v[i]);
    }
}
