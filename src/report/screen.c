#include "report/screen.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/names.h"

struct writer {
    struct screen *s;
    const struct fit_report *r;
    const struct fit_verdict *v;
    const struct fit_law *f;
    char unit[24]; /* " nats" */
    bool compute;  /* the frontier is a function of it */
};

/* A number with its interval, from the row of its name. */
struct told {
    char value[NUMBER_MAX], interval[64], most[NUMBER_MAX]; /* most: the upper end alone */
};

static struct told tell(enum name name, struct fit_value v)
{
    struct told t;
    enum number_form form = name_row(name)->form;
    number_say(t.value, sizeof t.value, form, v.value, &v, true);
    number_interval(t.interval, sizeof t.interval, form, &v, true);
    number_say(t.most, sizeof t.most, form, v.hi, &v, true);
    return t;
}

void screen_add(struct screen *s, const char *label, const char *fmt, ...)
{
    va_list args;
    if (s->n == SCREEN_ROWS)
        return;
    struct screen_row *row = &s->rows[s->n++];
    row->label = label;
    va_start(args, fmt);
    vsnprintf(row->text, sizeof row->text, fmt, args);
    va_end(args);
}

/* More at the end of the last row. */
PRINTF_LIKE(2, 3)
static void more(struct writer *w, const char *fmt, ...)
{
    char *text = w->s->rows[w->s->n - 1].text;
    size_t at = strlen(text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + at, SCREEN_TEXT - at, fmt, args);
    va_end(args);
}

static const char *of_compute(const struct writer *w)
{
    return w->compute ? "compute" : w->r->frontier.x;
}

/* --- the answer ------------------------------------------------------------------------------- */

/* The gain against the noise of one run, as far as the intervals carry that. */
static void answer_noise(struct writer *w)
{
    const struct fit_value *times = &w->v->returns.times;
    const enum returns_stand stand = returns_stand(&w->v->returns);
    char value[NUMBER_MAX];
    number_bare(value, sizeof value, NUMBER_PLAIN, times->value, 2, true);
    if (!isfinite(times->value))
        more(w, ".");
    else if (stand == RETURNS_OPEN)
        more(w, "; the seed may move one run by more%s.", isfinite(times->lo) ? "" : " (too few repeats for an interval)");
    else
        more(w, ", %s %s what the seed moves one run by.", value, stand == RETURNS_SUNK ? "of" : "times");
}

static void answer_gain(struct writer *w)
{
    struct told gain = tell(NAME_GAIN, w->v->returns.gain);
    if (!isfinite(w->v->returns.gain.value))
        return;
    if (!returns_gain_known(&w->v->returns)) {
        more(w, " What the next doubling of %s gains is not known: at most %s%s (95 %%).", of_compute(w), gain.most, w->unit);
        return;
    }
    more(w, " The next doubling of %s gains %s%s%s", of_compute(w), gain.value, w->unit, gain.interval);
    answer_noise(w);
}

static void say_power(struct writer *w)
{
    const struct fit_verdict *v = w->v;
    const enum breaks_stand stand = breaks_stand(&v->brk);
    bool slower = stand == BREAKS_OPEN && v->brk.change.value < 0;
    struct told floor = tell(NAME_FLOOR, v->floor.at);
    if (stand == BREAKS_UNTESTED)
        screen_add(w->s, "Answer", "Whether there is a wall was not tested (%s)", breaks_untested(&v->brk));
    else
        screen_add(w->s, "Answer", "%s%s", slower ? "Whether there is a wall is open" : "No wall is seen",
                   v->floor.supported ? "" : slower ? ", and no floor is seen" : ", and no floor");
    if (v->floor.supported)
        more(w, ": what is left above a floor near %s%s", floor.value, w->unit);
    else
        more(w, ": the loss");
    more(w, " falls as a power of %s", of_compute(w));
    more(w, stand != BREAKS_OPEN ? "." : slower ? ", perhaps more slowly beyond some point (see Break)." :
         ", perhaps faster beyond some point (see Break).");
}

/* Of the break, beside returns that have sunk. */
static const char *sunk_break(const struct breaks_out *b)
{
    switch (breaks_stand(b)) {
    case BREAKS_NONE:
        return ", without a break in the law";
    case BREAKS_UNTESTED:
        return "; whether the law has a break was not tested";
    case BREAKS_OPEN:
    case BREAKS_FOUND:
        return "; whether the law has a break is open (see Break)";
    }
    return "";
}

