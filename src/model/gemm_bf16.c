/* The products of gemm.h on operands rounded to bfloat16, with sums in fp32 (kern_bf16 of kern.h). Both operands are
 * converted where they are packed; of activations a block at a time, which stays in the cache.
 *
 * An element's sum goes by blocks of gemm.KC values of depth, alike for every level, split and number of threads. */
#include "model/gemm_kinds.h"

#include "base/status.h"
#include "model/gemm_parts.h"
#include "model/team.h"

/* A packed operand is a row of depth blocks, each a row of panels NR columns wide (the last narrower), each (deep,width) and
 * contiguous, deep counting floats: the block from depth d starts at kern_bf16_deep(d) N, its panel from column j deep j
 * after that. */

/* Of one thread: a block of A, (ROWS, KC) values; a block of B, (KC, COLUMNS), or in packing what is yet to be transposed. A
 * value takes a float at most. */
enum { ROWS = 192, COLUMNS = 512, DEPTH = 512 };
enum { A_FLOATS = ROWS * DEPTH, B_FLOATS = COLUMNS * DEPTH };

/* Of a level that needs the most: a plan of memory is the same for all. Groups of 32 take 16 floats. */
static size_t packed_floats(size_t K, size_t N)
{
    return size_max(K + K % 2, 16) * N;
}

static size_t scratch_floats(int threads)
{
    return (size_t)(threads > 1 ? threads : 1) * (A_FLOATS + B_FLOATS);
}

static size_t nn_scratch(const struct kern *k, int threads, size_t N, size_t K)
{
    (void)k, (void)N, (void)K;
    return scratch_floats(threads);
}

static size_t tn_scratch(const struct kern *k, int threads, size_t M, size_t N)
{
    (void)k, (void)M, (void)N;
    return scratch_floats(threads);
}

/* --- weights ------------------------------------------------------------------------------------------- */

struct pack_job {
    const struct kern *k;
    float *packed;
    const float *w;
    size_t ldw, K, N;
    bool transposed;
};

/* A panel from rows of w that are its columns: a few at a time are converted and then transposed. */
static void transposed_panel(const struct kern *k, float *out, const float *w, size_t ldw, size_t n, size_t depth)
{
    enum { PIECE = 64 };
    float piece[64 * PIECE];
    const struct kern_bf16 *b = &k->bf16;
    CHECK(n <= 64 && PIECE % b->group == 0);
    for (size_t d = 0; d < depth; d += PIECE) {
        size_t take = size_min(PIECE, depth - d), deep = kern_bf16_deep(b, take);
        b->along(piece, deep, w + d, ldw, n, take);
        k->transpose(out + kern_bf16_deep(b, d) * n, n, piece, deep, n, deep);
    }
}

/* Columns of x, (depth,n), as rows of A: the other way round. */
static void transposed_rows(const struct kern *k, float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth)
{
    enum { PIECE = 128, COUNT = 64 };
    float piece[COUNT * PIECE];
    const struct kern_bf16 *b = &k->bf16;
    CHECK(PIECE % b->group == 0);
    for (size_t i = 0; i < n; i += COUNT)
        for (size_t d = 0; d < depth; d += PIECE) {
            size_t take = size_min(PIECE, depth - d), deep = kern_bf16_deep(b, take), count = size_min(COUNT, n - i);
            b->rows(piece, x + d * ld + i, ld, take, count, count);
            k->transpose(out + i * ld_out + kern_bf16_deep(b, d), ld_out, piece, count, deep, count);
        }
}

static void pack_part(void *ctx, int t, int threads)
{
    const struct pack_job *p = ctx;
    const struct kern_bf16 *b = &p->k->bf16;
    size_t begin, end, NR = b->gemm.NR;
    share(&begin, &end, p->N, NR, t, threads);
    for (size_t d = 0; d < p->K; d += b->gemm.KC) {
        size_t depth = size_min(b->gemm.KC, p->K - d), deep = kern_bf16_deep(b, depth);
        float *block = p->packed + kern_bf16_deep(b, d) * p->N;
        if (!p->transposed && end > begin)
            b->rows(block + begin * deep, p->w + d * p->ldw + begin, p->ldw, depth, end - begin, NR);
        for (size_t j = begin; p->transposed && j < end; j += NR)
            transposed_panel(p->k, block + j * deep, p->w + j * p->ldw + d, p->ldw, size_min(NR, end - j), depth);
    }
}

static void pack(const struct kern *k, int threads, float *packed, const float *w, size_t ldw, size_t K, size_t N,
                 bool transposed)
{
    struct pack_job job = {k, packed, w, ldw, K, N, transposed};
    team_parts(pack_part, &job, threads);
}

/* --- products ------------------------------------------------------------------------------------------ */

