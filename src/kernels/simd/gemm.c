/* The GEMM micro-kernel: up to VEC_MR rows by two vectors of C in registers. For each k it loads one
 * row of B and broadcasts one element of A a row; A is read where it lies. Every element of C is one
 * chain of fused multiply-adds in order of k, whichever of the variants below computes it. */
#include "kernels/simd/simd.h"

#include <assert.h>

/* X(row, pointer, rows after the pointer): one pointer for three rows keeps the address within
 * base + {0, 1, 2} stride, which is one addressing mode. */
#define ROWS_1(X) X(0, a0, 0)
#define ROWS_2(X) ROWS_1(X) X(1, a0, 1)
#define ROWS_3(X) ROWS_2(X) X(2, a0, 2)
#define ROWS_4(X) ROWS_3(X) X(3, a1, 0)
#define ROWS_5(X) ROWS_4(X) X(4, a1, 1)
#define ROWS_6(X) ROWS_5(X) X(5, a1, 2)
#define ROWS_7(X) ROWS_6(X) X(6, a2, 0)
#define ROWS_8(X) ROWS_7(X) X(7, a2, 1)
#define ROWS_9(X) ROWS_8(X) X(8, a2, 2)
#define ROWS_10(X) ROWS_9(X) X(9, a3, 0)
#define ROWS_11(X) ROWS_10(X) X(10, a3, 1)
#define ROWS_12(X) ROWS_11(X) X(11, a3, 2)
#define ROWS_13(X) ROWS_12(X) X(12, a4, 0)
#define ROWS_14(X) ROWS_13(X) X(13, a4, 1)

/* A pointer of which the compiler knows no relation to others: clang makes one pointer of all rows that it moves from row
 * to row, a chain of as many additions a step of depth as there are rows, which takes as long as the multiply-adds. */
#ifdef __clang__
#define KEEP_APART(p) __asm__("" : "+r"(p))
#else
#define KEEP_APART(p) (void)(p)
#endif

/* Not left to the compiler: gcc takes a function that only prefetches for one without effect, and drops
 * the calls. */
#define INLINE static inline __attribute__((always_inline))
/* Floats in a cache line. */
#define LINE 16

INLINE void fetch(uintptr_t at, size_t floats)
{
    VEC_FETCH_L1(at + floats * sizeof(float));
}

/* The part of a row that a wide tile covers. */
INLINE void fetch_row(uintptr_t row)
{
    fetch(row, 0);
    if (VL == LINE)
        fetch(row, VL);
}

/* What the chunks of one call share. */
struct call {
    const struct kern_product *p;
    vmask mask; /* of the last vector of columns */
    bool cold;
    const struct kern_epilogue *epilogue;
    uintptr_t other; /* from C's elements to those that it is added to or multiplied by, or 0 */
    /* The part of B that comes next: `left` lines from column `col` of `row` on. */
    uintptr_t row;
    size_t col, cols, row_bytes, left;
    /* Fetched every EVERY steps of depth: rows of C, and lines of that part. All at once they would hold up
     * the loads of the products (kernels/SPEED-LOG.md). */
    size_t rows_each, lines_each;
};
/* About a hundred cycles. */
#define EVERY (VEC_MR > 6 ? 8 : 16)

INLINE void fetch_part(struct call *t)
{
    for (size_t n = t->lines_each < t->left ? t->lines_each : t->left; n > 0; n--) {
        VEC_FETCH_L2(t->row + t->col * sizeof(float));
        t->left--;
        t->col += LINE;
        if (t->col >= t->cols)
            t->col = 0, t->row += t->row_bytes;
    }
}

/* Rows of C to go, from `row` on, and what is added to them or multiplies them. */
struct part {
    uintptr_t row;
    size_t left;
};

INLINE void fetch_rows(const struct call *t, struct part *own)
{
    for (size_t n = t->rows_each; own->left > 0 && n > 0; n--, own->left--) {
        fetch_row(own->row);
        if (t->other)
            fetch_row(own->row + t->other);
        own->row += t->p->ldc * sizeof(float);
    }
}

/* The lines of A that the next chunk will read, one a step of depth: at each step another row, at every
 * LINE steps a line further, where A lies by rows; the next column where it lies by columns. Addresses
 * wrap where they leave the operand: nothing is read from there. */
struct ahead {
    uintptr_t at, base;
    size_t step, jump; /* bytes */
};

INLINE struct ahead ahead_of(const struct call *t, const float *a, size_t rows)
{
    const size_t a_rs = t->p->a_rs, a_cs = t->p->a_cs;
    const bool by_rows = a_cs == 1;
    /* Of a column the next rows may reach into a second line: the one that is new. */
    size_t from = (by_rows ? rows : 2 * rows - 1) * a_rs * sizeof *a;
    return (struct ahead){.at = (uintptr_t)a + from,
                          .base = (uintptr_t)a + from,
                          .step = (by_rows ? a_rs : a_cs) * sizeof *a,
                          .jump = LINE * a_cs * sizeof *a};
}

