/* What a run relies on with every optimiser: equal bytes for any number of threads, experts that are matrices each by itself,
 * averages of the tail, a loss that falls, no allocation in a step. */
#include "optims.h"
#include "test.h"
#include "wrap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/optim/optim.h"

/* Wide enough that products and updates are shared out, and long sides beside short ones. */
static void threads(void)
{
    static const struct gpt_shape wide = {GPT_2 .V = 150, .T = 24, .C = 48, .L = 1, .NH = 4};
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct optim_config c = config_of(kind);
        c.soap_max_dim = 192;
        c.muon_precision = kind % 2 ? KERN_FP32 : KERN_BF16; /* muon, normuon */
        FOR_ISA(k)
            for (int n = 2; n <= 3; n++) {
                struct model one, many;
                make(&one, &wide, &c, &k, 1);
                make(&many, &wide, &c, &k, n);
                for (uint64_t step = 1; step <= 2; step++) {
                    double a = train_step(&one, step, 0.01), b = train_step(&many, step, 0.01);
                    EXPECT_MSG(a == b && same_state(&one, &many), "%s %s: step %d of 1 and %d threads differs",
                               optim_kinds[kind]->name, kern_isa_name(k.isa), (int)step, n);
                    many.g.ops.threads = n - 1; /* fewer than it was made for are fine */
                }
                release(&one);
                release(&many);
            }
    }
}

/* Experts are matrices each by itself: a gradient three times as large turns another expert as far, not three times. */
static void experts_apart(void)
{
    struct gpt_shape two = small;
    two.n_expert = 2;
    static const char *const kinds[] = {"muon", "normuon"};
    struct kern k;
    kern_init(&k, kern_isa_best());
    for (size_t i = 0; i < 2; i++) {
        size_t kind = 0;
        while (strcmp(optim_kinds[kind]->name, kinds[i]) != 0)
            kind++;
        struct optim_config c = config_of(kind);
        struct model m;
        c.clip = c.weight_decay = 0;
        make(&m, &two, &c, &k, 1);
        const struct tensor *up = tensors_find(&m.g.tensors, "upw");
        size_t n = tensor_size(up) / 2;
        float *w = m.g.w + up->offset, *grad = m.g.grad + up->offset;
        EXPECT(up->stack == 2 && up->rows == 48);
        for (size_t j = 0; j < n; j++) {
            w[n + j] = w[j];
            grad[j] = (float)rng_normal(test_rng());
            grad[n + j] = 3 * grad[j];
        }
        optim_step(&m.o, &m.g, 0.01, 1);
        float apart = 0, way = 0; /* as doubles', gcc 12 fails at this loop for arm */
        for (size_t j = 0; j < n; j++)
            apart = fmaxf(apart, fabsf(w[n + j] - w[j])), way = fmaxf(way, fabsf(w[j]));
        EXPECT_MSG(apart <= 1e-5f * way, "%s: experts are %.3g apart", kinds[i], (double)apart);
        release(&m);
    }
}

/* Averages of the weights against their formulas, beside a run that they leave alone; and the exchange there and back. */
static void averages(void)
{
    struct kern k;
    struct model with, without;
    struct optim_config c = config_of(0);
    kern_init(&k, kern_isa_best());
    make(&without, &small, &c, &k, 1);
    c.ema = 0.5, c.tail = 0.4;
    make(&with, &small, &c, &k, 1);
    with.o.tail_after = 18;
    size_t n = with.g.tensors.n_flat;
    double *want = calloc(n, sizeof *want), *tail = calloc(n, sizeof *tail);
    float *kept = malloc(n * sizeof *kept);
    CHECK(want && tail && kept);
    for (uint64_t step = 1; step <= 30; step++) {
        double keep = fmin(0.5, ((double)step - 1) / ((double)step + 9));
        EXPECT(train_step(&with, step, 0.01) == train_step(&without, step, 0.01));
        for (size_t i = 0; i < n; i++)
            want[i] = keep * want[i] + (1 - keep) * (double)with.g.w[i];
        for (size_t i = 0; step > 18 && i < n; i++)
            tail[i] += (double)with.g.w[i] / 12;
    }
    const float *mean = with.o.state[with.o.kind->n_states], *last = with.o.state[with.o.kind->n_states + 1];
    EXPECT(optim_n_states(&with.o) == with.o.kind->n_states + 2);
    for (size_t i = 0; i < n; i++) {
        EXPECT_NEAR((double)mean[i], want[i], 1e-6 * (1 + fabs(want[i])));
        EXPECT_NEAR((double)last[i], tail[i], 1e-6 * (1 + fabs(tail[i])));
    }
    memcpy(kept, with.g.w, n * sizeof *kept);
    EXPECT(memcmp(kept, without.g.w, n * sizeof *kept) == 0);
    int32_t x[BATCH * 24], y[BATCH * 24];
    float loss[3][BATCH * 24];
    batch(x, y, &small, 99);
    gpt_losses(&with.g, loss[0], x, y, BATCH);
    optim_use_average(&with.o, OPTIM_AVERAGE_ema, &with.g);
    EXPECT(memcmp(with.g.w, mean, n * sizeof *kept) == 0);
    optim_use_weights(&with.g);
    optim_use_average(&with.o, OPTIM_AVERAGE_tail, &with.g);
    EXPECT(memcmp(with.g.w, last, n * sizeof *kept) == 0);
    gpt_losses(&with.g, loss[1], x, y, BATCH);
    optim_use_weights(&with.g);
    EXPECT(memcmp(with.g.w, kept, n * sizeof *kept) == 0);
    gpt_losses(&with.g, loss[2], x, y, BATCH);
    EXPECT(loss[0][3] == loss[2][3] && loss[0][3] != loss[1][3]); /* packed again both times */
    free(kept);
    free(tail);
    free(want);
    release(&with);
    release(&without);
}

/* From ln 17 = 2.83 to well below: one token in eight is random. */
static void learns(void)
{
    static const double lr[] = {0.01, 0.01, 0.01, 0.003, 0.01, 0.02};
    struct kern k;
    kern_init(&k, kern_isa_best());
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct model m;
        struct optim_config c = config_of(kind);
        c.weight_decay = 0.01, c.adam_lr_ratio = 1, c.soap_max_dim = 96, c.soap_every = 10, c.clip = 1;
        make(&m, &small, &c, &k, 1);
        double loss = 0;
        for (uint64_t step = 1; step <= 150; step++)
            loss = train_step(&m, step, lr[kind]);
        EXPECT_MSG(loss < 1.6, "%s: the loss stays at %g", optim_kinds[kind]->name, loss);
        release(&m);
    }
}

static void no_allocation(void)
{
    if (!wrap_works())
        return;
    struct kern k;
    kern_init(&k, kern_isa_best());
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct model m;
        struct optim_config c = config_of(kind);
        wrap_fail(WRAP_NONE, false);
        make(&m, &small, &c, &k, 2);
        size_t n = wrap_stop();
        EXPECT_MSG(n == 2, "%s: a model and its optimiser allocate %zu times", optim_kinds[kind]->name, n);
        EXPECT(m.o.arena.used_bytes == optim_bytes(&c, &small, &k, 2));
        wrap_fail(WRAP_NONE, false);
        for (uint64_t step = 1; step <= 2; step++)
            train_step(&m, step, 0.01);
        n = wrap_stop();
        EXPECT_MSG(n == 0, "%s: %zu allocations in a step", optim_kinds[kind]->name, n);
        release(&m);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"threads", threads},
        {"experts_apart", experts_apart},
        {"averages", averages},
        {"learns", learns},
        {"no allocation in a step", no_allocation},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
