#include "cli/bench_print.h"

void bench_print_peak(const struct bench_report *r)
{
    printf("peak of the multiply-add (%s): %.1f GFLOP/s on one core", kern_isa_name(r->isa),
           r->peak_one_gflops);
    if (r->threads > 1)
        printf(", %.1f on %d; handing work to %d threads and back takes %.2g us", r->peak_gflops, r->threads,
               r->threads, 1e6 * r->fork_join_s);
    printf("\n");
}

void bench_print_gemms(const struct bench_report *r)
{
    if (r->n_gemms == 0)
        return;
    printf("\n%-8s %-9s  %8s %8s %8s  %22s %22s %22s\n", "d_model", "layer", "rows", "in", "out",
           "forward GFLOP/s", "grad-input GFLOP/s", "grad-weight GFLOP/s");
    for (size_t i = 0; i < r->n_gemms; i++)
        for (int j = 0; j < BENCH_N_GEMMS; j += 3) {
            const struct bench_gemm *g = &r->gemms[i].gemm[j];
            printf("%-8zu %-9s  %8zu %8zu %8zu ", r->gemms[i].shape->shape.C, g->layer, g->m, g->k,
                   g->n);
            for (int d = 0; d < 3; d++)
                printf("  %13.1f (%3.0f %%)", g[d].gflops, 100 * g[d].gflops / g[d].peak_gflops);
            printf("\n");
        }
}

void bench_print_trains(const struct bench_report *r)
{
    if (r->n_trains == 0)
        return;
    printf("\n%-26s %10s %11s %8s %7s  share of the step (%%)\n", "training step", "ms", "tokens/s",
           "GFLOP/s", "of peak");
    for (size_t i = 0; i < r->n_trains; i++) {
        const struct gpt_shape *s = &r->trains[i].shape->shape;
        const struct bench_train *t = &r->trains[i].train;
        char name[96];
        snprintf(name, sizeof name, "d%zu L%zu H%zu T%zu B%zu V%zu", s->C, s->L, s->NH, s->T,
                 r->trains[i].shape->batch, s->V);
        printf("%-26s %10.3f %11.0f %8.1f %5.1f %%  ", name, 1e3 * t->step_s, t->tokens_per_s,
               t->gflops, 100 * t->gflops / t->peak_gflops);
        for (int op = 0; op < GPT_N_OPS; op++)
            printf("%s %.1f%s", gpt_op_names[op], 100 * t->op_s[op] / t->step_s,
                   op + 1 < GPT_N_OPS ? ", " : "\n");
    }
}

/* The strings are the tool's own names: nothing in them needs escaping. */
static void json_gemms(FILE *out, const struct bench_report *r)
{
    const char *comma = "";
    for (size_t i = 0; i < r->n_gemms; i++)
        for (int j = 0; j < BENCH_N_GEMMS; j++) {
            const struct bench_gemm *g = &r->gemms[i].gemm[j];
            fprintf(out, "%s\n    {\"op\": \"%s\", \"m\": %zu, \"n\": %zu, \"k\": %zu, "
                         "\"gflops\": %.4g, \"share\": %.4g}",
                    comma, g->op, g->m, g->n, g->k, g->gflops, g->gflops / g->peak_gflops);
            comma = ",";
        }
}

static void json_trains(FILE *out, const struct bench_report *r)
{
    for (size_t i = 0; i < r->n_trains; i++) {
        const struct gpt_shape *s = &r->trains[i].shape->shape;
        const struct bench_train *t = &r->trains[i].train;
        fprintf(out, "%s\n    {\"d_model\": %zu, \"n_layer\": %zu, \"n_head\": %zu, \"ctx\": %zu, "
                     "\"batch\": %zu, \"vocab\": %zu,\n     \"step_s\": %.6g, \"tokens_per_s\": %.6g, "
                     "\"gflops\": %.5g, \"peak_gflops\": %.5g, \"mfu\": %.4g,\n     \"breakdown\": {",
                i ? "," : "", s->C, s->L, s->NH, s->T, r->trains[i].shape->batch, s->V, t->step_s,
                t->tokens_per_s, t->gflops, t->peak_gflops, t->gflops / t->peak_gflops);
        for (int op = 0; op < GPT_N_OPS; op++)
            fprintf(out, "%s\"%s\": %.4g", op ? ", " : "", gpt_op_names[op], t->op_s[op]);
        fprintf(out, "}}");
    }
}

void bench_print_json(FILE *out, const struct bench_report *r)
{
    fprintf(out, "{\"peak_gflops\": %.5g, \"threads\": %d, \"fork_join_s\": %.3g, \"isa\": \"%s\",\n  \"gemm\": [",
            r->peak_gflops, r->threads, r->fork_join_s, kern_isa_name(r->isa));
    json_gemms(out, r);
    fprintf(out, "],\n  \"train\": [");
    json_trains(out, r);
    fprintf(out, "]}\n");
}
