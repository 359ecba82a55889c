/* The float model against a double reference of our own, at every instruction set that the machine
 * has; and what a run relies on: equal bytes for any thread count, checkpoints, no allocation. */
#include "test.h"
#include "wrap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "model/checkpoint.h"
#include "model/distill.h"
#include "model/gpt.h"
#include "model/parts/experts.h"
#include "model/optim/optim.h"
#include "model/optim/schedule.h"
#include "model/team.h"
#include "ref_gpt.h"

/* Switches are given after the defaults, which they override. */
#pragma GCC diagnostic ignored "-Woverride-init"

static const struct gpt_shape small = {GPT_2 .V = 17, .T = 12, .C = 24, .L = 3, .NH = 3};
enum { BATCH = 4, BASE_C = 8, BASE_L = 2 };

/* Run the body for every instruction set that this machine has, in `k`. */
#define FOR_ISA(k)                                                                                 \
    for (struct kern k, *once_ = (kern_init(&k, KERN_REF), &k); once_; once_ = next_isa(&k))

static struct kern *next_isa(struct kern *k)
{
    return kern_next(k) ? k : NULL;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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
    for (size_t i = 0; i < g->tensors.n; i++) {
        const struct tensor *t = &g->tensors.list[i];
        for (size_t l = 0; l < t->n; l++)
            for (size_t j = 0; j < tensor_size(t); j++)
                g->w[tensor_at(t, l) + j] += (float)(0.1 * rng_normal(test_rng()));
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

static const struct optim_config adam = {
    .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-6, .weight_decay = 0.1, .clip = 0.3};
/* A model that is trained. */
struct model {
    struct gpt g;
    struct optim o;
};

static void make_model(struct model *m, const struct gpt_shape *s, enum param_kind kind, const struct kern *k, size_t B,
                       int threads)
{
    struct err err;
    make(&m->g, s, kind, k, B, threads);
    EXPECT_OK(optim_init(&m->o, &adam, &m->g, &err));
}

static void free_model(struct model *m)
{
    optim_free(&m->o);
    gpt_free(&m->g);
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

/* Every entry of the gradient against the tape of the reference. */
static void gradient_entries(void)
{
    static const struct gpt_shape shapes[] = {{GPT_2 .V = 17, .T = 12, .C = 24, .L = 3, .NH = 3},
                                              {GPT_2 .V = 5, .T = 1, .C = 1, .L = 1, .NH = 1},
                                              {GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3},
                                              {GPT_2 .V = 33, .T = 19, .C = 18, .L = 2, .NH = 2}};
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
                    double got = (double)g.grad[r.tensors[n].model_offset + j];
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

static bool same_floats(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

/* Each switch alone, and many at once: every entry of the gradient, and the loss, against the reference. */
static const struct {
    const char *name;
    struct gpt_shape shape;
} switched[] = {
#define SMALL .V = 17, .T = 12, .C = 24, .L = 3, .NH = 3
    {"rmsnorm", {GPT_2 SMALL, .norm = 1}},
    {"no norm", {GPT_2 SMALL, .norm = 2}},
    {"no gain", {GPT_2 SMALL, .norm_gain = 0}},
    {"no norm's bias", {GPT_2 SMALL, .norm_bias = 0}},
    {"rmsnorm without gain", {GPT_2 SMALL, .norm = 1, .norm_gain = 0}},
    {"norms after", {GPT_2 SMALL, .norm_place = NORM_AFTER}},
    {"norms before and after", {GPT_2 SMALL, .norm_place = NORM_BOTH, .norm = 1}},
    {"norm of the embeddings", {GPT_2 SMALL, .norm_embed = 1}},
    {"rope", {GPT_2 SMALL, .position = 1}},
    {"rope of odd heads", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3, .position = 1, .rope_base = 100}},
    {"alibi", {GPT_2 SMALL, .position = 2}},
    {"no places", {GPT_2 SMALL, .position = 3}},
    {"waves", {GPT_2 SMALL, .position = 4}},
    {"waves, odd width", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3, .position = 4, .norm_embed = true}},
    {"relu", {GPT_2 SMALL, .mlp = 1}},
    {"relu2", {GPT_2 SMALL, .mlp = 2}},
    {"swiglu", {GPT_2 SMALL, .mlp = 3}},
    {"geglu", {GPT_2 SMALL, .mlp = 4}},
    {"swiglu of odd sizes", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3, .mlp = 3}},
    {"mlp_ratio", {GPT_2 SMALL, .mlp_ratio = 1.3}},
    {"no biases", {GPT_2 SMALL, .bias = 0}},
    {"qk_norm", {GPT_2 SMALL, .qk_norm = 1}},
    {"qk_norm over all", {GPT_2 SMALL, .qk_norm = 1, .qk_norm_all = 1, .n_kv_head = 1}},
    {"untied", {GPT_2 SMALL, .tied = 0}},
    {"multi-query", {GPT_2 SMALL, .n_kv_head = 1}},
    {"grouped queries", {GPT_2 .V = 17, .T = 12, .C = 24, .L = 2, .NH = 6, .n_kv_head = 2, .position = 1}},
    {"parallel", {GPT_2 SMALL, .parallel = 1}},
    {"parallel and sandwiched", {GPT_2 SMALL, .parallel = 1, .norm_place = NORM_BOTH}},
    {"softcap", {GPT_2 SMALL, .softcap = 1.5}},
    {"gated attention", {GPT_2 SMALL, .gated_attention = 1}},
    {"value residual", {GPT_2 SMALL, .value_residual = 1}},
    {"value residual of one layer", {GPT_2 .V = 17, .T = 12, .C = 24, .L = 1, .NH = 3, .value_residual = 1}},
    {"x0 residual", {GPT_2 SMALL, .x0_residual = 1}},
    {"experts", {GPT_2 SMALL, .n_expert = 4, .balance = 0}},
    {"one expert of three, gated", {GPT_2 SMALL, .n_expert = 3, .top_k = 1, .balance = 0, .mlp = 3, .bias = 0}},
    {"all experts, side by side", {GPT_2 SMALL, .n_expert = 2, .balance = 0, .parallel = 1, .norm_place = NORM_BOTH}},
    {"one further token", {GPT_2 SMALL, .mtp = 1}},
    {"three further tokens", {GPT_2 SMALL, .mtp = 3, .mtp_weight = 0.3, .tied = 0}},
    {"further tokens of one layer", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 1, .NH = 3, .mtp = 4, .value_residual = 1,
                                     .x0_residual = 1, .norm = 2}},
    {"further tokens beside a window", {GPT_2 SMALL, .mtp = 2, .window = 4, .window_full = 3, .softcap = 5,
                                        .norm_place = NORM_AFTER}},
    {"window", {GPT_2 SMALL, .window = 4}},
    {"window of most layers", {GPT_2 SMALL, .window = 4, .window_full = 2}},
    {"many", {GPT_2 .V = 33, .T = 19, .C = 40, .L = 2, .NH = 4, .norm = 1, .norm_place = NORM_AFTER, .position = 1, .mlp = 3,
              .bias = 0, .qk_norm = 1, .qk_norm_all = 1, .tied = 0, .n_kv_head = 2, .softcap = 15, .gated_attention = 1,
              .window = 7, .norm_embed = 1, .value_residual = 1, .x0_residual = 1,
              .n_expert = 5, .top_k = 3, .balance = 0, .mtp = 2}},
};

/* Token by token with the keys and values of those before, against all of them at once, from every place on. */
static void token_by_token(void)
{
    static float want[33], got[33];
    static int32_t x[19], y[19];
    for (size_t i = 0; i < sizeof switched / sizeof *switched + 1; i++) {
        const struct gpt_shape *s = i ? &switched[i - 1].shape : &small;
        FOR_ISA(k)
        {
            struct gpt g, forward;
            struct err err;
            struct param_rules rules = param_rules_make(PARAM_COMPLETEP, s->C, s->L, BASE_C, BASE_L);
            make(&g, s, PARAM_COMPLETEP, &k, 1, 1);
            perturb(&g);
            EXPECT_OK(gpt_init_forward(&forward, s, &rules, &k, 1, 1, &err));
            memcpy(forward.w, g.w, g.tensors.n_flat * sizeof *g.w);
            gpt_pack(&forward);
            batch(x, y, s, 1, i);
            for (size_t from = 1; from < s->T; from += 3) {
                gpt_next_logits(&forward, got, x, from);
                for (size_t n = from; n < s->T; n++) {
                    gpt_next(&forward, got, x[n], n);
                    gpt_next_logits(&g, want, x, n + 1);
                    for (size_t v = 0; v < s->V; v++)
                        EXPECT_MSG(fabsf(got[v] - want[v]) <= 2e-5f * (1 + fabsf(want[v])), "%s, %s, from %zu, token %zu: logit "
                                   "%zu is %.8g, %.8g of all at once", i ? switched[i - 1].name : "GPT-2", kern_isa_name(k.isa),
                                   from, n, v, (double)got[v], (double)want[v]);
                }
            }
            EXPECT(forward.arena.size_bytes < g.arena.size_bytes);
            gpt_free(&forward);
            gpt_free(&g);
        }
    }
}

/* A step of fewer sequences than the model has room for is that of a model of so many. */
static void fewer_sequences(void)
{
    enum { ROOM = 30 }; /* sequences: two chunks, the last one not full */
    static int32_t x[ROOM * 19], y[ROOM * 19];
    for (size_t i = 0; i < sizeof switched / sizeof *switched; i++) {
        struct gpt_shape s = switched[i].shape;
        s.balance = 0.1;
        batch(x, y, &s, ROOM, i);
        FOR_ISA(k)
        {
            const size_t counts[] = {1, 16, ROOM - 1};
            struct gpt g;
            make(&g, &s, PARAM_COMPLETEP, &k, ROOM, 1);
            perturb(&g);
            for (size_t j = 0; j < sizeof counts / sizeof *counts; j++) {
                struct gpt own;
                size_t n = counts[j];
                make(&own, &s, PARAM_COMPLETEP, &k, n, 1);
                memcpy(own.w, g.w, g.tensors.n_flat * sizeof *g.w);
                gpt_pack(&own);
                double want = gpt_forward_backward(&own, x, y), norm = 0, off = 0;
                EXPECT_REL(gpt_forward_backward_of(&g, x, y, n), want, 1e-5);
                for (size_t m = 0; m < g.tensors.n_flat; m++) {
                    norm += (double)own.grad[m] * (double)own.grad[m];
                    off += pow((double)g.grad[m] - (double)own.grad[m], 2);
                }
                /* what balances experts is taken a chunk at a time */
                bool same_chunks = s.n_expert == 0 || n <= g.chunk;
                EXPECT_MSG(!same_chunks || sqrt(off / norm) <= 1e-5, "%s, %s, %zu sequences: off by %.3g", switched[i].name,
                           kern_isa_name(k.isa), n, sqrt(off / norm));
                gpt_free(&own);
            }
            gpt_free(&g);
            if (test_failed())
                return;
        }
    }
}

static void switches(void)
{
    int32_t x[BATCH * 19], y[BATCH * 19];
    for (size_t i = 0; i < sizeof switched / sizeof *switched; i++) {
        const struct gpt_shape *s = &switched[i].shape;
        batch(x, y, s, BATCH, i);
        FOR_ISA(k)
        {
            struct gpt g, one;
            struct ref_gpt r;
            make(&g, s, PARAM_COMPLETEP, &k, BATCH, 2);
            make(&one, s, PARAM_COMPLETEP, &k, BATCH, 1);
            perturb(&g);
            g.z_loss = one.z_loss = i % 3 ? 0 : 0.01f;
            memcpy(one.w, g.w, g.tensors.n_flat * sizeof *g.w);
            gpt_pack(&one);
            ref_init(&r, &g, BASE_C, BASE_L);
            double want = ref_loss_grad(&r, x, y, BATCH), norm = 0;
            EXPECT_REL(gpt_forward_backward(&g, x, y), want, 1e-5);
            gpt_forward_backward(&one, x, y);
            EXPECT_MSG(same_floats(g.grad, one.grad, g.tensors.n_flat), "%s, %s: gradients of 1 and 2 threads differ",
                       switched[i].name, kern_isa_name(k.isa));
            gpt_free(&one);
            for (size_t j = 0; j < r.n; j++)
                norm += r.grad[j] * r.grad[j];
            EXPECT_MSG(norm > 0, "%s: no gradient", switched[i].name);
            for (size_t n = 0; n < r.n_tensors; n++)
                for (size_t j = 0; j < r.tensors[n].n; j++) {
                    double off = fabs((double)g.grad[r.tensors[n].model_offset + j] - r.grad[r.tensors[n].at + j]) / sqrt(norm);
                    EXPECT_MSG(off <= 1e-5, "%s, %s: %s entry %zu is off by %.3g of the norm", switched[i].name,
                               kern_isa_name(k.isa), r.tensors[n].name, j, off);
                }
            float loss[BATCH * 19];
            double sum = 0;
            gpt_losses(&g, loss, x, y, BATCH);
            for (size_t j = 0; j < BATCH * s->T; j++)
                sum += (double)loss[j];
            EXPECT_REL(sum / (double)(BATCH * s->T), want, 1e-5);
            ref_free(&r);
            gpt_free(&g);
            if (test_failed())
                return;
        }
    }
}

/* Models that learn from one teacher or two, of other shapes. */
static const struct lesson {
    struct gpt_shape model, teacher[2];
    size_t n;
    float weight, temperature;
} lessons[] = {
    {{GPT_2 SMALL}, {{GPT_2 .V = 17, .T = 12, .C = 40, .L = 2, .NH = 5}}, 1, 0.25f, 2},
    {{GPT_2 SMALL}, {{GPT_2 SMALL}}, 1, 1, 1},
    {{GPT_2 SMALL, .softcap = 1.5}, {{GPT_2 SMALL, .softcap = 1, .norm = 1}}, 1, 0.75f, 4},
    {{GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3}, {{GPT_2 .V = 7, .T = 5, .C = 1, .L = 1, .NH = 1}}, 1, 0.5f, 0.5f},
    {{GPT_2 SMALL, .tied = 0},
     {{GPT_2 SMALL, .mlp = 3, .bias = 0}, {GPT_2 .V = 17, .T = 12, .C = 30, .L = 1, .NH = 2, .softcap = 2}}, 2, 0.5f, 3},
};

/* Two models of the same weights, on 2 threads and on 1, and their losses. */
static void learn_twice(struct gpt *g, double *loss, struct distill *d, const struct gpt_shape *s, const struct kern *k,
                        const int32_t *x, const int32_t *y)
{
    for (int j = 0; j < 2; j++) {
        make(&g[j], s, PARAM_COMPLETEP, k, BATCH, 2 - j);
        if (j == 0)
            perturb(&g[0]);
        memcpy(g[j].w, g[0].w, g[0].tensors.n_flat * sizeof *g[0].w);
        gpt_pack(&g[j]);
        g[j].z_loss = 0.01f;
        g[j].soft = &d->targets;
        for (size_t t = 0; t < d->n; t++)
            d->teachers[t].ops.threads = 2 - j;
        loss[j] = gpt_forward_backward(&g[j], x, y);
    }
}

static void expect_gradient(const struct gpt *g, const struct ref_gpt *r, const char *name)
{
    double norm = 0;
    for (size_t j = 0; j < r->n; j++)
        norm += r->grad[j] * r->grad[j];
    for (size_t n = 0; n < r->n_tensors; n++)
        for (size_t j = 0; j < r->tensors[n].n; j++) {
            double off = fabs((double)g->grad[r->tensors[n].model_offset + j] - r->grad[r->tensors[n].at + j]) / sqrt(norm);
            EXPECT_MSG(off <= 1e-5, "%s: %s entry %zu is off by %.3g of the norm", name, r->tensors[n].name, j, off);
        }
}

/* Every entry of the gradient against the reference, and the loss, which is without the soft share. */
static void learns_as(const struct lesson *c, const struct kern *k)
{
    struct gpt g[2], teachers[2];
    struct ref_gpt r, told[2];
    struct distill d;
    struct err err;
    double loss[2];
    int32_t x[BATCH * 12], y[BATCH * 12];
    batch(x, y, &c->model, BATCH, 1);
    for (size_t j = 0; j < c->n; j++) {
        make(&teachers[j], &c->teacher[j], PARAM_COMPLETEP, k, 1 + j, 2); /* chunks of its own */
        for (int strong = 0; strong < 3; strong++)
            perturb(&teachers[j]);
        ref_init(&told[j], &teachers[j], BASE_C, BASE_L);
    }
    EXPECT_OK(distill_init(&d, teachers, c->n, c->weight, c->temperature, &c->model, BATCH, &err));
    EXPECT(d.arena.used_bytes == distill_bytes(&c->model, BATCH, c->n));
    learn_twice(g, loss, &d, &c->model, k, x, y);
    EXPECT(loss[0] == loss[1] && same_floats(g[0].grad, g[1].grad, g[0].tensors.n_flat));
    ref_init(&r, &g[0], BASE_C, BASE_L);
    r.teachers = told, r.n_teachers = c->n;
    r.soft_weight = (double)c->weight, r.temperature = (double)c->temperature;
    EXPECT_REL(loss[0], ref_loss_grad(&r, x, y, BATCH), 1e-5);
    expect_gradient(&g[0], &r, kern_isa_name(k->isa));
    ref_free(&r);
    distill_free(&d);
    for (size_t j = 0; j < c->n; j++)
        ref_free(&told[j]), gpt_free(&teachers[j]);
    gpt_free(&g[0]), gpt_free(&g[1]);
}

static void distilled(void)
{
    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++)
        FOR_ISA(k)
        {
            learns_as(&lessons[i], &k);
            if (test_failed())
                return;
        }
}

