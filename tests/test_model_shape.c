/* What a shape is worth before any step: its parameters, FLOPs and bytes, the weights that it begins with; and shapes that are
 * refused. */
#include "models.h"
#include "switched.h"
#include "test.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "model/gpt.h"

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

static const struct test tests[] = {
    {"counts_of_switches", counts_of_switches},
    {"flops_of_switches", flops_of_switches},
    {"switches_refused", switches_refused},
    {"streams", streams},
    {"shape_messages", shape_messages},
    {"counts", counts},
    {"rules", rules},
    {"initial_weights", initial_weights},
    {"starts", starts},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
