#include "model/gpt.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "base/size.h"
#include "model/first.h"
#include "model/lanes.h"

static void plan_block(struct gpt *g, struct planner *p, size_t l)
{
    struct block none = {0};
    p->layer = l;
    block_plan(g->layers ? &g->layers[l] : &none, p, &g->embed.pos, g->layers ? &g->layers[0] : &none);
}

/* Every part once, in the order of the tensors in a checkpoint. The first `layers` layers. */
static void plan_parts(struct gpt *g, struct planner *p, size_t layers)
{
    p->layer = TENSOR_OUTSIDE;
    embed_plan(&g->embed, p);
    for (size_t l = 0; l < layers; l++)
        plan_block(g, p, l);
    mtp_plan(&g->mtp, p, &g->embed.pos, g->layers);
    p->layer = TENSOR_OUTSIDE;
    lm_head_plan(&g->head, p, g->embed.token);
}

/* All tensors without memory; the FLOPs of a forward pass through so many layers, a token. products: NULL, or all of them. */
static double plan_layers(struct tensors *t, struct products *products, const struct gpt_shape *s, size_t layers)
{
    struct gpt g = {.layers = NULL};
    *t = (struct tensors){.L = gpt_shape_blocks(s)};
    struct planner p = {.shape = s, .tensors = t, .products = products};
    plan_parts(&g, &p, layers);
    return p.flops;
}

static double plan_tensors(struct tensors *t, const struct gpt_shape *s)
{
    if (s->L == 1 || s->window_full)
        return plan_layers(t, NULL, s, s->L);
    /* Layers after the first are alike. */
    double one = plan_layers(t, NULL, s, 1), two = plan_layers(t, NULL, s, 2);
    return one + (double)(s->L - 1) * (two - one);
}

void gpt_tensors(struct tensors *t, const struct gpt_shape *s)
{
    plan_tensors(t, s);
}

void gpt_products(struct products *out, const struct gpt_shape *s)
{
    struct tensors t;
    out->n = 0;
    plan_layers(&t, out, s, 1); /* layers are alike */
}

enum {
    ENDS = 1 << PARAM_EMBED | 1 << PARAM_HEAD,
    HIDDEN = 1 << PARAM_HIDDEN | 1 << PARAM_HIDDEN_OUT,
    ALL = (1 << PARAM_N_ROLES) - 1
};

struct gpt_count gpt_count(const struct gpt_shape *s)
{
    struct tensors t;
    struct gpt_count c = {.flops = 3 * plan_tensors(&t, s)};
    c.params = tensors_params(&t, ALL);
    c.params_active = tensors_params_active(&t);
    c.params_nonembd = tensors_params(&t, ALL & ~ENDS);
    c.params_matmul = c.params_nonembd + (double)s->V * (double)s->C;
    double members = (double)s->ensemble;
    return (struct gpt_count){.params = members * c.params,
                              .params_nonembd = members * c.params_nonembd,
                              .params_matmul = members * c.params_matmul,
                              .params_active = members * c.params_active,
                              .flops = members * c.flops};
}

double gpt_params(const struct gpt_shape *s)
{
    return gpt_count(s).params;
}

double gpt_params_nonembd(const struct gpt_shape *s)
{
    return gpt_count(s).params_nonembd;
}

double gpt_params_matmul(const struct gpt_shape *s)
{
    return gpt_count(s).params_matmul;
}

double gpt_params_active(const struct gpt_shape *s)
{
    return gpt_count(s).params_active;
}

double gpt_flops_per_token(const struct gpt_shape *s)
{
    return gpt_count(s).flops;
}

/* The sequences of one chunk: as many as keep a layer's activations near the second-level cache, at
 * least CHUNK_ROWS rows so that the products stay efficient, in equal chunks.
 *
 * A row is GPT-2's whatever the switches say: its layer keeps 16 C (the stream twice, two norms, q k v, the values, the MLP's
 * 4 C and their slopes), and 4 C are scratch. Gradients are added up chunk by chunk, so that this number is part of the bytes of
 * every run that there is; and CHUNK_ROWS alone counts from a width of 26 on. */
