/* The products of gemm.h in fp32. */
#include "model/gemm_kinds.h"

#include "base/size.h"
#include "base/status.h"
#include "model/gemm_parts.h"
#include "model/team.h"

/* A packed operand is a row of depth blocks, each a row of panels NR columns wide (the last as wide
 * as what is left), each (depth,width) and contiguous: K * N floats in all, in the order in which
 * the product reads them. The block from depth d starts at d N, and its panel from column j at j times
 * the block's depth after that. */

/* The depth K in the fewest blocks of at most KC, as even as can be. The blocks depend on K alone,
 * hence so does the order of every sum. */
static size_t depth_block(size_t K, size_t KC)
{
    return K == 0 ? 1 : ceil_div(K, ceil_div(K, KC));
}

/* Rows of A whose block of one depth takes as much of the cache as MC by KC. */
static size_t row_block(const struct kern_gemm *g, size_t K)
{
    return g->MC * (g->KC / depth_block(K, g->KC));
}

static size_t packed_floats(size_t K, size_t N)
{
    return K * N;
}

/* The right operand of a product, (K,N). w: as it is stored, rows ldw apart, the operand's transpose where
 * `transposed` is set. packed: all of it, or NULL. */
struct operand {
    const float *packed, *w;
    size_t ldw, K, N;
    bool transposed;
};

static const float *in_store(const struct operand *b, size_t d, size_t j)
{
    return b->w + (b->transposed ? j * b->ldw + d : d * b->ldw + j);
}

/* Panels of columns [begin, end) of the depth block [d, d+depth), to out. */
static void pack_block(const struct kern *k, const struct operand *b, float *out, size_t d,
                       size_t depth, size_t begin, size_t end)
{
    size_t NR = k->gemm.NR;
    if (!b->transposed) {
        k->panels(out, in_store(b, d, begin), b->ldw, depth, end - begin, NR);
        return;
    }
    for (size_t j = begin; j < end; j += NR) {
        size_t n = size_min(NR, end - j);
        k->transpose(out + (j - begin) * depth, n, in_store(b, d, j), b->ldw, n, depth);
    }
}

struct pack_job {
    const struct kern *k;
    float *packed;
    struct operand b;
};

static void pack_part(void *ctx, int t, int threads)
{
    const struct pack_job *p = ctx;
    const struct operand *b = &p->b;
    size_t begin, end;
    share(&begin, &end, b->N, p->k->gemm.NR, t, threads);
    size_t depth = depth_block(b->K, p->k->gemm.KC);
    for (size_t d = 0; d < b->K; d += depth) {
        size_t deep = size_min(depth, b->K - d);
        pack_block(p->k, b, p->packed + d * b->N + begin * deep, d, deep, begin, end);
    }
}

static void pack(const struct kern *k, int threads, float *packed, const float *w, size_t ldw, size_t K, size_t N,
                 bool transposed)
{
    struct pack_job job = {k, packed, {.w = w, .ldw = ldw, .K = K, .N = N, .transposed = transposed}};
    team_parts(pack_part, &job, threads);
}

/* C (M,N) = A B, or += where `accumulate`. */
struct product {
    const struct kern *k;
    float *c;
    size_t ldc;
    const float *a;
    size_t a_rs, a_cs;
    struct operand b;
    size_t M;
    bool accumulate, in_place; /* in_place: B is read where it is stored */
    bool lower; /* what lies above the diagonal of C need not be computed */
    const struct kern_epilogue *epilogue;
    float *scratch; /* a block of B for each thread, where it is packed on the way */
};

/* Columns [j, j+n), depth [d, d+deep) of B. */
struct block {
    size_t j, n, d, deep;
    float *panels; /* packed on the way: here */
};

/* Where the panel of `width` columns from column s of a block lies for the tile, its rows *ld apart. */
static const float *panel(const struct product *p, const struct block *b, size_t s, size_t width,
                          size_t *ld)
{
    *ld = p->in_place ? p->b.ldw : width;
    if (p->in_place)
        return in_store(&p->b, b->d, b->j + s);
    if (p->b.packed)
        return p->b.packed + b->d * p->b.N + (b->j + s) * b->deep;
    return b->panels + s * b->deep;
}

/* The same panel for fetching, before it is packed where `pack` is set. */
static struct kern_fetch upcoming(const struct product *p, const struct block *b, size_t s, bool pack)
{
    struct kern_fetch f = {.cols = size_min(p->k->gemm.NR, b->n - s), .rows = b->deep};
    if (!pack) {
        f.next = panel(p, b, s, f.cols, &f.ld);
        return f;
    }
    f.next = in_store(&p->b, b->d, b->j + s), f.ld = p->b.ldw;
    return p->b.transposed ? (struct kern_fetch){.next = f.next, .ld = f.ld, .rows = f.cols, .cols = f.rows}
                           : f;
}

