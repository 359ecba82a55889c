#include "cli/bench_print.h"

#include <math.h>
#include <string.h>

#include "base/count.h"
#include "cli/text.h"

static void print_peak(FILE *out, const struct bench_report *r)
{
    char more[96] = "";
    if (r->threads > 1)
        snprintf(more, sizeof more, ", %.1f on %d; handing work to %d threads and back takes %.2g us", r->peak_gflops,
                 r->threads, r->threads, 1e6 * r->fork_join_s);
    text_beside(out, "", "peak of the multiply-add (%s): %.1f GFLOP/s on one core%s", kern_isa_name(r->isa),
                r->peak_one_gflops, more);
    if (r->cores.slow > 0)
        text_beside(out, "", "cores of two kinds: %d fast and %d slow, so all together reach less than one fast core "
                    "times their number",
                    r->cores.fast, r->cores.slow);
    if (r->bf16 && r->instruction)
        text_beside(out, "", "products are of bfloat16, by the instruction %s; the peak above is that of fp32%s", r->instruction,
                    r->bf16_isa == KERN_AMX ? "" : ". On some processors, Intel's among them, that is no faster than fp32");
    else if (r->bf16)
        text_beside(out, "", "products are of bfloat16, emulated: this processor or this build has no instruction for them, and "
                             "they take longer than fp32's");
}

/* The tables are 60 columns wide: half a screen, a slide, a phone. */

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
    fprintf(out, "\nmatrix products: GFLOP/s and share of the peak\n");
    for (size_t i = 0; i < r->n_gemms; i++) {
        fprintf(out, "d_model %zu, %zu rows\n", r->gemms[i].shape->shape.C, r->gemms[i].gemm[0].m);
        fprintf(out, "  %-9s %5s %5s %12s %11s %11s\n", "layer", "in", "out", "forward", "grad-in", "grad-weight");
        for (size_t j = 0; j < r->gemms[i].n; j += 3) {
            const struct bench_gemm *g = &r->gemms[i].gemm[j];
            fprintf(out, "  %-9s %5zu %5zu ", g->layer, g->k, g->n);
            for (int d = 0; d < 3; d++)
                fprintf(out, " %5.1f %s", g[d].rate.gflops, percent(share, bench_share(&g[d].rate), 3, 0));
            fprintf(out, "\n");
        }
    }
}

/* What a step's time goes to. */
static void print_parts(FILE *out, const struct bench_train *t)
{
    char text[64 * GPT_N_OPS] = "";
    size_t used = 0;
    for (int op = 0; op < GPT_N_OPS; op++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %.1f", op ? ", " : "", gpt_op_names[op],
                                 100 * t->op_s[op] / t->step_s);
    text_beside(out, "  ", "share of its time (%%): %s", text);
}

static void print_active(FILE *out, const struct gpt_shape *s)
{
    char all[32], active[32];
    struct gpt_count c = gpt_count(s);
    if (c.params_active != c.params)
        text_beside(out, "  ", "%s parameters, of which a token meets %s", count_format(all, sizeof all, c.params),
                    count_format(active, sizeof active, c.params_active));
}

static void print_trains(FILE *out, const struct bench_report *r)
{
    char share[32];
    if (r->n_trains == 0)
        return;
    fprintf(out, "\n%-24s %9s %8s %7s %7s\n", "training step", "ms", "tokens/s", "GFLOP/s", "of peak");
    for (size_t i = 0; i < r->n_trains; i++) {
        const struct gpt_shape *s = &r->trains[i].shape->shape;
        const struct bench_train *t = &r->trains[i].train;
        char name[96];
        snprintf(name, sizeof name, "d%zu L%zu H%zu T%zu B%zu V%zu", s->C, s->L, s->NH, s->T,
                 r->trains[i].shape->batch, s->V);
        fprintf(out, "%-24s %9.3f %8.0f %7.1f %s\n", name, 1e3 * t->step_s, t->tokens_per_s, t->rate.gflops,
                percent(share, bench_share(&t->rate), 5, 1));
        print_active(out, s);
        print_parts(out, t);
    }
}

/* Figures whose share is left out. */
static size_t untrusted(const struct bench_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_gemms; i++)
        for (size_t j = 0; j < r->gemms[i].n; j++)
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
    fprintf(out, "\n");
    if (lost >= 1)
        text_beside(out, "",
                    "The machine is busy: %.0f %% of the time went to other programs, so it can do more than these figures say.",
                    lost);
    else
        text_beside(out, "", "The speed of the cores changed between a figure and its peak.");
    if (n > 0)
        text_beside(out, "", "Shares of the peak that cannot be trusted are left out (%zu).", n);
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
        for (size_t j = 0; j < r->gemms[i].n; j++) {
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
                     "\"batch\": %zu, \"vocab\": %zu,\n     \"step_s\": %.6g, \"cpu_s\": %.6g, \"tokens_per_s\": %.6g, "
                     "\"gflops\": %.5g, \"peak_gflops\": %.5g, \"mfu\": %s, \"busy\": %.3g,\n     "
                     "\"params\": %.0f, \"params_active\": %.0f,\n     \"breakdown\": {",
                i ? "," : "", s->C, s->L, s->NH, s->T, r->trains[i].shape->batch, s->V, t->step_s,
                t->rate.cpu_s, t->tokens_per_s, t->rate.gflops, t->rate.peak_gflops, json_share(share, bench_share(&t->rate)),
                lost_of(&t->rate), gpt_params(s), gpt_params_active(s));
        for (int op = 0; op < GPT_N_OPS; op++)
            fprintf(out, "%s\"%s\": %.4g", op ? ", " : "", gpt_op_names[op], t->op_s[op]);
        fprintf(out, "}}");
    }
}

void bench_print_json(FILE *out, const struct bench_report *r)
{
    fprintf(out,
            "{\"peak_gflops\": %.5g, \"threads\": %d, \"fork_join_s\": %.3g, \"isa\": \"%s\", \"busy\": %.3g,\n  ",
            r->peak_gflops, r->threads, r->fork_join_s, kern_isa_name(r->isa), bench_lost(&r->load));
    if (r->cores.slow > 0)
        fprintf(out, "\"fast_cores\": %d, \"slow_cores\": %d, ", r->cores.fast, r->cores.slow);
    if (r->bf16)
        fprintf(out, "\"bf16\": \"%s\", \"bf16_isa\": \"%s\", ", r->instruction ? "instruction" : "emulated",
                kern_isa_name(r->bf16_isa));
    fprintf(out, "\"gemm\": [");
    json_gemms(out, r);
    fprintf(out, "],\n  \"train\": [");
    json_trains(out, r);
    fprintf(out, "]}\n");
}