/* A block of A, m rows of C, in the thread's scratch. */
struct block_a {
    const float *a;
    size_t a_rs, a_cs, m;
};

/* Columns [j, j+n) of C by depth [d, d+depth), from panels one after the other. */
struct block_b {
    const float *panels;
    size_t j, n, deep;
};

/* What a block's products leave in C. */
struct out {
    float *c; /* of the first row of the block of A, first column of C */
    size_t ldc;
    bool accumulate;
    const struct kern_epilogue *f; /* for c; NULL: nothing, or more depth to come */
    const size_t *lower; /* that row's number, where what lies above the diagonal is left out; NULL: all */
};

static void block_product(const struct kern *k, const struct out *o, const struct block_a *a, const struct block_b *b)
{
    const struct kern_gemm *g = &k->bf16.gemm;
    for (size_t s = 0; s < b->n; s += g->NR) {
        size_t width = size_min(g->NR, b->n - s), next = s + width, j = b->j + s;
        size_t above = o->lower && j > *o->lower ? size_min(a->m, j - *o->lower) : 0;
        struct kern_fetch fetch = {.cold = s == 0};
        struct kern_epilogue f = {0};
        if (above == a->m && above > 0)
            break;
        if (next < b->n) {
            fetch.next = b->panels + next * b->deep;
            fetch.cols = fetch.ld = size_min(g->NR, b->n - next), fetch.rows = b->deep;
        }
        if (o->f)
            f = epilogue_at(o->f, o->ldc, above, j);
        const struct kern_product part = {o->c + above * o->ldc + j, o->ldc, a->a + above * a->a_rs, a->a_rs, a->a_cs,
                                          b->panels + s * b->deep, width, a->m - above, width, b->deep, o->accumulate};
        g->tile(&part, &fetch, o->f ? &f : NULL);
    }
}

struct product {
    const struct kern *k;
    const struct gemm_nn *nn;
    const struct gemm_stored *stored;
    bool accumulate;
    float *scratch;
};

/* The distance between rows of a block of A: an odd number of lines reaches every set of the cache. */
static size_t row_of_a(size_t deep)
{
    const size_t line = 16;
    return deep + 2 * line <= DEPTH ? (ceil_div(deep, line) | 1) * line : deep;
}

/* Rows of A that the scratch holds, in whole tiles, of which there is one at least. */
static size_t rows_at_once(const struct kern_bf16 *b, size_t ld)
{
    size_t MR = b->gemm.MR;
    return size_max(1, size_min(2 * ROWS, A_FLOATS / size_max(1, ld)) / MR) * MR;
}

/* Rows [i, i+m) of C. The block of A is converted once where all its depth is one block, else again for every COLUMNS
 * columns: a hundredth of what they take by vectors, more by tiles, and only above 512 wide both ways. */
static void nn_rows(const struct product *q, float *scratch, size_t i, size_t m)
{
    const struct gemm_nn *p = q->nn;
    const struct kern_bf16 *b = &q->k->bf16;
    size_t KC = b->gemm.KC, blocks = size_max(1, ceil_div(p->K, KC));
    for (size_t j = 0; j < p->N; j += COLUMNS)
        for (size_t e = 0; e < blocks; e++) {
            size_t d = e * KC, depth = size_min(KC, p->K - d), deep = kern_bf16_deep(b, depth), ld = row_of_a(deep);
            struct kern_epilogue f = {0};
            const bool ends = p->epilogue && e + 1 == blocks;
            if (ends)
                f = epilogue_at(p->epilogue, p->ldc, i, 0);
            if (blocks > 1 || j == 0)
                b->along(scratch, ld, p->a + i * p->lda + d, p->lda, m, depth);
            const struct out o = {p->c + i * p->ldc, p->ldc, e > 0, ends ? &f : NULL, NULL};
            block_product(q->k, &o, &(struct block_a){scratch, ld, 1, m},
                          &(struct block_b){p->packed + kern_bf16_deep(b, d) * p->N + j * deep, j,
                                            size_min(COLUMNS, p->N - j), deep});
        }
}

static void nn_part(void *ctx, int t, int threads)
{
    const struct product *q = ctx;
    const struct kern_bf16 *b = &q->k->bf16;
    size_t begin, end, step = rows_at_once(b, row_of_a(kern_bf16_deep(b, size_min(b->gemm.KC, q->nn->K))));
    share(&begin, &end, q->nn->M, b->gemm.MR, t, threads);
    for (size_t i = begin; i < end; i += step)
        nn_rows(q, q->scratch + (size_t)t * (A_FLOATS + B_FLOATS), i, size_min(step, end - i));
}

static void nn(const struct kern *k, int threads, const struct gemm_nn *p)
{
    struct product job = {.k = k, .nn = p, .scratch = p->scratch};
    CHECK(p->packed && p->scratch && k->bf16.gemm.KC <= DEPTH);
    team_parts(nn_part, &job, threads);
}

