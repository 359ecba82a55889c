#include "fit/verdict/returns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/noise.h"
#include "fit/verdict/words.h"

typedef double frontier_fn(const struct frontier_curve *, double);

static double halving(const struct frontier_curve *f, double unused)
{
    (void)unused;
    return 1 / f->g;
}

/* A value of the frontier over its draws; of losses, which span no decades, as they are. */
static struct fit_value over_frontier(const struct fit_frontier *fr, frontier_fn *fn, double arg, bool decades, bool far)
{
    for (size_t b = 0; b < fr->n_boot; b++)
        fr->draws[b] = fn(&fr->curves[b + 1], arg);
    return frontier_spread(fr, fn(&fr->curves[0], arg), decades, far);
}

/* Where returns sink under `sigma`; noise known from few repeated runs is itself drawn anew. */
static struct fit_value flattening(const struct returns_in *in, double sigma, bool known)
{
    const struct fit_frontier *fr = in->frontier;
    for (size_t b = 0; b < fr->n_boot; b++) {
        struct rng rng = rng_make(in->seed, RNG_BOOTSTRAP, 3001, b);
        fr->draws[b] = frontier_flatten(&fr->curves[b + 1], known ? noise_draw(in->noise, &rng) : sigma);
    }
    return frontier_spread(fr, frontier_flatten(&fr->curves[0], sigma), true, true);
}

/* The gain over the noise, both drawn anew: each draw of one against a draw of the other. */
static struct fit_value over_noise(const struct returns_in *in, double flops)
{
    const double none = (double)NAN;
    const struct fit_frontier *fr = in->frontier;
    const struct fit_noise *noise = in->noise;
    if (!(noise->sigma > 0))
        return (struct fit_value){none, none, none, none};
    for (size_t b = 0; b < fr->n_boot; b++) {
        struct rng rng = rng_make(in->seed, RNG_BOOTSTRAP, 3001, b);
        fr->draws[b] = frontier_gain(&fr->curves[b + 1], flops) / noise_draw(noise, &rng);
    }
    struct fit_value v = frontier_spread(fr, frontier_gain(&fr->curves[0], flops) / noise->sigma, true, false);
    if (!isfinite(noise->lo) || !isfinite(noise->hi))
        v.se = v.lo = v.hi = none;
    return v;
}

bool returns_gain_known(const struct fit_returns *r)
{
    char digits[40];
    words_value(digits, sizeof digits, r->gain.value, r->gain.lo, r->gain.hi, 3);
    return isfinite(r->gain.value) && strtod(digits, NULL) != 0;
}

enum returns_stand returns_stand(const struct fit_returns *r)
{
    if (r->times.hi < 1 && !(r->flatten.hi > r->largest))
        return RETURNS_SUNK;
    return r->times.lo > 1 && !(r->flatten.lo <= r->largest) ? RETURNS_ABOVE : RETURNS_OPEN;
}

/* One part of the noise; a spread that may be none has no lower end. */
static void say_part(char *out, size_t size, struct fit_value v, const char *unit)
{
    char iv[100] = "";
    if (v.lo > 0)
        words_interval(iv, sizeof iv, v.lo, v.hi, 2);
    else if (isfinite(v.hi))
        snprintf(iv, sizeof iv, " (95 %% interval 0 to %.2g)", v.hi);
    snprintf(out, size, "%.2g%s%s", v.value, unit, iv);
}

/* What the noise comes of, or what would tell. */
static void say_split(char *out, size_t size, const struct noise_split *split, const char *unit)
{
    char init[200], order[200], rest[200];
    if (split->cells == 0) {
        snprintf(out, size, " Crossing train.seed with train.order_seed would tell initial weights from the order of data.");
        return;
    }
    say_part(init, sizeof init, split->init, unit);
    say_part(order, sizeof order, split->order, unit);
    say_part(rest, sizeof rest, split->rest, unit);
    snprintf(out, size, " Initial weights move it by %s, the order of data by %s, what is left by %s.", init, order, rest);
}

