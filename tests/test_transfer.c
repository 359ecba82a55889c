/* What a check of transfer is made of: the probe against sums of our own, exponents of known truth, the grid of trials. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/transfer.h"

#pragma GCC diagnostic ignored "-Woverride-init"

static const struct gpt_shape small = {GPT_2 .V = 11, .T = 6, .C = 8, .L = 2, .NH = 2};
enum { SEQUENCES = 6, BATCH = 4 };

static void make(struct gpt *g, const struct gpt_shape *s, const struct kern *k)
{
    struct err err;
    struct param_rules rules = param_rules_make(PARAM_COMPLETEP, s->C, s->L, 4, 1);
    EXPECT_OK(gpt_init(g, s, &rules, k, BATCH, 1, &err));
    gpt_init_weights(g, 3);
    for (size_t i = 0; i < g->tensors.n; i++) /* gains and biases off their start */
        for (size_t j = 0; j < g->tensors.list[i].n * g->tensors.list[i].stride; j++)
            if (j % g->tensors.list[i].stride < tensor_size(&g->tensors.list[i]))
                g->w[g->tensors.list[i].offset + j] += (float)(0.1 * rng_normal(test_rng()));
    gpt_pack(g);
}

static void tokens(int32_t *x, size_t n, size_t V)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (int32_t)rng_below(test_rng(), V);
}

static const float *weights(const struct gpt *g, const char *name, size_t layer)
{
    return g->w + tensor_at(tensors_find(&g->tensors, name), layer);
}

/* out (C): the layer norm of x (C). */
static void normed(double *out, const double *x, const float *w, const float *b, size_t C)
{
    double mean = 0, var = 0;
    for (size_t i = 0; i < C; i++)
        mean += x[i] / (double)C;
    for (size_t i = 0; i < C; i++)
        var += (x[i] - mean) * (x[i] - mean) / (double)C;
    for (size_t i = 0; i < C; i++)
        out[i] = (x[i] - mean) / sqrt(var + 1e-5) * (double)w[i] + (double)b[i];
}

/* out (m) = x (n) W (n,m) + b. */
static void product(double *out, const double *x, const float *W, const float *b, size_t n, size_t m)
{
    for (size_t j = 0; j < m; j++) {
        out[j] = (double)b[j];
        for (size_t i = 0; i < n; i++)
            out[j] += x[i] * (double)W[i * m + j];
    }
}

/* What stands at token r of a quantity of width n. */
static const float *row(const struct probe *p, enum probe_kind kind, size_t block, size_t r, size_t n)
{
    return p->values[kind] + block * p->floats[kind] + r * n;
}

/* The second block from the stream after the first: its scores, its MLP; and the logits from the stream after it. */
static void test_probe(void)
{
    const size_t T = small.T, C = small.C, HS = C / small.NH, V = small.V;
    struct err err;
    struct kern k;
    struct gpt g;
    struct probe p;
    int32_t x[SEQUENCES * 6];
    double in[8], wide[24], keys[6][24], mid[8], up[32], out[8], scale;
    kern_init(&k, KERN_REF);
    make(&g, &small, &k);
    tokens(x, SEQUENCES * T, V);
    EXPECT_OK(probe_init(&p, &small, SEQUENCES, &err));
    probe_read(&p, &g, x); /* more sequences than a pass takes */
    scale = (double)g.rules.residual_scale;
    for (size_t b = 0; b < SEQUENCES; b++) {
        for (size_t t = 0; t < T; t++) {
            const float *stream = row(&p, PROBE_stream, 0, b * T + t, C), *end = row(&p, PROBE_stream, 1, b * T + t, C);
            const float *att = row(&p, PROBE_attention, 1, b * T + t, C), *mlp = row(&p, PROBE_mlp, 1, b * T + t, C);
            for (size_t i = 0; i < C; i++) {
                in[i] = (double)stream[i];
                mid[i] = in[i] + scale * (double)att[i];
                EXPECT_NEAR((double)end[i], mid[i] + scale * (double)mlp[i], 1e-5);
            }
            normed(out, in, weights(&g, "ln1w", 1), weights(&g, "ln1b", 1), C);
            product(keys[t], out, weights(&g, "qkvw", 1), weights(&g, "qkvb", 1), C, 3 * C);
            normed(out, mid, weights(&g, "ln2w", 1), weights(&g, "ln2b", 1), C);
            product(up, out, weights(&g, "upw", 1), weights(&g, "upb", 1), C, 4 * C);
            for (size_t i = 0; i < 4 * C; i++)
                up[i] = 0.5 * up[i] * (1 + tanh(0.7978845608028654 * (up[i] + 0.044715 * up[i] * up[i] * up[i])));
            product(out, up, weights(&g, "downw", 1), weights(&g, "downb", 1), 4 * C, C);
            for (size_t i = 0; i < C; i++)
                EXPECT_NEAR((double)mlp[i], out[i], 1e-4);
            for (size_t i = 0; i < C; i++)
                in[i] = (double)end[i];
            normed(out, in, weights(&g, "lnfw", 0), weights(&g, "lnfb", 0), C);
            for (size_t v = 0; v < V; v++) {
                double z = 0;
                for (size_t i = 0; i < C; i++)
                    z += out[i] * (double)weights(&g, "wte", 0)[v * C + i];
                EXPECT_NEAR((double)row(&p, PROBE_logits, 0, b * T + t, V)[v], (double)g.rules.logit_scale * z, 1e-5);
            }
        }
        memcpy(wide, keys[T - 1], sizeof wide);
        for (size_t h = 0; h < small.NH; h++)
            for (size_t t = 0; t < T; t++) {
                double z = 0;
                for (size_t i = 0; i < HS; i++)
                    z += wide[h * HS + i] * keys[t][C + h * HS + i] / sqrt((double)HS);
                EXPECT_NEAR((double)row(&p, PROBE_scores, 1, (b * small.NH + h) * T, 1)[t], z, 1e-4);
            }
    }
    probe_free(&p);
    gpt_free(&g);
}

