/* Steps of training: curves as those of a double reference, at every instruction set that the machine has; equal bytes for
 * any thread count; rates; what a step that went wrong leaves alone; and a step allocates
 * nothing. */
#include "models.h"
#include "ref_gpt.h"
#include "test.h"
#include "wrap.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "model/checkpoint.h"
#include "model/gpt.h"
#include "model/optim/optim.h"
#include "model/optim/schedule.h"
#include "model/team.h"

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { CURVE_STEPS = 20 };
static const double curve_peak = 0.02, curve_warmup = 5;

static double curve_lr(int step)
{
    return curve_peak * (step < curve_warmup ? step / curve_warmup : 1);
}

static void reference_curve(double *loss, double *norm, struct ref_gpt *r)
{
    int32_t x[BATCH * 12], y[BATCH * 12];
    for (int step = 1; step <= CURVE_STEPS; step++) {
        batch(x, y, &small, BATCH, (uint64_t)step);
        loss[step - 1] = ref_loss_grad(r, x, y, BATCH);
        norm[step - 1] = ref_adamw(r, curve_lr(step), adam.beta1, adam.beta2, adam.eps,
                                   adam.weight_decay, adam.clip, step);
    }
}

static void model_curve(double *loss, double *norm, struct model *m)
{
    int32_t x[BATCH * 12], y[BATCH * 12];
    const struct schedule s = {.kind = SCHEDULE_CONSTANT,
                               .peak = curve_peak,
                               .warmup = curve_warmup * BATCH * 12,
                               .total = CURVE_STEPS * BATCH * 12};
    for (int step = 1; step <= CURVE_STEPS; step++) {
        batch(x, y, &small, BATCH, (uint64_t)step);
        loss[step - 1] = gpt_forward_backward(&m->g, x, y);
        norm[step - 1] = optim_step(&m->o, &m->g, schedule_lr(&s, step * BATCH * 12.0), step);
    }
}

static void curve_of(enum param_kind kind)
{
    double want[CURVE_STEPS], want_norm[CURVE_STEPS], got[CURVE_STEPS], norm[CURVE_STEPS];
    struct model m;
    bool first = true, completep = kind == PARAM_COMPLETEP;
    FOR_ISA(k)
    {
        make_model(&m, &small, kind, &k, BATCH, 1);
        if (first) {
            struct ref_gpt r;
            ref_init(&r, &m.g, completep ? BASE_C : 0, completep ? BASE_L : 0);
            reference_curve(want, want_norm, &r);
            ref_free(&r);
        }
        first = false;
        model_curve(got, norm, &m);
        bool clipped = false;
        for (int i = 0; i < CURVE_STEPS; i++) {
            EXPECT_MSG(fabs(got[i] - want[i]) <= 1e-4 * want[i],
                       "%s: loss of step %d is %.8g, expected %.8g", kern_isa_name(k.isa), i + 1,
                       got[i], want[i]);
            EXPECT_MSG(fabs(norm[i] - want_norm[i]) <= 1e-3 * want_norm[i],
                       "%s: gradient norm of step %d is %.8g, expected %.8g", kern_isa_name(k.isa),
                       i + 1, norm[i], want_norm[i]);
            clipped = clipped || norm[i] > adam.clip;
        }
        EXPECT_MSG(clipped, "clipping was never active");
        EXPECT_MSG(got[CURVE_STEPS - 1] < got[0] - 0.1, "the loss did not fall: %g to %g", got[0],
                   got[CURVE_STEPS - 1]);
        free_model(&m);
    }
}

static void curve_completep(void)
{
    curve_of(PARAM_COMPLETEP);
}

static void curve_standard(void)
{
    curve_of(PARAM_STANDARD);
}

static void threads(void)
{
    FOR_ISA(k)
    {
        struct model one, many;
        for (int n = 2; n <= 3; n++) {
            make_model(&one, &wide, PARAM_COMPLETEP, &k, WIDE_BATCH, 1);
            make_model(&many, &wide, PARAM_COMPLETEP, &k, WIDE_BATCH, n);
            EXPECT_MSG(one.g.chunk < one.g.B, "a step of %zu sequences has one chunk", one.g.B);
            EXPECT(one.g.chunk == many.g.chunk);
            for (uint64_t step = 1; step <= 2; step++) {
                double a = step_on(&one, step), b = step_on(&many, step);
                EXPECT_MSG(a == b, "%s: loss %.17g with 1 thread, %.17g with %d",
                           kern_isa_name(k.isa), a, b, n);
                EXPECT_MSG(same_floats(one.g.grad, many.g.grad, one.g.tensors.n_flat),
                           "%s: gradients of 1 and %d threads differ", kern_isa_name(k.isa), n);
                EXPECT_MSG(same_state(&one, &many), "%s: states of 1 and %d threads differ",
                           kern_isa_name(k.isa), n);
            }
            free_model(&one);
            free_model(&many);
        }
    }
}