/* n_expert sum over experts of the share of choices times the mean probability, of the newest chunk. */
static double balance_of(const struct gpt *g, size_t R)
{
    const struct experts *x = g->layers[0].mlp.experts;
    double sum = 0;
    for (size_t e = 0; e < x->E; e++) {
        double mean = 0;
        for (size_t r = 0; r < R; r++)
            mean += (double)x->probs[r * x->router.ldy + e] / (double)R;
        sum += mean * (double)(x->first[e + 1] - x->first[e]) / (double)(R * x->k);
    }
    return (double)x->E * sum;
}

/* What the balance adds to the router's gradient, against differences of the term itself; and an expert that nobody asks
 * has a gradient of 0. */
static void balance(void)
{
    const struct gpt_shape s = {GPT_2 .V = 17, .T = 12, .C = 24, .L = 1, .NH = 3, .n_expert = 4, .top_k = 2, .balance = 0.5};
    struct gpt_shape off = s;
    int32_t x[BATCH * 12], y[BATCH * 12];
    off.balance = 0;
    batch(x, y, &s, BATCH, 0);
    FOR_ISA(k)
    {
        struct gpt with, without;
        make(&with, &s, PARAM_STANDARD, &k, BATCH, 1);
        make(&without, &off, PARAM_STANDARD, &k, BATCH, 1);
        const struct tensor *router = tensors_find(&with.tensors, "routerw"), *up = tensors_find(&with.tensors, "upw");
        float *w = with.w + router->offset, keep[24 * 4], d[24 * 4];
        for (size_t i = 0; i < 24 * 4; i++)
            w[i] = without.w[router->offset + i] = (float)(0.3 * rng_normal(test_rng())), keep[i] = w[i];
        for (size_t c = 0; c < 24; c++) /* the last expert is never chosen: a term of the norm's bias, which is 0 but for one */
            w[c * 4 + 3] = without.w[router->offset + c * 4 + 3] = keep[c * 4 + 3] = c ? 0 : -50;
        with.w[tensors_find(&with.tensors, "ln2b")->offset] = without.w[tensors_find(&with.tensors, "ln2b")->offset] = 4;
        gpt_pack(&with);
        gpt_pack(&without);
        EXPECT(gpt_forward_backward(&with, x, y) == gpt_forward_backward(&without, x, y));
        double slope = 0, length = 0, at[2], h = 1e-3;
        for (size_t i = 0; i < 24 * 4; i++) {
            d[i] = (float)rng_normal(test_rng());
            slope += (double)d[i] * ((double)with.grad[router->offset + i] - (double)without.grad[router->offset + i]);
            length += (double)d[i] * (double)d[i];
        }
        const struct experts *e = with.layers[0].mlp.experts;
        EXPECT_MSG(e->first[3] == BATCH * 12 * 2 && e->first[4] == e->first[3], "the last expert was chosen");
        for (size_t i = 0; i < tensor_size(up) / 4; i++)
            EXPECT(with.grad[up->offset + tensor_size(up) / 4 * 3 + i] == 0);
        for (int side = 0; side < 2; side++) {
            float loss[BATCH * 12];
            for (size_t i = 0; i < 24 * 4; i++)
                w[i] = keep[i] + (float)((side ? h : -h) * (double)d[i]);
            gpt_pack(&with);
            gpt_losses(&with, loss, x, y, BATCH);
            at[side] = 0.5 * balance_of(&with, BATCH * 12);
        }
        EXPECT_NEAR((at[1] - at[0]) / (2 * h), slope, 2e-3 * (fabs(slope) + 1e-4 * sqrt(length)));
        gpt_free(&with);
        gpt_free(&without);
    }
}