/* A reading between two steps leaves no trace in them. */
static void test_no_trace(void)
{
    struct err err;
    struct kern k;
    struct gpt a, b;
    struct probe p;
    int32_t x[SEQUENCES * 6], y[SEQUENCES * 6];
    kern_init(&k, kern_isa_best());
    make(&a, &small, &k);
    tokens(x, SEQUENCES * small.T, small.V);
    tokens(y, SEQUENCES * small.T, small.V);
    struct param_rules rules = a.rules;
    EXPECT_OK(gpt_init(&b, &small, &rules, &k, BATCH, 1, &err));
    memcpy(b.w, a.w, a.tensors.n_flat * sizeof *a.w);
    gpt_pack(&b);
    EXPECT_OK(probe_init(&p, &small, SEQUENCES, &err));
    double one = gpt_forward_backward(&a, x, y);
    probe_read(&p, &b, x);
    double two = gpt_forward_backward(&b, x, y);
    EXPECT(one == two);
    EXPECT(memcmp(a.grad, b.grad, a.tensors.n_flat * sizeof *a.grad) == 0);
    EXPECT(memcmp(a.w, b.w, a.tensors.n_flat * sizeof *a.w) == 0);
    probe_free(&p);
    gpt_free(&a);
    gpt_free(&b);
}

/* Scale and change are root mean squares; of the same weights nothing has changed, in every kind of block. */
static void test_scales(void)
{
    static const struct gpt_shape shapes[] = {
        {GPT_2 .V = 11, .T = 6, .C = 8, .L = 3, .NH = 2},
        {GPT_2 .V = 11, .T = 6, .C = 8, .L = 2, .NH = 4, .n_kv_head = 2, .norm = 1, .position = 1, .mlp = 3, .norm_place = 1},
        {GPT_2 .V = 11, .T = 6, .C = 8, .L = 2, .NH = 2, .parallel = 1, .x0_residual = 1, .value_residual = 1, .window = 3},
        {GPT_2 .V = 11, .T = 6, .C = 8, .L = 2, .NH = 2, .n_expert = 3, .qk_norm = 1, .tied = 0, .norm_place = 2},
    };
    struct err err;
    struct kern k;
    kern_init(&k, kern_isa_best());
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct gpt g;
        struct probe a, b;
        int32_t x[SEQUENCES * 6];
        make(&g, &shapes[s], &k);
        tokens(x, SEQUENCES * 6, 11);
        EXPECT_OK(probe_init(&a, &shapes[s], SEQUENCES, &err));
        EXPECT_OK(probe_init(&b, &shapes[s], SEQUENCES, &err));
        probe_read(&a, &g, x);
        probe_read(&b, &g, x);
        for (enum probe_kind q = 0; q < PROBE_N_KINDS; q++)
            for (size_t l = 0; l < probe_blocks(&a, q); l++) {
                double sum = 0;
                for (size_t i = 0; i < a.floats[q]; i++)
                    sum += pow((double)a.values[q][l * a.floats[q] + i], 2) / (double)a.floats[q];
                EXPECT_REL(probe_scale(&a, q, l), sqrt(sum), 1e-12);
                EXPECT_MSG(probe_scale(&a, q, l) > 1e-4, "shape %zu: %s of block %zu is %g", s, probe_name(q), l,
                           probe_scale(&a, q, l));
                EXPECT(probe_change(&b, &a, q, l) == 0);
                for (size_t i = 0; i < a.floats[q]; i++)
                    b.values[q][l * a.floats[q] + i] += i % 2 ? 0.5f : -0.5f;
                EXPECT_NEAR(probe_change(&b, &a, q, l), 0.5, 1e-6);
            }
        probe_free(&a);
        probe_free(&b);
        gpt_free(&g);
    }
}