/* What a busy machine does to training: the number of threads changes from step to step, within a standing team. */
static void changing_steps(void *ctx)
{
    static const int used[] = {1, 3, 2, 1, 2, 3};
    struct model *m = ctx;
    for (uint64_t step = 1; step <= sizeof used / sizeof *used; step++) {
        m->g.ops.threads = used[step - 1];
        step_on(m, step);
    }
}

static void changing_threads(void)
{
    FOR_ISA(k)
    {
        struct model one, many;
        make_model(&one, &wide, PARAM_COMPLETEP, &k, WIDE_BATCH, 1);
        make_model(&many, &wide, PARAM_COMPLETEP, &k, WIDE_BATCH, 3);
        for (uint64_t step = 1; step <= 6; step++)
            step_on(&one, step);
        team_run(2, changing_steps, &many);
        EXPECT_MSG(same_floats(one.g.grad, many.g.grad, one.g.tensors.n_flat) && same_state(&one, &many),
                   "%s: a changing number of threads gives other bytes than one thread", kern_isa_name(k.isa));
        free_model(&one);
        free_model(&many);
    }
}

/* Chunks change the order of sums and nothing else. */
static void chunks_of(const struct gpt_shape *s)
{
    int32_t x[WIDE_TOKENS], y[WIDE_TOKENS];
    batch(x, y, s, WIDE_BATCH, 0);
    FOR_ISA(k)
    {
        struct gpt a, b;
        make(&a, s, PARAM_STANDARD, &k, WIDE_BATCH, 1);
        make(&b, s, PARAM_STANDARD, &k, WIDE_BATCH, 1);
        b.chunk = 1;
        gpt_forward_backward(&a, x, y); /* what was there is overwritten */
        double la = gpt_forward_backward(&a, x, y), lb = gpt_forward_backward(&b, x, y);
        EXPECT_REL(la, lb, 1e-6);
        double far = 0, norm = 0;
        for (size_t i = 0; i < a.tensors.n_flat; i++) {
            double d = (double)a.grad[i] - (double)b.grad[i];
            far += d * d;
            norm += (double)a.grad[i] * (double)a.grad[i];
        }
        EXPECT_MSG(sqrt(far) <= 1e-5 * sqrt(norm), "gradients are %.3g apart, their norm is %.3g",
                   sqrt(far), sqrt(norm));
        gpt_free(&a);
        gpt_free(&b);
    }
}

static void chunks(void)
{
    chunks_of(&wide);
    chunks_of(&(struct gpt_shape){GPT_2 .V = 70, .T = 24, .C = 48, .L = 2, .NH = 4, .mtp = 2, .tied = 0, .value_residual = 1});
}

/* Heads for further tokens change nothing of what a model says, of its start, or of the loss that is reported; a checkpoint
 * holds them. */