INLINE void fetch_next(struct ahead *n, size_t p)
{
    fetch(n->at, 0);
    n->at = p % LINE == LINE - 1 ? (n->base += n->jump) : n->at + n->step;
}

INLINE vf load_cut(const float *p, bool cut, vmask mask)
{
    return cut ? v_load_mask(p, mask) : v_load(p);
}

INLINE void store_cut(float *p, vf x, bool cut, vmask mask)
{
    if (cut)
        v_store_mask(p, mask, x);
    else
        v_store(p, x);
}

INLINE void add(float *c, vf x, bool cut, vmask mask)
{
    store_cut(c, v_add(load_cut(c, cut, mask), x), cut, mask);
}

/* The end of a vector of sums x that belongs to c; `at` elements of c lie before it. */
INLINE void epilogue(float *c, size_t at, vf x, vf bias, bool accumulate, const struct kern_epilogue f,
                   bool cut, vmask mask)
{
    if (accumulate)
        x = v_add(load_cut(c, cut, mask), x);
    x = v_add(x, bias);
    if (f.res)
        x = v_fma(v_set1(f.scale), x, load_cut(f.res + at, cut, mask));
    if (f.mul)
        x = v_mul(x, load_cut(f.mul + at, cut, mask));
    store_cut(c, x, cut, mask);
}

/* The activation of rows that were just stored: in registers GELU would spill the sums. */
INLINE void act_loop(const struct call *t, float *c, size_t rows, const enum kern_act act)
{
    const size_t n = t->p->n, ldc = t->p->ldc;
    float *slope = t->epilogue->slope ? t->epilogue->slope + (c - t->p->c) : NULL;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j += VL) {
            vf d, y = simd_act(act, simd_load_n(c + i * ldc + j, n - j), &d);
            simd_store_n(c + i * ldc + j, y, n - j);
            if (slope)
                simd_store_n(slope + i * ldc + j, d, n - j);
        }
}