static void say_answer(struct writer *w)
{
    const struct fit_verdict *v = w->v;
    if (v->withheld[0]) {
        screen_add(w->s, "Answer", "Open: %s.", v->withheld);
        return;
    }
    if (v->brk.turn.found)
        screen_add(w->s, "Answer", "The loss of a size rises again with more data.");
    else if (v->brk.found)
        screen_add(w->s, "Answer", "%s: the excess over the floor falls %s beyond some point.",
                   v->brk.change.value < 0 ? "A wall, or another course" : "Another course",
                   v->brk.change.value < 0 ? "more slowly" : "faster");
    else if (returns_stand(&v->returns) == RETURNS_SUNK)
        screen_add(w->s, "Answer", "Returns have sunk under the noise of one run%s.", sunk_break(&v->brk));
    else
        say_power(w);
    answer_gain(w);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void say_truth(struct writer *w)
{
    const struct fit_verdict *v = w->v;
    if (!v->truth.known)
        return;
    more(w, " The exact floor of this language is %.4g%s", v->truth.floor, w->unit);
    if (v->withheld[0] || !isfinite(v->floor.at.hi))
        more(w, ".");
    else
        more(w, "; the fit %s it.", v->truth.covered ? "covers" : "does NOT cover");
}

static void say_floor(struct writer *w)
{
    const struct fit_verdict *v = w->v;
    struct told floor = tell(NAME_FLOOR, v->floor.at);
    if (v->withheld[0])
        screen_add(w->s, "Floor", "not given.");
    else if (v->floor.supported)
        screen_add(w->s, "Floor", "%s%s%s; a law without one fits worse (AICc higher by %.0f).", floor.value, w->unit,
                   floor.interval,
                   v->floor.delta_aicc);
    else if (!isfinite(v->floor.at.hi))
        screen_add(w->s, "Floor", "not enough evidence.");
    else if (isnan(v->floor.at.lo))
        screen_add(w->s, "Floor", "not enough evidence: anything below %s%s (95 %%).",
                   number_say((char[NUMBER_MAX]){0}, NUMBER_MAX, NUMBER_LOSS, v->floor.at.hi, &v->floor.at, true), w->unit);
    else
        screen_add(w->s, "Floor", "not enough evidence: best fit %s%s%s, but a law without one fits as well.",
                   floor.value, w->unit,
                   floor.interval);
    say_truth(w);
}

static void say_returns(struct writer *w)
{
    const struct fit_verdict *v = w->v;
    struct told gain = tell(NAME_GAIN, v->returns.gain), halving = tell(NAME_HALVING, v->returns.halving), flat = tell(NAME_FLATTEN,
                            v->returns.flatten);
    char at[NUMBER_MAX];
    number_bare(at, sizeof at, NUMBER_COMPUTE, v->returns.largest, 2, true);
    if (!isfinite(v->returns.gain.value)) {
        screen_add(w->s, "Returns", "not given.");
        return;
    }
    bool known = returns_gain_known(&v->returns);
    screen_add(w->s, "Returns", "%s%s%s%s for the doubling after %s = %s%s", known ? "" : "not known, at most ",
               known ? gain.value : gain.most, w->unit, known ? gain.interval : " (95 %)", w->r->frontier.x, at,
               w->compute ? " FLOPs" : "");
    if (isfinite(v->returns.halving.value))
        more(w, "; the excess halves every %s doublings%s", halving.value, halving.interval);
    more(w, ".");
    if (isfinite(v->returns.flatten.value))
        screen_add(w->s, "Flattening", "%s %s%s%s%s.", v->returns.flatten_at_least ? "not before" : "at", flat.value, w->compute
                   ? " FLOPs" : "",
                   flat.interval, v->returns.flatten.lo > v->returns.largest ? ", an extrapolation" : "");
    else
        screen_add(w->s, "Flattening", "where a doubling gains less than %s is open.",
                   w->r->noise.sigma > 0 ? "the noise of one run" : "the noise, which is not known,");
}

static void say_noise(struct writer *w)
{
    const struct fit_report *r = w->r;
    const struct told sigma = tell(NAME_NOISE, (struct fit_value){r->noise.sigma, (double)NAN, r->noise.lo, r->noise.hi});
    if (r->noise.sigma > 0) {
        screen_add(w->s, "Noise", "%s%s%s from the seed at the largest budget", sigma.value, w->unit, sigma.interval);
        if (r->noise.heldout_se > 0)
            more(w, "; all runs share the held-out set's error, %.2g%s", r->noise.heldout_se, w->unit);
        more(w, ".");
    } else {
        screen_add(w->s, "Noise", "unknown: no run was repeated with another seed; repeat the largest.");
    }
}

static void say_break(struct writer *w)
{
    static const char *const names[] = {"C", "N", "D"};
    const struct breaks_out *b = &w->v->brk;
    bool one = w->f->law->n_vars == 1, compute = one ? w->f->x == FIT_FLOPS : b->variable == BREAKS_COMPUTE;
    if (b->turn.found)
        screen_add(w->s, "Break", "the loss rises again with data, from %.4g to %.4g%s (p = %.2g).", b->turn.low,
                   b->turn.end, w->unit,
                   b->turn.p);
    else if (!b->tested)
        screen_add(w->s, "Break", "not tested: %s.", breaks_untested(b));
    else if (!(b->p < 0.05) || !isfinite(b->change.value + b->place.value))
        screen_add(w->s, "Break", "none found (p = %.2g).", b->p);
    else {
        char place[NUMBER_MAX];
        struct told change = tell(NAME_N_EXPONENT, b->change);
        number_say(place, sizeof place, compute ? NUMBER_COMPUTE : NUMBER_COUNT, b->place.value, &b->place, true);
        screen_add(w->s, "Break", "%sbeyond %s = %s the excess falls %s, its exponent changed by %s%s, p = %.2g.",
                   b->found ? "" : "not enough evidence, though ", one ? w->f->x_name : names[b->variable], place,
                   b->change.value < 0 ? "more slowly" : "faster", change.value, change.interval, b->p);
    }
}

static void say_extrapolation(struct writer *w)
{
    if (w->f->holdout_n == 0 || !isfinite(w->f->holdout_error))
        screen_add(w->s, "Extrapolation", "not enough runs to hold the largest ones out.");
    else
        screen_add(w->s, "Extrapolation", "fitted to the smaller runs, the law misses the %zu largest by %.2g %%, on "
                   "average %.2g %% too %s.",
                   w->f->holdout_n, 100 * w->f->holdout_error, 100 * fabs(w->f->holdout_bias), w->f->holdout_bias > 0 ?
                       "high" : "low");
}

static void say_odd(struct writer *w)
{
    const struct fit_report *r = w->r;
    if (r->odd.n == 0)
        return;
    screen_add(w->s, "Off the law", "%zu run%s of %zu, left out of noise and break test: ", r->odd.n, r->odd.n
               == 1 ? "" : "s",
               r->n);
    for (size_t i = 0; i < r->odd.n && i < 2; i++)
        more(w, "%s%.48s (%.4g, expected %.4g)", i ? ", " : "", r->odd.runs[i].at.text, r->odd.runs[i].loss,
             r->odd.runs[i].expected);
    more(w, "%s", r->odd.n > 2 ? ", ..." : ".");
}

/* Of what in the runs' training can move the law, what was measured: first clauses, as many as two lines hold. */
static void say_measured(struct writer *w, const char *open)
{
    const size_t room = SCREEN_LINES * (SCREEN_COLUMNS - SCREEN_LABEL - 2) - 20 - strlen(open);
    const char *text = w->s->rows[w->s->n - 1].text;
    size_t left = 0;
    for (size_t i = 0; i < w->v->n_protocol; i++) {
        const struct protocol_said *p = &w->v->protocol[i];
        int n = (int)strcspn(p->text, ":;(");
        if (n > 0 && p->text[n] == '(')
            n--;
        if (!p->measured)
            continue;
        if (text[0] == '\0' || strlen(text) + (size_t)n < room)
            more(w, "%s%.*s", text[0] ? "; " : "", n, p->text);
        else
            left++;
    }
    if (left > 0)
        more(w, "; and %zu more", left);
}

/* What was not looked at stands by its name; whole sentences are `plateau fit`'s. */
static void say_protocol(struct writer *w)
{
    char open[80] = "";
    if (w->v->n_protocol == 0)
        return;
    screen_add(w->s, "Protocol", "%s", "");
    for (size_t i = 0; i < w->v->n_protocol; i++)
        if (!w->v->protocol[i].measured)
            snprintf(open + strlen(open), sizeof open - strlen(open), "%s%s", open[0] ? ", " : "", w->v->protocol[i].name);
    say_measured(w, open);
    if (open[0])
        more(w, "%s%s", w->s->rows[w->s->n - 1].text[0] ? ". Not measured: " : "not measured: ", open);
    more(w, ".");
}

void screen_fill(struct screen *s, const struct fit_report *r, const char *unit)
{
    struct writer w = {.s = s, .r = r, .v = &r->verdict, .f = fit_report_selected(r)};
    *s = (struct screen){.n = 0};
    const char *per = strstr(unit, " per ");
    if (unit[0])
        snprintf(w.unit, sizeof w.unit, " %.*s", (int)(per ? per - unit : (long)strlen(unit)), unit);
    if (!w.f) {
        screen_add(s, "Answer", "Not enough runs: %s. Add sizes, token budgets or both.", r->nothing);
        return;
    }
    w.compute = r->frontier.x && strcmp(r->frontier.x, "C") == 0;
    say_answer(&w);
    say_floor(&w);
    say_returns(&w);
    say_noise(&w);
    say_break(&w);
    say_extrapolation(&w);
    say_odd(&w);
    say_protocol(&w);
}
