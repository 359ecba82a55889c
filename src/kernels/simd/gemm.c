/* The GEMM micro-kernel: up to VEC_MR rows by two vectors of C in registers. For each k it loads one
 * row of B and broadcasts one element of A a row; A is read where it lies. Every element of C is one
 * chain of fused multiply-adds in order of k, whichever of the variants below computes it. */
#include "kernels/simd/simd.h"

#include <assert.h>

/* X(row, pointer, rows behind the pointer): one pointer for three rows keeps the address within
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

/* From this depth on the rows of C are fetched while the products run. */
#define PREFETCH_DEPTH 64

#define DECLARE(i, p, off) vf x##i = v_zero(), y##i = v_zero();
#define FETCH(i, p, off)                                                                           \
    {                                                                                              \
        _mm_prefetch((const char *)(c + i * ldc), _MM_HINT_T0);                                    \
        if (wide && VL == 16)                                                                      \
            _mm_prefetch((const char *)(c + i * ldc + VL), _MM_HINT_T0);                           \
    }
#define STEP(i, p, off)                                                                            \
    {                                                                                              \
        vf e = v_set1((p)[off * a_rs]);                                                            \
        x##i = v_fma(e, b0, x##i);                                                                 \
        if (wide)                                                                                  \
            y##i = v_fma(e, b1, y##i);                                                             \
    }