/* The MLP's width as the config's words have it: 4, with a gate 8/3 to a multiple of 8 where there are so many. */
static double hidden_of(const struct gpt_shape *s, bool gated)
{
    double C = (double)s->C;
    if (s->mlp_ratio > 0)
        return round(s->mlp_ratio * C);
    return !gated ? 4 * C : C < 8 ? round(8 * C / 3) : 8 * round(C / 3);
}

/* Multiply-adds of a token in one layer, product by product; keys that a query sees one by one. */
static double layer_macs(const struct gpt_shape *s, bool full)
{
    bool gated = s->mlp == 3 || s->mlp == 4;
    double C = (double)s->C, NH = (double)s->NH, HS = C / NH, seen = 0;
    for (size_t t = 0; t < s->T; t++)
        for (size_t u = 0; u <= t; u++)
            seen += full || !s->window || t - u < s->window;
    double q = C * NH * HS, k = C * (double)(s->n_kv_head ? s->n_kv_head : s->NH) * HS, v = k, out = NH * HS * C;
    double scores = NH * HS * seen / (double)s->T, values = scores, gates = s->gated_attention ? C * NH : 0;
    double H = hidden_of(s, gated), up = C * H, gate = gated ? C * H : 0, down = H * C;
    double mlp = s->n_expert ? (double)s->top_k * (up + gate + down) + C * (double)s->n_expert : up + gate + down;
    return q + k + v + scores + values + gates + out + mlp;
}

