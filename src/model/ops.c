#include "model/ops.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "model/team.h"

/* Block i of an operation whose arguments ctx holds. part: below the number of threads, and no other block runs
 * under the same number at the same time: for scratch. */
typedef void block_fn(const void *ctx, size_t i, size_t part);

struct blocks {
    block_fn *fn;
    const void *ctx;
    size_t n;
};

static void blocks_part(void *ctx, int t, int parts)
{
    const struct blocks *b = ctx;
    size_t part = (size_t)t, end = b->n * (part + 1) / (size_t)parts;
    for (size_t i = b->n * part / (size_t)parts; i < end; i++)
        b->fn(b->ctx, i, part);
}

/* Every block 0 .. n-1 of a range cut by shape. Blocks are independent, so it does not matter which thread takes
 * which. */
static void for_blocks(struct ops o, size_t n, block_fn *fn, const void *ctx)
{
    struct blocks b = {fn, ctx, n};
    size_t threads = o.threads > 1 ? (size_t)o.threads : 1;
    team_parts(blocks_part, &b, (int)size_min(threads, n));
}

/* Rows of a block: enough work to be worth handing out, few enough to share. */
enum { BLOCK_ROWS = 64, BLOCK_VALUES = 16384, BLOCK_COLUMNS = 64 };

static size_t blocks_of(size_t n, size_t block)
{
    return (n + block - 1) / block;
}

struct rows {
    size_t at, n;
};

/* The rows of block i. */
static struct rows block_rows(size_t i, size_t rows)
{
    size_t at = i * BLOCK_ROWS;
    return (struct rows){at, size_min(BLOCK_ROWS, rows - at)};
}

struct layernorm_fwd {
    const struct kern *k;
    float *out, *mean, *rstd;
    const float *x, *w, *b;
    size_t rows, C;
};

static void layernorm_fwd_block(const void *ctx, size_t i, size_t part)
{
    const struct layernorm_fwd *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    a->k->layernorm_fwd(a->out + r.at * a->C, a->mean + r.at, a->rstd + r.at, a->x + r.at * a->C, a->w, a->b,
                        r.n, a->C);
}

void ops_layernorm_fwd(struct ops o, float *out, float *mean, float *rstd, const float *x,
                       const float *w, const float *b, size_t rows, size_t C)
{
    struct layernorm_fwd a = {o.k, out, mean, rstd, x, w, b, rows, C};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), layernorm_fwd_block, &a);
}

size_t ops_layernorm_bwd_scratch(size_t rows, size_t C)
{
    return blocks_of(rows, BLOCK_ROWS) * 2 * C;
}

struct norm_bwd {
    const struct kern *k;
    const struct kern_norm_bwd *n;
    float *sums; /* of dw, and of db: those of one block after those of another */
};

/* The rows of block i, which are ld apart; dw, db are left. */
static struct kern_norm_bwd norm_rows(const struct kern_norm_bwd *all, size_t i, size_t ld)
{
    struct rows r = block_rows(i, all->rows);
    struct kern_norm_bwd n = *all;
    size_t at = r.at * ld;
    n.dx += at, n.dout += at, n.x += at, n.rstd += r.at, n.rows = r.n;
    n.ds = n.ds ? n.ds + at : NULL;
    n.mean = n.mean ? n.mean + r.at : NULL;
    return n;
}

static void layernorm_bwd_block(const void *ctx, size_t i, size_t part)
{
    const struct norm_bwd *a = ctx;
    size_t C = a->n->C;
    struct kern_norm_bwd n = norm_rows(a->n, i, C);
    (void)part;
    n.dw = a->sums + i * 2 * C, n.db = n.dw + C;
    memset(n.dw, 0, 2 * C * sizeof *n.dw);
    a->k->layernorm_bwd(&n);
}

void ops_layernorm_bwd(struct ops o, const struct kern_norm_bwd *n, float *scratch)
{
    const struct norm_bwd a = {o.k, n, scratch};
    size_t blocks = blocks_of(n->rows, BLOCK_ROWS);
    for_blocks(o, blocks, layernorm_bwd_block, &a);
    o.k->colsum(n->dw, scratch, 2 * n->C, blocks, n->C);
    o.k->colsum(n->db, scratch + n->C, 2 * n->C, blocks, n->C);
}

struct rmsnorm_fwd {
    const struct kern *k;
    float *out, *rstd;
    const float *x, *w;
    size_t ld, rows, C;
};