static void further_tokens(void)
{
    const struct gpt_shape with = {GPT_2 .V = 70, .T = 24, .C = 48, .L = 2, .NH = 4, .mtp = 2};
    char path[FILE_PATH_MAX];
    int32_t x[WIDE_TOKENS], y[WIDE_TOKENS];
    float loss[2][24];
    batch(x, y, &wide, WIDE_BATCH, 3);
    FOR_ISA(k)
    {
        struct err err;
        struct model plain, more, again;
        EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "heads", &err));
        make_model(&plain, &wide, PARAM_COMPLETEP, &k, WIDE_BATCH, 2);
        make_model(&more, &with, PARAM_COMPLETEP, &k, WIDE_BATCH, 2);
        make_model(&again, &with, PARAM_COMPLETEP, &k, WIDE_BATCH, 1);
        for (size_t i = 0; i < plain.g.tensors.n; i++) {
            const struct tensor *a = &plain.g.tensors.list[i], *b = tensors_find(&more.g.tensors, a->name);
            EXPECT(b && b->n == a->n + (a->outside ? 0 : 2));
            EXPECT_MSG(same_floats(plain.g.w + a->offset, more.g.w + b->offset, a->n * a->stride), "%s starts elsewhere", a->name);
            EXPECT_MSG(a->outside || !a->n || a->rows == 1 ||
                           !same_floats(more.g.w + tensor_at(b, 1), more.g.w + tensor_at(b, 2), tensor_size(a)),
                       "%s: a head starts as the last layer", a->name);
        }
        EXPECT(gpt_forward_backward(&plain.g, x, y) == gpt_forward_backward(&more.g, x, y));
        gpt_losses(&plain.g, loss[0], x, y, 1);
        gpt_losses(&more.g, loss[1], x, y, 1);
        EXPECT(same_floats(loss[0], loss[1], 24));
        for (uint64_t step = 1; step <= 2; step++)
            EXPECT(step_on(&more, step) == step_on(&again, step));
        EXPECT(same_state(&more, &again));
        EXPECT_OK(checkpoint_save(path, &more.g, &more.o, &(struct checkpoint_meta){.step = 2}, &err));
        gpt_init_weights(&again.g, 1);
        EXPECT_OK(checkpoint_load(path, &again.g, &again.o, &(struct checkpoint_meta){0}, &err));
        EXPECT(same_state(&more, &again) && step_on(&more, 3) == step_on(&again, 3) && same_state(&more, &again));
        EXPECT_ERR(checkpoint_load(path, &plain.g, &plain.o, &(struct checkpoint_meta){0}, &err), E_DATA, "in 4 layers");
        free_model(&plain);
        free_model(&more);
        free_model(&again);
    }
}

static void overfits(void)
{
    FOR_ISA(k)
    {
        struct model m;
        struct gpt *g = &m.g;
        make_model(&m, &small, PARAM_STANDARD, &k, BATCH, 1);
        int32_t x[BATCH * 12], y[BATCH * 12];
        batch(x, y, &small, BATCH, 0);
        m.o.c = (struct optim_config){.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8};
        double loss = 0;
        for (int step = 1; step <= 300; step++) {
            loss = gpt_forward_backward(g, x, y);
            optim_step(&m.o, g, 0.01, step);
        }
        /* Four sequences may share a prefix with different ends: at most two differing bits a row. */
        EXPECT_MSG(loss <= 0.1, "%s: one batch is left at a loss of %g", kern_isa_name(k.isa), loss);
        for (size_t i = 0; i < g->tensors.n; i++) {
            const struct tensor *t = &g->tensors.list[i];
            for (size_t l = 0; l < t->n; l++)
                for (size_t j = tensor_at(t, l) + tensor_size(t); j < tensor_at(t, l) + t->stride; j++)
                    EXPECT(g->w[j] == 0 && g->grad[j] == 0 && m.o.state[0][j] == 0 && m.o.state[1][j] == 0);
        }
        free_model(&m);
    }
}

static void clock_of_operations(void)
{
    struct kern k;
    struct model m;
    struct gpt *g = &m.g;
    int32_t x[WIDE_TOKENS], y[WIDE_TOKENS];
    float logits[70], loss[WIDE_TOKENS];
    kern_init(&k, kern_isa_best());
    make_model(&m, &wide, PARAM_STANDARD, &k, WIDE_BATCH, 1);
    double op_s[GPT_N_OPS] = {0};
    g->op_s = op_s;
    double start = seconds();
    batch(x, y, &wide, WIDE_BATCH, 0);
    gpt_forward_backward(g, x, y);
    optim_step(&m.o, g, 0.01, 1);
    gpt_losses(g, loss, x, y, WIDE_BATCH);
    gpt_next_logits(g, logits, x, 5);
    double wall = seconds() - start, sum = 0;
    for (int i = 0; i < GPT_N_OPS; i++) {
        EXPECT_MSG(op_s[i] > 0, "no time for %s", gpt_op_names[i]);
        sum += op_s[i];
    }
    EXPECT_MSG(sum <= wall && sum >= 0.5 * wall, "operations took %g s of %g s", sum, wall);
    free_model(&m);
}

