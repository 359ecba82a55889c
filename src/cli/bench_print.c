#include "cli/bench_print.h"

#include <math.h>

static void print_peak(FILE *out, const struct bench_report *r)
{
    fprintf(out, "peak of the multiply-add (%s): %.1f GFLOP/s on one core", kern_isa_name(r->isa),
            r->peak_one_gflops);
    if (r->threads > 1)
        fprintf(out, ", %.1f on %d; handing work to %d threads and back takes %.2g us", r->peak_gflops, r->threads,
                r->threads, 1e6 * r->fork_join_s);
    fprintf(out, "\n");
}

/* A share in percent as wide as `digits` asks for, or a dash. */
static const char *percent(char text[32], double share, int width, int digits)
{
    if (share >= 0)
        snprintf(text, 32, "%*.*f %%", width, digits, 100 * share);
    else
        snprintf(text, 32, "%*s  ", width, "-");
    return text;
}

static void print_gemms(FILE *out, const struct bench_report *r)
{
    char share[32];
    if (r->n_gemms == 0)
        return;
    fprintf(out, "\n%-8s %-9s  %8s %8s %8s  %22s %22s %22s\n", "d_model", "layer", "rows", "in", "out",
            "forward GFLOP/s", "grad-input GFLOP/s", "grad-weight GFLOP/s");
    for (size_t i = 0; i < r->n_gemms; i++)
        for (int j = 0; j < BENCH_N_GEMMS; j += 3) {
            const struct bench_gemm *g = &r->gemms[i].gemm[j];
            fprintf(out, "%-8zu %-9s  %8zu %8zu %8zu ", r->gemms[i].shape->shape.C, g->layer, g->m, g->k,
                    g->n);
            for (int d = 0; d < 3; d++)
                fprintf(out, "  %13.1f (%s)", g[d].rate.gflops, percent(share, bench_share(&g[d].rate), 3, 0));
            fprintf(out, "\n");
        }
}

static void print_trains(FILE *out, const struct bench_report *r)
{
    char share[32];
    if (r->n_trains == 0)
        return;
    fprintf(out, "\n%-26s %10s %11s %8s %7s  share of the step (%%)\n", "training step", "ms", "tokens/s",
            "GFLOP/s", "of peak");
    for (size_t i = 0; i < r->n_trains; i++) {
        const struct gpt_shape *s = &r->trains[i].shape->shape;
        const struct bench_train *t = &r->trains[i].train;
        char name[96];
        snprintf(name, sizeof name, "d%zu L%zu H%zu T%zu B%zu V%zu", s->C, s->L, s->NH, s->T,
                 r->trains[i].shape->batch, s->V);
        fprintf(out, "%-26s %10.3f %11.0f %8.1f %s  ", name, 1e3 * t->step_s, t->tokens_per_s,
                t->rate.gflops, percent(share, bench_share(&t->rate), 5, 1));
        for (int op = 0; op < GPT_N_OPS; op++)
            fprintf(out, "%s %.1f%s", gpt_op_names[op], 100 * t->op_s[op] / t->step_s,
                    op + 1 < GPT_N_OPS ? ", " : "\n");
    }
}

/* Figures whose share is left out. */
static size_t untrusted(const struct bench_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_gemms; i++)
        for (int j = 0; j < BENCH_N_GEMMS; j++)
            n += !(bench_share(&r->gemms[i].gemm[j].rate) >= 0);
    for (size_t i = 0; i < r->n_trains; i++)
        n += !(bench_share(&r->trains[i].train.rate) >= 0);
    return n;
}

static void print_busy(FILE *out, const struct bench_report *r)
{
    size_t n = untrusted(r);
    double lost = 100 * bench_lost(&r->load);
    if (!bench_busy(&r->load) && n == 0)
        return;
    if (lost >= 1)
        fprintf(out, "\nThe machine is busy: %.0f %% of the time went to other programs, so these figures say less than "
                     "it can do.", lost);
    else
        fprintf(out, "\nThe speed of the cores changed between a figure and its peak.");
    if (n > 0)
        fprintf(out, " Shares of the peak that cannot be trusted are left out (%zu).", n);
    fprintf(out, "\n");
}

void bench_print(FILE *out, const struct bench_report *r)
{
    print_peak(out, r);
    print_gemms(out, r);
    print_trains(out, r);
    print_busy(out, r);
}

/* A share, or null. */
static const char *json_share(char text[32], double share)
{
    snprintf(text, 32, share >= 0 ? "%.4g" : "null", share);
    return text;
}

/* What other programs took of a figure or of its peak, whichever is more. */
static double lost_of(const struct bench_rate *r)
{
    return fmax(bench_lost(&r->load), bench_lost(&r->peak_load));
}

/* The strings are the tool's own names: nothing in them needs escaping. */
static void json_gemms(FILE *out, const struct bench_report *r)
{
    const char *comma = "";
    char share[32];
    for (size_t i = 0; i < r->n_gemms; i++)
        for (int j = 0; j < BENCH_N_GEMMS; j++) {
            const struct bench_gemm *g = &r->gemms[i].gemm[j];
            fprintf(out, "%s\n    {\"op\": \"%s\", \"m\": %zu, \"n\": %zu, \"k\": %zu, "
                         "\"gflops\": %.4g, \"share\": %s, \"busy\": %.3g}",
                    comma, g->op, g->m, g->n, g->k, g->rate.gflops, json_share(share, bench_share(&g->rate)),
                    lost_of(&g->rate));
            comma = ",";
        }
}

static void json_trains(FILE *out, const struct bench_report *r)
{
    char share[32];
    for (size_t i = 0; i < r->n_trains; i++) {
        const struct gpt_shape *s = &r->trains[i].shape->shape;
        const struct bench_train *t = &r->trains[i].train;
        fprintf(out, "%s\n    {\"d_model\": %zu, \"n_layer\": %zu, \"n_head\": %zu, \"ctx\": %zu, "
                     "\"batch\": %zu, \"vocab\": %zu,\n     \"step_s\": %.6g, \"tokens_per_s\": %.6g, "
                     "\"gflops\": %.5g, \"peak_gflops\": %.5g, \"mfu\": %s, \"busy\": %.3g,\n     "
                     "\"breakdown\": {",
                i ? "," : "", s->C, s->L, s->NH, s->T, r->trains[i].shape->batch, s->V, t->step_s,
                t->tokens_per_s, t->rate.gflops, t->rate.peak_gflops, json_share(share, bench_share(&t->rate)),
                lost_of(&t->rate));
        for (int op = 0; op < GPT_N_OPS; op++)
            fprintf(out, "%s\"%s\": %.4g", op ? ", " : "", gpt_op_names[op], t->op_s[op]);
        fprintf(out, "}}");
    }
}

void bench_print_json(FILE *out, const struct bench_report *r)
{
    fprintf(out,
            "{\"peak_gflops\": %.5g, \"threads\": %d, \"fork_join_s\": %.3g, \"isa\": \"%s\", \"busy\": %.3g,\n  "
            "\"gemm\": [",
            r->peak_gflops, r->threads, r->fork_join_s, kern_isa_name(r->isa), bench_lost(&r->load));
    json_gemms(out, r);
    fprintf(out, "],\n  \"train\": [");
    json_trains(out, r);
    fprintf(out, "]}\n");
}