size_t gpt_chunk(const struct gpt_shape *s, size_t B)
{
    enum { CHUNK_ROWS = 512, CHUNK_BYTES = 1 << 20, ROW_WIDTHS = 20 };
    size_t row_bytes = ROW_WIDTHS * s->C * sizeof(float);
    size_t rows = size_max(CHUNK_ROWS, CHUNK_BYTES / row_bytes);
    size_t chunk = size_min(B, size_max(1, rows / s->T));
    while (B % chunk != 0)
        chunk--;
    return chunk;
}

/* What a lane has of its own: layers, activations, scratch. Whether it may be beside others. */
static bool carve_lane(struct gpt *g, struct arena *a)
{
    const struct gpt_shape *s = &g->shape;
    size_t R = g->chunk * s->T;
    /* Packing once a step pays while the packed copies stay near the caches; beyond, each product packs
     * what it needs as it goes, at the price of packing again for the next chunk of the batch. */
    const double keep_bytes = 1 << 26;
    bool pack = 2 * sizeof(float) * tensors_params(&g->tensors, HIDDEN) <= keep_bytes;
    g->layers = arena_take(a, s->L, sizeof *g->layers);
    g->tensors = (struct tensors){.L = gpt_shape_blocks(s)};
    struct planner p = {.shape = s, .tensors = &g->tensors, .arena = a, .o = g->ops, .n = g->chunk, .R = R,
                        .pack = pack, .forward = g->forward, .w = g->w, .grad = g->grad};
    plan_parts(g, &p, s->L);
    g->x_top = arena_floats(a, R * s->C);
    for (size_t i = 1; i <= p.scratch.n; i++)
        g->scratch.of[i] = arena_floats(a, R * p.scratch.of[i].row);
    g->scratch.norm = arena_floats(a, p.scratch.norm);
    g->scratch.attention = arena_floats(a, p.scratch.attention);
    g->scratch.gemm = arena_floats(a, p.scratch.gemm);
    return !p.alone;
}

/* Lanes for that many threads, with the model's own. */
static size_t lanes_of(const struct gpt *g, int threads)
{
    if (threads < 2 || g->forward || g->shape.C > LANES_WIDTH)
        return 1;
    return size_min(size_min((size_t)threads, g->B / g->chunk), LANES_MOST);
}

/* Carve every array from the arena: run once to plan and once to allocate. tensors are those of plan_tensors. */
static void carve(struct gpt *g, struct arena *a)
{
    size_t n_flat = g->tensors.n_flat;
    g->w = arena_floats(a, n_flat);
    g->grad = g->forward ? NULL : arena_floats(a, n_flat);
    bool beside = carve_lane(g, a);
    CHECK(g->tensors.n_flat == n_flat);
    g->n_lanes = beside ? lanes_of(g, g->ops.threads) : 1;
    if (g->n_lanes < 2)
        return;
    g->turns = arena_take(a, g->B / g->chunk, sizeof *g->turns);
    g->lanes = arena_take(a, g->n_lanes - 1, sizeof *g->lanes);
    for (size_t i = 0; i + 1 < g->n_lanes; i++) {
        struct gpt counted, *lane = g->lanes ? &g->lanes[i] : &counted;
        *lane = (struct gpt){.shape = g->shape, .rules = g->rules, .k = g->k, .ops = {.k = g->k, .threads = 1}, .B = g->B,
                             .chunk = g->chunk, .w = g->w, .grad = g->grad, .n_lanes = 1, .stale = true};
        carve_lane(lane, a);
    }
}

/* Sizes that carve needs, without memory. */
static void prepare(struct gpt *g, const struct gpt_shape *s, const struct kern *k, size_t B, int threads, bool forward)
{
    *g = (struct gpt){.shape = *s, .k = k, .ops = {.k = k, .threads = threads}, .B = B, .forward = forward};
    g->shape.ensemble = 1;
    g->chunk = gpt_chunk(s, B);
    plan_tensors(&g->tensors, s);
}

