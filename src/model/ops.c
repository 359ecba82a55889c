#include "model/ops.h"

#include <math.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/size.h"
#include "model/gemm.h"

static int thread_index(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/* Run `body` for every block index 0 .. n-1 of a range cut by shape. Blocks are independent, so it
 * does not matter which thread takes which. */
#define FOR_BLOCKS(o, index, n_blocks, ...)                                                        \
    do {                                                                                           \
        ptrdiff_t n_blocks_ = (ptrdiff_t)(n_blocks);                                               \
        if ((o).threads <= 1 || n_blocks_ <= 1) {                                                  \
            for (ptrdiff_t index = 0; index < n_blocks_; index++)                                  \
                __VA_ARGS__                                                                        \
        } else {                                                                                   \
            _Pragma("omp parallel for schedule(static) num_threads((o).threads)")                  \
            for (ptrdiff_t index = 0; index < n_blocks_; index++)                                  \
                __VA_ARGS__                                                                        \
        }                                                                                          \
    } while (0)

/* Rows of a block: enough work to be worth handing out, few enough to share. */
enum { BLOCK_ROWS = 64, BLOCK_VALUES = 16384, BLOCK_COLUMNS = 64 };

static size_t blocks_of(size_t n, size_t block)
{
    return (n + block - 1) / block;
}

void ops_layernorm_fwd(struct ops o, float *out, float *mean, float *rstd, const float *x,
                       const float *w, const float *b, size_t rows, size_t C)
{
    FOR_BLOCKS(o, i, blocks_of(rows, BLOCK_ROWS), {
        size_t r = (size_t)i * BLOCK_ROWS, n = size_min(BLOCK_ROWS, rows - r);
        o.k->layernorm_fwd(out + r * C, mean + r, rstd + r, x + r * C, w, b, n, C);
    });
}

size_t ops_layernorm_bwd_scratch(size_t rows, size_t C)
{
    return blocks_of(rows, BLOCK_ROWS) * 2 * C;
}

void ops_layernorm_bwd(struct ops o, float *dx, float *ds, float by, float *dw, float *db,
                       const float *dout, const float *x, const float *mean, const float *rstd,
                       const float *w, size_t rows, size_t C, float *scratch)
{
    size_t blocks = blocks_of(rows, BLOCK_ROWS);
    FOR_BLOCKS(o, i, blocks, {
        size_t r = (size_t)i * BLOCK_ROWS, n = size_min(BLOCK_ROWS, rows - r);
        float *part = scratch + (size_t)i * 2 * C;
        memset(part, 0, 2 * C * sizeof *part);
        o.k->layernorm_bwd(dx + r * C, ds ? ds + r * C : NULL, by, part, part + C, dout + r * C,
                           x + r * C, mean + r, rstd + r, w, n, C);
    });
    o.k->colsum(dw, scratch, 2 * C, blocks, C);
    o.k->colsum(db, scratch + C, 2 * C, blocks, C);
}

void ops_gelu(struct ops o, float *x, float *slope, size_t ld, size_t rows, size_t n)
{
    FOR_BLOCKS(o, i, blocks_of(rows, BLOCK_ROWS), {
        size_t r = (size_t)i * BLOCK_ROWS, end = size_min(rows, r + BLOCK_ROWS);
        for (; r < end; r++)
            o.k->gelu(x + r * ld, slope ? slope + r * ld : NULL, x + r * ld, n);
    });
}

size_t ops_attn_scratch(int threads, size_t T, size_t C, size_t NH)
{
    return (size_t)(threads > 1 ? threads : 1) * kern_attn_scratch(T, C / NH);
}

void ops_attn_fwd(struct ops o, float *out, float *lse, const float *qkv, size_t B, size_t T,
                  size_t C, size_t NH, float *scratch)
{
    size_t HS = C / NH, per_thread = kern_attn_scratch(T, HS), ld = gemm_row_floats(3 * C);
    float scale = 1.0f / sqrtf((float)HS);
    FOR_BLOCKS(o, i, B * NH, {
        size_t b = (size_t)i / NH, h = (size_t)i % NH;
        const float *q = qkv + b * T * ld + h * HS;
        o.k->attn_fwd(out + b * T * C + h * HS, C, lse + (size_t)i * T, q, q + C, q + 2 * C, ld,
                      T, HS, scale, scratch + (size_t)thread_index() * per_thread);
    });
}

void ops_attn_bwd(struct ops o, float *dqkv, const float *dout, const float *out, const float *lse,
                  const float *qkv, size_t B, size_t T, size_t C, size_t NH, float *scratch)
{
    size_t HS = C / NH, per_thread = kern_attn_scratch(T, HS), ld = gemm_row_floats(3 * C);
    float scale = 1.0f / sqrtf((float)HS);
    FOR_BLOCKS(o, i, B * NH, {
        size_t b = (size_t)i / NH, h = (size_t)i % NH;
        const float *q = qkv + b * T * ld + h * HS;
        float *dq = dqkv + b * T * ld + h * HS;
        size_t at = b * T * C + h * HS;
        o.k->attn_bwd(dq, dq + C, dq + 2 * C, dout + at, out + at, C, lse + (size_t)i * T, q, q + C,
                      q + 2 * C, ld, T, HS, scale,
                      scratch + (size_t)thread_index() * per_thread);
    });
}

void ops_xent(struct ops o, float *loss, float *logits, const int32_t *target, float logit_scale,
              float grad_scale, size_t rows, size_t V)
{
    FOR_BLOCKS(o, i, blocks_of(rows, BLOCK_ROWS), {
        size_t r = (size_t)i * BLOCK_ROWS;
        o.k->xent(loss + r, logits + r * V, target + r, logit_scale, grad_scale,
                  size_min(BLOCK_ROWS, rows - r), V);
    });
}

void ops_colsum(struct ops o, float *db, const float *dout, size_t ld, size_t rows, size_t n)
{
    FOR_BLOCKS(o, i, blocks_of(n, BLOCK_COLUMNS), {
        size_t at = (size_t)i * BLOCK_COLUMNS;
        o.k->colsum(db + at, dout + at, ld, rows, size_min(BLOCK_COLUMNS, n - at));
    });
}

double ops_sumsq(struct ops o, const float *x, size_t n)
{
    enum { MAX_PARTS = 256 };
    double part[MAX_PARTS];
    size_t block = size_max(BLOCK_VALUES, blocks_of(n, MAX_PARTS)), blocks = blocks_of(n, block);
    FOR_BLOCKS(o, i, blocks, {
        size_t at = (size_t)i * block;
        part[i] = o.k->sumsq(x + at, size_min(block, n - at));
    });
    double sum = 0;
    for (size_t i = 0; i < blocks; i++)
        sum += part[i];
    return sum;
}

void ops_adamw(struct ops o, float *w, const float *grad, float *m, float *v,
               const struct kern_adamw *a, size_t n)
{
    FOR_BLOCKS(o, i, blocks_of(n, BLOCK_VALUES), {
        size_t at = (size_t)i * BLOCK_VALUES;
        o.k->adamw(w + at, grad + at, m + at, v + at, a, size_min(BLOCK_VALUES, n - at));
    });
}

double ops_fma(struct ops o, size_t steps)
{
    enum { CHAINS = 192 }; /* see kern.h */
    int threads = o.threads > 1 ? o.threads : 1;
    FOR_BLOCKS(o, i, threads, {
        float x[CHAINS];
        for (int j = 0; j < CHAINS; j++)
            x[j] = (float)(i + j);
        o.k->fma_steps(x, 0.5f, 1.0f, CHAINS, steps);
        CHECK(x[0] < 1e9f); /* uses the result, so that no compiler may drop the loop */
    });
    return 2.0 * CHAINS * (double)steps * threads;
}
