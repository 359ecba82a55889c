#include "model/gpt.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/rng.h"
#include "base/size.h"
#include "model/gemm.h"

const char *const gpt_op_names[GPT_N_OPS] = {
    "gemm_forward", "gemm_grad_input", "gemm_grad_weight", "attention", "norms",
    "gelu",         "loss",            "optimiser",        "pack",      "rest"};

/* Activations of one layer that backward reads again; R = chunk * T rows. Rows of 3C and 4C values are
 * gemm_row_floats of that apart. */
struct gpt_layer_act {
    float *x;                   /* (R,C) input of the block */
    float *ln1, *mean1, *rstd1; /* (R,C), (R), (R) */
    float *qkv, *att, *lse;     /* (R,3C), (R,C), (chunk,NH,T) */
    float *x_mid;               /* (R,C) after attention */
    float *ln2, *mean2, *rstd2;
    float *act, *slope; /* (R,4C) after GELU, and its slope */
};

enum status gpt_shape_check(const struct gpt_shape *s, struct err *err)
{
    if (s->C == 0 || s->L == 0 || s->NH == 0 || s->T == 0 || s->V == 0)
        return err_set(err, E_CONFIG, "model: d_model, n_layer, n_head, ctx and vocab must be above 0");
    if (s->C % s->NH != 0)
        return err_set(err, E_CONFIG, "model.d_model=%zu is not a multiple of model.n_head=%zu", s->C,
                       s->NH);
    const size_t limit = (size_t)1 << 24; /* keeps every product of sizes far inside 64 bits */
    if (s->C > 1 << 15 || s->L > 1 << 12 || s->T > 1 << 16 || s->V > limit)
        return err_set(err, E_CONFIG, "model: d_model=%zu n_layer=%zu ctx=%zu vocab=%zu is too large",
                       s->C, s->L, s->T, s->V);
    return OK;
}

double gpt_params(const struct gpt_shape *s)
{
    double sum = 0, V = (double)s->V, T = (double)s->T, C = (double)s->C;
    (void)V, (void)T;
#define X(name, rows, cols, role, per_layer) sum += (rows) * (cols) * (per_layer ? (double)s->L : 1.0);
    GPT_TENSORS(X)
#undef X
    return sum;
}

double gpt_params_nonembd(const struct gpt_shape *s)
{
    return gpt_params(s) - (double)(s->V + s->T) * (double)s->C;
}

double gpt_params_matmul(const struct gpt_shape *s)
{
    return gpt_params_nonembd(s) + (double)s->V * (double)s->C;
}

double gpt_flops_per_token(const struct gpt_shape *s)
{
    double V = (double)s->V, T = (double)s->T, C = (double)s->C, L = (double)s->L;
    /* Two flops a weight in the products; the triangle of scores has T (T+1) / 2 entries, used by two
     * products of 2 C flops each. */
    double forward = 2 * (12 * L * C * C + C * V) + 2 * L * C * (T + 1);
    return 3 * forward;
}

/* The sequences of one chunk: as many as keep a layer's activations near the second-level cache, at
 * least CHUNK_ROWS rows so that the products stay efficient, in equal chunks. */
size_t gpt_chunk(const struct gpt_shape *s, size_t B)
{
    enum { CHUNK_ROWS = 512, CHUNK_BYTES = 1 << 20 };
    size_t row_bytes = 20 * s->C * sizeof(float);
    size_t rows = size_max(CHUNK_ROWS, CHUNK_BYTES / row_bytes);
    size_t chunk = size_min(B, size_max(1, rows / s->T));
    while (B % chunk != 0)
        chunk--;
    return chunk;
}

static size_t slot_count(const struct gpt_shape *s)
{
    size_t n = 0;
#define X(name, rows, cols, role, per_layer) n += per_layer ? s->L : 1;
    GPT_TENSORS(X)
#undef X
    return n;
}

