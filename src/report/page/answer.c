/* The answer first: three sentences, for who has never seen a scaling law. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/page/kinds.h"

struct writer {
    FILE *out;
    struct page_fit f;
    const struct fit_verdict *v;
    const char *what; /* what is spent: compute, or what varies */
};

static void say_open(const struct writer *w)
{
    html_say(w->out, "These runs leave the question open: %s. ", w->v->withheld);
    html_say(w->out, "No floor and no gain is quoted, because %s. ", verdict_because_words(w->v->because));
    html_say(w->out, "The charts show what was measured, and the verdict below what it would take.");
}

/* How the loss falls, and what that says of a wall. */
static void say_course(const struct writer *w)
{
    const struct breaks_out *b = &w->v->brk;
    const enum breaks_stand stand = breaks_stand(b);
    html_say(w->out, "The more %s a model gets, the lower its loss, each time by a smaller step", w->what);
    if (stand == BREAKS_UNTESTED)
        html_say(w->out, "; whether there is a wall was not tested: %s. ", breaks_untested(b));
    else if (stand == BREAKS_OPEN && b->change.value < 0)
        html_say(w->out, "; beyond some point the steps may shrink faster than a power law says, so whether there is a wall is "
                         "open. ");
    else
        html_say(w->out, ": no wall is in sight, the steps shrink as a power law says%s. ",
                 stand == BREAKS_OPEN ? ", perhaps a little less in the end" : "");
}

/* What is found. */
static void say_wall(const struct writer *w)
{
    const struct fit_verdict *v = w->v;
    if (v->brk.turn.found)
        html_say(w->out, "Training on more data makes a model of a given size worse again beyond some point. ");
    else if (v->brk.found && v->brk.change.value < 0)
        html_say(w->out, "The loss falls as a power of %s, and then more slowly: the curve has a break, a wall or the start of "
                         "another course. ", w->what);
    else if (v->brk.found)
        html_say(w->out, "The loss falls as a power of %s, and beyond some point faster than that. ", w->what);
    else if (returns_stand(&v->returns) == RETURNS_SUNK)
        html_say(w->out, "More %s still lowers the loss, but by less than luck alone moves one run. ", w->what);
    else
        say_course(w);
}

/* That against the noise of one run, as far as the intervals carry it. */
static void say_against_luck(const struct writer *w)
{
    static const char luck[] = "what two runs differ by that only started from other random numbers";
    const struct fit_value *times = &w->v->returns.times;
    const enum returns_stand stand = returns_stand(&w->v->returns);
    char value[160];
    html_value(value, sizeof value, NUMBER_PLAIN, times, "");
    if (!isfinite(times->value))
        html_say(w->out, "; how much luck moves one run is not known, as no run was repeated. ");
    else if (stand == RETURNS_SUNK)
        html_say(w->out, ", less than %s. ", luck);
    else if (stand == RETURNS_ABOVE)
        html_say(w->out, ", about %s times %s. ", number_bare((char[NUMBER_MAX]){0}, NUMBER_MAX, NUMBER_PLAIN, times->value, 2,
                                                              false), luck);
    else if (isfinite(times->lo))
        html_say(w->out, "; whether that is less than %s is open: it is %s times that. ", luck, value);
    else
        html_say(w->out, "; how that compares with %s is open, as too few runs were repeated for an interval. ", luck);
}

/* What the next doubling buys. */
static void say_gain(const struct writer *w)
{
    char gain[160], flops[NUMBER_MAX];
    if (!isfinite(w->v->returns.gain.value)) {
        html_say(w->out, "What the next doubling of %s would gain is not known. ", w->what);
        return;
    }
    html_value(gain, sizeof gain, NUMBER_LOSS, &w->v->returns.gain, w->f.unit);
    if (!returns_gain_known(&w->v->returns)) {
        number_say(gain, sizeof gain, NUMBER_LOSS, w->v->returns.gain.hi, &w->v->returns.gain, false);
        html_say(w->out, "What the next doubling of %s would gain is not known: at most %s%s (95 %%). ", w->what, gain, w->f.unit);
        return;
    }
    number_bare(flops, sizeof flops, NUMBER_COMPUTE, w->v->returns.largest, 2, false);
    html_say(w->out, "Doubling the %s once more, beyond the largest budget here (%s%s), would lower the loss by %s",
        w->what, flops,
             w->f.compute ? " FLOPs" : "", gain);
    say_against_luck(w);
}