static size_t bytes_of(const struct gpt_shape *s, const struct kern *k, size_t B, int threads, bool forward)
{
    struct gpt g;
    prepare(&g, s, k, B, threads, forward);
    struct arena plan = arena_plan();
    carve(&g, &plan);
    return plan.used_bytes;
}

size_t gpt_bytes(const struct gpt_shape *s, const struct kern *k, size_t B, int threads)
{
    return bytes_of(s, k, B, threads, false);
}

static enum status init(struct gpt *g, const struct gpt_shape *s, const struct param_rules *rules, const struct kern *k, size_t B,
                        int threads, bool forward, struct err *err)
{
    *g = (struct gpt){0};
    TRY(gpt_shape_check(s, err));
    CHECK(B > 0 && threads >= 1);
    size_t bytes = bytes_of(s, k, B, threads, forward);
    prepare(g, s, k, B, threads, forward);
    g->rules = *rules;
    if (s->zero_init)
        g->rules.role[PARAM_HIDDEN_OUT].init_std = 0;
    if (s->zero_head)
        g->rules.role[PARAM_HEAD].init_std = 0;
    TRY(arena_init(&g->arena, bytes, err));
    carve(g, &g->arena);
    memset(g->w, 0, g->tensors.n_flat * sizeof(float));
    if (g->grad)
        memset(g->grad, 0, g->tensors.n_flat * sizeof(float));
    return OK;
}

enum status gpt_init(struct gpt *g, const struct gpt_shape *s, const struct param_rules *rules, const struct kern *k, size_t B,
                     int threads, struct err *err)
{
    return init(g, s, rules, k, B, threads, false, err);
}

enum status gpt_init_forward(struct gpt *g, const struct gpt_shape *s, const struct param_rules *rules, const struct kern *k,
                             size_t B, int threads, struct err *err)
{
    return init(g, s, rules, k, B, threads, true, err);
}

void gpt_free(struct gpt *g)
{
    arena_free(&g->arena);
    *g = (struct gpt){0};
}

/* The stream of a tensor hangs on its name and layer, never on what other tensors there are. Those of the first version
 * are counted in its order: those outside the layers once, the others once a layer. */
static struct rng init_rng(uint64_t seed, const struct tensor *t, size_t layer, const struct tensors *first)
{
    size_t before = 0;
    for (size_t i = 0; i < first->n; before += first->list[i++].n)
        if (strcmp(first->list[i].name, t->name) == 0 && layer < first->L)
            return rng_make(seed, RNG_INIT, before + layer, 0);
    return rng_make(seed, RNG_INIT, hash_bytes(HASH_SEED, t->name, strlen(t->name)), layer);
}

static void draw(float *w, const struct tensor *t, double std, struct rng rng)
{
    float constant = t->role == PARAM_GAIN ? 1.0f : 0.0f;
    for (size_t j = 0; j < tensor_size(t); j++)
        w[j] = t->start ? t->start[j] : std > 0 ? (float)(std * rng_normal(&rng)) : constant;
}

void gpt_init_weights(struct gpt *g, uint64_t seed)
{
    struct tensors first;
    first_tensors(&first, &g->shape);
    for (size_t i = 0; i < g->tensors.n; i++) {
        const struct tensor *t = &g->tensors.list[i];
        for (size_t l = 0; l < t->n; l++)
            draw(g->w + tensor_at(t, l), t, (double)g->rules.role[t->role].init_std,
                 init_rng(seed, t, t->first + l, &first));
    }
    if (g->grad)
        memset(g->grad, 0, g->tensors.n_flat * sizeof(float));
    gpt_pack(g);
}

void gpt_pack(struct gpt *g)
{
    for (size_t i = 0; i + 1 < g->n_lanes; i++)
        g->lanes[i].stale = true; /* its thread packs for it */
    struct pass p = {.op_s = g->op_s, .clock = g->op_s ? clock_now_s() : 0};
    for (size_t l = 0; l < g->shape.L; l++)
        block_pack(&g->layers[l], g->ops);
    mtp_pack(&g->mtp, g->ops);
    linear_pack(&g->head.out, g->ops);
    pass_mark(&p, GPT_OP_PACK);
}