/* Slots in the order of GPT_TENSORS, the layers of one tensor behind each other. */
static size_t fill_slots(struct gpt_slot *slots, const struct gpt_shape *s)
{
    size_t V = s->V, T = s->T, C = s->C, i = 0, offset = 0;
    (void)V, (void)T;
#define X(name_, rows_, cols_, role_, per_layer)                                                   \
    for (size_t l = 0; l < (per_layer ? s->L : 1); l++) {                                          \
        slots[i++] = (struct gpt_slot){.name = #name_,                                             \
                                       .layer = l,                                                 \
                                       .rows = (rows_),                                            \
                                       .cols = (cols_),                                            \
                                       .role = (role_),                                            \
                                       .offset = offset};                                          \
        offset += ((rows_) * (cols_) + 15) / 16 * 16;                                              \
    }
    GPT_TENSORS(X)
#undef X
    return offset;
}

/* The matrices of a layer, in the order in which they lie packed. */
enum { QKV, ATT, UP, DOWN, MATRICES };
static const enum gpt_tensor matrices[MATRICES] = {GPT_qkvw, GPT_attw, GPT_upw, GPT_downw};
static const enum gpt_tensor biases[MATRICES] = {GPT_qkvb, GPT_attb, GPT_upb, GPT_downb};

static void matrix_shapes(size_t shapes[MATRICES][2], size_t C)
{
    const size_t all[MATRICES][2] = {{C, 3 * C}, {C, C}, {C, 4 * C}, {4 * C, C}};
    memcpy(shapes, all, sizeof all);
}

/* Scratch of the matrix products of R rows. */
static size_t gemm_scratch(const struct gpt *g, size_t R)
{
    size_t C = g->shape.C, V = g->shape.V, shapes[MATRICES][2];
    int threads = g->ops.threads;
    matrix_shapes(shapes, C);
    size_t most = gemm_tn_scratch(g->k, threads, R, V, C);
    for (size_t i = 0; i < MATRICES; i++) {
        size_t rows = shapes[i][0], cols = shapes[i][1];
        most = size_max(most, gemm_tn_scratch(g->k, threads, R, rows, cols));
        most = size_max(most, gemm_nn_scratch(g->k, threads, cols, rows));
        most = size_max(most, gemm_nn_scratch(g->k, threads, rows, cols));
    }
    return most;
}

/* Where the matrices from number `which` on begin in a packed layer. */
static size_t packed_offset(const struct gpt *g, size_t which, bool backward)
{
    size_t at = 0, shapes[MATRICES][2];
    matrix_shapes(shapes, g->shape.C);
    for (size_t i = 0; i < which; i++) {
        size_t floats = backward ? gemm_packed_floats(g->k, shapes[i][1], shapes[i][0])
                                 : gemm_packed_floats(g->k, shapes[i][0], shapes[i][1]);
        at += (floats + 15) / 16 * 16;
    }
    return at;
}

/* Carve every array from the arena: run once to plan and once to allocate. */
static void carve(struct gpt *g, struct arena *a)
{
    const struct gpt_shape *s = &g->shape;
    size_t V = s->V, T = s->T, C = s->C, R = g->chunk * T;
    size_t W3 = gemm_row_floats(3 * C), W4 = gemm_row_floats(4 * C);
    g->slots = arena_take(a, g->n_slots, sizeof *g->slots);
    g->acts = arena_take(a, s->L, sizeof *g->acts);
    float **flat[] = {&g->w, &g->grad, &g->m, &g->v};
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
        *flat[i] = arena_floats(a, g->n_flat);
    g->packed_layer_floats =
        size_max(packed_offset(g, MATRICES, false), packed_offset(g, MATRICES, true));
    size_t layers = g->packed_layers * g->packed_layer_floats;
    g->packed_fwd = arena_floats(a, layers + gemm_packed_floats(g->k, C, V));
    g->packed_bwd = arena_floats(a, layers + gemm_packed_floats(g->k, V, C));
    for (size_t l = 0; l < s->L; l++) {
        struct gpt_layer_act t;
        t.x = arena_floats(a, R * C);
        t.ln1 = arena_floats(a, R * C);
        t.mean1 = arena_floats(a, R);
        t.rstd1 = arena_floats(a, R);
        t.qkv = arena_floats(a, R * W3);
        t.att = arena_floats(a, R * C);
        t.lse = arena_floats(a, R * s->NH);
        t.x_mid = arena_floats(a, R * C);
        t.ln2 = arena_floats(a, R * C);
        t.mean2 = arena_floats(a, R);
        t.rstd2 = arena_floats(a, R);
        t.act = arena_floats(a, R * W4);
        t.slope = arena_floats(a, R * W4);
        if (g->acts)
            g->acts[l] = t;
    }
    g->x_top = arena_floats(a, R * C);
    g->lnf = arena_floats(a, R * C);
    g->lnf_mean = arena_floats(a, R);
    g->lnf_rstd = arena_floats(a, R);
    g->logits = arena_floats(a, R * V);
    g->losses = arena_floats(a, R);
    g->dres = arena_floats(a, R * C);
    g->ds = arena_floats(a, R * C);
    g->dwide = arena_floats(a, R * W4);
    g->dnorm = arena_floats(a, R * C);
    g->scratch_ln = arena_floats(a, ops_layernorm_bwd_scratch(R, C));
    g->scratch_attn = arena_floats(a, ops_attn_scratch(g->ops.threads, T, C, s->NH));
    g->scratch_gemm = arena_floats(a, gemm_scratch(g, R));
}