static void rmsnorm_fwd_block(const void *ctx, size_t i, size_t part)
{
    const struct rmsnorm_fwd *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    a->k->rmsnorm_fwd(a->out + r.at * a->ld, a->rstd + r.at, a->x + r.at * a->ld, a->w, a->ld, r.n, a->C);
}

void ops_rmsnorm_fwd(struct ops o, float *out, float *rstd, const float *x, const float *w, size_t ld, size_t rows, size_t C)
{
    struct rmsnorm_fwd a = {o.k, out, rstd, x, w, ld, rows, C};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), rmsnorm_fwd_block, &a);
}

size_t ops_rmsnorm_bwd_scratch(size_t rows, size_t C)
{
    return blocks_of(rows, BLOCK_ROWS) * C;
}

static void rmsnorm_bwd_block(const void *ctx, size_t i, size_t part)
{
    const struct norm_bwd *a = ctx;
    struct kern_norm_bwd n = norm_rows(a->n, i, a->n->ld);
    (void)part;
    n.dw = n.dw ? a->sums + i * n.C : NULL;
    if (n.dw)
        memset(n.dw, 0, n.C * sizeof *n.dw);
    a->k->rmsnorm_bwd(&n);
}

void ops_rmsnorm_bwd(struct ops o, const struct kern_norm_bwd *n, float *scratch)
{
    const struct norm_bwd a = {o.k, n, scratch};
    size_t blocks = blocks_of(n->rows, BLOCK_ROWS);
    for_blocks(o, blocks, rmsnorm_bwd_block, &a);
    if (n->dw)
        o.k->colsum(n->dw, scratch, n->C, blocks, n->C);
}

struct act {
    const struct kern *k;
    float *x, *slope;
    size_t ld, rows, n;
    enum kern_act act;
};

static void act_block(const void *ctx, size_t i, size_t part)
{
    const struct act *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    for (size_t at = r.at * a->ld; r.n > 0; r.n--, at += a->ld)
        a->k->act(a->x + at, a->slope ? a->slope + at : NULL, a->x + at, a->n, a->act);
}

void ops_act(struct ops o, float *x, float *slope, size_t ld, size_t rows, size_t n, enum kern_act act)
{
    struct act a = {o.k, x, slope, ld, rows, n, act};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), act_block, &a);
}

struct glu {
    const struct kern *k;
    float *out, *wide;
    const float *dout, *kept; /* backward alone: wide is the gradient */
    size_t ld_out, ld, rows, n;
    enum kern_act act;
    bool d;
};

static void glu_fwd_block(const void *ctx, size_t i, size_t part)
{
    const struct glu *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    for (size_t row = r.at; row < r.at + r.n; row++) {
        float *g = a->wide + row * a->ld;
        a->k->glu(a->out + row * a->ld_out, g, g + a->n, a->n, a->act, a->d);
    }
}

void ops_glu_fwd(struct ops o, float *out, size_t ld_out, float *wide, size_t ld, size_t rows, size_t n, enum kern_act act, bool d)
{
    struct glu a = {.k = o.k, .out = out, .wide = wide, .ld_out = ld_out, .ld = ld, .rows = rows, .n = n, .act = act, .d = d};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), glu_fwd_block, &a);
}

static void glu_bwd_block(const void *ctx, size_t i, size_t part)
{
    const struct glu *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    for (size_t row = r.at; row < r.at + r.n; row++) {
        size_t at = row * a->ld;
        a->k->times(a->wide + at, a->kept + at, a->dout + row * a->ld_out, a->n);
        a->k->times(a->wide + at + a->n, a->kept + at + a->n, a->dout + row * a->ld_out, a->n);
    }
}

void ops_glu_bwd(struct ops o, float *dwide, const float *wide, size_t ld, const float *dout, size_t ld_out, size_t rows, size_t n)
{
    struct glu a = {.k = o.k, .wide = dwide, .kept = wide, .dout = dout, .ld_out = ld_out, .ld = ld, .rows = rows, .n = n};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), glu_bwd_block, &a);
}

struct rope {
    const struct kern *k;
    float *x;
    const struct kern_rope *how;
};

/* A block is a sequence: its rows begin at place 0. */
static void rope_block(const void *ctx, size_t i, size_t part)
{
    const struct rope *a = ctx;
    (void)part;
    a->k->rope(a->x + i * a->how->T * a->how->ld, a->how->T, a->how);
}

void ops_rope(struct ops o, float *x, size_t rows, const struct kern_rope *how)
{
    struct rope a = {o.k, x, how};
    for_blocks(o, rows / how->T, rope_block, &a);
}

struct mix {
    const struct kern *k;
    float *y, a, b;
    const float *x, *z;
    size_t n;
};