/* Two FLOPs a multiply-add, and backward twice what forward has. A head for a further token is a layer as the last one. */
static double flops_of(const struct gpt_shape *s)
{
    double macs = (double)(1 + s->mtp) * (double)s->C * (double)s->V;
    for (size_t l = 0; l < s->L + s->mtp; l++)
        macs += layer_macs(s, s->window_full && (l < s->L ? l + 1 : s->L) % s->window_full == 0);
    return (double)s->ensemble * 3 * 2 * macs;
}

static void flops_of_switches(void)
{
    static const struct gpt_shape others[] = {{GPT_2 SMALL},
                                              {GPT_2 SMALL, .ensemble = 3, .gated_attention = 1},
                                              {GPT_2 SMALL, .mlp = 4, .mlp_ratio = 2, .window = 12},
                                              {GPT_2 SMALL, .n_expert = 6, .top_k = 2, .mlp_ratio = 0.5}};
    for (size_t i = 0; i < sizeof switched / sizeof *switched; i++)
        EXPECT_MSG(fabs(gpt_flops_per_token(&switched[i].shape) / flops_of(&switched[i].shape) - 1) <= 1e-12,
                   "%s: %.17g FLOPs, expected %.17g", switched[i].name, gpt_flops_per_token(&switched[i].shape),
                   flops_of(&switched[i].shape));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        EXPECT_REL(gpt_flops_per_token(&others[i]), flops_of(&others[i]), 1e-12);
}

/* Counts come from what the parts state: of a layer alone and of all; and what a shape of the books has. */
static void counts_of_switches(void)
{
    struct kern k;
    kern_init(&k, KERN_REF);
    for (size_t i = 0; i < sizeof switched / sizeof *switched; i++) {
        struct gpt g;
        const struct gpt_shape *s = &switched[i].shape;
        make(&g, s, PARAM_STANDARD, &k, 2, 1);
        double n = 0;
        for (size_t j = 0; j < g.tensors.n; j++)
            n += (double)g.tensors.list[j].n * (double)tensor_size(&g.tensors.list[j]);
        EXPECT_MSG(gpt_params(s) == n, "%s: %.0f parameters counted, %.0f there", switched[i].name, gpt_params(s), n);
        EXPECT(gpt_bytes(s, &k, 2, 1) == g.arena.size_bytes && g.arena.used_bytes == g.arena.size_bytes);
        gpt_free(&g);
    }
    /* LLaMA-7B (Touvron et al. 2023): 6738415616 parameters with a hidden width of 11008. */
    const struct gpt_shape llama = {GPT_2 .V = 32000, .T = 2048, .C = 4096, .L = 32, .NH = 32, .norm = 1, .position = 1, .mlp = 3,
                                    .bias = 0, .tied = 0, .mlp_ratio = 11008.0 / 4096};
    EXPECT(gpt_params(&llama) == 6738415616.0);
    EXPECT(gpt_params_matmul(&llama) == 6738415616.0 - 32000.0 * 4096);
    /* Two thirds of the plain width, in multiples of 8 where there are so many. */
    struct tensors t;
    gpt_tensors(&t, &(struct gpt_shape){GPT_2 .V = 9, .T = 4, .C = 100, .L = 1, .NH = 1, .mlp = 3});
    EXPECT(tensors_find(&t, "downw")->rows == 264 && tensors_find(&t, "upw")->cols == 528);
    gpt_tensors(&t, &(struct gpt_shape){GPT_2 .V = 9, .T = 4, .C = 7, .L = 1, .NH = 1, .mlp = 3});
    EXPECT(tensors_find(&t, "downw")->rows == 19);
    /* A head for a further token is a layer. */
    const struct gpt_shape s = {GPT_2 SMALL, .mtp = 2};
    EXPECT(gpt_params(&s) - gpt_params(&(struct gpt_shape){GPT_2 SMALL}) == 2 * (12 * 24 * 24 + 13 * 24));
}