/* Sizes that carve needs, without memory. */
static void prepare(struct gpt *g, const struct gpt_shape *s, const struct kern *k, size_t B,
                    int threads)
{
    *g = (struct gpt){.shape = *s, .k = k, .ops = {.k = k, .threads = threads}, .B = B};
    g->chunk = gpt_chunk(s, B);
    /* Packing once a step pays while the packed copies stay near the caches; beyond, each product packs
     * what it needs as it goes, at the price of packing again for the next chunk of the batch. */
    const size_t keep_bytes = (size_t)64 << 20;
    g->packed_layers = 2 * 12 * s->C * s->C * s->L * sizeof(float) <= keep_bytes ? s->L : 0;
    g->n_slots = slot_count(s);
    size_t V = s->V, T = s->T, C = s->C;
    (void)V, (void)T;
#define X(name, rows, cols, role, per_layer)                                                       \
    g->n_flat += ((rows) * (cols) + 15) / 16 * 16 * (per_layer ? s->L : 1);
    GPT_TENSORS(X)
#undef X
}

size_t gpt_bytes(const struct gpt_shape *s, const struct kern *k, size_t B, int threads)
{
    struct gpt g;
    prepare(&g, s, k, B, threads);
    struct arena plan = arena_plan();
    carve(&g, &plan);
    return plan.used_bytes;
}

enum status gpt_init(struct gpt *g, const struct gpt_shape *s, const struct param_rules *rules,
                     const struct kern *k, size_t B, int threads, struct err *err)
{
    *g = (struct gpt){0};
    TRY(gpt_shape_check(s, err));
    CHECK(B > 0 && threads >= 1);
    size_t bytes = gpt_bytes(s, k, B, threads);
    prepare(g, s, k, B, threads);
    g->rules = *rules;
    TRY(arena_init(&g->arena, bytes, err));
    carve(g, &g->arena);
    CHECK(fill_slots(g->slots, s) == g->n_flat);
    float *flat[] = {g->w, g->grad, g->m, g->v};
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
        memset(flat[i], 0, g->n_flat * sizeof(float));
    return OK;
}

void gpt_free(struct gpt *g)
{
    arena_free(&g->arena);
    *g = (struct gpt){0};
}

const struct gpt_slot *gpt_slot(const struct gpt *g, enum gpt_tensor t, size_t layer)
{
    size_t i = 0;
    int tensor = 0;
#define X(name, rows, cols, role, per_layer)                                                       \
    if (tensor++ < (int)t)                                                                         \
        i += per_layer ? g->shape.L : 1;
    GPT_TENSORS(X)
#undef X
    return &g->slots[i + layer];
}

static float *weight(const struct gpt *g, enum gpt_tensor t, size_t layer)
{
    return g->w + gpt_slot(g, t, layer)->offset;
}