static void mix_block(const void *ctx, size_t i, size_t part)
{
    const struct mix *a = ctx;
    size_t at = i * BLOCK_VALUES;
    (void)part;
    a->k->mix(a->y + at, a->a, a->x + at, a->b, a->z + at, size_min(BLOCK_VALUES, a->n - at));
}

void ops_mix(struct ops o, float *y, float a, const float *x, float b, const float *z, size_t n)
{
    struct mix m = {o.k, y, a, b, x, z, n};
    for_blocks(o, blocks_of(n, BLOCK_VALUES), mix_block, &m);
}

size_t ops_attn_scratch(int threads, size_t T, size_t HS)
{
    return (size_t)(threads > 1 ? threads : 1) * kern_attn_scratch(T, HS);
}

/* A block is a head of keys and values of a sequence, with all the queries that share it. */
struct attn {
    const struct kern *k;
    const struct ops_attn *s;
    float *out, *lse, *dqkv, *scratch;
    const float *dout, *out_fwd, *lse_fwd, *qkv;
};

/* Where query head h of block i lies: its row of lse, its first element in (B*T, NH HS), those of q, k, v in their rows. */
struct head {
    size_t lse, at, ld_out, q, k, v;
    struct kern_attn how;
};

static size_t group_of(const struct ops_attn *s)
{
    return s->NH / s->NKV;
}

static struct head head_of(const struct ops_attn *s, size_t i, size_t in_group)
{
    size_t b = i / s->NKV, kv = i % s->NKV, h = kv * group_of(s) + in_group, row = b * s->T * s->ld;
    struct head a = {.lse = (b * s->NH + h) * s->T, .at = b * s->T * s->NH * s->HS + h * s->HS, .ld_out = s->NH * s->HS};
    a.q = row + h * s->HS;
    a.k = row + (s->NH + kv) * s->HS;
    a.v = a.k + s->NKV * s->HS;
    a.how = (struct kern_attn){.scale = 1.0f / sqrtf((float)s->HS), .slope = s->slopes ? s->slopes[h] : 0,
                               .window = s->window, .add = in_group > 0};
    return a;
}

static void attn_fwd_block(const void *ctx, size_t i, size_t part)
{
    const struct attn *a = ctx;
    const struct ops_attn *s = a->s;
    float *scratch = a->scratch + part * kern_attn_scratch(s->T, s->HS);
    for (size_t g = 0; g < group_of(s); g++) {
        struct head h = head_of(s, i, g);
        const struct kern_attn_fwd f = {.out = a->out + h.at, .ld_out = h.ld_out, .lse = a->lse + h.lse, .q = a->qkv + h.q,
                                        .k = a->qkv + h.k, .v = a->qkv + h.v, .ld = s->ld, .T = s->T, .HS = s->HS};
        a->k->attn_fwd(&f, &h.how, scratch);
    }
}

void ops_attn_fwd(struct ops o, const struct ops_attn *s, float *out, float *lse, const float *qkv, float *scratch)
{
    struct attn a = {.k = o.k, .s = s, .out = out, .lse = lse, .qkv = qkv, .scratch = scratch};
    for_blocks(o, s->B * s->NKV, attn_fwd_block, &a);
}

void ops_attn_row(struct ops o, const struct ops_attn *s, size_t T, float *out, const float *qkv, float *scratch)
{
    for (size_t kv = 0; kv < s->NKV; kv++)
        for (size_t g = 0; g < group_of(s); g++) {
            struct head h = head_of(s, kv, g);
            o.k->attn_row(out + (kv * group_of(s) + g) * s->HS, qkv + (T - 1) * s->ld + h.q, qkv + h.k, qkv + h.v, s->ld, T, s->HS,
                          &h.how, scratch);
        }
}

static void attn_bwd_block(const void *ctx, size_t i, size_t part)
{
    const struct attn *a = ctx;
    const struct ops_attn *s = a->s;
    float *scratch = a->scratch + part * kern_attn_scratch(s->T, s->HS), *d = a->dqkv;
    for (size_t g = 0; g < group_of(s); g++) {
        struct head h = head_of(s, i, g);
        const struct kern_attn_bwd b = {.dq = d + h.q, .dk = d + h.k, .dv = d + h.v, .dout = a->dout + h.at,
                                        .out = a->out_fwd + h.at, .ld_out = h.ld_out, .lse = a->lse_fwd + h.lse,
                                        .q = a->qkv + h.q, .k = a->qkv + h.k, .v = a->qkv + h.v, .ld = s->ld, .T = s->T,
                                        .HS = s->HS};
        a->k->attn_bwd(&b, &h.how, scratch);
    }
}