static void test_exponents(void)
{
    double x[] = {32, 64, 128, 256}, y[4], nothing[4] = {0}, some[] = {0, 1, 1, 1};
    struct fit_value e;
    for (size_t i = 0; i < 4; i++)
        y[i] = 3 * pow(x[i], -0.5);
    EXPECT(exponent_judge(&e, x, y, 4, 0.2) == EXPONENT_VANISHES);
    EXPECT_NEAR(e.value, -0.5, 1e-12);
    EXPECT_NEAR(e.se, 0, 1e-9);
    EXPECT(exponent_judge(&e, x, y, 4, 0.6) == EXPONENT_FLAT);
    EXPECT(exponent_judge(&e, x, x, 4, 0.2) == EXPONENT_GROWS);
    EXPECT(exponent_judge(&e, x, nothing, 4, 0.2) == EXPONENT_ZERO);
    EXPECT(exponent_judge(&e, x, some, 4, 0.2) == EXPONENT_UNKNOWN);
    double noisy[] = {1, 9, 2, 9};
    EXPECT(exponent_judge(&e, x, noisy, 4, 0.2) == EXPONENT_OPEN && e.value > 0.2 && e.lo < 0.2);
    EXPECT(isnan(exponent_fit(x, y, 1).value));
    EXPECT(isnan(exponent_fit(x, y, 2).lo));
    y[2] = (double)INFINITY;
    EXPECT(exponent_judge(&e, x, y, 4, 0.2) == EXPONENT_UNKNOWN);
}

/* The interval covers a known exponent as often as it says. */
static void test_exponent_interval(void)
{
    enum { TRIES = 4000, POINTS = 5 };
    size_t covered = 0;
    for (size_t t = 0; t < TRIES; t++) {
        double x[POINTS], y[POINTS];
        for (size_t i = 0; i < POINTS; i++) {
            x[i] = pow(2, (double)i);
            y[i] = pow(x[i], 0.3) * exp(0.1 * rng_normal(test_rng()));
        }
        struct fit_value e = exponent_fit(x, y, POINTS);
        covered += e.lo <= 0.3 && 0.3 <= e.hi;
    }
    EXPECT_NEAR((double)covered / TRIES, 0.95, 0.012);
}

static void use_small_data(struct config *c)
{
    static const char *const keys[] = {"data.base=16", "data.digits=2", "data.values=2", "data.eval_tokens=4096", "model.ctx=16",
                                       "train.batch_tokens=128"};
    struct err err;
    config_init(c);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        EXPECT_OK(config_set(c, keys[i], &err));
}

