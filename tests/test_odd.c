/* Training at sizes that divide nothing: width 20, heads of 5, context 7, three symbols, batches that
 * no chunk fits. Run by itself, under the sanitizers, and under valgrind where there is one: every
 * tail of every kernel in the company that a step brings it into. */
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "model/optim/optim.h"

enum { V = 3, T = 7, C = 20, L = 2, NH = 4, B = 5, STEPS = 12 };

static void tokens(int32_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (int32_t)((i / 2) % V); /* predictable from two symbols */
}

/* Losses of STEPS steps; the last is that of gpt_losses on other sequences. */
static void train(double *loss, const struct kern *k, int threads, bool packed)
{
    struct err err;
    struct gpt g;
    const struct gpt_shape shape = {GPT_2 .V = V, .T = T, .C = C, .L = L, .NH = NH};
    struct param_rules rules = param_rules_make(PARAM_STANDARD, C, L, C, L);
    struct optim optim;
    const struct optim_config adamw = {.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.1, .clip = 1};
    int32_t x[B * T + 1];
    float losses[B * T], logits[V];
    tokens(x, B * T + 1);
    EXPECT_OK(gpt_init(&g, &shape, &rules, k, B, threads, &err));
    if (test_failed())
        return;
    for (size_t l = 0; !packed && l < L; l++) { /* needs less than what was planned */
        struct linear *all[] = {&g.layers[l].attention.qkv, &g.layers[l].attention.out, &g.layers[l].mlp.up,
                                &g.layers[l].mlp.down};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            all[i]->packed_fwd = all[i]->packed_bwd = NULL;
    }
    EXPECT_OK(optim_init(&optim, &adamw, &g, &err));
    gpt_init_weights(&g, 7);
    for (int64_t s = 0; s + 1 < STEPS; s++) {
        loss[s] = gpt_forward_backward(&g, x, x + 1);
        double norm = optim_step(&optim, &g, 0.01, s + 1);
        EXPECT_MSG(norm > 0 && isfinite(norm), "gradient norm %g in step %d", norm, (int)s + 1);
    }
    gpt_losses(&g, losses, x + 1, x + 1, B - 1);
    loss[STEPS - 1] = 0;
    for (size_t i = 0; i < (B - 1) * T; i++)
        loss[STEPS - 1] += (double)losses[i] / ((B - 1) * T);
    gpt_next_logits(&g, logits, x, T - 2);
    for (int i = 0; i < V; i++)
        EXPECT_MSG(isfinite(logits[i]), "logit %d is %g", i, (double)logits[i]);
    optim_free(&optim);
    gpt_free(&g);
}

static void odd_sizes(void)
{
    double want[STEPS];
    struct kern k;
    kern_init(&k, KERN_REF);
    train(want, &k, 1, true);
    EXPECT_NEAR(want[0], log(3), 0.05); /* nothing learnt yet */
    EXPECT_MSG(want[STEPS - 2] < 0.9 * want[0], "the loss went from %g to %g", want[0],
               want[STEPS - 2]);
    for (int isa = KERN_REF; isa < KERN_ISA_COUNT && !test_failed(); isa++) {
        kern_init(&k, (enum kern_isa)isa);
        if ((int)k.isa != isa)
            continue;
        printf("    %s\n", kern_isa_name(k.isa));
        double one[STEPS], two[STEPS];
        train(one, &k, 1, true);
        train(two, &k, 2, false);
        /* Two threads, and weights packed on the way: the same bytes.
         * The longest sum has 4C terms; 14 products follow each other, values are of order one. */
        EXPECT_NEAR(one[0], want[0], 14.0 * 4 * C * (double)FLT_EPSILON * want[0]);
        for (int s = 0; s < STEPS; s++)
            EXPECT_MSG(one[s] == two[s] && isfinite(one[s]), "%s step %d: %.17g, two threads %.17g",
                       kern_isa_name(k.isa), s, one[s], two[s]);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"width 20, heads of 5, context 7, 3 symbols", odd_sizes}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