void ops_attn_bwd(struct ops o, const struct ops_attn *s, float *dqkv, const float *dout, const float *out, const float *lse,
                  const float *qkv, float *scratch)
{
    struct attn a = {.k = o.k, .s = s, .dqkv = dqkv, .dout = dout, .out_fwd = out, .lse_fwd = lse, .qkv = qkv,
                     .scratch = scratch};
    for_blocks(o, s->B * s->NKV, attn_bwd_block, &a);
}

/* Rows of V logits, and what is done with them. */
struct rows_of_logits {
    const struct kern *k;
    float *loss, *out; /* out: gradient or distribution */
    const float *logits;
    const int32_t *target;
    const void *how;
    size_t rows, V;
};

static void xent_block(const void *ctx, size_t i, size_t part)
{
    const struct rows_of_logits *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    a->k->xent(a->loss + r.at, a->out + r.at * a->V, a->target + r.at, a->how, r.n, a->V);
}

void ops_xent(struct ops o, float *loss, float *logits, const int32_t *target, const struct kern_xent *how, size_t rows,
              size_t V)
{
    struct rows_of_logits a = {o.k, loss, logits, NULL, target, how, rows, V};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), xent_block, &a);
}

static void distill_block(const void *ctx, size_t i, size_t part)
{
    const struct rows_of_logits *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    a->k->distill(a->out + r.at * a->V, a->logits + r.at * a->V, a->how, r.n, a->V);
}

void ops_distill(struct ops o, float *soft, const float *logits, const struct kern_soft *how, size_t rows, size_t V)
{
    struct rows_of_logits a = {o.k, NULL, soft, logits, NULL, how, rows, V};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), distill_block, &a);
}

static void pool_block(const void *ctx, size_t i, size_t part)
{
    const struct rows_of_logits *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    a->k->pool(a->out + r.at * a->V, a->logits + r.at * a->V, a->how, r.n, a->V);
}

void ops_pool(struct ops o, float *out, const float *logits, const struct kern_pool *how, size_t rows, size_t V)
{
    struct rows_of_logits a = {o.k, NULL, out, logits, NULL, how, rows, V};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), pool_block, &a);
}

struct colsum {
    const struct kern *k;
    float *db;
    const float *dout;
    size_t ld, rows, n;
};

static void colsum_block(const void *ctx, size_t i, size_t part)
{
    const struct colsum *a = ctx;
    size_t at = i * BLOCK_COLUMNS;
    (void)part;
    a->k->colsum(a->db + at, a->dout + at, a->ld, a->rows, size_min(BLOCK_COLUMNS, a->n - at));
}

void ops_colsum(struct ops o, float *db, const float *dout, size_t ld, size_t rows, size_t n)
{
    struct colsum a = {o.k, db, dout, ld, rows, n};
    for_blocks(o, blocks_of(n, BLOCK_COLUMNS), colsum_block, &a);
}

struct sumsq {
    const struct kern *k;
    double *sums;
    const float *x;
    size_t block, n;
};

static void sumsq_block(const void *ctx, size_t i, size_t part)
{
    const struct sumsq *a = ctx;
    size_t at = i * a->block;
    (void)part;
    a->sums[i] = a->k->sumsq(a->x + at, size_min(a->block, a->n - at));
}

double ops_sumsq(struct ops o, const float *x, size_t n)
{
    enum { MAX_PARTS = 256 };
    double sums[MAX_PARTS], sum = 0;
    size_t block = size_max(BLOCK_VALUES, blocks_of(n, MAX_PARTS)), blocks = blocks_of(n, block);
    struct sumsq a = {o.k, sums, x, block, n};
    for_blocks(o, blocks, sumsq_block, &a);
    for (size_t i = 0; i < blocks; i++)
        sum += sums[i];
    return sum;
}

struct adamw {
    const struct kern *k;
    float *w, *m, *v;
    const float *grad;
    const struct kern_adamw *how;
    size_t n;
};

static void adamw_block(const void *ctx, size_t i, size_t part)
{
    const struct adamw *a = ctx;
    size_t at = i * BLOCK_VALUES;
    (void)part;
    a->k->adamw(a->w + at, a->grad + at, a->m + at, a->v + at, a->how, size_min(BLOCK_VALUES, a->n - at));
}

void ops_adamw(struct ops o, float *w, const float *grad, float *m, float *v,
               const struct kern_adamw *a, size_t n)
{
    struct adamw all = {o.k, w, m, v, grad, a, n};
    for_blocks(o, blocks_of(n, BLOCK_VALUES), adamw_block, &all);
}

