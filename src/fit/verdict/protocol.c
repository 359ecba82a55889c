#include "fit/verdict/protocol.h"

#include <math.h>
#include <stdio.h>

#include "fit/levels.h"
#include "fit/verdict/words.h"

/* Where the noise is not known, losses that differ by less than 0.5 % are one. */
#define SAME_LOSS 5e-3
/* Rows are compared with rows, cell by cell, where not more than so many are there. */
enum { COMPARED_MAX = 500 };

static bool comparable(const struct protocol_in *in)
{
    return in->n > 0 && in->n <= COMPARED_MAX && isfinite(in->loss[0]);
}

static bool same(double a, double b)
{
    return fabs(a - b) <= LEVELS_WRITTEN * fabs(b);
}

static bool same_cell(const struct protocol_in *in, size_t i, size_t j)
{
    return same(in->params[i], in->params[j]) && same(in->tokens[i], in->tokens[j]);
}

/* The first row with this row's value. */
static bool is_first(const double *x, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (same(x[j], x[i]))
            return false;
    return true;
}

/* Distinct values, and their range; 0 where a row has none. */
static size_t values_of(double *lo, double *hi, const double *x, size_t n)
{
    size_t distinct = 0;
    *lo = (double)INFINITY, *hi = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > 0))
            return 0;
        *lo = fmin(*lo, x[i]), *hi = fmax(*hi, x[i]);
        distinct += distinct < 2 ? is_first(x, i) : 0;
    }
    return distinct;
}

static double least_difference(const struct protocol_in *in, double loss)
{
    return in->noise > 0 ? 2 * in->noise : SAME_LOSS * loss;
}

/* --- a run too short ----------------------------------------------------------------------------------- */

enum { FEW_STEPS = 100 };

static bool budgets_too_small(struct protocol_said *s, const struct protocol_in *in)
{
    size_t few = 0, shortest = 0, warm = 0;
    char cool[48] = "", warmup[48] = "";
    for (size_t i = 0; i < in->n; i++) {
        few += in->tokens[i] < FEW_STEPS * in->batch[i];
        warm += in->warmup[i] > in->tokens[i] / 2;
        if (in->tokens[i] / in->batch[i] < in->tokens[shortest] / in->batch[shortest])
            shortest = i;
    }
    double steps = in->tokens[shortest] / in->batch[shortest];
    if (in->warmup[shortest] > 0)
        snprintf(warmup, sizeof warmup, ", %.0f of them warm-up", in->warmup[shortest] / in->batch[shortest]);
    if (in->cooldown > 0)
        snprintf(cool, sizeof cool, "%s %.0f cooldown", warmup[0] ? " and" : ", of them", in->cooldown * steps);
    if (few > 0)
        snprintf(s->text, sizeof s->text,
                 "%zu run%s fewer than %d steps (the shortest %.0f%s%s): give them more tokens or smaller batches", few,
                 few == 1 ? " has" : "s have", FEW_STEPS, steps, warmup, cool);
    else if (warm > 0)
        snprintf(s->text, sizeof s->text, "%zu run%s for more than half of %s tokens: give them more, or less of that", warm,
                 warm == 1 ? " warms up" : "s warm up", warm == 1 ? "its" : "their");
    s->measured = true; /* steps are counted */
    return few + warm > 0;
}

/* --- one ratio of data to size ------------------------------------------------------------------------- */

static bool one_ratio(struct protocol_said *s, const struct protocol_in *in)
{
    double lo = (double)INFINITY, hi = 0, least, most;
    for (size_t i = 0; i < in->n; i++)
        lo = fmin(lo, in->tokens[i] / in->params[i]), hi = fmax(hi, in->tokens[i] / in->params[i]);
    if (!(hi < lo * 1.3) || values_of(&least, &most, in->params, in->n) < 2)
        return false;
    snprintf(s->text, sizeof s->text,
             "all runs have one ratio of tokens to parameters, %.3g: size and data cannot be told apart; vary it", sqrt(lo * hi));
    s->measured = true;
    return true;
}

