#include "cli/fit_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"

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

/* The objective along a parameter that the runs do not settle. */
static void print_profile(const struct fit_law *f, const struct fit_profile *t)
{
    printf("  %s against the objective, the rest at its best:\n   ", f->law->params[t->param].name);
    for (size_t i = 0; i < FIT_PROFILE_POINTS; i++)
        printf(" %10.4g", t->value[i]);
    printf("\n   ");
    for (size_t i = 0; i < FIT_PROFILE_POINTS; i++)
        printf(" %10.5g", t->objective[i]);
    printf("\n");
}

static void print_law(const struct fit_report *r, size_t i, bool all)
{
    const struct fit_law *f = &r->laws[i];
    printf("\n%s: %s%s%s%s, %zu runs\n", f->law->name, f->law->form,
           f->law->n_vars == 1 ? ", x = " : "", f->law->n_vars == 1 ? f->x_name : "",
           i == r->selected && r->n_laws > 1 ? "  [selected]" : "", f->n);
    printf("  %-8s %12s %12s %25s%s\n", "", "value", "std. error", "95 % interval",
           all ? "                       BCa        profile likelihood" : "");
    for (size_t j = 0; j < f->law->n_params; j++) {
        const struct fit_value *p = &f->params[j];
        printf("  %-8s", f->law->params[j].name);
        number(p->value);
        number(p->se);
        number(p->lo);
        number(p->hi);
        if (all) {
            number(f->bca_lo[j]);
            number(f->bca_hi[j]);
            number(f->profile_lo[j]);
            number(f->profile_hi[j]);
        }
        printf("%s\n", f->best.at_bound >> j & 1 ? "  at its bound" : "");
    }
    printf("  objective %.10g, typical error %.3g %%", f->best.objective, 100 * f->rms_log);
    if (f->holdout_n > 0)
        printf(", on the %zu largest runs, held out: %.3g %%", f->holdout_n, 100 * f->holdout_error);
    if (!isnan(f->aicc))
        printf(", AICc %.1f", f->aicc);
    printf("\n");
    for (size_t k = 0; k < f->n_profiles; k++)
        print_profile(f, &f->profiles[k]);
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
        bool ci = !isnan(f->n_opt.lo);
        printf("  %-10s %6zu %10s %10s %10s %10s %10.4f%s\n", c, f->n,
               count_format(n, sizeof n, f->n_opt.value),
               ci ? count_format(lo, sizeof lo, f->n_opt.lo) : "-",
               ci ? count_format(hi, sizeof hi, f->n_opt.hi) : "-",
               count_format(d, sizeof d, f->d_opt.value), f->loss.value,
               f->at_edge ? "  at the edge of the sizes" : "");
    }
    const struct fit_value *a = &r->isoflop_n_exponent;
    if (!isnan(a->value))
        printf("  N* ~ C^%.4f (%.4f to %.4f), D* ~ C^%.4f\n", a->value, a->lo, a->hi,
               r->isoflop_d_exponent.value);
}

static void print_frontier(const struct fit_report *r)
{
    printf("\nFrontier (%s): L*(%s) = E + k %s^-g, E = %.4f, g = %.4f (%.4f to %.4f)\n",
           r->frontier_of, r->frontier_x, r->frontier_x, r->frontier_e.value, r->frontier_g.value,
           r->frontier_g.lo, r->frontier_g.hi);
    const struct fit_value *a = &r->frontier_n_exponent;
    if (!isnan(a->value))
        printf("  N* ~ C^%.4f (%.4f to %.4f), D* ~ C^%.4f, with flops = %.3g N^%.3f D, N counted %s\n",
               a->value, a->lo, a->hi, r->frontier_d_exponent.value, r->flops_k, r->flops_p,
               fit_count_name(r->count));
}

static void print_exponent(const struct fit_value *v)
{
    char iv[48] = "";
    if (!isnan(v->lo))
        snprintf(iv, sizeof iv, "(%.3f to %.3f)", v->lo, v->hi);
    if (isnan(v->value))
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
    printf("\n%-14s %10s %14s %22s %10s\n", "Choice of law", "AICc", "Akaike weight", "lowest in resamples",
           "held out");
    for (size_t i = 0; i < r->n_laws; i++) {
        const struct fit_law *f = &r->laws[i];
        printf("  %-12s %10.1f %14.3f", f->law->name, f->aicc, f->weight);
        if (isnan(f->share))
            printf(" %22s", "-");
        else
            printf(" %20.0f %%", 100 * f->share);
        if (f->holdout_n > 0)
            printf(" %8.3g %%", 100 * f->holdout_error);
        printf("%s%s\n", i == r->selected ? "  selected: " : "", i == r->selected ? r->selected_why : "");
    }
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
    if (r->has_frontier)
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
