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

struct layernorm_bwd {
    const struct kern *k;
    float *dx, *ds, by, *parts;
    const float *dout, *x, *mean, *rstd, *w;
    size_t rows, C;
};

static void layernorm_bwd_block(const void *ctx, size_t i, size_t part)
{
    const struct layernorm_bwd *a = ctx;
    struct rows r = block_rows(i, a->rows);
    size_t C = a->C, at = r.at * C;
    float *sums = a->parts + i * 2 * C;
    (void)part;
    memset(sums, 0, 2 * C * sizeof *sums);
    a->k->layernorm_bwd(a->dx + at, a->ds ? a->ds + at : NULL, a->by, sums, sums + C, a->dout + at, a->x + at,
                        a->mean + r.at, a->rstd + r.at, a->w, r.n, C);
}

void ops_layernorm_bwd(struct ops o, float *dx, float *ds, float by, float *dw, float *db,
                       const float *dout, const float *x, const float *mean, const float *rstd,
                       const float *w, size_t rows, size_t C, float *scratch)
{
    struct layernorm_bwd a = {o.k, dx, ds, by, scratch, dout, x, mean, rstd, w, rows, C};
    size_t blocks = blocks_of(rows, BLOCK_ROWS);
    for_blocks(o, blocks, layernorm_bwd_block, &a);
    o.k->colsum(dw, scratch, 2 * C, blocks, C);
    o.k->colsum(db, scratch + C, 2 * C, blocks, C);
}

struct gelu {
    const struct kern *k;
    float *x, *slope;
    size_t ld, rows, n;
};

static void gelu_block(const void *ctx, size_t i, size_t part)
{
    const struct gelu *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    for (size_t at = r.at * a->ld; r.n > 0; r.n--, at += a->ld)
        a->k->gelu(a->x + at, a->slope ? a->slope + at : NULL, a->x + at, a->n);
}

void ops_gelu(struct ops o, float *x, float *slope, size_t ld, size_t rows, size_t n)
{
    struct gelu a = {o.k, x, slope, ld, rows, n};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), gelu_block, &a);
}

size_t ops_attn_scratch(int threads, size_t T, size_t C, size_t NH)
{
    return (size_t)(threads > 1 ? threads : 1) * kern_attn_scratch(T, C / NH);
}

/* A block is a head of a sequence. d: the gradients, in backward alone. */
struct attn {
    const struct kern *k;
    float *out, *lse, *dqkv, *scratch;
    const float *dout, *out_fwd, *lse_fwd, *qkv;
    size_t ld, T, C, NH; /* ld: between rows of qkv */
};

/* Where block i lies: its row of lse, its first element in (B*T,C), the same in (B*T,3C) with rows ld apart. */
struct head {
    size_t lse, at, wide, ld, HS;
    float scale, *scratch;
};

static struct head head_of(const struct attn *a, size_t i, size_t part)
{
    size_t b = i / a->NH, h = i % a->NH, HS = a->C / a->NH;
    return (struct head){.lse = i * a->T,
                         .at = b * a->T * a->C + h * HS,
                         .wide = b * a->T * a->ld + h * HS,
                         .ld = a->ld,
                         .HS = HS,
                         .scale = 1.0f / sqrtf((float)HS),
                         .scratch = a->scratch + part * kern_attn_scratch(a->T, HS)};
}

static void attn_fwd_block(const void *ctx, size_t i, size_t part)
{
    const struct attn *a = ctx;
    struct head h = head_of(a, i, part);
    const float *q = a->qkv + h.wide;
    a->k->attn_fwd(a->out + h.at, a->C, a->lse + h.lse, q, q + a->C, q + 2 * a->C, h.ld, a->T, h.HS, h.scale,
                   h.scratch);
}

void ops_attn_fwd(struct ops o, float *out, float *lse, const float *qkv, size_t ld, size_t B, size_t T,
                  size_t C, size_t NH, float *scratch)
{
    struct attn a = {.k = o.k, .out = out, .lse = lse, .qkv = qkv, .scratch = scratch, .ld = ld, .T = T, .C = C, .NH = NH};
    for_blocks(o, B * NH, attn_fwd_block, &a);
}

static void attn_bwd_block(const void *ctx, size_t i, size_t part)
{
    const struct attn *a = ctx;
    struct head h = head_of(a, i, part);
    const float *q = a->qkv + h.wide;
    float *dq = a->dqkv + h.wide;
    size_t C = a->C;
    a->k->attn_bwd(dq, dq + C, dq + 2 * C, a->dout + h.at, a->out_fwd + h.at, C, a->lse_fwd + h.lse, q, q + C,
                   q + 2 * C, h.ld, a->T, h.HS, h.scale, h.scratch);
}

void ops_attn_bwd(struct ops o, float *dqkv, const float *dout, const float *out, const float *lse,
                  const float *qkv, size_t ld, size_t B, size_t T, size_t C, size_t NH, float *scratch)
{
    struct attn a = {.k = o.k, .dqkv = dqkv, .dout = dout, .out_fwd = out, .lse_fwd = lse, .qkv = qkv,
                     .scratch = scratch, .ld = ld, .T = T, .C = C, .NH = NH};
    for_blocks(o, B * NH, attn_bwd_block, &a);
}

struct xent {
    const struct kern *k;
    float *loss, *logits;
    const int32_t *target;
    float logit_scale, grad_scale;
    size_t rows, V;
};

static void xent_block(const void *ctx, size_t i, size_t part)
{
    const struct xent *a = ctx;
    struct rows r = block_rows(i, a->rows);
    (void)part;
    a->k->xent(a->loss + r.at, a->logits + r.at * a->V, a->target + r.at, a->logit_scale, a->grad_scale, r.n, a->V);
}

void ops_xent(struct ops o, float *loss, float *logits, const int32_t *target, float logit_scale,
              float grad_scale, size_t rows, size_t V)
{
    struct xent a = {o.k, loss, logits, target, logit_scale, grad_scale, rows, V};
    for_blocks(o, blocks_of(rows, BLOCK_ROWS), xent_block, &a);
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