static float *gradient(const struct gpt *g, enum gpt_tensor t, size_t layer)
{
    return g->grad + gpt_slot(g, t, layer)->offset;
}

/* The tensors of the first version, whose initial weights were drawn from streams counted in this order: those outside
 * the layers count once, the others once a layer. Frozen: a change would give other weights to every model. */
static const struct {
    const char *name;
    bool per_layer;
} first_tensors[] = {{"wte", false}, {"wpe", false}, {"ln1w", true}, {"ln1b", true},  {"qkvw", true}, {"qkvb", true},
                     {"attw", true}, {"attb", true}, {"ln2w", true}, {"ln2b", true},  {"upw", true},  {"upb", true},
                     {"downw", true}, {"downb", true}, {"lnfw", false}, {"lnfb", false}};

/* The stream of a tensor hangs on its name and layer, never on what other tensors there are. */
static struct rng init_rng(uint64_t seed, const struct gpt_slot *slot, size_t L)
{
    size_t before = 0;
    for (size_t i = 0; i < sizeof first_tensors / sizeof *first_tensors; i++) {
        if (strcmp(first_tensors[i].name, slot->name) == 0)
            return rng_make(seed, RNG_INIT, before + slot->layer, 0);
        before += first_tensors[i].per_layer ? L : 1;
    }
    return rng_make(seed, RNG_INIT, hash_bytes(HASH_SEED, slot->name, strlen(slot->name)), slot->layer);
}

void gpt_init_weights(struct gpt *g, uint64_t seed)
{
    for (size_t i = 0; i < g->n_slots; i++) {
        const struct gpt_slot *slot = &g->slots[i];
        struct rng rng = init_rng(seed, slot, g->shape.L);
        double std = (double)g->rules.role[slot->role].init_std;
        float constant = slot->role == PARAM_GAIN ? 1.0f : 0.0f, *w = g->w + slot->offset;
        for (size_t j = 0; j < slot->rows * slot->cols; j++)
            w[j] = std > 0 ? (float)(std * rng_normal(&rng)) : constant;
    }
    memset(g->grad, 0, g->n_flat * sizeof(float));
    memset(g->m, 0, g->n_flat * sizeof(float));
    memset(g->v, 0, g->n_flat * sizeof(float));
    gpt_pack(g);
}

/* The clock behind the breakdown of a step: time since the last mark goes to `op`. */
static void mark(const struct gpt *g, double *last, enum gpt_op op)
{
    if (!g->op_s)
        return;
    double t = clock_now_s();
    g->op_s[op] += t - *last;
    *last = t;
}

static float *packed_layer(const struct gpt *g, size_t l, bool backward)
{
    return (backward ? g->packed_bwd : g->packed_fwd) + l * g->packed_layer_floats;
}

/* Behind the layers: the tied head, which multiplies by the transposed embedding. */
static float *packed_head(const struct gpt *g, bool backward)
{
    return packed_layer(g, g->packed_layers, backward);
}

static void pack_matrix(struct gpt *g, size_t l, size_t which, bool backward)
{
    const struct gpt_slot *t = gpt_slot(g, matrices[which], l);
    float *out = packed_layer(g, l, backward) + packed_offset(g, which, backward);
    gemm_pack(g->k, g->ops.threads, out, g->w + t->offset, t->cols, backward ? t->cols : t->rows,
              backward ? t->rows : t->cols, backward);
}

void gpt_pack(struct gpt *g)
{
    double clock = g->op_s ? clock_now_s() : 0;
    size_t C = g->shape.C, V = g->shape.V;
    for (size_t l = 0; l < g->packed_layers; l++)
        for (size_t i = 0; i < MATRICES; i++) {
            pack_matrix(g, l, i, false);
            pack_matrix(g, l, i, true);
        }
    const float *wte = weight(g, GPT_wte, 0);
    gemm_pack(g->k, g->ops.threads, packed_head(g, false), wte, C, C, V, true);
    gemm_pack(g->k, g->ops.threads, packed_head(g, true), wte, C, V, C, false);
    mark(g, &clock, GPT_OP_PACK);
}

