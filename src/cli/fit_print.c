#include "cli/fit_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "cli/text.h"
#include "fit/solve/profile.h"
#include "fit/verdict/words.h"
#include "report/number.h"

/* Tables fit 60 columns; text is as wide as the terminal. */

/* With the digits that the interval `of` supports; NULL: six. */
static void number(double v, const struct fit_value *of)
{
    char text[NUMBER_MAX];
    if (isnan(v) || isinf(v))
        printf(" %11s", isnan(v) ? "-" : v < 0 ? "-open" : "open");
    else if (!of || !isfinite(of->lo) || !isfinite(of->hi))
        printf(" %11.6g", v);
    else
        printf(" %11s", number_say(text, sizeof text, NUMBER_PLAIN, v, of, true));
}

/* Two ends, or what they are in words where they say nothing. */
static void ends(double lo, double hi)
{
    const struct fit_value of = {(lo + hi) / 2, (double)NAN, lo, hi};
    if (isfinite(lo) && isfinite(hi) && !words_quotable(lo, hi)) {
        printf(" %23s", "over six decades");
        return;
    }
    number(lo, &of);
    number(hi, &of);
}

/* What is positive is no number give or take more than itself: its interval says how far off it may be. */
static bool means_something(const struct fit_law *f, size_t j)
{
    enum law_kind kind = f->law->params[j].kind;
    bool positive = kind == LAW_COEF || kind == LAW_LOG || kind == LAW_PLACE;
    return isfinite(f->params[j].se) && (!positive || f->params[j].se < f->params[j].value);
}

/* Points of a profile that can be printed: an objective is sought far out, where values run out of range. */
static bool printable(double v)
{
    return isfinite(v) && (v == 0 || (fabs(v) > 1e-99 && fabs(v) < 1e99));
}

/* The objective along a parameter. */
static void print_profile(const struct fit_law *f, const struct fit_profile *t)
{
    size_t at[FIT_PROFILE_POINTS], n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (printable(t->value[i]) && printable(t->objective[i]))
            at[n++] = i;
    if (n < 3)
        return;
    printf("  %s against the objective, the rest at its best:\n", f->law->params[t->param].name);
    for (size_t i = 0; i < n; i++)
        printf("    %11.4g %11.5g\n", t->value[at[i]], t->objective[at[i]]);
}

static void print_param(const struct fit_law *f, size_t j)
{
    const struct fit_value *p = &f->params[j];
    const char *why = profile_no_error(f, j);
    printf("  %-6s", f->law->params[j].name);
    number(p->value, why ? NULL : p);
    if (why) {
        printf(" %10s %23s\n", "-", why);
        return;
    }
    if (means_something(f, j))
        printf(" %10.2g", p->se);
    else
        printf(" %10s", "-");
    ends(p->lo, p->hi);
    printf("\n");
}

/* Two more kinds of intervals. */
static void print_intervals(const struct fit_law *f)
{
    const double none = (double)NAN;
    printf("  %-6s %23s %23s\n", "", "95 % interval, BCa", "profile likelihood");
    for (size_t j = 0; j < f->law->n_params; j++) {
        bool open = profile_no_error(f, j), fixed = profile_held(f, j);
        printf("  %-6s", f->law->params[j].name);
        ends(open ? none : f->bca_lo[j], open ? none : f->bca_hi[j]);
        ends(fixed ? none : f->profile_lo[j], fixed ? none : f->profile_hi[j]);
        printf("\n");
    }
}

static void print_law(const struct fit_report *r, size_t i, bool all)
{
    const struct fit_law *f = &r->laws.at[i];
    char heldout[160] = "", aicc[40] = "";
    const double missed = 100 * f->holdout_error;
    printf("\n");
    text_beside(stdout, "", "%s: %s%s%s%s, %zu runs", f->law->name, f->law->form, f->law->n_vars == 1 ? ", x = " : "",
                f->law->n_vars == 1 ? f->x_name : "", i == r->laws.selected && r->laws.n > 1 ? " [selected]" : "", f->n);
    printf("  %-6s %11s %10s %23s\n", "", "value", "std. error", "95 % interval");
    for (size_t j = 0; j < f->law->n_params; j++)
        print_param(f, j);
    if (all)
        print_intervals(f);
    if (f->holdout_n > 0 && isfinite(f->holdout_error))
        snprintf(heldout, sizeof heldout, ", on the %zu largest runs, held out: %.3g %% (%.3g %% at the best sizes)",
                 f->holdout_n, missed, 100 * f->holdout_best);
    if (isfinite(f->aicc))
        snprintf(aicc, sizeof aicc, ", AICc %.1f", f->aicc);
    text_beside(stdout, "  ", "objective %.10g, typical error %.3g %%%s%s", f->best.objective, 100 * f->rms_log, heldout, aicc);
    if (!f->best.converged)
        text_beside(stdout, "  ", "the search did not converge: the objective is flat about this point");
    for (size_t k = 0; k < f->n_profiles; k++)
        print_profile(f, &f->profiles[k]);
}