/* Rows [i, i+m) of A by depth [d, d+depth), in the thread's scratch. */
static struct block_a pack_a(const struct product *q, float *scratch, size_t i, size_t m, size_t ld, size_t d, size_t depth)
{
    const struct gemm_stored *p = q->stored;
    const struct kern_bf16 *b = &q->k->bf16;
    const float *a = p->a + i * p->a_rs + d * p->a_cs;
    if (p->a_cs != 1 && !b->a_by_rows) {
        b->rows(scratch, a, p->a_cs, depth, m, m);
        return (struct block_a){scratch, 1, m, m};
    }
    if (p->a_cs == 1)
        b->along(scratch, ld, a, p->a_rs, m, depth);
    else
        transposed_rows(q->k, scratch, ld, a, p->a_cs, m, depth);
    return (struct block_a){scratch, ld, 1, m};
}

/* Rows [i0, i1) of C, columns [at.j, at.j + at.n), by depth [d, d+depth). */
static void stored_block(const struct product *q, float *scratch, size_t i0, size_t i1, struct block_b at, size_t d, size_t depth)
{
    const struct gemm_stored *p = q->stored;
    const struct kern_bf16 *b = &q->k->bf16;
    float *panels = scratch + A_FLOATS;
    const size_t ld = row_of_a(at.deep), step = rows_at_once(b, ld), NR = b->gemm.NR;
    const bool ends = p->epilogue && d + depth == p->K;
    at.panels = panels;
    if (!p->transposed)
        b->rows(panels, p->b + d * p->ldb + at.j, p->ldb, depth, at.n, NR);
    for (size_t j = 0; p->transposed && j < at.n; j += NR)
        transposed_panel(q->k, panels + j * at.deep, p->b + (at.j + j) * p->ldb + d, p->ldb, size_min(NR, at.n - j), depth);
    for (size_t i = i0; i < i1; i += step) {
        const struct block_a a = pack_a(q, scratch, i, size_min(step, i1 - i), ld, d, depth);
        struct kern_epilogue f = {0};
        if (ends)
            f = epilogue_at(p->epilogue, p->ldc, i, 0);
        const struct out o = {p->c + i * p->ldc, p->ldc, q->accumulate || d > 0, ends ? &f : NULL, p->symmetric ? &i : NULL};
        block_product(q->k, &o, &a, &at);
    }
}

/* A thread has rows or columns of C of its own, the longer side's. */
static void stored_part(void *ctx, int t, int threads)
{
    const struct product *q = ctx;
    const struct gemm_stored *p = q->stored;
    const struct kern_bf16 *b = &q->k->bf16;
    size_t i0 = 0, i1 = p->M, j0 = 0, j1 = p->N, KC = b->gemm.KC, blocks = size_max(1, ceil_div(p->K, KC));
    if (p->symmetric)
        share_lower(&i0, &i1, p->M, b->gemm.MR, t, threads);
    else if (p->M >= p->N)
        share(&i0, &i1, p->M, b->gemm.MR, t, threads);
    else
        share(&j0, &j1, p->N, b->gemm.NR, t, threads);
    if (p->symmetric)
        j1 = i1;
    for (size_t j = j0; i0 < i1 && j < j1; j += COLUMNS)
        for (size_t e = 0; e < blocks; e++) {
            size_t depth = size_min(KC, p->K - e * KC), first = p->symmetric ? size_max(i0, j) : i0;
            struct block_b at = {.j = j, .n = size_min(COLUMNS, j1 - j), .deep = kern_bf16_deep(b, depth)};
            stored_block(q, q->scratch + (size_t)t * (A_FLOATS + B_FLOATS), first, i1, at, e * KC, depth);
        }
}

static void stored(const struct kern *k, int threads, const struct gemm_stored *p)
{
    struct product job = {.k = k, .stored = p, .scratch = p->scratch};
    CHECK(p->scratch && k->bf16.gemm.KC <= DEPTH);
    team_parts(stored_part, &job, threads);
}

static void tn(const struct kern *k, int threads, const struct gemm_tn *p)
{
    const struct gemm_stored s = {.c = p->c, .ldc = p->ldc, .a = p->a, .a_rs = 1, .a_cs = p->lda, .b = p->b, .ldb = p->ldb,
                                  .M = p->K, .N = p->N, .K = p->M};
    struct product job = {.k = k, .stored = &s, .accumulate = p->accumulate, .scratch = p->scratch};
    CHECK(p->scratch && k->bf16.gemm.KC <= DEPTH);
    team_parts(stored_part, &job, threads);
}

const struct gemm_kind gemm_bf16 = {packed_floats, pack, nn, nn_scratch, tn, tn_scratch, stored, nn_scratch};