/* Where it ends. */
static void say_floor(const struct writer *w)
{
    const struct fit_verdict *v = w->v;
    char floor[160], truth[NUMBER_MAX];
    html_value(floor, sizeof floor, NUMBER_LOSS, &v->floor.at, w->f.unit);
    number_bare(truth, sizeof truth, NUMBER_LOSS, v->truth.floor, 4, false);
    if (v->floor.supported)
        html_say(w->out, "What no amount of %s takes away, the floor, is fitted as %s", w->what, floor);
    else if (isfinite(v->floor.at.hi))
        html_say(w->out, "These runs cannot tell whether there is a floor that no amount of %s gets below: it may be anything "
                         "below %s", w->what, number_say((char[NUMBER_MAX]){0}, NUMBER_MAX, NUMBER_LOSS, v->floor.at.hi,
                         &v->floor.at, false));
    else
        html_say(w->out, "These runs cannot tell whether there is a floor that no amount of %s gets below", w->what);
    if (v->truth.known && isfinite(v->floor.at.hi))
        html_say(w->out, "; this language was made, so its true floor is known: %s%s, and the interval %s it.", truth, w->f.unit,
                 v->truth.covered ? "covers" : "does NOT cover");
    else if (v->truth.known)
        html_say(w->out, "; this language was made, so its true floor is known: %s%s.", truth, w->f.unit);
    else
        html_say(w->out, ".");
}

static void say_missing(FILE *out, const struct page *p, const struct page_fit *f)
{
    if (!f->report)
        html_line(out, "missing", "No run has ended yet, so there is nothing to answer with.%s",
                  p->results.data ? " What has is in the table of runs below." : "");
    else
        html_line(out, "missing", "Not enough runs for a law: %s. Add sizes, budgets of tokens, or both.", f->report->nothing);
}

static void say_runs(FILE *out, const struct page *p, const struct page_fit *f)
{
    if (!f->report)
        return;
    fputs("<p class=\"note\">", out);
    html_say(out, "From %zu run%s", f->report->n, f->report->n == 1 ? "" : "s");
    if (p->n_planned > f->report->n)
        html_say(out, " of %zu", p->n_planned);
    if (f->law)
        html_say(out, ", fitted by law %s; the loss is in%s per %s%s", f->law->law->name, f->unit[0] ? f->unit : " units", f->token,
                 p->charts->n_curves > 0 ? ", on text that was held out of training" : "");
    html_say(out, ".");
    fputs("</p>\n", out);
    html_term(out, "Loss, compute, law: what these words mean",
              "The loss says how surprised a model is by the next token of text it has not seen: 0 would be no surprise at all. "
              "Compute is the number of multiplications and additions (FLOPs) that training takes; more parameters and "
              "more tokens "
              "both cost compute. A scaling law is a formula for the loss at any size and amount of data, fitted to the runs. "
              "After a number, (95 %: a to b) is the range in which the truth lies with a probability of about 95 %.");
}

enum status answer_section(FILE *out, const struct page *p, struct err *err)
{
    (void)err;
    struct writer w = {.out = out, .f = html_fit(p)};
    if (!w.f.law) {
        say_missing(out, p, &w.f);
        say_runs(out, p, &w.f);
        return OK;
    }
    w.v = &w.f.report->verdict;
    w.what = w.f.compute ? "compute" : w.f.report->frontier.x;
    fputs("<p class=\"lead\">", out);
    if (w.v->withheld[0]) {
        say_open(&w);
    } else {
        say_wall(&w);
        say_gain(&w);
        say_floor(&w);
    }
    fputs("</p>\n", out);
    say_runs(out, p, &w.f);
    return OK;
}