static void switches_refused(void)
{
    struct err err;
    struct gpt_shape s = {GPT_2 SMALL, .n_kv_head = 2};
    EXPECT_ERR(gpt_shape_check(&s, &err), E_CONFIG, "model.n_kv_head=2");
    s = (struct gpt_shape){GPT_2 SMALL, .parallel = 1, .norm_place = NORM_AFTER};
    EXPECT_ERR(gpt_shape_check(&s, &err), E_CONFIG, "model.parallel");
    s = (struct gpt_shape){GPT_2 SMALL, .mtp = 12};
    EXPECT_ERR(gpt_shape_check(&s, &err), E_CONFIG, "model.mtp=12");
    s = (struct gpt_shape){GPT_2 SMALL, .mtp = 1, .mtp_weight = 0};
    EXPECT_ERR(gpt_shape_check(&s, &err), E_CONFIG, "model.mtp_weight=0");
    s = (struct gpt_shape){GPT_2 SMALL, .mtp_weight = 0.5};
    EXPECT_ERR(gpt_shape_check(&s, &err), E_CONFIG, "model.mtp_weight");
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
                    slope += z * (double)g.grad[r.tensors[n].model_offset + j];
                    length += (double)g.grad[r.tensors[n].model_offset + j] *
                              (double)g.grad[r.tensors[n].model_offset + j];
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

/* Large enough that every operation is split over threads and a step has two chunks. */
static const struct gpt_shape wide = {GPT_2 .V = 70, .T = 24, .C = 48, .L = 2, .NH = 4};
enum { WIDE_BATCH = 42, WIDE_TOKENS = WIDE_BATCH * 24 };

static bool same_state(const struct model *a, const struct model *b)
{
    bool same = same_floats(a->g.w, b->g.w, a->g.tensors.n_flat);
    for (size_t i = 0; i < a->o.kind->n_states; i++)
        same = same && a->o.n_floats[i] == b->o.n_floats[i] && same_floats(a->o.state[i], b->o.state[i], a->o.n_floats[i]);
    return same;
}

static double step_on(struct model *m, uint64_t step)
{
    struct gpt *g = &m->g;
    int32_t x[WIDE_TOKENS], y[WIDE_TOKENS];
    CHECK(g->B * g->shape.T <= WIDE_TOKENS);
    batch(x, y, &g->shape, g->B, step);
    double loss = gpt_forward_backward(g, x, y);
    optim_step(&m->o, g, 0.01, (int64_t)step);
    return loss;
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

/* No two matrices of a model begin with the same draws. */
static void streams(void)
{
    const struct gpt_shape s = {GPT_2 .V = 70, .T = 24, .C = 48, .L = 1, .NH = 4, .mtp = 3};
    struct kern k;
    struct gpt g;
    double seen[64];
    size_t n = 0;
    kern_init(&k, KERN_REF);
    make(&g, &s, PARAM_COMPLETEP, &k, 1, 1);
    for (size_t i = 0; i < g.tensors.n; i++)
        for (size_t l = 0; g.tensors.list[i].rows > 1 && l < g.tensors.list[i].n; l++) {
            const float *w = g.w + tensor_at(&g.tensors.list[i], l);
            seen[n] = (double)w[0] / (double)w[1];
            for (size_t j = 0; j < n; j++)
                EXPECT_MSG(fabs(seen[j] / seen[n] - 1) > 1e-4, "%s %zu begins as another", g.tensors.list[i].name, l);
            n++;
        }
    EXPECT(n == 2 + 4 * 4);
    gpt_free(&g);
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

static void losses_and_logits(void)
{
    int32_t x[5 * 12], y[5 * 12];
    batch(x, y, &small, 5, 3);
    FOR_ISA(k)
    {
        struct gpt g;
        struct ref_gpt r;
        make(&g, &small, PARAM_COMPLETEP, &k, 2, 2);
        perturb(&g);
        ref_init(&r, &g, BASE_C, BASE_L);
        float loss[5 * 12 + 1], logits[17], row[17];
        loss[5 * 12] = -7;
        g.grad[3] = 42;
        gpt_losses(&g, loss, x, y, 5);
        EXPECT(g.grad[3] == 42 && loss[5 * 12] == -7);
        for (size_t b = 0; b < 5; b++) {
            double sum = 0, want[12 * 17];
            for (size_t t = 0; t < 12; t++)
                sum += (double)loss[b * 12 + t];
            EXPECT_REL(sum / 12, ref_loss(&r, x + b * 12, y + b * 12, 1), 1e-5);
            ref_logits(&r, want, x + b * 12);
            float one[12];
            for (size_t n = 1; n <= 12; n++) {
                gpt_losses(&g, one, x + b * 12, y + b * 12, 1);
                for (size_t v = 0; v < 17; v++)
                    row[v] = g.rules.logit_scale * g.head.logits[(n - 1) * 17 + v];
                gpt_next_logits(&g, logits, x + b * 12, n);
                EXPECT_MSG(same_floats(row, logits, 17),
                           "%s: logits after %zu tokens differ from the full forward pass",
                           kern_isa_name(k.isa), n);
                for (size_t v = 0; v < 17; v++)
                    EXPECT_NEAR((double)logits[v], want[(n - 1) * 17 + v], 2e-4);
            }
        }
        gpt_losses(&g, loss, x, y, 0);
        ref_free(&r);
        gpt_free(&g);
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

static void shape_messages(void)
{
    struct err err;
    struct gpt g;
    struct kern k;
    kern_init(&k, KERN_REF);
    struct param_rules rules = param_rules_make(PARAM_STANDARD, 8, 1, 8, 1);
    struct gpt_shape s = {GPT_2 .V = 4, .T = 4, .C = 8, .L = 1, .NH = 2};
    EXPECT_OK(gpt_shape_check(&s, &err));
    s.NH = 3;
    EXPECT_ERR(gpt_shape_check(&s, &err), E_CONFIG, "model.d_model=8");
    EXPECT_ERR(gpt_init(&g, &s, &rules, &k, 1, 1, &err), E_CONFIG, "model.n_head=3");
    gpt_free(&g);
    size_t *const fields[] = {&s.V, &s.T, &s.C, &s.L, &s.NH};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        s = (struct gpt_shape){GPT_2 .V = 4, .T = 4, .C = 8, .L = 1, .NH = 2};
        *fields[i] = 0;
        EXPECT_ERR(gpt_shape_check(&s, &err), E_CONFIG, "above 0");
        if (fields[i] == &s.NH)
            continue; /* bounded by d_model */
        *fields[i] = SIZE_MAX / 2 + 1;
        EXPECT_ERR(gpt_shape_check(&s, &err), E_CONFIG, "too large");
    }
}

static void counts(void)
{
    /* By hand: wte 408, wpe 288; a layer 96 + 1800 + 600 + 2400 + 2328; last norm 48. */
    EXPECT(gpt_params(&small) == 22416);
    EXPECT(gpt_params_nonembd(&small) == 21720);
    EXPECT(gpt_params_matmul(&small) == 22128);
    /* 3 (2 (3 12 24^2 + 24 17) + 3 layers of 78 scores x 4 flops x 24 values / 12 tokens). */
    EXPECT(gpt_flops_per_token(&small) == 132480);
    const struct gpt_shape gpt2 = {GPT_2 .V = 50257, .T = 1024, .C = 768, .L = 12, .NH = 12};
    EXPECT(gpt_params(&gpt2) == 124439808);
    struct kern k;
    struct gpt g;
    kern_init(&k, KERN_REF);
    make(&g, &small, PARAM_STANDARD, &k, 3, 2);
    size_t n = 0;
    for (size_t i = 0; i < g.tensors.n; i++) {
        const struct tensor *t = &g.tensors.list[i];
        EXPECT(t->offset % 16 == 0 && t->stride % 16 == 0);
        n += t->n * tensor_size(t);
    }
    EXPECT(n == 22416);
    EXPECT(gpt_bytes(&small, &k, 3, 2) == g.arena.size_bytes);
    EXPECT(g.arena.used_bytes == g.arena.size_bytes);
    EXPECT(tensors_count(&g.tensors) == 4 + 12 * 3);
    const struct tensor *down = tensors_find(&g.tensors, "downw");
    EXPECT(down && down->n == 3 && down->rows == 96 && down->cols == 24);
    EXPECT(!tensors_find(&g.tensors, "down"));
    gpt_free(&g);
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

static void rules(void)
{
    /* Twice the width, three times the depth of the base. */
    struct param_rules r = param_rules_make(PARAM_COMPLETEP, 192, 6, 96, 2);
    struct param_rules base = param_rules_make(PARAM_COMPLETEP, 96, 2, 96, 2);
    const double tol = 1e-6;
    EXPECT_REL((double)r.residual_scale, 1 / 3.0, tol);
    EXPECT_REL((double)r.logit_scale, 0.5, tol);
    static const enum param_role hidden[] = {PARAM_HIDDEN, PARAM_HIDDEN_OUT};
    for (int i = 0; i < 2; i++) {
        const struct param_rule *h = &r.role[hidden[i]], *b = &base.role[hidden[i]];
        EXPECT_REL((double)h->init_std / (double)b->init_std, sqrt(0.5), tol);
        EXPECT_REL((double)h->init_std, 0.04, tol); /* 0.02 at 768, four times as wide */
        EXPECT_REL((double)h->lr, 0.5, tol);
        EXPECT_REL((double)h->decay, 2.0, tol);
        EXPECT_REL((double)h->eps, 1 / 6.0, tol);
    }
    EXPECT_REL((double)r.role[PARAM_EMBED].init_std, 0.02, tol);
    EXPECT_REL((double)r.role[PARAM_EMBED].lr, 1, tol);
    EXPECT_REL((double)r.role[PARAM_EMBED].eps, 0.5, tol);
    EXPECT_REL((double)r.role[PARAM_GAIN].eps, 1 / 6.0, tol);
    r = param_rules_make(PARAM_STANDARD, 192, 8, 96, 2);
    EXPECT_REL((double)r.role[PARAM_HIDDEN].init_std, 0.02, tol);
    EXPECT_REL((double)r.role[PARAM_HIDDEN_OUT].init_std, 0.005, tol);
    EXPECT(r.residual_scale == 1 && r.logit_scale == 1);
}

static void initial_weights(void)
{
    struct kern k;
    struct gpt g, h;
    kern_init(&k, KERN_REF);
    make(&g, &wide, PARAM_STANDARD, &k, 1, 1);
    make(&h, &wide, PARAM_STANDARD, &k, 1, 1);
    EXPECT(same_floats(g.w, h.w, g.tensors.n_flat));
    gpt_init_weights(&h, 8);
    EXPECT(!same_floats(g.w, h.w, g.tensors.n_flat));
    for (size_t i = 0; i < g.tensors.n; i++) {
        const struct tensor *s = &g.tensors.list[i];
        double n = (double)tensor_size(s), sum = 0, sq = 0;
        for (size_t j = 0; j < tensor_size(s); j++) {
            double w = (double)g.w[s->offset + j];
            sum += w;
            sq += w * w;
        }
        double std = (double)g.rules.role[s->role].init_std;
        if (std > 0) {
            EXPECT_NEAR(sum / n, 0, 5 * std / sqrt(n));
            EXPECT_NEAR(sqrt(sq / n), std, 5 * std / sqrt(2 * n));
        } else {
            double constant = s->role == PARAM_GAIN;
            EXPECT(sum == constant * n && sq == constant * n);
        }
    }
    gpt_free(&g);
    gpt_free(&h);
}

/* A head of zeroes says the same of every token: ln V. All other weights begin as without. */
static void zero_head(const struct kern *k)
{
    const struct gpt_shape plain = {GPT_2 SMALL, .tied = 0}, zero = {GPT_2 SMALL, .tied = 0, .zero_head = 1};
    int32_t x[BATCH * 12], y[BATCH * 12];
    struct gpt g, h;
    make(&g, &plain, PARAM_COMPLETEP, k, BATCH, 1);
    make(&h, &zero, PARAM_COMPLETEP, k, BATCH, 1);
    const struct tensor *head = tensors_find(&h.tensors, "headw");
    for (size_t i = 0; i < h.tensors.n_flat; i++)
        EXPECT(h.w[i] == (i >= head->offset && i < head->offset + tensor_size(head) ? 0 : g.w[i]));
    batch(x, y, &zero, BATCH, 0);
    EXPECT_REL(gpt_forward_backward(&h, x, y), log((double)zero.V), 1e-6);
    gpt_free(&g);
    gpt_free(&h);
}

/* Where trained numbers begin that no role has a start for: x0 not at all, values half each; and what begins at 0. */
static void starts(void)
{
    const struct gpt_shape s = {GPT_2 SMALL, .x0_residual = 1, .value_residual = 1, .zero_init = 1, .tied = 0};
    struct kern k;
    struct gpt g;
    kern_init(&k, KERN_REF);
    make(&g, &s, PARAM_STANDARD, &k, 1, 1);
    const struct tensor *x = tensors_find(&g.tensors, "xmix"), *v = tensors_find(&g.tensors, "vmix");
    EXPECT(x && x->n == 3 && v && v->n == 2 && v->first == 1);
    for (size_t l = 0; l < 3; l++)
        EXPECT(g.w[tensor_at(x, l)] == 1 && g.w[tensor_at(x, l) + 1] == 0);
    for (size_t l = 0; l < 2; l++)
        EXPECT(g.w[tensor_at(v, l)] == 0.5f && g.w[tensor_at(v, l) + 1] == 0.5f);
    const struct tensor *zero[] = {tensors_find(&g.tensors, "attw"), tensors_find(&g.tensors, "downw")};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < tensor_size(zero[i]); j++)
            EXPECT(g.w[zero[i]->offset + j] == 0);
    EXPECT(g.w[tensors_find(&g.tensors, "headw")->offset] != 0 && g.w[tensors_find(&g.tensors, "upw")->offset] != 0);
    gpt_free(&g);
    zero_head(&k);
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

static void checkpoint_path(char *path, const char *name)
{
    struct err err;
    EXPECT_OK(file_join(path, FILE_PATH_MAX, test_tmpdir(), name, &err));
}

static void checkpoint_resume(void)
{
    struct err err;
    char path[FILE_PATH_MAX];
    checkpoint_path(path, "checkpoint.bin");
    FOR_ISA(k)
    {
        struct model a, b;
        make_model(&a, &small, PARAM_COMPLETEP, &k, BATCH, 1);
        make_model(&b, &small, PARAM_COMPLETEP, &k, BATCH, 2);
        gpt_init_weights(&b.g, 99);
        for (uint64_t step = 1; step <= 3; step++)
            step_on(&a, step);
        struct checkpoint_meta meta = {3, 0xfedcba9876543210u, 4567, (double)NAN, 1.5, 2, 3, "avx2", 77}, got = {0};
        EXPECT_OK(checkpoint_save(path, &a.g, &a.o, &meta, &err));
        EXPECT_OK(checkpoint_load(path, &b.g, &b.o, &got, &err));
        EXPECT(got.step == 3 && strcmp(got.isa, "avx2") == 0 && got.log_checksum == 77 && got.config_hash == meta.config_hash);
        EXPECT(got.log_bytes == 4567 && isnan(got.loss));
        EXPECT(got.loss_sum == 1.5 && got.loss_steps == 2 && got.bad_steps == 3);
        EXPECT(same_state(&a, &b));
        for (uint64_t step = 4; step <= 6; step++)
            EXPECT(step_on(&a, step) == step_on(&b, step));
        EXPECT(same_state(&a, &b));
        meta.loss = 1.25;
        EXPECT_OK(checkpoint_save(path, &a.g, &a.o, &meta, &err));
        EXPECT_OK(checkpoint_load(path, &b.g, &b.o, &got, &err));
        EXPECT(got.loss == 1.25);
        free_model(&a);
        free_model(&b);
    }
    struct file_list list;
    EXPECT_OK(file_list_dir(&list, test_tmpdir(), &err));
    EXPECT_MSG(list.n == 1, "%zu files: a temporary one stayed", list.n);
    file_list_free(&list);
}

/* The file is refused with this text and nothing of the model or the meta data changes. */
static void expect_refused(const char *path, const char *data, size_t size, const char *text)
{
    struct err err;
    struct kern k;
    struct model g, before;
    struct checkpoint_meta meta = {5, 6, 7, 8, 9, 10, 11, "", 0};
    kern_init(&k, KERN_REF);
    make_model(&g, &small, PARAM_STANDARD, &k, 1, 1);
    make_model(&before, &small, PARAM_STANDARD, &k, 1, 1);
    if (data)
        EXPECT_OK(file_write_atomic(path, data, size, &err));
    EXPECT_ERR(checkpoint_load(path, &g.g, &g.o, &meta, &err), E_DATA, text);
    EXPECT_MSG(strstr(err.msg, path), "'%s' does not name the file", err.msg);
    EXPECT(same_state(&g, &before));
    EXPECT(meta.step == 5 && meta.config_hash == 6 && meta.log_bytes == 7 && meta.loss == 8);
    free_model(&g);
    free_model(&before);
}

static void checkpoint_damage(void)
{
    struct err err;
    struct kern k;
    struct model g;
    char path[FILE_PATH_MAX], *data;
    size_t size;
    struct checkpoint_meta meta = {1, 2, 3, 4, 5, 6, 7, "", 0};
    kern_init(&k, KERN_REF);
    make_model(&g, &small, PARAM_STANDARD, &k, BATCH, 1);
    step_on(&g, 1);
    checkpoint_path(path, "c.bin");
    expect_refused(path, NULL, 0, "No such file");
    EXPECT_OK(checkpoint_save(path, &g.g, &g.o, &meta, &err));
    EXPECT_OK(file_read(&data, &size, path, &err));
    enum { HEADER = 136 };
    EXPECT(size == HEADER + 3 * 4 * (size_t)gpt_params(&small) + 8);
    for (size_t i = 0; i < size; i += i < HEADER || i + 9 > size ? 1 : 9973) {
        data[i] ^= 0x10;
        expect_refused(path, data, size,
                       i < 8 ? "no plateau checkpoint" : i < 12 ? "version" : i < 56 ? "shape" : "damaged");
        data[i] ^= 0x10;
    }
    const size_t cuts[] = {0, 7, HEADER - 1, HEADER, HEADER + 5, size / 2, size - 8, size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
        expect_refused(path, data, cuts[i], cuts[i] < 8 ? "no plateau checkpoint" : "cut short");
    data[size] = 'x'; /* over the '\0' that file_read adds */
    expect_refused(path, data, size + 1, "too long");
    free(data);
    free_model(&g);
    const struct gpt_shape others[] = {{GPT_2 .V = 18, .T = 12, .C = 24, .L = 3, .NH = 3},
                                       {GPT_2 .V = 17, .T = 12, .C = 24, .L = 3, .NH = 4}};
    for (int i = 0; i < 2; i++) {
        make_model(&g, &others[i], PARAM_STANDARD, &k, BATCH, 1);
        EXPECT_OK(checkpoint_save(path, &g.g, &g.o, &meta, &err));
        expect_refused(path, NULL, 0, "another shape");
        free_model(&g);
    }
    make_model(&g, &small, PARAM_STANDARD, &k, BATCH, 1);
    checkpoint_path(path, "no/such/folder");
    EXPECT_ERR(checkpoint_save(path, &g.g, &g.o, &meta, &err), E_IO, "no/such/folder");
    free_model(&g);
}

/* An ensemble: counts of all members, the first of which is the model alone; its loss is that of the mean distribution; and a
 * checkpoint of all. */
static void ensembles(void)
{
    enum { N = 3, TOKENS = BATCH * 12 };
    const struct gpt_shape s = {GPT_2 SMALL, .ensemble = N};
    struct param_rules rules = param_rules_make(PARAM_STANDARD, s.C, s.L, s.C, s.L);
    struct gpt_count one = gpt_count(&small), all = gpt_count(&s);
    struct members a, b;
    struct kern k;
    struct err err;
    struct checkpoint_meta meta = {.step = 3}, got = {0};
    float loss[TOKENS], own[N * TOKENS];
    int32_t x[TOKENS], y[TOKENS];
    char path[FILE_PATH_MAX];
    EXPECT(all.params == N * one.params && all.params_nonembd == N * one.params_nonembd);
    EXPECT(all.params_matmul == N * one.params_matmul && all.flops == N * one.flops);
    kern_init(&k, kern_isa_best());
    EXPECT_OK(members_init(&a, &s, &rules, &adam, &k, BATCH, 1, &err));
    EXPECT_OK(members_init(&b, &s, &rules, &adam, &k, BATCH, 1, &err));
    EXPECT(members_bytes(&s, &adam, &k, BATCH, 1) == N * (double)(a.g->arena.size_bytes + a.optim->arena.size_bytes));
    EXPECT(members_seed(7, 0) == 7 && members_seed(7, 1) != members_seed(7, 2) && members_seed(7, 1) != members_seed(8, 1));
    members_begin(&a, 7);
    members_begin(&b, 8);
    struct gpt alone;
    make(&alone, &small, PARAM_STANDARD, &k, BATCH, 1);
    EXPECT(same_floats(alone.w, a.g[0].w, alone.tensors.n_flat));
    EXPECT(!same_floats(a.g[1].w, a.g[2].w, alone.tensors.n_flat) && !same_floats(a.g[1].w, a.g[0].w, alone.tensors.n_flat));
    gpt_free(&alone);
    for (size_t i = 0; i < N; i++)
        for (int step = 1; step <= 3; step++) {
            batch(x, y, &small, BATCH, 10 * i + (uint64_t)step);
            gpt_forward_backward(&a.g[i], x, y);
            optim_step(&a.optim[i], &a.g[i], 0.01, step);
        }
    members_losses(&a, loss, own, x, y, BATCH);
    for (size_t t = 0; t < TOKENS; t++) {
        double p = 0;
        for (size_t i = 0; i < N; i++)
            p += exp(-(double)own[i * TOKENS + t]) / N;
        EXPECT_REL((double)loss[t], -log(p), 1e-6);
    }
    gpt_losses(&a.g[1], loss, x, y, BATCH);
    EXPECT(same_floats(loss, own + TOKENS, TOKENS));
    checkpoint_path(path, "ensemble.bin");
    EXPECT_OK(checkpoint_save_all(path, &a, &meta, &err));
    EXPECT_OK(checkpoint_load_all(path, &b, &got, &err));
    EXPECT(got.step == 3);
    for (size_t i = 0; i < N; i++) {
        const struct model ma = {a.g[i], a.optim[i]}, mb = {b.g[i], b.optim[i]};
        EXPECT_MSG(same_state(&ma, &mb), "member %zu is not restored", i);
    }
    EXPECT_ERR(checkpoint_load(path, &b.g[0], &b.optim[0], &got, &err), E_DATA, "holds 3 models, not 1");
    EXPECT_OK(checkpoint_save(path, &a.g[0], &a.optim[0], &meta, &err));
    EXPECT_ERR(checkpoint_load_all(path, &b, &got, &err), E_DATA, "holds 1 model, not 3");
    members_free(&a);
    members_free(&b);
}

/* Whatever byte of an ensemble's file is another, it is refused. */
static void ensemble_damage(void)
{
    const struct gpt_shape s = {GPT_2 .V = 5, .T = 4, .C = 8, .L = 1, .NH = 2, .ensemble = 2};
    struct param_rules rules = param_rules_make(PARAM_STANDARD, s.C, s.L, s.C, s.L);
    struct members a;
    struct kern k;
    struct err err;
    struct checkpoint_meta meta = {.step = 1};
    char path[FILE_PATH_MAX], *data;
    size_t size;
    kern_init(&k, KERN_REF);
    EXPECT_OK(members_init(&a, &s, &rules, &adam, &k, 1, 1, &err));
    members_begin(&a, 1);
    checkpoint_path(path, "damaged.bin");
    EXPECT_OK(checkpoint_save_all(path, &a, &meta, &err));
    EXPECT_OK(file_read(&data, &size, path, &err));
    for (size_t i = 0; i < size; i += i < 400 || i + 9 > size ? 1 : 97) {
        data[i] ^= 0x10;
        EXPECT_OK(file_write_atomic(path, data, size, &err));
        EXPECT_MSG(checkpoint_load_all(path, &a, &meta, &err) == E_DATA, "byte %zu of %zu", i, size);
        data[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < size; cut += cut < 200 ? 7 : 777) {
        EXPECT_OK(file_write_atomic(path, data, cut, &err));
        EXPECT_MSG(checkpoint_load_all(path, &a, &meta, &err) == E_DATA, "cut to %zu", cut);
    }
    free(data);
    members_free(&a);
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
    {"gradient_entries", gradient_entries},
        {"token by token", token_by_token},
    {"fewer_sequences", fewer_sequences},
    {"switches", switches},
    {"distilled", distilled},
    {"balance", balance},
    {"counts_of_switches", counts_of_switches},
    {"flops_of_switches", flops_of_switches},
    {"switches_refused", switches_refused},
    {"gradient_directions", gradient_directions},
    {"threads", threads},
    {"changing threads", changing_threads},
    {"chunks", chunks},
    {"streams", streams},
    {"further_tokens", further_tokens},
    {"overfits", overfits},
    {"losses_and_logits", losses_and_logits},
    {"clock_of_operations", clock_of_operations},
    {"shape_messages", shape_messages},
    {"counts", counts},
    {"rates", rates},
    {"rules", rules},
    {"initial_weights", initial_weights},
    {"starts", starts},
    {"not_finite", not_finite},
    {"checkpoint_resume", checkpoint_resume},
    {"checkpoint_damage", checkpoint_damage},
    {"ensembles", ensembles},
    {"ensemble_damage", ensemble_damage},
    {"no_allocation", no_allocation},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
