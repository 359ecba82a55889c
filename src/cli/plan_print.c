#include "cli/plan_print.h"

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

static void print_count(const char *what, struct fit_value v)
{
    char a[32], b[32], c[32], at[LEAD_MAX], interval[100] = "";
    if (isfinite(v.lo) && isfinite(v.hi))
        snprintf(interval, sizeof interval, ", 95 %% interval %s to %s", count_format(b, sizeof b, v.lo),
                 count_format(c, sizeof c, v.hi));
    text_beside(stdout, lead(at, what), "%s%s", count_format(a, sizeof a, v.value), interval);
}

static void print_loss(const struct plan_answer *a)
{
    char at[LEAD_MAX], interval[100] = "";
    const struct fit_value *v = &a->loss_curve;
    if (isfinite(v->lo) && isfinite(v->hi))
        snprintf(interval, sizeof interval, ", 95 %% interval %.4f to %.4f", v->lo, v->hi);
    text_beside(stdout, lead(at, "loss"), "%.4f%s%s%s", v->value, *a->unit ? " " : "", a->unit, interval);
    if (isfinite(a->loss.lo))
        text_beside(stdout, lead(at, "  of one new run"), "95 %% interval %.4f to %.4f", a->loss.lo, a->loss.hi);
}

static void print_training(const struct plan_answer *a)
{
    char at[LEAD_MAX], text[32];
    if (a->has_shape)
        text_beside(stdout, lead(at, "nearest shape"), "d_model %zu, %zu layer%s, %zu head%s (%s parameters, all counted)",
                    a->shape.d_model, a->shape.n_layer, a->shape.n_layer == 1 ? "" : "s", a->shape.n_head,
                    a->shape.n_head == 1 ? "" : "s", count_format(text, sizeof text, a->shape_params));
    if (isfinite(a->seconds))
        text_beside(stdout, lead(at, "time"), "%s on %zu core%s, at the speed of the sweep's runs nearest in size",
                    count_format_seconds(text, sizeof text, a->seconds), a->jobs, a->jobs == 1 ? "" : "s");
    if (a->command[0])
        printf(LEAD "%s\n", "train it", a->command); /* in one piece, to be copied */
}

void plan_print_text(const struct plan_answer *a)
{
    const struct fit_law *law = fit_report_selected(a->report);
    text_beside(stdout, "", "For %.3g FLOPs, by law %s (%zu runs, N counted %s):", a->flops, law->law->name, law->n,
                fit_count_name(a->report->count));
    print_count("parameters N", a->params);
    print_count("tokens D", a->tokens);
    print_loss(a);
    print_training(a);
    if (a->flops > 2 * a->largest_flops)
        text_beside(stdout, "careful: ", "that is %.3g times the largest budget of the runs, so this is an extrapolation",
                    a->flops / a->largest_flops);
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

static void put_reasons(FILE *out, const struct plan_answer *a)
{
    const struct {
        const char *key, *why;
    } all[] = {{"loss.ci95", a->no_interval}, {"shape", a->no_shape}, {"epochs", a->no_epochs},
               {"time_s", a->no_time}, {"command", a->no_command}};
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

void plan_print_json(FILE *out, const struct plan_answer *a)
{
    fputs("{\n", out);
    put_value(out, "params", a->params);
    put_value(out, "tokens", a->tokens);
    fputs("  \"flops\": ", out);
    put_number(out, a->flops);
    fputs(",\n", out);
    put_value(out, "loss", a->loss);
    put_value(out, "loss_curve", a->loss_curve);
    fprintf(out, "  \"law\": \"%s\",\n  \"count\": \"%s\",\n  \"runs\": %zu,\n  \"times_largest_budget\": ",
            fit_report_selected(a->report)->law->name, fit_count_name(a->report->count), a->report->n);
    put_number(out, a->flops / a->largest_flops);
    fputs(",\n  \"shape\": ", out);
    if (a->has_shape)
        fprintf(out, "{ \"d_model\": %zu, \"n_layer\": %zu, \"n_head\": %zu, \"params\": %.17g }", a->shape.d_model,
                a->shape.n_layer, a->shape.n_head, a->shape_params);
    else
        fputs("null", out);
    fputs(",\n  \"epochs\": ", out);
    put_number(out, a->epochs);
    fputs(",\n  \"time_s\": ", out);
    put_number(out, a->seconds);
    fputs(",\n  \"command\": ", out);
    if (a->command[0])
        put_text(out, a->command);
    else
        fputs("null", out);
    fputs(",\n", out);
    put_reasons(out, a);
    fputs("}\n", out);
}