/* Distance between rows of n activations. */
static size_t row_floats(const struct gpt *g, size_t n)
{
    return n == g->shape.C ? n : gemm_row_floats(n);
}

/* out = in W with W = matrices[which] of layer l, or in W^T where `backward`; R rows. */
static void product(struct gpt *g, size_t l, size_t which, bool backward, float *out,
                    const float *in, size_t R, const struct kern_finish *finish)
{
    const struct gpt_slot *t = gpt_slot(g, matrices[which], l);
    size_t K = backward ? t->cols : t->rows, N = backward ? t->rows : t->cols;
    size_t ld_in = row_floats(g, K), ld_out = row_floats(g, N);
    if (g->packed_layers)
        gemm_nn(g->k, g->ops.threads, out, ld_out, in, ld_in,
                packed_layer(g, l, backward) + packed_offset(g, which, backward), R, N, K, finish);
    else
        gemm_nn_unpacked(g->k, g->ops.threads, out, ld_out, in, ld_in, g->w + t->offset, t->cols,
                         backward, R, N, K, finish, g->scratch_gemm);
}

/* The product in front of GELU, which runs inside it, or where the clock is read, after it: the same
 * operations, so the same bits. slope may be NULL. */
static void product_gelu(struct gpt *g, size_t l, float *act, float *slope, const float *in, size_t R,
                         double *clock)
{
    struct kern_finish finish = {.bias = weight(g, GPT_upb, l), .gelu = !g->op_s, .slope = slope};
    product(g, l, UP, false, act, in, R, &finish);
    mark(g, clock, GPT_OP_GEMM_FWD);
    if (g->op_s) {
        size_t N = 4 * g->shape.C;
        ops_gelu(g->ops, act, slope, row_floats(g, N), R, N);
        mark(g, clock, GPT_OP_GELU);
    }
}

/* x_in of the block to x_out; n sequences. train: keep what backward needs. */
static void block_forward(struct gpt *g, size_t l, float *x_out, size_t n, bool train,
                          double *clock)
{
    const struct gpt_layer_act *t = &g->acts[l];
    size_t C = g->shape.C, T = g->shape.T, R = n * T, NH = g->shape.NH;
    float scale = g->rules.residual_scale;
    ops_layernorm_fwd(g->ops, t->ln1, t->mean1, t->rstd1, t->x, weight(g, GPT_ln1w, l),
                      weight(g, GPT_ln1b, l), R, C);
    mark(g, clock, GPT_OP_NORM);
    product(g, l, QKV, false, t->qkv, t->ln1, R,
            &(struct kern_finish){.bias = weight(g, GPT_qkvb, l)});
    mark(g, clock, GPT_OP_GEMM_FWD);
    ops_attn_fwd(g->ops, t->att, t->lse, t->qkv, n, T, C, NH, g->scratch_attn);
    mark(g, clock, GPT_OP_ATTENTION);
    product(g, l, ATT, false, t->x_mid, t->att, R,
            &(struct kern_finish){.bias = weight(g, GPT_attb, l), .res = t->x, .scale = scale});
    mark(g, clock, GPT_OP_GEMM_FWD);
    ops_layernorm_fwd(g->ops, t->ln2, t->mean2, t->rstd2, t->x_mid, weight(g, GPT_ln2w, l),
                      weight(g, GPT_ln2b, l), R, C);
    mark(g, clock, GPT_OP_NORM);
    product_gelu(g, l, t->act, train ? t->slope : NULL, t->ln2, R, clock);
    product(g, l, DOWN, false, x_out, t->act, R,
            &(struct kern_finish){.bias = weight(g, GPT_downb, l), .res = t->x_mid, .scale = scale});
    mark(g, clock, GPT_OP_GEMM_FWD);
}

