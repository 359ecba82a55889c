#include "cli/fit_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "fit/profile.h"
#include "fit/words.h"

#define WIDTH 100

/* Print text with line breaks at blanks; the first line starts with `lead`, the others are indented. */
static void wrapped(const char *lead, const char *text)
{
    size_t indent = strlen(lead), at = indent;
    printf("%s", lead);
    while (*text) {
        size_t n = strcspn(text, " ");
        if (at > indent && at + 1 + n > WIDTH) {
            printf("\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            printf(" ");
            at++;
        }
        printf("%.*s", (int)n, text);
        at += n;
        text += n;
        text += *text == ' ';
    }
    printf("\n");
}

static void number(double v)
{
    if (isnan(v) || isinf(v))
        printf(" %12s", isnan(v) ? "-" : v < 0 ? "-open" : "open");
    else
        printf(" %12.6g", v);
}

/* Two ends, or what they are in words where they say nothing. */
static void ends(double lo, double hi)
{
    if (isfinite(lo) && isfinite(hi) && !words_quotable(lo, hi)) {
        printf(" %25s", "over six decades");
        return;
    }
    number(lo);
    number(hi);
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
    printf("  %s against the objective, the rest at its best:\n   ", f->law->params[t->param].name);
    for (size_t i = 0; i < n; i++)
        printf(" %10.4g", t->value[at[i]]);
    printf("\n   ");
    for (size_t i = 0; i < n; i++)
        printf(" %10.5g", t->objective[at[i]]);
    printf("\n");
}

/* Settled before the fit, by --fix. */
static bool held(const struct fit_law *f, size_t j)
{
    struct solve_map map = f->problem.map;
    return !solve_map_hold(&map, f->law, j, f->outer[j], &f->problem.centre);
}

static void print_param(const struct fit_law *f, size_t j, bool all)
{
    const struct fit_value *p = &f->params[j];
    bool bound = f->best.at_bound >> j & 1, fixed = held(f, j), open = !fixed && !profile_identified(f, j);
    const double none = (double)NAN;
    printf("  %-8s", f->law->params[j].name);
    number(p->value);
    /* what the runs do not settle has no error */
    number(open || fixed ? none : p->se);
    ends(open || fixed ? none : p->lo, open || fixed ? none : p->hi);
    if (all) {
        ends(open || fixed ? none : f->bca_lo[j], open || fixed ? none : f->bca_hi[j]);
        ends(fixed ? none : f->profile_lo[j], fixed ? none : f->profile_hi[j]);
    }
    printf("%s\n", fixed ? "  held" : bound ? "  at its bound" : open ? "  not identified" : "");
}

static void print_law(const struct fit_report *r, size_t i, bool all)
{
    const struct fit_law *f = &r->laws[i];
    printf("\n%s: %s%s%s%s, %zu runs\n", f->law->name, f->law->form,
           f->law->n_vars == 1 ? ", x = " : "", f->law->n_vars == 1 ? f->x_name : "",
           i == r->selected && r->n_laws > 1 ? "  [selected]" : "", f->n);
    printf("  %-8s %12s %12s %25s%s\n", "", "value", "std. error", "95 % interval",
           all ? "                       BCa        profile likelihood" : "");
    for (size_t j = 0; j < f->law->n_params; j++)
        print_param(f, j, all);
    printf("  objective %.10g, typical error %.3g %%", f->best.objective, 100 * f->rms_log);
    if (f->holdout_n > 0 && isfinite(f->holdout_error))
        printf(", on the %zu largest runs, held out: %.3g %%", f->holdout_n, 100 * f->holdout_error);
    if (isfinite(f->aicc))
        printf(", AICc %.1f", f->aicc);
    printf("\n");
    if (!f->best.converged)
        wrapped("  ", "the search did not converge: the objective is flat about this point");
    for (size_t k = 0; k < f->n_profiles; k++)
        print_profile(f, &f->profiles[k]);
}

/* " (0.45 to 0.55)", or nothing. */
static const char *bracket(char *buf, size_t size, double lo, double hi)
{
    buf[0] = '\0';
    if (isfinite(lo) && isfinite(hi))
        snprintf(buf, size, " (%.4f to %.4f)", lo, hi);
    return buf;
}

static void print_isoflop(const struct fit_report *r)
{
    char c[32], n[32], lo[32], hi[32], d[32];
    printf("\nIsoFLOP minima (parabola in ln N)\n  %-10s %6s %10s %21s %10s %10s\n", "flops", "runs",
           "N*", "95 % interval", "D*", "loss");
    for (size_t i = 0; i < r->n_isoflop; i++) {
        const struct fit_isoflop *f = &r->isoflop[i];
        snprintf(c, sizeof c, "%.3g", f->flops);
        if (!f->valid) {
            printf("  %-10s %6zu no minimum inside the sampled sizes\n", c, f->n);
            continue;
        }
        bool ci = isfinite(f->n_opt.lo) && isfinite(f->n_opt.hi);
        printf("  %-10s %6zu %10s %10s %10s %10s %10.4f%s\n", c, f->n,
               count_format(n, sizeof n, f->n_opt.value),
               ci ? count_format(lo, sizeof lo, f->n_opt.lo) : "-",
               ci ? count_format(hi, sizeof hi, f->n_opt.hi) : "-",
               count_format(d, sizeof d, f->d_opt.value), f->loss.value,
               f->at_edge ? "  at the edge of the sizes" : "");
    }
    const struct fit_value *a = &r->isoflop_n_exponent;
    char iv[64];
    if (isfinite(a->value))
        printf("  N* ~ C^%.4f%s, D* ~ C^%.4f\n", a->value, bracket(iv, sizeof iv, a->lo, a->hi),
               r->isoflop_d_exponent.value);
}

static void print_frontier(const struct fit_report *r)
{
    char iv[64];
    if (!isfinite(r->frontier_e.value) || !isfinite(r->frontier_g.value))
        return;
    printf("\nFrontier (%s): L*(%s) = E + k %s^-g, E = %.4f, g = %.4f%s\n",
           r->frontier_of, r->frontier_x, r->frontier_x, r->frontier_e.value, r->frontier_g.value,
           bracket(iv, sizeof iv, r->frontier_g.lo, r->frontier_g.hi));
    const struct fit_value *a = &r->frontier_n_exponent;
    if (isfinite(a->value) && isfinite(r->flops_k))
        printf("  N* ~ C^%.4f%s, D* ~ C^%.4f, with flops = %.3g N^%.3f D, N counted %s\n",
               a->value, bracket(iv, sizeof iv, a->lo, a->hi), r->frontier_d_exponent.value, r->flops_k, r->flops_p,
               fit_count_name(r->count));
}

static void print_exponent(const struct fit_value *v)
{
    char iv[48] = "";
    if (isfinite(v->lo) && isfinite(v->hi))
        snprintf(iv, sizeof iv, "(%.3f to %.3f)", v->lo, v->hi);
    if (!isfinite(v->value))
        printf(" %26s", "-");
    else
        printf(" %8.3f %17s", v->value, iv);
}

static void print_methods(const struct fit_report *r)
{
    printf("\nExponent a of the best size, N* ~ C^a, by method and by what counts as a parameter\n");
    printf("  %-9s %26s %26s %26s\n", "counted", "parametric law", "IsoFLOP parabolas", "envelope");
    for (size_t i = 0; i < r->n_methods; i++) {
        const struct fit_methods *m = &r->methods[i];
        printf("  %-9s", fit_count_name(m->count));
        print_exponent(&m->law_n);
        print_exponent(&m->isoflop_n);
        print_exponent(&m->envelope.n_exponent);
        printf("\n");
    }
    size_t n = r->methods[0].envelope.n_crossings;
    printf("  (envelope: %s; the best size changes %zu time%s)\n", r->envelope_of, n, n == 1 ? "" : "s");
}

static void print_choice(const struct fit_report *r)
{
    bool lacks = false;
    printf("\n%-14s %10s %14s %22s %10s\n", "Choice of law", "AICc", "Akaike weight", "lowest in resamples",
           "held out");
    for (size_t i = 0; i < r->n_laws; i++) {
        const struct fit_law *f = &r->laws[i];
        if (isfinite(f->aicc))
            printf("  %-12s %10.1f %14.3f", f->law->name, f->aicc, f->weight);
        else
            printf("  %-12s %10s %14s", f->law->name, "-", "-");
        lacks = lacks || !isfinite(f->aicc);
        if (isfinite(f->share))
            printf(" %20.0f %%", 100 * f->share);
        else
            printf(" %22s", "-");
        if (f->holdout_n > 0 && isfinite(f->holdout_error))
            printf(" %8.3g %%", 100 * f->holdout_error);
        printf("%s%s\n", i == r->selected ? "  selected: " : "", i == r->selected ? r->selected_why : "");
    }
    if (lacks)
        printf("  (-: too few runs for the AICc of a law with so many parameters)\n");
}

void fit_print_tables(const struct fit_report *r, bool all_intervals)
{
    printf("%zu run%s", r->n, r->n == 1 ? "" : "s");
    if (r->n_diverged + r->n_failed > 0)
        printf(" (%zu diverged, %zu failed, left out)", r->n_diverged, r->n_failed);
    printf("\n");
    for (size_t i = 0; i < r->n_laws; i++)
        if (i == r->selected || all_intervals)
            print_law(r, i, all_intervals);
    if (r->n_laws > 1)
        print_choice(r);
    if (r->n_isoflop > 0)
        print_isoflop(r);
    if (r->has_frontier && r->verdict.withheld[0] == '\0')
        print_frontier(r);
    if (r->n_methods > 0)
        print_methods(r);
    if (r->notes.n + r->warnings.n > 0)
        printf("\n");
    for (size_t i = 0; i < r->notes.n; i++)
        wrapped("note: ", r->notes.text[i]);
    for (size_t i = 0; i < r->warnings.n; i++)
        wrapped("careful: ", r->warnings.text[i]);
}

void fit_print_verdict(const struct fit_report *r)
{
    printf("\nVerdict\n");
    for (size_t i = 0; i < r->verdict.lines.n; i++)
        wrapped("  ", r->verdict.lines.text[i]);
}
