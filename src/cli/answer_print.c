#include "cli/answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "cli/text.h"

/* What stands before a text: all as wide. */
#define LEAD "  %-15s "
enum { LEAD_MAX = 40 };

static const char *lead(char buf[LEAD_MAX], const char *what)
{
    snprintf(buf, LEAD_MAX, LEAD, what);
    return buf;
}

static const struct fit_law *law_of(const struct answer *a)
{
    return fit_report_selected(a->report);
}

static void print_count(const char *what, struct fit_value v)
{
    char a[32], b[32], c[32], at[LEAD_MAX], interval[100] = "";
    if (isfinite(v.lo) && isfinite(v.hi))
        snprintf(interval, sizeof interval, ", 95 %% interval %s to %s", count_format(b, sizeof b, v.lo),
                 count_format(c, sizeof c, v.hi));
    text_beside(stdout, lead(at, what), "%s%s", count_format(a, sizeof a, v.value), interval);
}

/* The run that is asked for, or the best one for a budget. */
static void print_run(const struct answer *a)
{
    const struct fit_law *f = law_of(a);
    char at[LEAD_MAX];
    if (f->law->n_vars == 1) {
        text_beside(stdout, "", "At %s = %.6g, by law %s (%zu runs):", f->x_name, a->x, f->law->name, f->n);
        return;
    }
    text_beside(stdout, "", "For %.3g FLOPs, by law %s (%zu runs, N counted %s):", a->flops, f->law->name, f->n,
                fit_count_name(a->report->count));
    if (a->no_size) {
        text_beside(stdout, lead(at, "best N and D"), "not determined: the runs allow values more than six decades apart");
        return;
    }
    print_count("parameters N", a->params);
    print_count("tokens D", a->tokens);
}

/* Four decimals, but of what is no loss of any run. */
static const char *loss_text(char buf[32], double v)
{
    snprintf(buf, 32, fabs(v) < 1e15 ? "%.4f" : "%.3g", v);
    return buf;
}

static void print_loss(const struct answer *a)
{
    char at[LEAD_MAX], interval[100] = "", value[32], lo[32], hi[32];
    const struct fit_value *v = &a->loss, *c = &a->loss_curve;
    if (isfinite(v->lo))
        snprintf(interval, sizeof interval, ", 95 %% interval %s to %s for one new run", loss_text(lo, v->lo),
                 loss_text(hi, v->hi));
    text_beside(stdout, lead(at, "loss"), "%s%s%s%s", loss_text(value, v->value), *a->unit ? " " : "", a->unit, interval);
    if (!isfinite(v->lo))
        text_beside(stdout, lead(at, ""), "(no interval for one new run: %s)", a->no_interval);
    if (isfinite(c->lo) && isfinite(c->hi))
        text_beside(stdout, lead(at, "  of the curve"), "95 %% interval %s to %s, for the mean of many runs", loss_text(lo, c->lo),
                    loss_text(hi, c->hi));
    if (isfinite(v->lo) && a->noise.bound)
        text_beside(stdout, lead(at, ""), "(no run was repeated with another seed: the noise of one is taken as large as the "
                                          "runs scatter about the law, %.2g)", a->noise.sigma);
}

static void print_range(char *buf, size_t size, const char *what, const size_t range[2])
{
    if (range[0] == range[1])
        snprintf(buf, size, "%s %zu", what, range[0]);
    else
        snprintf(buf, size, "%s %zu to %zu", what, range[0], range[1]);
}

static void print_shape(const struct answer *a)
{
    char at[LEAD_MAX], text[32], wide[64], deep[64], ran[200] = "";
    print_range(wide, sizeof wide, "d_model", a->ran.d_model);
    print_range(deep, sizeof deep, "n_layer", a->ran.n_layer);
    if (a->within_ran)
        snprintf(ran, sizeof ran, ", within those that ran");
    else if (a->ran_known)
        snprintf(ran, sizeof ran, ", %s than any that ran (%s, %s)",
                 a->shape.d_model > a->ran.d_model[1] || a->shape.n_layer > a->ran.n_layer[1] ? "larger" : "smaller", wide,
                 deep);
    text_beside(stdout, lead(at, "nearest shape"), "d_model %zu, %zu layer%s, %zu head%s (%s parameters, all counted)%s",
                a->shape.d_model, a->shape.n_layer, a->shape.n_layer == 1 ? "" : "s", a->shape.n_head,
                a->shape.n_head == 1 ? "" : "s", count_format(text, sizeof text, a->shape_params), ran);
}