/* --- an optimum at the grid's edge --------------------------------------------------------------------- */

/* What is best lay between 5 and 200 tokens a parameter in every sweep seen so far. */
static bool at_the_edge(struct protocol_said *s, const struct protocol_in *in)
{
    s->measured = in->minima > 0;
    if (in->at_edge > 0)
        snprintf(s->text, sizeof s->text,
                 "%zu of %zu IsoFLOP minima lie at the edge of the sampled sizes: sample further out before trusting N*",
                 in->at_edge, in->minima);
    for (size_t i = 0; i < in->n_budgets && in->minima == 0; i++) {
        double lo = in->ratio_lo[i], hi = in->ratio_hi[i];
        if (!(hi < 20 || lo > 50))
            continue;
        snprintf(s->text, sizeof s->text,
                 "at %.3g flops the sizes get %.0f to %.0f tokens a parameter: the best size is likely %s than all of them",
                 in->budget[i], lo, hi, hi < 20 ? "smaller" : "larger");
        return true;
    }
    return in->at_edge > 0;
}

/* --- rate and batch, where several were tried ---------------------------------------------------------- */

/* The lowest loss of the runs of a cell with that value of the knob; INFINITY where there is none. */
static double loss_with(const struct protocol_in *in, const double *knob, size_t cell, double value)
{
    double least = (double)INFINITY;
    for (size_t i = 0; i < in->n; i++)
        if (same_cell(in, i, cell) && same(knob[i], value))
            least = fmin(least, in->loss[i]);
    return least;
}

/* What a cell says of a knob: how many values were tried there, which is best, and whether it is the last in a row. */
struct tried {
    size_t n;
    double best, loss;
    bool edge;
};

static struct tried try_cell(const struct protocol_in *in, const double *knob, size_t cell)
{
    struct tried t = {.loss = (double)INFINITY};
    double lo = (double)INFINITY, hi = 0;
    for (size_t i = 0; i < in->n; i++) {
        bool new = same_cell(in, i, cell);
        for (size_t j = 0; j < i && new; j++)
            new = !(same_cell(in, j, cell) && same(knob[j], knob[i]));
        t.n += new;
        if (!same_cell(in, i, cell))
            continue;
        lo = fmin(lo, knob[i]), hi = fmax(hi, knob[i]);
        if (in->loss[i] < t.loss)
            t.loss = in->loss[i], t.best = knob[i];
    }
    t.edge = t.n > 1 && (same(t.best, lo) || same(t.best, hi));
    return t;
}

static bool is_first_of_cell(const struct protocol_in *in, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (same_cell(in, i, j))
            return false;
    return true;
}

/* What one value costs: its largest loss above the best of a cell, over the cells where several were tried. */
static double cost_of(double *sum, const struct protocol_in *in, const double *knob, double value)
{
    double most = 0;
    *sum = 0;
    for (size_t i = 0; i < in->n; i++) {
        struct tried t = is_first_of_cell(in, i) ? try_cell(in, knob, i) : (struct tried){0};
        if (t.n < 2)
            continue;
        double cost = loss_with(in, knob, i, value) - t.loss;
        most = fmax(most, cost), *sum += cost;
    }
    return most;
}

/* The cells with the smallest and the largest best value. */
struct spread {
    size_t cells, edges, lo, hi; /* lo, hi: rows */
    double best_lo, best_hi, loss;
};

static struct spread spread_of(const struct protocol_in *in, const double *knob)
{
    struct spread s = {.best_lo = (double)INFINITY};
    for (size_t i = 0; i < in->n; i++) {
        struct tried t = is_first_of_cell(in, i) ? try_cell(in, knob, i) : (struct tried){0};
        if (t.n < 2)
            continue;
        s.cells++;
        s.edges += t.edge;
        s.loss = t.loss;
        if (t.best < s.best_lo)
            s.best_lo = t.best, s.lo = i;
        if (t.best > s.best_hi)
            s.best_hi = t.best, s.hi = i;
    }
    return s;
}

