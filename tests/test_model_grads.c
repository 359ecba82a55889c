/* Gradients, losses and logits of the float model against a double reference of our own, at every instruction set that the
 * machine has: of every switch, of a model that is taught, and in whatever parts a step is taken. */
#include "models.h"
#include "ref_gpt.h"
#include "switched.h"
#include "test.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/distill.h"
#include "model/gpt.h"
#include "model/parts/experts.h"

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
        const struct experts *e = with.layers[0].mlp.experts;
        EXPECT_MSG(e->first[3] == BATCH * 12 * 2 && e->first[4] == e->first[3], "the last expert was chosen");
        for (size_t i = 0; i < tensor_size(up) / 4; i++)
            EXPECT(with.grad[up->offset + tensor_size(up) / 4 * 3 + i] == 0);
        size_t chosen[4], tries = 0, smooth = 0;
        memcpy(chosen, e->first, sizeof chosen);
        for (; tries < 200 && !smooth; tries++) { /* to a direction on which no token changes its experts */
            double slope = 0, length = 0, at[2], h = 1e-3;
            smooth = 1;
            for (size_t i = 0; i < 24 * 4; i++) {
                d[i] = (float)rng_normal(test_rng());
                slope += (double)d[i] * ((double)with.grad[router->offset + i] - (double)without.grad[router->offset + i]);
                length += (double)d[i] * (double)d[i];
            }
            for (int side = 0; side < 2; side++) {
                float loss[BATCH * 12];
                for (size_t i = 0; i < 24 * 4; i++)
                    w[i] = keep[i] + (float)((side ? h : -h) * (double)d[i]);
                gpt_pack(&with);
                gpt_losses(&with, loss, x, y, BATCH);
                at[side] = 0.5 * balance_of(&with, BATCH * 12);
                smooth = smooth && memcmp(chosen, e->first, sizeof chosen) == 0;
            }
            if (smooth)
                EXPECT_NEAR((at[1] - at[0]) / (2 * h), slope, 2e-3 * (fabs(slope) + 1e-4 * sqrt(length)));
        }
        EXPECT_MSG(smooth, "no direction of %zu leaves the choices as they are", tries);
        gpt_free(&with);
        gpt_free(&without);
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

static const struct test tests[] = {
    {"gradient_entries", gradient_entries},
    {"token by token", token_by_token},
    {"fewer_sequences", fewer_sequences},
    {"switches", switches},
    {"distilled", distilled},
    {"balance", balance},
    {"gradient_directions", gradient_directions},
    {"losses_and_logits", losses_and_logits},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