static void print_training(const struct answer *a)
{
    char at[LEAD_MAX], text[32];
    if (isfinite(a->epochs))
        text_beside(stdout, lead(at, "epochs"), "%.3g of this corpus, which has %s tokens", a->epochs,
                    count_format(text, sizeof text, a->corpus));
    if (a->has_shape)
        print_shape(a);
    if (isfinite(a->seconds))
        text_beside(stdout, lead(at, "time"), "%s on %zu core%s, at the speed of the sweep's runs nearest in size",
                    count_format_seconds(text, sizeof text, a->seconds), a->jobs, a->jobs == 1 ? "" : "s");
    if (a->command[0])
        printf(LEAD "%s\n", "train it", a->command); /* in one piece, to be copied */
}

/* Beyond one epoch tokens are seen again. */
static void warn_of_repeats(const struct answer *a)
{
    char all[32], again[32], what[100];
    const struct law *law = law_of(a)->law;
    if (!(a->tokens.value > a->unique))
        return;
    if (law->for_repeats)
        snprintf(what, sizeof what, "law %s counts them as such", law->name);
    else if (a->runs_repeat)
        snprintf(what, sizeof what, "law %s takes them for new ones", law->name);
    else
        snprintf(what, sizeof what, "the law was fitted to runs that saw each token once");
    text_beside(stdout, "careful: ", "%s of the %s tokens are repeats, and %s",
                count_format(again, sizeof again, a->tokens.value - a->unique),
                count_format(all, sizeof all, a->tokens.value), what);
}

static void warn_beyond(double times, const char *what, const char *largest, const char *smallest)
{
    if (times > 2 || times < 0.5)
        text_beside(stdout, "careful: ", "%s %.3g times that of the %s run, so this is an extrapolation", what, times,
                    times > 1 ? largest : smallest);
}

/* Where a run of this size or with so many tokens, or one like it, has not been: the budget alone does not show it. */
static void warn_of_reach(const struct answer *a)
{
    if (a->times_largest > 2)
        text_beside(stdout, "careful: ", "that is %.3g times the largest %s of the runs, so this is an extrapolation",
                    a->times_largest, law_of(a)->law->n_vars == 1 ? law_of(a)->x_name : "budget");
    if (a->no_size)
        return;
    warn_beyond(a->times_size, "its size is", "largest", "smallest");
    warn_beyond(a->times_tokens, "its tokens are", "longest", "shortest");
}

/* A law may promise what no run can have. */
static void warn_of_floor(const struct answer *a)
{
    const struct fit_truth *truth = &a->report->verdict.truth;
    const double floor = isfinite(truth->heldout) ? fmin(truth->floor, truth->heldout) : truth->floor;
    if (truth->known && a->loss.value < floor)
        text_beside(stdout, "careful: ", "the exact floor of this language is %.4g%s%s: on average no run has less", floor,
                    *a->unit ? " " : "", a->unit);
}

void answer_print_text(const struct answer *a)
{
    print_run(a);
    print_loss(a);
    print_training(a);
    warn_of_repeats(a);
    warn_of_reach(a);
    warn_of_floor(a);
    if (a->report->verdict.withheld[0])
        text_beside(stdout, "careful: ", "these runs do not settle the law (%s): what it promises is one guess of many",
                    a->report->verdict.withheld);
}

/* ---- JSON ---- */

static void put_number(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, "%.17g", v);
    else
        fputs("null", out);
}

static void put_text(FILE *out, const char *s)
{
    fputc('"', out);
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20)
            fprintf(out, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            fprintf(out, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
    }
    fputc('"', out);
}