/* Logits of n sequences into g->logits. */
static void forward(struct gpt *g, const int32_t *x, size_t n, bool train, double *clock)
{
    size_t C = g->shape.C, T = g->shape.T, V = g->shape.V, L = g->shape.L, R = n * T;
    g->k->embed_fwd(g->acts[0].x, x, weight(g, GPT_wte, 0), weight(g, GPT_wpe, 0), R, T, C);
    mark(g, clock, GPT_OP_REST);
    for (size_t l = 0; l < L; l++)
        block_forward(g, l, l + 1 < L ? g->acts[l + 1].x : g->x_top, n, train, clock);
    ops_layernorm_fwd(g->ops, g->lnf, g->lnf_mean, g->lnf_rstd, g->x_top, weight(g, GPT_lnfw, 0),
                      weight(g, GPT_lnfb, 0), R, C);
    mark(g, clock, GPT_OP_NORM);
    gemm_nn(g->k, g->ops.threads, g->logits, V, g->lnf, C,
            packed_head(g, false), R, V, C, NULL);
    mark(g, clock, GPT_OP_GEMM_FWD);
}

/* What the backward pass of a chunk of n sequences carries along. */
struct pass {
    size_t n;
    bool first; /* of the step's chunks: gradients of matrices are overwritten, not added to */
    double clock;
};

/* Gradient of a linear layer y = x W + b, matrices[which] of layer l, from dy: dx is overwritten, and
 * multiplied by `mul` where that is not NULL. */
static void linear_backward(struct gpt *g, size_t l, size_t which, float *dx, const float *mul,
                            const float *dy, const float *x, struct pass *p)
{
    const struct gpt_slot *t = gpt_slot(g, matrices[which], l);
    size_t ldx = row_floats(g, t->rows), ldy = row_floats(g, t->cols), R = p->n * g->shape.T;
    product(g, l, which, true, dx, dy, R, mul ? &(struct kern_finish){.mul = mul} : NULL);
    mark(g, &p->clock, GPT_OP_GEMM_DX);
    gemm_tn(g->k, g->ops.threads, g->grad + t->offset, t->cols, x, ldx, dy, ldy, R, t->rows,
            t->cols, !p->first, g->scratch_gemm);
    mark(g, &p->clock, GPT_OP_GEMM_DW);
    ops_colsum(g->ops, gradient(g, biases[which], l), dy, ldy, R, t->cols);
    mark(g, &p->clock, GPT_OP_REST);
}

/* The gradient that a branch sees, residual_scale times that of the sum it was added to. */
static float *branch_gradient(const struct gpt *g)
{
    return g->rules.residual_scale == 1 ? g->dres : g->ds;
}

/* Backward through the layer norm at the start of a branch, whose input was x: to dres, and to the next
 * branch's gradient. */
static void norm_backward(struct gpt *g, enum gpt_tensor gain, size_t l, const float *x,
                          const float *mean, const float *rstd, struct pass *p)
{
    float scale = g->rules.residual_scale, *ds = scale == 1 ? NULL : g->ds;
    ops_layernorm_bwd(g->ops, g->dres, ds, scale, gradient(g, gain, l), gradient(g, gain + 1, l),
                      g->dnorm, x, mean, rstd, weight(g, gain, l), p->n * g->shape.T, g->shape.C,
                      g->scratch_ln);
    mark(g, &p->clock, GPT_OP_NORM);
}

/* dres: gradient with respect to the block's output, replaced by that of its input. */
static void block_backward(struct gpt *g, size_t l, struct pass *p)
{
    const struct gpt_layer_act *t = &g->acts[l];
    const float *ds = branch_gradient(g);
    linear_backward(g, l, DOWN, g->dwide, t->slope, ds, t->act, p);
    linear_backward(g, l, UP, g->dnorm, NULL, g->dwide, t->ln2, p);
    norm_backward(g, GPT_ln2w, l, t->x_mid, t->mean2, t->rstd2, p);
    linear_backward(g, l, ATT, g->dnorm, NULL, ds, t->att, p);
    ops_attn_bwd(g->ops, g->dwide, g->dnorm, t->att, t->lse, t->qkv, p->n, g->shape.T, g->shape.C,
                 g->shape.NH, g->scratch_attn);
    mark(g, &p->clock, GPT_OP_ATTENTION);
    linear_backward(g, l, QKV, g->dnorm, NULL, g->dwide, t->ln1, p);
    norm_backward(g, GPT_ln1w, l, t->x, t->mean1, t->rstd1, p);
}