/* A block of A of so many floats, 128 KB, is in the second-level cache or on its way from there: what a processor fetches
 * of its own accord serves, and asking for the next lines of A would take longer than waiting for them. */
enum { NEAR_FLOATS = 32768 };

/* Rows [i, i+m) by a block, whose panels are packed on the way where `pack` is set. next: the block that
 * comes after it, packed on the way where `pack_next` is set, or NULL. The last depth finishes. */
static void block_product(const struct product *p, const struct block *b, size_t i, size_t m, bool pack,
                          const struct block *next, bool pack_next)
{
    const struct kern_gemm *g = &p->k->gemm;
    const float *a = p->a + i * p->a_rs + b->d * p->a_cs;
    float *c = p->c + i * p->ldc + b->j;
    bool epilogue = p->epilogue && b->d + b->deep == p->b.K;
    for (size_t s = 0; s < b->n; s += g->NR) {
        size_t width = size_min(g->NR, b->n - s), ldb;
        struct kern_fetch fetch = {0};
        struct kern_epilogue f = {0};
        if (pack)
            pack_block(p->k, &p->b, b->panels + s * b->deep, b->d, b->deep, b->j + s, b->j + s + width);
        if (s + width < b->n)
            fetch = upcoming(p, b, s + width, pack);
        else if (next)
            fetch = upcoming(p, next, 0, pack_next);
        fetch.cold = s == 0 && m * b->deep > NEAR_FLOATS;
        size_t above = p->lower && b->j + s > i ? size_min(m, b->j + s - i) : 0;
        if (above == m)
            continue;
        if (epilogue)
            f = epilogue_at(p->epilogue, p->ldc, i + above, b->j + s);
        const float *panels = panel(p, b, s, width, &ldb);
        const struct kern_product part = {c + above * p->ldc + s, p->ldc, a + above * p->a_rs, p->a_rs, p->a_cs, panels, ldb,
                                          m - above, width, b->deep, p->accumulate || b->d > 0};
        g->tile(&part, &fetch, epilogue ? &f : NULL);
    }
}

/* The blocks of a thread's columns [j0, j1), in the order in which they are used: down the columns before
 * the next columns where `by_depth`, so that C stays in the cache; else all columns of a depth. */
struct blocks {
    size_t j0, j1, n_wide, n_deep;
    bool by_depth;
    float *panels;
};

static struct blocks blocks_of(const struct product *p, size_t j0, size_t j1, bool by_depth, float *panels)
{
    const struct kern_gemm *g = &p->k->gemm;
    size_t n_deep = ceil_div(p->b.K, depth_block(p->b.K, g->KC));
    /* Without depth there is still C to write. */
    return (struct blocks){j0, j1, ceil_div(j1 - j0, g->NC), size_max(1, n_deep), by_depth, panels};
}

static struct block block_at(const struct product *p, const struct blocks *o, size_t index)
{
    const struct kern_gemm *g = &p->k->gemm;
    size_t depth = depth_block(p->b.K, g->KC);
    size_t j = o->j0 + g->NC * (o->by_depth ? index / o->n_deep : index % o->n_wide);
    size_t d = depth * (o->by_depth ? index % o->n_deep : index / o->n_wide);
    return (struct block){.j = j,
                          .n = size_min(g->NC, o->j1 - j),
                          .d = d,
                          .deep = size_min(depth, p->b.K - d),
                          .panels = o->panels};
}

/* Rows [i0, i1) by blocks of B one after the other. */
static void rows_product(const struct product *p, size_t i0, size_t i1, const struct blocks *o)
{
    size_t MC = row_block(&p->k->gemm, p->b.K), count = o->n_wide * o->n_deep;
    bool pack = !p->b.packed && !p->in_place;
    for (size_t index = 0; index < count; index++) {
        struct block b = block_at(p, o, index), next = b;
        bool more = index + 1 < count;
        if (more)
            next = block_at(p, o, index + 1);
        for (size_t i = i0; i < i1; i += MC) {
            bool again = i + MC < i1;
            block_product(p, &b, i, size_min(MC, i1 - i), pack && i == i0,
                          again ? &b : more ? &next : NULL, pack && !again);
        }
    }
}

static void nn_part(void *ctx, int t, int threads)
{
    const struct product *p = ctx;
    size_t begin, end, MC = row_block(&p->k->gemm, p->b.K);
    share(&begin, &end, p->M, p->k->gemm.MR, t, threads);
    struct blocks o = blocks_of(p, 0, p->b.N, true, NULL);
    for (size_t i = begin; i < end; i += MC)
        rows_product(p, i, size_min(i + MC, end), &o);
}