static bool several_tried(struct protocol_said *s, const struct protocol_in *in, const double *knob, const char *what)
{
    const struct spread p = spread_of(in, knob);
    double least = (double)INFINITY, one = 0, most = 0, sum;
    char n[2][32], d[2][32], edges[120] = "", where[220];
    if (p.cells == 0)
        return false;
    for (size_t i = 0; i < in->n; i++) {
        double cost = is_first(knob, i) ? cost_of(&sum, in, knob, knob[i]) : (double)INFINITY;
        if (isfinite(cost) && sum < least)
            least = sum, one = knob[i], most = cost;
    }
    if (!(most > least_difference(in, p.loss)) && p.edges == 0)
        return false;
    for (int k = 0; k < 2; k++) {
        words_count(n[k], sizeof n[k], in->params[k ? p.hi : p.lo], false);
        words_count(d[k], sizeof d[k], in->tokens[k ? p.hi : p.lo], false);
    }
    snprintf(where, sizeof where, "%.4g at N = %s, D = %s", p.best_lo, n[0], d[0]);
    if (!same(p.best_lo, p.best_hi))
        snprintf(where, sizeof where, "%.4g at N = %s, D = %s and %.4g at N = %s, D = %s", p.best_lo, n[0], d[0], p.best_hi,
                 n[1], d[1]);
    if (p.edges)
        snprintf(edges, sizeof edges, "; in %zu of %zu cells it is the last of those tried: try further out", p.edges, p.cells);
    int at = snprintf(s->text, sizeof s->text, "the best %s is %s", what, where);
    if (one > 0)
        at += snprintf(s->text + at, sizeof s->text - (size_t)at, "; %.4g for all costs up to %.2g of loss", one, most);
    snprintf(s->text + at, sizeof s->text - (size_t)at, "%s", edges);
    s->measured = true;
    return true;
}

/* --- one rate for all ---------------------------------------------------------------------------------- */

/* Mean loss of a size at a budget, over its seeds. */
static double mean_of_cell(const struct protocol_in *in, size_t cell)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < in->n; i++)
        if (same_cell(in, i, cell))
            sum += in->loss[i], n++;
    return sum / n;
}

/* With as many tokens a larger model is no worse, if its training is: at the largest number of tokens that three sizes
 * have, a loss that rises again is the rate's. */
static bool rises_with_size(struct protocol_said *s, const struct protocol_in *in, double lr)
{
    double tokens = 0;
    size_t best = in->n, largest = 0;
    for (size_t i = 0; i < in->n; i++) {
        size_t sizes = 0;
        for (size_t j = 0; j < in->n; j++)
            sizes += same(in->tokens[j], in->tokens[i]) && is_first_of_cell(in, j);
        if (sizes >= 3)
            tokens = fmax(tokens, in->tokens[i]);
    }
    for (size_t i = 0; i < in->n && tokens > 0; i++) {
        if (!same(in->tokens[i], tokens))
            continue;
        if (best == in->n || mean_of_cell(in, i) < mean_of_cell(in, best))
            best = i;
        if (!same(in->tokens[largest], tokens) || in->params[i] > in->params[largest])
            largest = i;
    }
    if (best == in->n || !(in->params[largest] > in->params[best]))
        return false;
    double low = mean_of_cell(in, best), high = mean_of_cell(in, largest);
    char n[2][32], d[32];
    if (!(high > low + least_difference(in, low)))
        return false;
    snprintf(s->text, sizeof s->text,
             "at D = %s the loss rises with size, from %.4g at N = %s to %.4g at N = %s: large sizes are undertrained with the "
             "rate %.4g of all", words_count(d, sizeof d, tokens, false), low,
             words_count(n[0], sizeof n[0], in->params[best], false), high,
             words_count(n[1], sizeof n[1], in->params[largest], false), lr);
    return s->measured = true;
}

