/* How fast a token that follows others comes, against what the machine could do: docs/weights.md.
 *
 *     row_speed [D_MODEL N_LAYER CTX]
 *
 * In seconds of the processor, on one core, all in one process and alternately: tokens, the same bytes of weights read and nothing
 * else, and multiply-adds in registers. The best of five rounds of each. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "model/gpt.h"

static double best(double a, double b)
{
    return a == 0 || b < a ? b : a;
}

int main(int argc, char **argv)
{
    struct gpt_shape s = {GPT_SWITCHES(GPT_DEFAULT)};
    struct kern k;
    struct gpt g;
    struct err err;
    s.V = 256, s.C = argc > 1 ? (size_t)atol(argv[1]) : 128, s.L = argc > 2 ? (size_t)atol(argv[2]) : 4;
    s.T = argc > 3 ? (size_t)atol(argv[3]) : 128, s.NH = s.C / 32;
    struct param_rules rules = param_rules_make(PARAM_STANDARD, s.C, s.L, 1, 1);
    kern_init(&k, kern_isa_best());
    if (gpt_init_forward(&g, &s, &rules, &k, 1, 1, &err) != OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    gpt_init_weights(&g, 1);
    float logits[256], x[192];
    double token_s = 0, read_s = 0, fma_s = 0, sink = 0, bytes = (double)g.tensors.n_flat * sizeof(float);
    double flops = gpt_flops_per_token(&s) / 3;
    int32_t first = 0;
    for (int i = 0; i < 192; i++)
        x[i] = 0.5f;
    for (int round = 0; round < 5; round++) {
        double t = clock_cpu_s();
        gpt_next_logits(&g, logits, &first, 1);
        for (size_t i = 1; i < s.T; i++)
            gpt_next(&g, logits, (int32_t)(i % 256), i);
        token_s = best(token_s, (clock_cpu_s() - t) / (double)s.T);
        t = clock_cpu_s();
        for (int i = 0; i < 50; i++)
            sink += k.sumsq(g.w, g.tensors.n_flat);
        read_s = best(read_s, (clock_cpu_s() - t) / 50);
        t = clock_cpu_s();
        k.fma_steps(x, 0.999f, 0.001f, 192, 100000);
        fma_s = best(fma_s, (clock_cpu_s() - t) / (2.0 * 192 * 100000));
    }
    printf("d%zu L%zu ctx %zu, %s, %.2f MB of weights: %.0f tokens/s, %.1f GB/s and %.1f GFLOP/s\n", s.C, s.L, s.T,
           kern_isa_name(k.isa), bytes / 1e6, 1 / token_s, bytes / token_s / 1e9, flops / token_s / 1e9);
    printf("  the same weights read alone: %.1f GB/s; multiply-adds in registers: %.1f GFLOP/s%s\n", bytes / read_s / 1e9,
           1 / fma_s / 1e9, sink < 0 ? "!" : "");
    gpt_free(&g);
    return 0;
}