/* Tuned by their roles, small models move as much as wide ones; by GPT-2's rules they do not. */
static void test_coordinates(void)
{
    struct config c;
    struct data *d;
    struct err err;
    struct transfer_scales scales;
    struct transfer_spec spec = {.sizes = {{{32, 64, 128}, 3}}, .d_model = 64, .n_layer = 2, .seeds = 1};
    use_small_data(&c);
    EXPECT_OK(config_set(&c, "data.base=64", &err));
    EXPECT_OK(config_set(&c, "train.lr=0.004", &err));
    struct data_spec data = config_data_spec(&c);
    EXPECT_OK(data_open(&d, &data, c.model.ctx, &err));
    struct coordinates_how how = {.c = &c, .data = d, .isa = kern_isa_best(), .steps = 3, .seeds = 4};
    EXPECT_OK(transfer_scales(&scales, &spec, &how, 0.3, &err));
    EXPECT(scales.readings.n == 2 * 3 * 4 * (4 * 2 + 1));
    EXPECT(scales.n == 2 * (4 * 2 + 1));
    EXPECT(transfer_scales_hold(&scales, PARAM_COMPLETEP));
    EXPECT(!transfer_scales_hold(&scales, PARAM_STANDARD));
    for (size_t i = 0; i < scales.n; i++) {
        const struct transfer_line *l = &scales.lines[i];
        EXPECT_MSG(l->parametrisation == PARAM_STANDARD || l->change_is == EXPONENT_FLAT, "%s: %g", probe_name(l->kind),
                   l->change_exponent.value);
        if (l->kind == PROBE_stream && !l->last && l->parametrisation == PARAM_STANDARD) /* embeddings and places of .02 each */
            EXPECT_NEAR(l->scale[0], 0.0283, 0.003);
        if (l->kind == PROBE_logits) /* N(0, .02) times C normal values, over mN */
            EXPECT_NEAR(l->scale_exponent.value, l->parametrisation == PARAM_STANDARD ? 0.5 : -0.5, 0.15);
        if (l->kind == PROBE_mlp && l->parametrisation == PARAM_STANDARD)
            EXPECT(l->scale_is == EXPONENT_GROWS && l->change_is == EXPONENT_GROWS);
    }
    transfer_scales_free(&scales);
    data_close(d);
    config_free(&c);
}

static void bowl_about(struct transfer_cell *c, double best)
{
    struct bowl_point p[BOWL_MAX];
    for (size_t i = 0; i < c->n_rates; i++)
        p[i] = (struct bowl_point){c->rates[i], 1 + 0.1 * pow(log(c->rates[i] / best), 2)};
    bowl_fit(&c->bowl, p, c->n_rates, (double)NAN, (double)NAN);
}

/* Every model once, though it lies on both axes; a ladder grows for the cell whose bottom is at its edge, and for no other. */
static void test_grid(void)
{
    struct config c;
    struct err err;
    struct data *d;
    struct plan p;
    struct transfer_bowls b;
    struct transfer_spec spec = {.sizes = {{{8, 16, 32}, 3}, {{1, 2}, 2}}, .d_model = 16, .n_layer = 2, .seeds = 2, .step = 2,
                                 .rates = {0.01, 0.02, 0.04, 0.08}, .n_rates = 4, .tokens = 1280};
    use_small_data(&c);
    struct data_spec data = config_data_spec(&c);
    EXPECT_OK(data_open(&d, &data, c.model.ctx, &err));
    transfer_bowls_init(&b, &spec);
    EXPECT(b.n == 2 * 4 && b.n_spans == 4);
    EXPECT_OK(transfer_config(&c, &b, &err));
    EXPECT(strcmp(c.name, "sweep-transfer") == 0);
    EXPECT_OK(transfer_plan(&p, &b, &c, d, &err));
    EXPECT(p.n == 8 * 4 * 2 && p.n_trajectories == p.n);
    for (size_t i = 0; i < p.n; i++)
        EXPECT(p.runs[i].cfg.train.warmup_tokens == 256); /* a fifth, of every width */
    plan_free(&p);
    for (size_t i = 0; i < b.n; i++)
        bowl_about(&b.cells[i], i == 1 ? 0.2 : i == 2 ? 0.005 : 0.03);
    EXPECT(transfer_extend(&b));
    EXPECT(b.cells[0].n_rates == 4 && b.cells[1].n_rates == 5 && b.cells[2].n_rates == 5);
    EXPECT_REL(b.cells[1].rates[4], 0.16, 1e-12);
    EXPECT_REL(b.cells[2].rates[4], 0.005, 1e-12);
    EXPECT_OK(transfer_config(&c, &b, &err));
    EXPECT(strcmp(c.name, "sweep-transfer") == 0);
    EXPECT_OK(transfer_plan(&p, &b, &c, d, &err));
    EXPECT(p.n == (8 * 4 + 2) * 2);
    for (size_t i = 0; i < p.n; i++)
        EXPECT(plan_has(&p, p.runs[i].name));
    plan_free(&p);
    for (size_t i = 0; i < b.n; i++)
        bowl_about(&b.cells[i], 0.03);
    EXPECT(!transfer_extend(&b));
    data_close(d);
    config_free(&c);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"probe", test_probe},
        {"no_trace", test_no_trace},
        {"scales", test_scales},
        {"exponents", test_exponents},
        {"exponent_interval", test_exponent_interval},
        {"coordinates", test_coordinates},
        {"grid", test_grid},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