/* From the gradient of the logits in g->logits. */
static void backward(struct gpt *g, const int32_t *x, struct pass *p)
{
    size_t C = g->shape.C, T = g->shape.T, V = g->shape.V, L = g->shape.L, R = p->n * T;
    int threads = g->ops.threads;
    gemm_nn(g->k, threads, g->dnorm, C, g->logits, V, packed_head(g, true), R, C, V, NULL);
    mark(g, &p->clock, GPT_OP_GEMM_DX);
    gemm_tn(g->k, threads, gradient(g, GPT_wte, 0), C, g->logits, V, g->lnf, C, R, V, C, !p->first,
            g->scratch_gemm);
    mark(g, &p->clock, GPT_OP_GEMM_DW);
    memset(g->dres, 0, R * C * sizeof(float));
    norm_backward(g, GPT_lnfw, 0, g->x_top, g->lnf_mean, g->lnf_rstd, p);
    for (size_t l = L; l-- > 0;)
        block_backward(g, l, p);
    g->k->embed_bwd(gradient(g, GPT_wte, 0), gradient(g, GPT_wpe, 0), x, g->dres, R, T, C);
    mark(g, &p->clock, GPT_OP_REST);
}

/* Gradients that are only ever added to; the others are written by the first chunk's products. */
static void zero_gradients(struct gpt *g)
{
    for (size_t i = 0; i < g->n_slots; i++) {
        const struct gpt_slot *s = &g->slots[i];
        if (s->role != PARAM_HIDDEN && s->role != PARAM_HIDDEN_OUT && i != GPT_wte)
            memset(g->grad + s->offset, 0, s->rows * s->cols * sizeof(float));
    }
}

double gpt_forward_backward(struct gpt *g, const int32_t *x, const int32_t *y)
{
    size_t T = g->shape.T, V = g->shape.V, R = g->chunk * T;
    struct pass p = {.n = g->chunk, .clock = g->op_s ? clock_now_s() : 0};
    double sum = 0;
    float grad_scale = 1.0f / (float)(g->B * T);
    zero_gradients(g);
    for (size_t b = 0; b < g->B; b += g->chunk) {
        p.first = b == 0;
        forward(g, x + b * T, g->chunk, true, &p.clock);
        ops_xent(g->ops, g->losses, g->logits, y + b * T, g->rules.logit_scale, grad_scale, R, V);
        for (size_t r = 0; r < R; r++)
            sum += (double)g->losses[r];
        mark(g, &p.clock, GPT_OP_LOSS);
        backward(g, x + b * T, &p);
    }
    return sum / (double)(g->B * T);
}

void gpt_losses(struct gpt *g, float *losses, const int32_t *x, const int32_t *y, size_t n)
{
    size_t T = g->shape.T, V = g->shape.V;
    double clock = g->op_s ? clock_now_s() : 0;
    for (size_t b = 0; b < n; b += g->chunk) {
        size_t m = size_min(g->chunk, n - b);
        forward(g, x + b * T, m, false, &clock);
        ops_xent(g->ops, losses + b * T, g->logits, y + b * T, g->rules.logit_scale, 0, m * T, V);
    }
}

void gpt_next_logits(struct gpt *g, float *logits, const int32_t *x, size_t n)
{
    size_t T = g->shape.T, V = g->shape.V;
    CHECK(n >= 1 && n <= T);
    double clock = g->op_s ? clock_now_s() : 0;
    /* Attention is causal: what stands behind position n cannot change it. */
    int32_t *padded = (int32_t *)(void *)g->dwide;
    for (size_t t = 0; t < T; t++)
        padded[t] = t < n ? x[t] : 0;
    forward(g, padded, 1, false, &clock);
    for (size_t i = 0; i < V; i++)
        logits[i] = g->rules.logit_scale * g->logits[(n - 1) * V + i];
}
