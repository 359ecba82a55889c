/* Laws and their parameters, the choice among them, and the exponents by method and by what counts as a parameter. */
#include <math.h>
#include <string.h>

#include "fit/solve/profile.h"
#include "fit/verdict/words.h"
#include "report/names.h"
#include "report/page/kinds.h"

static void open_table(FILE *out, const char *label, const char *const *heads, size_t n)
{
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
    html_text(out, label);
    fputs("\"><table class=\"plain\">\n<thead><tr>", out);
    for (size_t i = 0; i < n; i++) {
        fputs("<th scope=\"col\">", out);
        html_text(out, heads[i]);
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
}

static void close_table(FILE *out)
{
    fputs("</tbody></table></div>\n", out);
}

static void put_pretty(FILE *out, const char *plain)
{
    char rich[256];
    name_pretty(rich, sizeof rich, plain);
    html_rich(out, rich);
}

/* "a to b", "above a", "–". */
static void put_ends(FILE *out, enum number_form form, const struct fit_value *v)
{
    char a[NUMBER_MAX], b[NUMBER_MAX];
    bool low = isfinite(v->lo), high = isfinite(v->hi);
    fputs("<td class=\"n\">", out);
    number_say(a, sizeof a, form, v->lo, v, false);
    number_say(b, sizeof b, form, v->hi, v, false);
    if (low && high && v->lo > 0 && !words_quotable(v->lo, v->hi))
        html_say(out, "over six decades");
    else if (low && high)
        html_say(out, "%s to %s", a, b);
    else if (low || high)
        html_say(out, "%s %s", low ? "above" : "below", low ? a : b);
    else
        html_say(out, "–");
    fputs("</td>", out);
}

static void put_value(FILE *out, enum number_form form, const struct fit_value *v)
{
    char text[NUMBER_MAX];
    fputs("<td class=\"n\">", out);
    html_say(out, "%s", isfinite(v->value) ? number_say(text, sizeof text, form, v->value, v, false) : "–");
    fputs("</td>", out);
}

/* --- one law ---------------------------------------------------------------------------------- */

static enum number_form form_of(const struct fit_law *f, size_t j)
{
    enum law_kind kind = f->law->params[j].kind;
    return kind == LAW_LEVEL ? NUMBER_LOSS : kind == LAW_COEF || kind == LAW_PLACE ? NUMBER_COMPUTE : NUMBER_PLAIN;
}

static void put_param(FILE *out, const struct fit_law *f, size_t j)
{
    const struct fit_value v = f->params[j];
    const char *why = profile_no_error(f, j);
    bool near_one = form_of(f, j) == NUMBER_COMPUTE && v.value >= 0.01 && v.value < 1e4 && !(v.hi >= 1e4);
    enum number_form form = near_one ? NUMBER_PLAIN : form_of(f, j);
    fputs("<tr><th scope=\"row\">", out);
    put_pretty(out, f->law->params[j].name);
    fputs("</th>", out);
    if (why) {
        char text[NUMBER_MAX];
        fprintf(out, "<td class=\"n\">");
        html_text(out, number_bare(text, sizeof text, form, v.value, 4, false));
        fprintf(out, "</td><td class=\"n\">%s</td></tr>\n", why);
        return;
    }
    put_value(out, form, &v);
    put_ends(out, form, &v);
    fputs("</tr>\n", out);
}

static void put_law(FILE *out, const struct fit_report *r, size_t i)
{
    static const char *const heads[] = {"", "value", "95 % interval"};
    const struct fit_law *f = &r->laws.at[i];
    fprintf(out, "<details id=\"law-%s\"%s><summary>", f->law->name, i == r->laws.selected ? " open" : "");
    html_say(out, "%s: ", f->law->name);
    put_pretty(out, f->law->form);
    html_say(out, "%s", i == r->laws.selected ? " (selected)" : "");
    fputs("</summary>\n", out);
    open_table(out, f->law->name, heads, 3);
    for (size_t j = 0; j < f->law->n_params; j++)
        put_param(out, f, j);
    close_table(out);
    html_line(out, "note", "%zu runs; objective %.6g; typical error %.3g %%%s. Intervals take the form of this one law "
        "for granted; "
                           "the verdict's do not.",
              f->n, f->best.objective, 100 * f->rms_log, f->best.converged ? "" : "; the search did not converge");
    fputs("</details>\n", out);
}

static void put_choice(FILE *out, const struct fit_report *r)
{
    static const char *const heads[] = {"law", "AICc", "Akaike weight", "lowest in resamples", "off held-out runs"};
    open_table(out, "Choice of law", heads, 5);
    for (size_t i = 0; i < r->laws.n; i++) {
        const struct fit_law *f = &r->laws.at[i];
        fputs("<tr><th scope=\"row\">", out);
        html_say(out, "%s%s", f->law->name, i == r->laws.selected ? " (selected)" : "");
        fputs("</th><td class=\"n\">", out);
        html_say(out, isfinite(f->aicc) ? "%.1f" : "–", f->aicc);
        fputs("</td><td class=\"n\">", out);
        html_say(out, isfinite(f->weight) ? "%.3f" : "–", f->weight);
        fputs("</td><td class=\"n\">", out);
        html_say(out, isfinite(f->share) ? "%.0f %%" : "–", 100 * f->share);
        fputs("</td><td class=\"n\">", out);
        html_say(out, f->holdout_n > 0 && isfinite(f->holdout_error) ? "%.3g %%" : "–", 100 * f->holdout_error);
        fputs("</td></tr>\n", out);
    }
    close_table(out);
    if (r->laws.selected < r->laws.n)
        html_line(out, "note", "%s is selected: %s.", r->laws.at[r->laws.selected].law->name, r->laws.selected_why);
}

/* --- exponents and minima --------------------------------------------------------------------- */

static void put_method(FILE *out, const char *counted, const char *method, const struct fit_value *v)
{
    fprintf(out, "<tr><td>%s</td><td>%s</td>", counted, method);
    put_value(out, NUMBER_PLAIN, v);
    put_ends(out, NUMBER_PLAIN, v);
    fputs("</tr>\n", out);
}

static void put_methods(FILE *out, const struct fit_report *r)
{
    static const char *const heads[] = {"parameters counted", "method", "a", "95 % interval"};
    fputs("<h3>The exponent of the best size, N* ~ C<sup>a</sup>, by method</h3>\n", out);
    open_table(out, "Exponent of the best size by method", heads, 4);
    for (size_t i = 0; i < r->methods.n; i++) {
        const struct fit_methods *m = &r->methods.at[i];
        put_method(out, fit_count_name(m->count), "parametric law", &m->law_n);
        put_method(out, fit_count_name(m->count), "IsoFLOP parabolas", &m->isoflop_n);
        put_method(out, fit_count_name(m->count), "envelope of the curves", &m->envelope.n_exponent);
    }
    close_table(out);
}

static void put_minima(FILE *out, const struct fit_report *r)
{
    static const char *const heads[] = {"FLOPs", "runs", "N*", "95 % interval", "D*", "loss"};
    char text[NUMBER_MAX];
    fputs("<h3>Minima of the IsoFLOP parabolas</h3>\n", out);
    open_table(out, "IsoFLOP minima", heads, 6);
    for (size_t i = 0; i < r->isoflop.n; i++) {
        const struct fit_isoflop *f = &r->isoflop.at[i];
        fputs("<tr><td class=\"n\">", out);
        html_text(out, number_bare(text, sizeof text, NUMBER_COMPUTE, f->flops, 3, false));
        fprintf(out, "</td><td class=\"n\">%zu</td>", f->n);
        if (!f->valid) {
            fputs("<td colspan=\"4\">no minimum inside the sizes</td></tr>\n", out);
            continue;
        }
        put_value(out, NUMBER_COUNT, &f->n_opt);
        put_ends(out, NUMBER_COUNT, &f->n_opt);
        put_value(out, NUMBER_COUNT, &f->d_opt);
        fprintf(out, "<td class=\"n\">%.4f%s</td></tr>\n", f->loss.value, f->at_edge ? " (at the edge of the sizes)" : "");
    }
    close_table(out);
}

enum status fits_section(FILE *out, const struct page *p, struct err *err)
{
    (void)err;
    const struct page_fit f = html_fit(p);
    if (!f.law) {
        html_line(out, "missing", "No law is fitted yet%s%s.", f.report ? ": " : "", f.report ? f.report->nothing : "");
        return OK;
    }
    put_choice(out, f.report);
    for (size_t i = 0; i < f.report->laws.n; i++)
        put_law(out, f.report, i);
    if (f.report->methods.n > 0)
        put_methods(out, f.report);
    if (f.report->isoflop.n > 0)
        put_minima(out, f.report);
    return OK;
}