/* A chunk of n sequences, of a step of `all`. */
static struct pass pass_of(const struct gpt *g, size_t n, size_t all, bool train)
{
    return (struct pass){.o = g->ops,
                         .n = n,
                         .R = n * g->shape.T,
                         .T = g->shape.T,
                         .train = train,
                         .chunk_share = (float)n / (float)all,
                         .s = &g->scratch,
                         .op_s = g->op_s,
                         .clock = g->op_s ? clock_now_s() : 0};
}

/* A chunk through all layers, into g->x_top. */
static void forward_layers(struct gpt *g, const int32_t *x, struct pass *p)
{
    size_t L = g->shape.L;
    float scale = g->rules.residual_scale;
    embed_fwd(&g->embed, p, g->layers[0].x, x);
    for (size_t l = 0; l < L; l++)
        block_fwd(&g->layers[l], p, l + 1 < L ? g->layers[l + 1].x : g->x_top, scale);
}

static void forward(struct gpt *g, const int32_t *x, struct pass *p)
{
    forward_layers(g, x, p);
    lm_head_fwd(&g->head, p, g->x_top);
}

/* From the gradient of the logits to that of the embeddings. first: of the step, to come to the head. */
static void backward(struct gpt *g, const int32_t *x, struct pass *p, bool first)
{
    const struct lm_head *h = &g->head;
    size_t L = g->shape.L;
    float scale = g->rules.residual_scale, *dx0 = g->layers[0].dx0;
    lm_head_bwd(h, p, g->x_top, scale, first);
    block_bwd(&g->layers[L - 1], p, h->dres, h->ds, scale);
    mtp_join(&g->mtp, p, h, scale);
    for (size_t l = L - 1; l-- > 0;)
        block_bwd(&g->layers[l], p, h->dres, h->ds, scale);
    if (dx0)
        ops_mix(g->ops, h->dres, 1, h->dres, 1, dx0, p->R * g->shape.C);
    turn_next(p->turn);
    lm_head_bwd_late(h, p, g->x_top);
    embed_bwd(&g->embed, p, x, h->dres);
}

/* Gradients that are only ever added to; the others are written by the first chunk's products. */
static void zero_gradients(struct gpt *g)
{
    for (size_t i = 0; i < g->tensors.n; i++) {
        const struct tensor *t = &g->tensors.list[i];
        if (t->summed)
            memset(g->grad + t->offset, 0, t->n * t->stride * sizeof(float));
    }
}

double gpt_forward_backward(struct gpt *g, const int32_t *x, const int32_t *y)
{
    return gpt_forward_backward_of(g, x, y, g->B);
}

struct step {
    struct gpt *g;
    const int32_t *x, *y;
    size_t n;
    struct kern_xent how;
    double sum; /* of losses, in the order of rows */
};

/* Chunk c of a step, there and back. */
static void train_chunk(void *ctx, size_t lane, size_t c, struct turn *turn)
{
    struct step *s = ctx;
    struct gpt *g = lane == 0 ? s->g : &s->g->lanes[lane - 1];
    size_t T = g->shape.T, V = g->shape.V, b = c * g->chunk;
    const int32_t *x = s->x + b * T, *y = s->y + b * T;
    if (g->stale)
        gpt_pack(g);
    g->stale = false;
    struct pass p = pass_of(g, size_min(g->chunk, s->n - b), s->n, true);
    p.first = b == 0;
    p.turn = turn;
    forward_layers(g, x, &p);
    if (g->layers[0].dx0)
        memset(g->layers[0].dx0, 0, p.R * g->shape.C * sizeof(float));
    bool again = mtp_train(&g->mtp, &p, &g->head, g->layers[g->shape.L - 1].x, y, &s->how, g->rules.residual_scale);
    lm_head_fwd(&g->head, &p, g->x_top);
    if (g->soft)
        g->soft->fill(g->soft->ctx, g, x, p.n, s->how.grad_scale);
    ops_xent(g->ops, g->head.losses, g->head.logits, y, &s->how, p.R, V);
    if (g->soft)
        ops_mix(g->ops, g->head.logits, 1, g->head.logits, 1, g->soft->grad, p.R * V);
    turn_next(turn);
    for (size_t r = 0; r < p.R; r++)
        s->sum += (double)g->head.losses[r];
    pass_mark(&p, GPT_OP_LOSS);
    backward(g, x, &p, p.first && !again);
}