#define SAVE(i, p, off)                                                                            \
    {                                                                                              \
        float *row = c + i * ldc;                                                                  \
        if (wide) {                                                                                \
            save(row, x##i, accumulate, false, mask);                                              \
            save(row + VL, y##i, accumulate, masked, mask);                                        \
        } else {                                                                                   \
            save(row, x##i, accumulate, masked, mask);                                             \
        }                                                                                          \
    }

#define INLINE static inline __attribute__((always_inline))

INLINE void save(float *c, vf x, bool accumulate, bool masked, vmask mask)
{
    if (masked) {
        if (accumulate)
            x = v_add(v_load_mask(c, mask), x);
        v_store_mask(c, mask, x);
    } else {
        if (accumulate)
            x = v_add(v_load(c), x);
        v_store(c, x);
    }
}

/* What is fetched while a chunk of rows is computed: for every line of depth `n` addresses, `step`
 * apart. */
struct ahead {
    const float *from;
    size_t step, n;
};
/* Floats in a cache line. */
#define LINE 16

#define ARGS                                                                                       \
    float *c, size_t ldc, const float *a, size_t a_rs, size_t a_cs, const float *b, size_t ldb,    \
        size_t k, bool accumulate, vmask mask
#define PASS c, ldc, a, a_rs, a_cs, b, ldb, k, accumulate, mask

typedef void tile_fn(ARGS);
typedef void cold_tile_fn(ARGS, const struct ahead *ahead);

/* Address arithmetic wraps where it leaves the operand: nothing is read from there. */
INLINE void fetch(const float *from, size_t step, size_t n)
{
    for (size_t i = 0; i < n; i++)
        _mm_prefetch((const char *)((uintptr_t)from + i * step * sizeof *from), _MM_HINT_T0);
}

/* One body a row count, specialised by inlining: wide takes two vectors of columns, masked cuts the
 * last of them, ahead is what to fetch or NULL. */
#define BODY(M)                                                                                    \
    INLINE void body_##M(ARGS, const bool wide, const bool masked, const struct ahead *ahead)      \
    {                                                                                              \
        const float *a0 = a, *a1 = a + 3 * a_rs, *a2 = a + 6 * a_rs;                               \
        const float *a3 = a + 9 * a_rs, *a4 = a + 12 * a_rs;                                       \
        if (k >= PREFETCH_DEPTH) {                                                                 \
            ROWS_##M(FETCH)                                                                        \
        }                                                                                          \
        ROWS_##M(DECLARE);                                                                         \
        const float *from = ahead ? ahead->from : NULL;                                            \
        for (size_t p = 0, end = k; p < k; end = k) {                                              \
            if (ahead) {                                                                           \
                fetch(from, ahead->step, ahead->n);                                                \
                from += LINE * a_cs;                                                               \
                end = k - p < LINE ? k : p + LINE;                                                 \
            }                                                                                      \
            for (; p < end; p++) {                                                                 \
                vf b0 = !wide && masked ? v_load_mask(b, mask) : v_load(b);                        \
                vf b1 = !wide ? b0 : masked ? v_load_mask(b + VL, mask) : v_load(b + VL);          \
                (void)b1;                                                                          \
                ROWS_##M(STEP);                                                                    \
                a0 += a_cs;                                                                        \
                a1 += a_cs;                                                                        \
                a2 += a_cs;                                                                        \
                a3 += a_cs;                                                                        \
                a4 += a_cs;                                                                        \
                b += ldb;                                                                          \
            }                                                                                      \
        }                                                                                          \
        (void)a1, (void)a2, (void)a3, (void)a4; /* few rows use few of them */                     \
        ROWS_##M(SAVE)                                                                             \
    }                                                                                              \
    static void one_##M(ARGS)                                                                      \
    {                                                                                              \
        body_##M(PASS, false, false, NULL);                                                        \
    }                                                                                              \
    static void one_cut_##M(ARGS)                                                                  \
    {                                                                                              \
        body_##M(PASS, false, true, NULL);                                                         \
    }                                                                                              \
    static void two_##M(ARGS)                                                                      \
    {                                                                                              \
        body_##M(PASS, true, false, NULL);                                                         \
    }                                                                                              \
    static void two_cut_##M(ARGS)                                                                  \
    {                                                                                              \
        body_##M(PASS, true, true, NULL);                                                          \
    }                                                                                              \
    static void cold_##M(ARGS, const struct ahead *ahead)                                          \
    {                                                                                              \
        body_##M(PASS, true, false, ahead);                                                        \
    }

#if VEC_MR == 6
#define COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#elif VEC_MR == 14
#define COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#else
#error "no row variants for this VEC_MR"
#endif

COUNTS(BODY)

#define ENTRY(M) {one_##M, one_cut_##M, two_##M, two_cut_##M},
enum { WIDE = 2 };
static tile_fn *const tiles[VEC_MR][4] = {COUNTS(ENTRY)};
#define COLD_ENTRY(M) cold_##M,
static cold_tile_fn *const cold_tiles[VEC_MR] = {COUNTS(COLD_ENTRY)};

/* The columns of B that the caller is expected to come to next are fetched into the second-level cache
 * while this call computes: a panel's first use would otherwise wait for memory. They lie behind this
 * panel where it is packed (ldb = n), to its right where it is read in place. Worth it where the panel
 * is large and many rows use it. The address may lie outside the operands: nothing is read from it. */
#define AHEAD_DEPTH 129
#define AHEAD_ROWS 64

static inline void fetch_ahead(const float *b, size_t ldb, size_t n, size_t k, size_t part,
                               size_t parts)
{
    bool packed = ldb == n;
    size_t rows = (k + parts - 1) / parts, end = (part + 1) * rows < k ? (part + 1) * rows : k;
    uintptr_t next = (uintptr_t)b + sizeof *b * (packed ? k * ldb : n);
    for (size_t r = part * rows; r < end; r++)
        for (size_t j = 0; j < n; j += LINE)
            _mm_prefetch((const char *)(next + sizeof *b * (r * ldb + j)), _MM_HINT_T1);
}

void VEC_TILE(float *c, size_t ldc, const float *a, size_t a_rs, size_t a_cs, const float *b,
              size_t ldb, size_t m, size_t n, size_t k, bool accumulate, bool cold)
{
    assert(n <= 2 * VL);
    if (m == 0 || n == 0)
        return;
    bool wide = n > VL;
    size_t last = wide ? n - VL : n;
    vmask mask = v_mask(last);
    size_t variant = (wide ? WIDE : 0) + (last < VL ? 1 : 0);
    /* Rows in the fewest chunks, of sizes as even as can be: a chunk of one or two rows has too few
     * accumulators to hide the latency of the multiply-add. */
    size_t chunks = (m + VEC_MR - 1) / VEC_MR, size = m / chunks, larger = m % chunks;
    bool ahead = k >= AHEAD_DEPTH && m >= AHEAD_ROWS;
    cold = cold && variant == WIDE && k >= PREFETCH_DEPTH;
    for (size_t i = 0; i < chunks; i++) {
        if (ahead)
            fetch_ahead(b, ldb, n, k, i, chunks);
        size_t rows = size + (i < larger ? 1 : 0);
        if (cold && i + 1 < chunks) {
            /* The next chunk's lines: one of each row, or the last of each column. */
            struct ahead next = a_cs == 1 ? (struct ahead){a + rows * a_rs, a_rs, size}
                                          : (struct ahead){a + rows + size - 1, a_cs, LINE};
            cold_tiles[rows - 1](c, ldc, a, a_rs, a_cs, b, ldb, k, accumulate, mask, &next);
        } else {
            tiles[rows - 1][variant](c, ldc, a, a_rs, a_cs, b, ldb, k, accumulate, mask);
        }
        c += rows * ldc;
        a += rows * a_rs;
    }
}