/* A matrix whose rows are stepped one by one. Where its arrays have no gaps, it is cut anew into long rows. */
struct update {
    const struct kern *k;
    float *u, *m, *w;
    const float *grad, *along;
    size_t ld, ld_u;
    size_t rows, n, last; /* last: values of the last row */
    const void *how;
};

/* Rows of a block: about as many values as elsewhere. */
static size_t update_rows(const struct update *a)
{
    return size_max(1, BLOCK_VALUES / a->n);
}

static void run_update(struct ops o, block_fn *fn, struct update a)
{
    size_t all = a.rows * a.n;
    if (all == 0)
        return;
    a.last = a.n;
    if (a.ld == a.n && a.ld_u == a.n) {
        a.ld = a.ld_u = a.n = size_min(all, BLOCK_VALUES);
        a.rows = blocks_of(all, a.n);
        a.last = all - (a.rows - 1) * a.n;
    }
    for_blocks(o, blocks_of(a.rows, update_rows(&a)), fn, &a);
}

/* The rows of a block one after the other: false at its end. Begin with r->n = 0. */
static bool next_row(const struct update *a, size_t i, struct rows *r)
{
    size_t end = size_min(a->rows, (i + 1) * update_rows(a));
    r->at = r->n == 0 ? i * update_rows(a) : r->at + 1;
    r->n = r->at + 1 == a->rows ? a->last : a->n;
    return r->at < end;
}

static void momentum_block(const void *ctx, size_t i, size_t part)
{
    const struct update *a = ctx;
    (void)part;
    for (struct rows r = {0}; next_row(a, i, &r);)
        a->k->momentum(a->u + r.at * a->ld_u, a->m + r.at * a->ld, a->grad + r.at * a->ld, a->how, r.n);
}

void ops_momentum(struct ops o, float *u, size_t ld_u, float *m, const float *grad, size_t ld, size_t rows, size_t n,
                  const struct kern_momentum *how)
{
    run_update(o, momentum_block,
               (struct update){.k = o.k, .u = u, .m = m, .grad = grad, .ld = ld, .ld_u = ld_u, .rows = rows, .n = n, .how = how});
}

static void lion_block(const void *ctx, size_t i, size_t part)
{
    const struct update *a = ctx;
    (void)part;
    for (struct rows r = {0}; next_row(a, i, &r);)
        a->k->lion(a->u + r.at * a->ld_u, a->m + r.at * a->ld, a->grad + r.at * a->ld, a->how, r.n);
}

void ops_lion(struct ops o, float *u, size_t ld_u, float *m, const float *grad, size_t ld, size_t rows, size_t n,
              const struct kern_lion *how)
{
    run_update(o, lion_block,
               (struct update){.k = o.k, .u = u, .m = m, .grad = grad, .ld = ld, .ld_u = ld_u, .rows = rows, .n = n, .how = how});
}

static void descend_block(const void *ctx, size_t i, size_t part)
{
    const struct update *a = ctx;
    (void)part;
    for (struct rows r = {0}; next_row(a, i, &r);)
        a->k->descend(a->w + r.at * a->ld, a->along + r.at * a->ld_u, a->how, r.n);
}

void ops_descend(struct ops o, float *w, size_t ld, const float *u, size_t ld_u, size_t rows, size_t n,
                 const struct kern_descent *how)
{
    run_update(o, descend_block,
               (struct update){.k = o.k, .w = w, .along = u, .ld = ld, .ld_u = ld_u, .rows = rows, .n = n, .how = how});
}

struct fma {
    const struct kern *k;
    size_t steps;
};

enum { FMA_CHAINS = 192 }; /* see kern.h */

static void fma_block(const void *ctx, size_t i, size_t part)
{
    const struct fma *a = ctx;
    float x[FMA_CHAINS];
    (void)part;
    for (int j = 0; j < FMA_CHAINS; j++)
        x[j] = (float)(i + (size_t)j);
    a->k->fma_steps(x, 0.5f, 1.0f, FMA_CHAINS, a->steps);
    CHECK(x[0] < 1e9f); /* uses the result, so that no compiler may drop the loop */
}

double ops_fma(struct ops o, size_t steps)
{
    struct fma a = {o.k, steps};
    int threads = o.threads > 1 ? o.threads : 1;
    for_blocks(o, (size_t)threads, fma_block, &a);
    return 2.0 * FMA_CHAINS * (double)steps * threads;
}