void returns_say_noise(struct fit_lines *lines, const struct fit_noise *noise, const char *unit, bool withheld)
{
    char iv[100], most[200] = "", split[700], shared[120] = "";
    if (noise->sigma > 0) {
        say_split(split, sizeof split, &noise->split, unit);
        if (noise->heldout_se > 0)
            snprintf(shared, sizeof shared, " All runs share the held-out set's error, %.2g%s.", noise->heldout_se, unit);
        fit_lines_add(lines, "Noise: at the largest budget one run's loss moves by %.2g%s%s, from %s.%s%s",
                      noise->sigma, unit, words_interval(iv, sizeof iv, noise->lo, noise->hi, 2), noise->from, split,
                      shared);
        return;
    }
    if (noise->scatter > 0 && !withheld)
        snprintf(most, sizeof most, " It is at most the scatter of the runs about the law, %.2g%s, which holds what "
                                    "the law gets wrong as well.", noise->scatter, unit);
    fit_lines_add(lines, "Noise: unknown, for no run was repeated with another seed: repeat a corner of the "
                                     "grid, best the largest run, with another one.%s", most);
}

/* No place below the smallest run is one where anything was seen to flatten, and none that is no number. */
static bool is_place(const struct fit_returns *v, double at)
{
    double least = v->smallest;
    return isfinite(at) && at > 0 && !(at < least);
}

#define FARTHEST WORDS_WIDEST

/* The noise is known: on which side of the largest runs the place lies, if the interval tells. */
static void say_flattening(struct fit_lines *lines, const struct fit_returns *v, const char *x, bool compute)
{
    char at[32], iv[128], where[200];
    double largest = v->largest;
    bool here = !(v->flatten.value > largest), known = !isnan(v->flatten.lo);
    bool sure = here ? v->flatten.hi <= largest : v->flatten.lo > largest;
    const char *what = known && !sure ? "whether the runs here reach that point is open"
                       : here         ? "the largest runs here are past it, so a single seed no longer shows a gain"
                                      : "beyond the runs here, so this is an extrapolation";
    words_count_interval(iv, sizeof iv, v->flatten.lo, v->flatten.hi, compute);
    if (is_place(v, v->flatten.value) && !(v->flatten.value > FARTHEST * largest))
        snprintf(where, sizeof where, "beyond %s = %s%s%s", x,
                 words_count(at, sizeof at, v->flatten.value, compute), compute ? " FLOPs" : "", iv);
    else if (v->flatten.value > largest)
        snprintf(where, sizeof where, "nowhere within six decades beyond the largest runs");
    else
        snprintf(where, sizeof where, "at every budget here, so that no place can be named where that starts");
    fit_lines_add(lines, "Flattening: by the law a doubling gains less than that noise %s: %s.", where, what);
}

/* It is not, but cannot exceed the scatter: a bound. */
static void say_earliest(struct fit_lines *lines, const struct fit_returns *v, const char *x, bool compute)
{
    char at[32];
    if (v->flatten.value > FARTHEST * v->largest)
        fit_lines_add(lines, "Flattening: not in these runs, nor within six decades beyond them: a doubling gains "
                                 "more than even that scatter. An extrapolation.");
    else
        fit_lines_add(lines, "Flattening: not in these runs: a doubling gains more than even that scatter up to %s "
                                 "= %s%s. Beyond the runs here, so this is an extrapolation.",
                      x, words_count(at, sizeof at, v->flatten.value, compute), compute ? " FLOPs" : "");
}