static void put_value(FILE *out, const char *key, struct fit_value v)
{
    fprintf(out, "  \"%s\": { \"value\": ", key);
    put_number(out, v.value);
    fputs(", \"ci95\": [", out);
    put_number(out, v.lo);
    fputs(", ", out);
    put_number(out, v.hi);
    fputs("] },\n", out);
}

/* Why what is null is null. */
static void put_reasons(FILE *out, const struct answer *a)
{
    static const char asked[] = "it is what was asked for";
    const char *size_interval = isfinite(a->params.lo) ? NULL : a->no_size ? a->no_size : a->is_asked ? asked : a->no_interval;
    const struct {
        const char *key, *why;
    } all[] = {{"params", a->no_size}, {"tokens", a->no_size}, {"params.ci95", size_interval}, {"tokens.ci95", size_interval},
               {"flops", isfinite(a->flops) ? NULL : a->no_size},
               {"loss.ci95", a->no_interval}, {"loss_curve.ci95", isfinite(a->loss_curve.lo) ? NULL : a->no_interval},
               {"noise", isfinite(a->noise.sigma) ? NULL : a->no_interval}, {"shape", a->no_shape},
               {"epochs", a->no_epochs}, {"time_s", a->no_time}, {"command", a->no_command}};
    bool some = false;
    fputs("  \"why_null\": {", out);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].why) {
            fprintf(out, "%s\n    \"%s\": ", some ? "," : "", all[i].key);
            put_text(out, all[i].why);
            some = true;
        }
    fputs(some ? "\n  }\n" : "}\n", out);
}

static void put_shape(FILE *out, const struct answer *a)
{
    fputs("  \"shape\": ", out);
    if (!a->has_shape) {
        fputs("null,\n", out);
        return;
    }
    fprintf(out, "{ \"d_model\": %zu, \"n_layer\": %zu, \"n_head\": %zu, \"params\": %.17g", a->shape.d_model, a->shape.n_layer,
            a->shape.n_head, a->shape_params);
    if (a->ran_known)
        fprintf(out, ", \"within_runs\": %s, \"runs\": { \"d_model\": [%zu, %zu], \"n_layer\": [%zu, %zu] }",
                a->within_ran ? "true" : "false", a->ran.d_model[0], a->ran.d_model[1], a->ran.n_layer[0], a->ran.n_layer[1]);
    fputs(" },\n", out);
}

static void put_named(FILE *out, const char *key, double v)
{
    fprintf(out, "  \"%s\": ", key);
    put_number(out, v);
    fputs(",\n", out);
}

void answer_print_json(FILE *out, const struct answer *a)
{
    fputs("{\n", out);
    put_value(out, "params", a->params);
    put_value(out, "tokens", a->tokens);
    put_named(out, "flops", a->flops);
    if (isfinite(a->x)) {
        fputs("  \"x\": { \"name\": ", out);
        put_text(out, law_of(a)->x_name);
        fprintf(out, ", \"value\": %.17g },\n", a->x);
    }
    put_value(out, "loss", a->loss);
    put_value(out, "loss_curve", a->loss_curve);
    put_named(out, "noise", a->noise.sigma);
    fprintf(out, "  \"noise_from\": \"%s\",\n", a->noise.bound ? "at most the scatter of the runs about the law"
                                                               : "runs repeated with other seeds");
    fprintf(out, "  \"law\": \"%s\",\n  \"count\": \"%s\",\n  \"runs\": %zu,\n", law_of(a)->law->name,
            fit_count_name(a->report->count), a->report->n);
    put_named(out, "times_largest_budget", a->times_largest);
    put_shape(out, a);
    put_named(out, "epochs", a->epochs);
    put_named(out, "time_s", a->seconds);
    fputs("  \"command\": ", out);
    if (a->command[0])
        put_text(out, a->command);
    else
        fputs("null", out);
    fputs(",\n", out);
    put_reasons(out, a);
    fputs("}\n", out);
}