/* A name that is wider than its column has a line of its own. */
static void print_held_run(const struct fit_held *h)
{
    const char *name = h->at.is_run ? h->at.text + strlen("run ") : h->at.text;
    if (strlen(name) > 26)
        printf("  %s\n  %-26s", name, "");
    else
        printf("  %-26s", name);
    printf(" %8.4f %9.4f %+6.2f %%%s\n", h->loss, h->predicted, 100 * (h->predicted / h->loss - 1), h->best ? " *" : "");
}

void fit_print_held(const struct fit_report *r)
{
    const struct fit_law *f = fit_report_selected(r);
    if (!f || f->holdout_n == 0) {
        printf("\n");
        text_beside(stdout, "", "Held out: nothing, for too few runs would be left to fit a law to.");
        return;
    }
    printf("\nHeld out from law %s\n  %-26s %8s %9s %8s\n", f->law->name, "run", "loss", "predicted", "off by");
    for (size_t i = 0; i < f->holdout_n; i++)
        print_held_run(&f->held[i]);
    text_beside(stdout, "  ", "(root mean square %.3g %%; of those with *, which no other of at most their compute beats, "
                              "%.3g %%)", 100 * f->holdout_error, 100 * f->holdout_best);
}

/* " (0.45 to 0.55)", or nothing. */
static const char *bracket(char *buf, size_t size, double lo, double hi)
{
    buf[0] = '\0';
    if (isfinite(lo) && isfinite(hi))
        snprintf(buf, size, " (%.4f to %.4f)", lo, hi);
    return buf;
}

static void print_minimum(const struct fit_isoflop *f)
{
    char c[32], n[32], lo[32], hi[32], d[32];
    snprintf(c, sizeof c, "%.3g", f->flops);
    if (!f->valid) {
        printf("  %-8s %4zu no minimum inside the sampled sizes\n", c, f->n);
        return;
    }
    bool ci = isfinite(f->n_opt.lo) && isfinite(f->n_opt.hi);
    printf("  %-8s %4zu %8s %8s %8s %8s %7.4f%s\n", c, f->n, count_format(n, sizeof n, f->n_opt.value),
           ci ? count_format(lo, sizeof lo, f->n_opt.lo) : "-", ci ? count_format(hi, sizeof hi, f->n_opt.hi) : "-",
           count_format(d, sizeof d, f->d_opt.value), f->loss.value, f->at_edge ? "*" : "");
}

static void print_isoflop(const struct fit_report *r)
{
    bool edge = false;
    printf("\nIsoFLOP minima (parabola in ln N)\n  %-8s %4s %8s %17s %8s %7s\n", "flops", "runs", "N*", "95 % interval",
           "D*", "loss");
    for (size_t i = 0; i < r->isoflop.n; i++) {
        print_minimum(&r->isoflop.at[i]);
        edge = edge || (r->isoflop.at[i].valid && r->isoflop.at[i].at_edge);
    }
    if (edge)
        printf("  (*: at the edge of the sizes: not used in the exponent)\n");
    const struct fit_value *a = &r->isoflop.n_exponent;
    char iv[64];
    if (isfinite(a->value))
        printf("  N* ~ C^%.4f%s, D* ~ C^%.4f\n", a->value, bracket(iv, sizeof iv, a->lo, a->hi),
               r->isoflop.d_exponent.value);
}

static void print_frontier(const struct fit_report *r)
{
    char iv[64];
    if (!isfinite(r->frontier.e.value) || !isfinite(r->frontier.g.value))
        return;
    printf("\n");
    text_beside(stdout, "", "Frontier (%s): L*(%s) = E + k %s^-g, E = %.4f, g = %.4f%s", r->frontier.of, r->frontier.x,
                r->frontier.x, r->frontier.e.value, r->frontier.g.value,
                bracket(iv, sizeof iv, r->frontier.g.lo, r->frontier.g.hi));
    const struct fit_value *a = &r->frontier.n_exponent;
    if (isfinite(a->value) && isfinite(r->cost.k))
        text_beside(stdout, "  ", "N* ~ C^%.4f%s, D* ~ C^%.4f, with flops = %.3g N^%.3f D, N counted %s", a->value,
                    bracket(iv, sizeof iv, a->lo, a->hi), r->frontier.d_exponent.value, r->cost.k, r->cost.p,
                    fit_count_name(r->count));
}