double gpt_forward_backward_of(struct gpt *g, const int32_t *x, const int32_t *y, size_t n)
{
    size_t T = g->shape.T, chunks = (n + g->chunk - 1) / g->chunk;
    struct step s = {.g = g, .x = x, .y = y, .n = n};
    s.how = (struct kern_xent){.logit_scale = g->rules.logit_scale, .cap = (float)g->shape.softcap, .z_loss = g->z_loss,
                               .grad_scale = 1.0f / (float)(n * T), .soft = g->soft ? g->soft->weight : 0};
    CHECK(n >= 1 && n <= g->B && !g->forward);
    zero_gradients(g);
    size_t lanes = size_min(size_min(g->n_lanes, (size_t)g->ops.threads), chunks);
    if (lanes < 2 || g->soft || g->op_s) {
        for (size_t c = 0; c < chunks; c++)
            train_chunk(&s, 0, c, NULL);
    } else {
        memset(g->turns, 0, chunks * sizeof *g->turns);
        int threads = g->ops.threads;
        g->ops.threads = 1; /* a lane is one thread's */
        lanes_run(lanes, train_chunk, &s, g->turns, chunks);
        g->ops.threads = threads;
    }
    return s.sum / (double)(n * T);
}

void gpt_logits(struct gpt *g, float *logits, const int32_t *x, size_t n)
{
    size_t T = g->shape.T, V = g->shape.V;
    for (size_t b = 0; b < n; b += g->chunk) {
        struct pass p = pass_of(g, size_min(g->chunk, n - b), n, false);
        forward(g, x + b * T, &p);
        memcpy(logits + b * T * V, g->head.logits, p.R * V * sizeof *logits);
    }
}

void gpt_forward(struct gpt *g, const int32_t *x, size_t n)
{
    CHECK(n >= 1 && n <= g->chunk);
    struct pass p = pass_of(g, n, n, false);
    forward(g, x, &p);
}

void gpt_losses(struct gpt *g, float *losses, const int32_t *x, const int32_t *y, size_t n)
{
    size_t T = g->shape.T, V = g->shape.V;
    const struct kern_xent how = {.logit_scale = g->rules.logit_scale, .cap = (float)g->shape.softcap};
    for (size_t b = 0; b < n; b += g->chunk) {
        struct pass p = pass_of(g, size_min(g->chunk, n - b), n, false);
        forward(g, x + b * T, &p);
        ops_xent(g->ops, losses + b * T, g->head.logits, y + b * T, &how, p.R, V);
    }
}

/* Logits of row r of g->x_top, as the loss sees them. */
static void row_logits(struct gpt *g, struct pass *p, float *logits, size_t r)
{
    size_t V = g->shape.V;
    float scale = g->rules.logit_scale, cap = (float)g->shape.softcap;
    struct pass q = *p;
    q.R = 1;
    lm_head_fwd(&g->head, &q, g->x_top + r * g->shape.C);
    for (size_t i = 0; i < V; i++)
        logits[i] = cap > 0 ? cap * tanhf(scale * g->head.logits[i] / cap) : scale * g->head.logits[i];
}

void gpt_next_logits(struct gpt *g, float *logits, const int32_t *x, size_t n)
{
    CHECK(n >= 1 && n <= g->shape.T);
    struct pass p = pass_of(g, 1, 1, false);
    p.R = p.T = n;
    forward_layers(g, x, &p);
    row_logits(g, &p, logits, n - 1);
}

void gpt_next(struct gpt *g, float *logits, int32_t token, size_t at)
{
    CHECK(at >= 1 && at < g->shape.T);
    struct pass p = pass_of(g, 1, 1, false);
    p.R = p.T = 1;
    p.at = at, p.row = true;
    forward_layers(g, &token, &p);
    row_logits(g, &p, logits, 0);
}
