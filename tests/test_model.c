/* The float model against a double reference of our own, at every instruction set that the machine
 * has; and what a run relies on: equal bytes for any thread count, checkpoints, no allocation. */
#include "test.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/checkpoint.h"
#include "model/gpt.h"
#include "model/optim.h"
#include "ref_gpt.h"

static const struct gpt_shape small = {.V = 17, .T = 12, .C = 24, .L = 3, .NH = 3};
enum { BATCH = 4, BASE_C = 8, BASE_L = 2 };

/* Run the body for every instruction set that this machine has, in `k`. */
#define FOR_ISA(k)                                                                                 \
    for (struct kern k, *once_ = (kern_init(&k, KERN_REF), &k); once_; once_ = next_isa(&k))

static struct kern *next_isa(struct kern *k)
{
    if (k->isa >= kern_isa_best())
        return NULL;
    kern_init(k, k->isa + 1);
    return k;
}

static void make(struct gpt *g, const struct gpt_shape *s, enum param_kind kind,
                 const struct kern *k, size_t B, int threads)
{
    struct err err;
    struct param_rules rules = param_rules_make(kind, s->C, s->L, BASE_C, BASE_L);
    EXPECT_OK(gpt_init(g, s, &rules, k, B, threads, &err));
    gpt_init_weights(g, 7);
}

/* Gains and biases off their start values, so that a factor that is missing there shows. */
static void perturb(struct gpt *g)
{
    for (size_t i = 0; i < g->n_slots; i++) {
        const struct gpt_slot *s = &g->slots[i];
        for (size_t j = 0; j < s->rows * s->cols; j++)
            g->w[s->offset + j] += (float)(0.1 * rng_normal(test_rng()));
    }
    gpt_pack(g);
}

/* A batch whose tokens depend on their predecessors. */
static void batch(int32_t *x, int32_t *y, const struct gpt_shape *s, size_t B, uint64_t step)
{
    struct rng rng = rng_make(5, RNG_TEST, step, 1);
    for (size_t b = 0; b < B; b++) {
        int32_t token = (int32_t)rng_below(&rng, s->V);
        for (size_t t = 0; t < s->T; t++) {
            x[b * s->T + t] = token;
            token = rng_below(&rng, 4) ? (int32_t)(((size_t)token + 1) % s->V)
                                       : (int32_t)rng_below(&rng, s->V);
            y[b * s->T + t] = token;
        }
    }
}

static const struct optim adam = {
    .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-6, .weight_decay = 0.1, .clip = 0.3};
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

static void model_curve(double *loss, double *norm, struct gpt *g)
{
    int32_t x[BATCH * 12], y[BATCH * 12];
    const struct schedule s = {.kind = SCHEDULE_CONSTANT,
                               .peak = curve_peak,
                               .warmup = curve_warmup * BATCH * 12,
                               .total = CURVE_STEPS * BATCH * 12};
    for (int step = 1; step <= CURVE_STEPS; step++) {
        batch(x, y, &small, BATCH, (uint64_t)step);
        loss[step - 1] = gpt_forward_backward(g, x, y);
        norm[step - 1] = optim_step(g, &adam, schedule_lr(&s, step * BATCH * 12.0), step);
    }
}

static void curve_of(enum param_kind kind)
{
    double want[CURVE_STEPS], want_norm[CURVE_STEPS], got[CURVE_STEPS], norm[CURVE_STEPS];
    struct gpt g;
    bool first = true, completep = kind == PARAM_COMPLETEP;
    FOR_ISA(k)
    {
        make(&g, &small, kind, &k, BATCH, 1);
        if (first) {
            struct ref_gpt r;
            ref_init(&r, &g, completep ? BASE_C : 0, completep ? BASE_L : 0);
            reference_curve(want, want_norm, &r);
            ref_free(&r);
        }
        first = false;
        model_curve(got, norm, &g);
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
        gpt_free(&g);
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

/* Every entry of the gradient against the tape of the reference. */
static void gradient_entries(void)
{
    static const struct gpt_shape shapes[] = {{.V = 17, .T = 12, .C = 24, .L = 3, .NH = 3},
                                              {.V = 5, .T = 1, .C = 1, .L = 1, .NH = 1},
                                              {.V = 7, .T = 5, .C = 9, .L = 2, .NH = 3},
                                              {.V = 33, .T = 19, .C = 18, .L = 2, .NH = 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct gpt_shape *s = &shapes[i];
        int32_t x[BATCH * 19], y[BATCH * 19];
        batch(x, y, s, BATCH, 0);
        FOR_ISA(k)
        {
            struct gpt g;
            struct ref_gpt r;
            make(&g, s, PARAM_COMPLETEP, &k, BATCH, 2);
            perturb(&g);
            ref_init(&r, &g, BASE_C, BASE_L);
            double want = ref_loss_grad(&r, x, y, BATCH);
            EXPECT_REL(gpt_forward_backward(&g, x, y), want, 1e-5);
            double norm = 0;
            for (size_t j = 0; j < r.n; j++)
                norm += r.grad[j] * r.grad[j];
            for (size_t n = 0; n < r.n_tensors; n++)
                for (size_t j = 0; j < r.tensors[n].n; j++) {
                    double got = (double)g.grad[r.tensors[n].slot_offset + j];
                    double expected = r.grad[r.tensors[n].at + j];
                    EXPECT_MSG(fabs(got - expected) <= 1e-5 * sqrt(norm),
                               "%s C=%zu: tensor %zu entry %zu: gradient %.8g, expected %.8g",
                               kern_isa_name(k.isa), s->C, n, j, got, expected);
                }
            ref_free(&r);
            gpt_free(&g);
        }
    }
}

/* The gradient along random directions against central differences of the double reference, with
 * sign. */
static void gradient_directions(void)
{
    int32_t x[BATCH * 12], y[BATCH * 12];
    batch(x, y, &small, BATCH, 0);
    FOR_ISA(k)
    {
        struct gpt g;
        struct ref_gpt r;
        make(&g, &small, PARAM_COMPLETEP, &k, BATCH, 1);
        perturb(&g);
        ref_init(&r, &g, BASE_C, BASE_L);
        gpt_forward_backward(&g, x, y);
        double *base = r.w, *w = malloc(r.n * sizeof *w), *d = malloc(r.n * sizeof *d);
        CHECK(w && d);
        for (int trial = 0; trial < 4; trial++) {
            double slope = 0, length = 0, h = 1e-5, loss[2];
            for (size_t n = 0; n < r.n_tensors; n++)
                for (size_t j = 0; j < r.tensors[n].n; j++) {
                    double z = rng_normal(test_rng());
                    d[r.tensors[n].at + j] = z;
                    slope += z * (double)g.grad[r.tensors[n].slot_offset + j];
                    length += (double)g.grad[r.tensors[n].slot_offset + j] *
                              (double)g.grad[r.tensors[n].slot_offset + j];
                }
            r.w = w;
            for (int side = 0; side < 2; side++) {
                for (size_t j = 0; j < r.n; j++)
                    w[j] = base[j] + (side ? h : -h) * d[j];
                loss[side] = ref_loss(&r, x, y, BATCH);
            }
            r.w = base;
            EXPECT_NEAR((loss[1] - loss[0]) / (2 * h), slope, 1e-5 * sqrt(length));
        }
        free(w);
        free(d);
        ref_free(&r);
        gpt_free(&g);
    }
}

static const struct test tests[] = {
    {"curve_completep", curve_completep},
    {"curve_standard", curve_standard},
    {"gradient_entries", gradient_entries},
    {"gradient_directions", gradient_directions},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