static void judge_flattening(struct fit_returns *v, struct fit_lines *lines, const struct returns_in *in, bool compute)
{
    const struct fit_noise *noise = in->noise;
    const double none = (double)NAN;
    bool known = noise->sigma > 0;
    if (!known && !(noise->scatter > 0))
        return;
    v->flatten = flattening(in, known ? noise->sigma : noise->scatter, known);
    if (isfinite(v->flatten.lo) && !words_quotable(v->flatten.lo, v->flatten.hi)) {
        v->flatten = (struct fit_value){none, none, none, none};
        fit_lines_add(lines, "Flattening: where a doubling gains less than %s is not settled: the runs allow places more "
                                 "than six decades apart.", known ? "that noise" : "even that scatter");
        return;
    }
    if (known) {
        say_flattening(lines, v, in->frontier->x, compute);
    } else if (v->flatten.value > v->largest) {
        v->flatten_at_least = true;
        say_earliest(lines, v, in->frontier->x, compute);
    } else {
        fit_lines_add(lines, "Flattening: cannot be told: the next doubling gains less than the runs scatter about "
                                 "the law, and how much of that is noise is unknown.");
    }
    if (!is_place(v, v->flatten.value) || (!known && !v->flatten_at_least))
        v->flatten = (struct fit_value){none, none, none, none};
}

/* How fast an excess falls hangs on the floor that it is an excess over. */
static void say_halving(struct fit_lines *lines, struct fit_returns *v, const struct fit_floor *floor)
{
    const double none = (double)NAN;
    char iv[128], value[40];
    if (!isfinite(v->halving.value))
        return;
    if (isfinite(floor->at.hi) && !isfinite(floor->at.lo)) {
        v->halving = (struct fit_value){none, none, none, none};
        fit_lines_add(lines, "How many doublings halve the excess over the floor is not settled, for the floor is not. A "
                                 "straight line on log axes is the same law: shrinking gains alone are no wall.");
        return;
    }
    fit_lines_add(lines, "The excess over the floor halves every %s doublings%s. A straight line on log axes is the "
                             "same law: shrinking gains alone are no wall.",
                  words_value(value, sizeof value, v->halving.value, v->halving.lo, v->halving.hi, 3),
                  words_interval(iv, sizeof iv, v->halving.lo, v->halving.hi, 3));
}

static void say_gain(struct fit_lines *lines, const struct fit_returns *v, const struct returns_in *in, bool compute)
{
    const struct fit_frontier *fr = in->frontier;
    char c[32], iv[128], value[40];
    words_count(c, sizeof c, v->largest, compute);
    if (returns_gain_known(v))
        fit_lines_add(lines, "Returns (%s): at %s = %s%s, the largest budget here, the next doubling gains %s%s%s.", fr->of, fr->x,
                      c, compute ? " FLOPs" : "", words_value(value, sizeof value, v->gain.value, v->gain.lo, v->gain.hi, 3),
                      in->unit,
                      words_interval(iv, sizeof iv, v->gain.lo, v->gain.hi, 4));
    else if (isfinite(v->gain.value))
        fit_lines_add(lines, "Returns (%s): at %s = %s%s, the largest budget here, what the next doubling gains is not known: at "
                             "most %s%s (95 %%).", fr->of, fr->x, c, compute ? " FLOPs" : "",
                      words_value(value, sizeof value, v->gain.hi, v->gain.lo, v->gain.hi, 3), in->unit);
}

void returns_none(struct fit_returns *out, double smallest, double largest)
{
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    *out = (struct fit_returns){smallest, largest, .loss = unknown, .gain = unknown, .times = unknown, .halving = unknown,
                                .flatten = unknown};
}

void returns_judge(struct fit_returns *v, struct fit_lines *lines, const struct returns_in *in)
{
    const struct fit_frontier *fr = in->frontier;
    bool compute = strcmp(fr->x, "C") == 0;
    v->loss = over_frontier(fr, frontier_loss, v->largest, false, false);
    v->gain = over_frontier(fr, frontier_gain, v->largest, true, false);
    v->times = over_noise(in, v->largest);
    v->halving = over_frontier(fr, halving, 0, true, true);
    say_gain(lines, v, in, compute);
    say_halving(lines, v, in->floor);
    returns_say_noise(lines, in->noise, in->unit, false);
    judge_flattening(v, lines, in, compute);
}