static void act_rows(const struct call *t, float *c, size_t rows)
{
#define LOOP(NAME, name)                                                                           \
    case KERN_ACT_##NAME:                                                                          \
        act_loop(t, c, rows, KERN_ACT_##NAME);                                                     \
        break;
    SIMD_BY_ACT(t->epilogue->act, LOOP)
#undef LOOP
}

/* What a step of depth does; a file that includes this one may have another, and then wants no near tile. */
#ifndef TILE_FMA
#define TILE_FMA vs_fma
#define TILE_NEAR 1
#else
#define TILE_NEAR 0
#endif

#define DECLARE(i, p, off) vf x##i = v_zero(), y##i = v_zero();
#define STEP(i, p, off)                                                                            \
    {                                                                                              \
        vs e = vs_load((p) + off * a_rs);                                                          \
        x##i = TILE_FMA(e, b_lo, x##i);                                                            \
        if (wide)                                                                                  \
            y##i = TILE_FMA(e, b_hi, y##i);                                                        \
    }
#define STORE(i, p, off)                                                                           \
    {                                                                                              \
        store_cut(c + i * ldc, x##i, !wide && cut, mask);                                          \
        if (wide)                                                                                  \
            store_cut(c + i * ldc + VL, y##i, cut, mask);                                          \
    }
#define ADD(i, p, off)                                                                             \
    {                                                                                              \
        add(c + i * ldc, x##i, !wide && cut, mask);                                                \
        if (wide)                                                                                  \
            add(c + i * ldc + VL, y##i, cut, mask);                                                \
    }
#define EPILOGUE(i, p, off)                                                                          \
    {                                                                                              \
        epilogue(c + i * ldc, at + i * ldc, x##i, bias_lo, accumulate, f, !wide && cut, mask);       \
        if (wide)                                                                                  \
            epilogue(c + i * ldc + VL, at + i * ldc + VL, y##i, bias_hi, accumulate, f, cut, mask);  \
    }

/* From this depth on what comes next is fetched while the sums are computed. */
#define FETCH_DEPTH 64

/* One step of depth: M rows by two vectors of columns, or one. */
#define DEPTH_STEP                                                                                 \
    {                                                                                              \
        vf b_lo = load_cut(b, !wide && cut, mask), b_hi = b_lo;                                    \
        if (wide)                                                                                  \
            b_hi = load_cut(b + VL, cut, mask);                                                    \
        (void)b_hi;                                                                                \
        ROWS(STEP);                                                                                \
        a0 += a_cs;                                                                                \
        a1 += a_cs;                                                                                \
        a2 += a_cs;                                                                                \
        a3 += a_cs;                                                                                \
        a4 += a_cs;                                                                                \
        b += ldb;                                                                                  \
    }

#define FETCH                                                                                      \
    if (p % EVERY == 0) {                                                                          \
        fetch_part(t);                                                                             \
        fetch_rows(t, &own);                                                                       \
    }

/* As many steps of depth as a level takes four at a time, `first` before each four. */
#define DEEP(p, first)                                                                             \
    if (a_cs == 1 && M >= LANES_LEAST && M <= LANES_ROWS)                                          \
        for (; p + LANES_DEEP <= k; p += LANES_DEEP) {                                             \
            first LANES_BY_ROWS                                                                    \
        }                                                                                          \
    else if (a_rs == 1 && M >= 4 && M >= LANES_LEAST)                                              \
        for (; p + LANES_DEEP <= k; p += LANES_DEEP) {                                             \
            first LANES_BY_COLUMNS                                                                 \
        }

/* Names and row lists of the count of rows at hand. */
#define PASTE(x, y) x##_##y
#define PASTED(x, y) PASTE(x, y)
#define NAMED(name) PASTED(name, M)
#define ROWS(X) PASTED(ROWS, M)(X)

#define M 1
#include "kernels/simd/tile.inc"
#define M 2
#include "kernels/simd/tile.inc"
#define M 3
#include "kernels/simd/tile.inc"
#define M 4
#include "kernels/simd/tile.inc"
#define M 5
#include "kernels/simd/tile.inc"
#define M 6
#include "kernels/simd/tile.inc"
#if VEC_MR == 14
#define M 7
#include "kernels/simd/tile.inc"
#define M 8
#include "kernels/simd/tile.inc"
#define M 9
#include "kernels/simd/tile.inc"
#define M 10
#include "kernels/simd/tile.inc"
#define M 11
#include "kernels/simd/tile.inc"
#define M 12
#include "kernels/simd/tile.inc"
#define M 13
#include "kernels/simd/tile.inc"
#define M 14
#include "kernels/simd/tile.inc"
#endif

#if VEC_MR == 6
#define COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#elif VEC_MR == 14
#define COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#else
#error "no row variants for this VEC_MR"
#endif

typedef void tile_fn(struct call *t, float *c, const float *a, size_t chunks);
enum { CUT = 1, WIDE = 2, NEAR = 4 };
#if TILE_NEAR
#define ENTRY(M)                                                                                   \
    {one_##M,      one_cut_##M,      two_##M,      two_cut_##M,                                    \
     one_near_##M, one_cut_near_##M, two_near_##M, two_cut_near_##M},
#else
#define ENTRY(M) {one_##M, one_cut_##M, two_##M, two_cut_##M},
#endif
static tile_fn *const tiles[VEC_MR][8] = {COUNTS(ENTRY)};

/* Rows in the fewest chunks, of sizes as even as can be: a chunk of one or two rows has too few
 * accumulators to hide the latency of the multiply-add. */
INLINE void run(struct call *t, size_t chunks, int near)
{
    const struct kern_product *p = t->p;
    bool wide = p->n > VL;
    size_t last = wide ? p->n - VL : p->n, size = p->m / chunks, larger = p->m % chunks;
    int variant = (wide ? WIDE : 0) | (last < VL ? CUT : 0) | near;
    t->mask = v_mask(last);
    if (larger > 0)
        tiles[size][variant](t, p->c, p->a, larger);
    size_t done = larger * (size + 1);
    tiles[size - 1][variant](t, p->c + done * p->ldc, p->a + done * p->a_rs, chunks - larger);
}

/* What comes next is worth fetching where it is deep and many rows will use it. */
static inline void plan_part(struct call *t, const struct kern_fetch *f, size_t chunks)
{
    enum { ROWS = 64 };
    size_t lines = f->rows * ((f->cols + LINE - 1) / LINE), share = (lines + chunks - 1) / chunks;
    if (t->p->m < ROWS || lines == 0)
        return;
    t->row = (uintptr_t)f->next, t->row_bytes = f->ld * sizeof *f->next;
    t->cols = f->cols, t->left = lines;
    size_t events = t->p->k / EVERY;
    t->lines_each = (share + events - 1) / events;
}

/* Full chunks of a product, and what is left. */
INLINE size_t chunks_of(const struct kern_product *p)
{
    const size_t rows = VEC_ROWS(p->a_cs);
    assert(p->n <= 2 * VL);
    return (p->m + rows - 1) / rows;
}

void VEC_TILE(const struct kern_product *p, const struct kern_fetch *fetch, const struct kern_epilogue *epilogue)
{
    if (p->m == 0 || p->n == 0)
        return;
    const size_t chunks = chunks_of(p);
    struct call t = {.p = p, .epilogue = epilogue};
    if (epilogue && (epilogue->res || epilogue->mul))
        t.other = (uintptr_t)(epilogue->mul ? epilogue->mul : epilogue->res) - (uintptr_t)p->c;
    if (p->k >= FETCH_DEPTH) {
        t.cold = fetch && fetch->cold;
        t.rows_each = (VEC_MR + p->k / EVERY - 1) / (p->k / EVERY);
        if (fetch)
            plan_part(&t, fetch, chunks);
    }
    run(&t, chunks, 0);
}

#if TILE_NEAR
void VEC_NEAR_TILE(const struct kern_product *p)
{
    if (p->m == 0 || p->n == 0)
        return;
    struct call t;
    t.p = p;
    run(&t, chunks_of(p), NEAR);
}
#endif