static bool one_rate(struct protocol_said *s, const struct protocol_in *in)
{
    double lo, hi, least, most;
    size_t rates = values_of(&lo, &hi, in->lr, in->n);
    if (rates > 1 && comparable(in))
        return several_tried(s, in, in->lr, "rate");
    if (rates != 1 || values_of(&least, &most, in->params, in->n) < 2)
        return false;
    if (comparable(in) && rises_with_size(s, in, lo))
        return true;
    snprintf(s->text, sizeof s->text,
             "one rate, %.4g, for all sizes and budgets: a wrong one moves the exponents; vary train.lr, or make it auto", lo);
    return true;
}

/* --- the batch ----------------------------------------------------------------------------------------- */

/* So many steps of the smallest budget were too few (docs/protocol.md). */
enum { STEPS_WANTED = 1000 };

static bool large_batch(struct protocol_said *s, const struct protocol_in *in)
{
    double lo, hi, steps = (double)INFINITY;
    size_t batches = values_of(&lo, &hi, in->batch, in->n);
    if (batches > 1 && comparable(in))
        return several_tried(s, in, in->batch, "batch");
    if (batches != 1)
        return false;
    for (size_t i = 0; i < in->n; i++)
        steps = fmin(steps, in->tokens[i] / in->batch[i]);
    if (!(steps < STEPS_WANTED))
        return false;
    snprintf(s->text, sizeof s->text,
             "a batch of %.0f tokens makes %.0f steps of the smallest budget, which may be above its critical batch; vary "
             "train.batch_tokens", lo, steps);
    return true;
}

/* --- the warm-up --------------------------------------------------------------------------------------- */

#define LARGE_WARMUP 0.1

static bool long_warmup(struct protocol_said *s, const struct protocol_in *in)
{
    double lo = (double)INFINITY, hi = 0;
    size_t cut = 0;
    char text[32], too_small[160] = "";
    for (size_t i = 0; i < in->n; i++) {
        double share = in->warmup[i] / in->tokens[i];
        lo = fmin(lo, share), hi = fmax(hi, share);
        cut += in->tokens[i] < 5 * in->params[i] && in->warmup[i] <= in->tokens[i] / 5;
    }
    if (!(hi >= LARGE_WARMUP))
        return false;
    if (cut)
        snprintf(too_small, sizeof too_small, "; %zu run%s below five tokens a parameter, too few for one of a token each", cut,
                 cut == 1 ? " is" : "s are");
    if (hi < lo * 1.05)
        snprintf(text, sizeof text, "%.0f %% of every run", 100 * hi);
    else
        snprintf(text, sizeof text, "%.2g to %.2g %% of a run", 100 * lo, 100 * hi);
    snprintf(s->text, sizeof s->text, "the warm-up takes %s%s", text, too_small);
    return true;
}

/* --- instruction sets ---------------------------------------------------------------------------------- */

/* Products round differently on each: a run has other last digits, as if by another order of its data, and no other law. */
static bool several_isas(struct protocol_said *s, const struct protocol_in *in)
{
    if (in->isas < 2)
        return false;
    snprintf(s->text, sizeof s->text,
             "runs were trained with %zu instruction sets (%s), whose rounding differs: losses are not comparable to the last "
             "digits; --isa pins one", in->isas, in->isa_runs);
    return s->measured = true; /* they are counted */
}

/* --- all ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*say)(struct protocol_said *s, const struct protocol_in *in);
} rules[PROTOCOL_RULES] = {
    {"budget", budgets_too_small}, {"ratio", one_ratio},    {"edge", at_the_edge},
    {"rate", one_rate},            {"batch", large_batch},  {"warmup", long_warmup},
    {"isa", several_isas},
};

size_t protocol_say(struct protocol_said out[PROTOCOL_RULES], const struct protocol_in *in)
{
    size_t n = 0;
    for (size_t i = 0; i < PROTOCOL_RULES && in->n > 0; i++) {
        out[n] = (struct protocol_said){.name = rules[i].name};
        n += rules[i].say(&out[n], in);
    }
    return n;
}