static void print_exponent(const char *counted, const char *method, const struct fit_value *v)
{
    char iv[48] = "";
    if (isfinite(v->lo) && isfinite(v->hi))
        snprintf(iv, sizeof iv, "  (%.3f to %.3f)", v->lo, v->hi);
    printf("  %-8s %-17s", counted, method);
    if (isfinite(v->value))
        printf(" %7.3f%s\n", v->value, iv);
    else
        printf(" %7s\n", "-");
}

static void print_methods(const struct fit_report *r)
{
    printf("\n");
    text_beside(stdout, "", "Exponent a of the best size, N* ~ C^a, by method and by what counts as a parameter");
    printf("  %-8s %-17s %7s  95 %% interval\n", "counted", "method", "a");
    for (size_t i = 0; i < r->methods.n; i++) {
        const struct fit_methods *m = &r->methods.at[i];
        print_exponent(fit_count_name(m->count), "parametric law", &m->law_n);
        print_exponent("", "IsoFLOP parabolas", &m->isoflop_n);
        print_exponent("", "envelope", &m->envelope.n_exponent);
    }
    size_t n = r->methods.at[0].envelope.n_crossings;
    text_beside(stdout, "  ", "(envelope: %s; the best size changes %zu time%s%s)", r->methods.envelope_of, n, n == 1 ? "" : "s",
                n < ENVELOPE_MIN_CROSSINGS ? ", too few for an exponent" : "");
}

static void print_choice(const struct fit_report *r)
{
    bool lacks = false;
    printf("\n%-13s %8s %7s %9s %8s\n", "Choice of law", "AICc", "weight", "resamples", "held out");
    for (size_t i = 0; i < r->laws.n; i++) {
        const struct fit_law *f = &r->laws.at[i];
        if (isfinite(f->aicc))
            printf("  %-11s %8.1f %7.3f", f->law->name, f->aicc, f->weight);
        else
            printf("  %-11s %8s %7s", f->law->name, "-", "-");
        lacks = lacks || !isfinite(f->aicc);
        if (isfinite(f->share))
            printf(" %7.0f %%", 100 * f->share);
        else
            printf(" %9s", "-");
        if (f->holdout_n > 0 && isfinite(f->holdout_error))
            printf(" %6.3g %%", 100 * f->holdout_error);
        printf("%s\n", i == r->laws.selected ? "  selected" : "");
    }
    if (r->laws.selected < r->laws.n)
        text_beside(stdout, "  ", "(%s selected: %s. weight: Akaike's; resamples: where its AICc is the lowest)",
                    r->laws.at[r->laws.selected].law->name, r->laws.selected_why);
    if (lacks)
        text_beside(stdout, "  ", "(-: too few runs for the AICc of a law with so many parameters)");
}

void fit_print_tables(const struct fit_report *r, bool all_intervals)
{
    printf("%zu run%s", r->n, r->n == 1 ? "" : "s");
    if (r->n_diverged + r->n_failed > 0)
        printf(" (%zu diverged, %zu failed, left out)", r->n_diverged, r->n_failed);
    printf("\n");
    for (size_t i = 0; i < r->laws.n; i++)
        if (i == r->laws.selected || all_intervals)
            print_law(r, i, all_intervals);
    if (r->laws.n > 1)
        print_choice(r);
    if (r->isoflop.n > 0)
        print_isoflop(r);
    if (r->frontier.holds && r->verdict.withheld[0] == '\0')
        print_frontier(r);
    if (r->methods.n > 0)
        print_methods(r);
    if (r->notes.n + r->warnings.n > 0)
        printf("\n");
    for (size_t i = 0; i < r->notes.n; i++)
        text_beside(stdout, "note: ", "%s", r->notes.text[i]);
    for (size_t i = 0; i < r->warnings.n; i++)
        text_beside(stdout, "careful: ", "%s", r->warnings.text[i]);
}

void fit_print_verdict(const struct fit_report *r)
{
    printf("\nVerdict\n");
    for (size_t i = 0; i < r->verdict.lines.n; i++)
        text_beside(stdout, "  ", "%s", r->verdict.lines.text[i]);
}