/* Floats of a block of B, (rows,columns) in all. */
static size_t block_floats(const struct kern *k, size_t rows, size_t columns)
{
    return depth_block(rows, k->gemm.KC) * size_min(columns, k->gemm.NC);
}

static float *thread_panels(const struct product *p, int t)
{
    return p->scratch ? p->scratch + (size_t)t * block_floats(p->k, p->b.K, p->b.N) : NULL;
}

/* A thread has columns of its own, so that no part of B is packed twice. */
static void nn_unpacked_part(void *ctx, int t, int threads)
{
    const struct product *p = ctx;
    size_t begin, end;
    share(&begin, &end, p->b.N, p->k->gemm.NR, t, threads);
    struct blocks o = blocks_of(p, begin, end, true, thread_panels(p, t));
    rows_product(p, 0, p->M, &o);
}

static void nn(const struct kern *k, int threads, const struct gemm_nn *n)
{
    struct product job = {.k = k, .c = n->c, .ldc = n->ldc, .a = n->a, .a_rs = n->lda, .a_cs = 1, .M = n->M};
    job.b = (struct operand){n->packed, n->w, n->ldw, n->K, n->N, n->transposed};
    job.epilogue = n->epilogue, job.scratch = n->scratch;
    team_parts(n->packed ? nn_part : nn_unpacked_part, &job, threads);
}

static size_t nn_scratch(const struct kern *k, int threads, size_t N, size_t K)
{
    return (size_t)(threads > 1 ? threads : 1) * block_floats(k, K, N);
}

/* B is read in place unless its rows lie a multiple of 512 bytes apart and many rows of C use it:
 * then the lines of a panel share a few cache sets and push each other out. A's rows are left where
 * they are in any case: a tile wants one line of a row of A and comes back for its neighbours soon
 * (kernels/SPEED-LOG.md). */
static bool tn_in_place(size_t ldb, size_t K)
{
    return !(ldb >= 256 && ldb % 128 == 0 && K >= 256);
}

static size_t tn_scratch(const struct kern *k, int threads, size_t M, size_t N)
{
    return (size_t)(threads > 1 ? threads : 1) * block_floats(k, M, N);
}

static void tn_part(void *ctx, int t, int threads)
{
    const struct product *p = ctx;
    size_t i0 = 0, i1 = p->M, j0 = 0, j1 = p->b.N;
    if (p->M >= p->b.N)
        share(&i0, &i1, p->M, p->k->gemm.MR, t, threads);
    else
        share(&j0, &j1, p->b.N, p->k->gemm.NR, t, threads);
    struct blocks o = blocks_of(p, j0, j1, false, thread_panels(p, t));
    rows_product(p, i0, i1, &o);
}

static void tn(const struct kern *k, int threads, const struct gemm_tn *n)
{
    struct product job = {.k = k, .c = n->c, .ldc = n->ldc, .a = n->a, .a_rs = 1, .a_cs = n->lda, .M = n->K};
    job.b = (struct operand){.w = n->b, .ldw = n->ldb, .K = n->M, .N = n->N};
    job.accumulate = n->accumulate, job.in_place = tn_in_place(n->ldb, n->K), job.scratch = n->scratch;
    team_parts(tn_part, &job, threads);
}

static void stored_part(void *ctx, int t, int threads)
{
    const struct product *p = ctx;
    size_t begin, end;
    if (p->lower)
        share_lower(&begin, &end, p->M, p->k->gemm.MR, t, threads);
    else
        share(&begin, &end, p->M, p->k->gemm.MR, t, threads);
    struct blocks o = blocks_of(p, 0, p->b.N, true, thread_panels(p, t));
    rows_product(p, begin, end, &o);
}

static void stored(const struct kern *k, int threads, const struct gemm_stored *s)
{
    struct product job = {.k = k, .c = s->c, .ldc = s->ldc, .a = s->a, .a_rs = s->a_rs, .a_cs = s->a_cs, .M = s->M};
    job.b = (struct operand){.w = s->b, .ldw = s->ldb, .K = s->K, .N = s->N, .transposed = s->transposed};
    job.in_place = !s->transposed, job.lower = s->symmetric, job.epilogue = s->epilogue, job.scratch = s->scratch;
    team_parts(stored_part, &job, threads);
}

const struct gemm_kind gemm_fp32 = {packed_floats, pack, nn, nn_scratch, tn, tn_scratch, stored, nn_scratch};