static void rates(void)
{
    struct schedule s = {.kind = SCHEDULE_WSD,
                         .peak = 2,
                         .warmup = 100,
                         .total = 1000,
                         .cooldown = 0.25,
                         .min_lr = 0.1};
    EXPECT_NEAR(schedule_branch_tokens(&s), 750, 0);
    EXPECT_NEAR(schedule_lr(&s, 10), 0.2, 1e-15);
    EXPECT_NEAR(schedule_lr(&s, 100), 2, 0);
    EXPECT_NEAR(schedule_lr(&s, 750), 2, 0);
    EXPECT_NEAR(schedule_lr(&s, 812.5), 2 * (0.1 + 0.9 * 0.5), 1e-14);
    EXPECT_NEAR(schedule_lr(&s, 1000), 0.2, 1e-15);
    EXPECT_NEAR(schedule_lr(&s, 1100), 0.2, 1e-15);
    s.tail = 0.25; /* what is averaged is a run's own; the rate does not know */
    EXPECT_NEAR(schedule_branch_tokens(&s), 750, 0);
    s.tail = 0.375;
    EXPECT_NEAR(schedule_branch_tokens(&s), 625, 0);
    EXPECT_NEAR(schedule_lr(&s, 700), 2, 0);
    EXPECT_NEAR(schedule_lr(&s, 812.5), 2 * (0.1 + 0.9 * 0.5), 1e-14);
    s.tail = 1;
    EXPECT_NEAR(schedule_branch_tokens(&s), 0, 0);
    s.tail = 0;
    s.cooldown = 0;
    EXPECT_NEAR(schedule_lr(&s, 500), 2, 0);
    EXPECT_NEAR(schedule_lr(&s, 1000), 2, 0);
    s.cooldown = 0.95; /* begins inside warm-up: it waits for its end */
    EXPECT_NEAR(schedule_branch_tokens(&s), 100, 0);
    EXPECT_NEAR(schedule_lr(&s, 90), 1.8, 1e-15);
    EXPECT_NEAR(schedule_lr(&s, 325), 2 * (0.1 + 0.9 * 0.5), 1e-14);
    s.kind = SCHEDULE_COSINE;
    EXPECT_NEAR(schedule_branch_tokens(&s), 0, 0);
    EXPECT_NEAR(schedule_lr(&s, 50), 1, 1e-15);
    EXPECT_NEAR(schedule_lr(&s, 100), 2, 0);
    EXPECT_NEAR(schedule_lr(&s, 325), 2 * (0.1 + 0.9 * 0.5 * (1 + sqrt(0.5))), 1e-14);
    EXPECT_NEAR(schedule_lr(&s, 1000), 0.2, 1e-15);
    s.kind = SCHEDULE_LINEAR;
    EXPECT_NEAR(schedule_lr(&s, 550), 2 * (0.1 + 0.9 * 0.5), 1e-14);
    EXPECT_NEAR(schedule_lr(&s, 1000), 0.2, 1e-15);
    s.kind = SCHEDULE_CONSTANT;
    EXPECT_NEAR(schedule_lr(&s, 99), 1.98, 1e-15);
    EXPECT_NEAR(schedule_lr(&s, 1000), 2, 0);
    s.warmup = 0;
    EXPECT_NEAR(schedule_lr(&s, 1), 2, 0);
}

static void not_finite(void)
{
    struct kern k;
    struct model g, before;
    kern_init(&k, kern_isa_best());
    make_model(&g, &small, PARAM_STANDARD, &k, BATCH, 1);
    make_model(&before, &small, PARAM_STANDARD, &k, BATCH, 1);
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        g.g.grad[40] = bad[i];
        EXPECT(!isfinite(optim_step(&g.o, &g.g, 0.01, 1)));
        EXPECT(same_state(&g, &before));
    }
    free_model(&g);
    free_model(&before);
}

static void no_allocation(void)
{
    if (!wrap_works())
        return;
    FOR_ISA(k)
    {
        struct model g;
        wrap_fail(WRAP_NONE, false);
        make_model(&g, &wide, PARAM_COMPLETEP, &k, WIDE_BATCH, 2);
        size_t n = wrap_stop();
        EXPECT_MSG(n == 2, "a model and its optimiser allocate %zu times", n);
        float logits[70];
        int32_t x[24] = {0};
        wrap_fail(WRAP_NONE, false);
        step_on(&g, 1);
        gpt_losses(&g.g, logits, x, x, 1);
        gpt_next_logits(&g.g, logits, x, 3);
        n = wrap_stop();
        EXPECT_MSG(n == 0, "%zu allocations in a step", n);
        free_model(&g);
    }
}

static const struct test tests[] = {
    {"curve_completep", curve_completep},
    {"curve_standard", curve_standard},
    {"threads", threads},
    {"changing threads", changing_threads},
    {"chunks", chunks},
    {"further_tokens", further_tokens},
    {"overfits", overfits},
    {"clock_of_operations", clock_of_operations},
    {"rates", rates},
    {"not_finite", not_finite},
    {"no_allocation", no_allocation},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
