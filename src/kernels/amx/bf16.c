/* Products of bfloat16 by TDPBF16PS, which multiplies tiles: 16 rows of A by 16 pairs of depth, those by 16 columns of B. Sixteen
 * times the multiply-adds of a vector's instruction, so that what a product takes is what goes in and out of it. The level is
 * AVX-512's with these products. */
#include <string.h>

#include "kernels/avx512/pairs.h"
#include "kernels/bf16.h"
#include "kernels/levels.h"
#include "kernels/simd/flush.h"

#define INLINE static inline __attribute__((always_inline))

enum {
    SIDE = 16,    /* rows of a tile, and floats of a row */
    MR = 2 * SIDE, /* rows and columns of C that are at work at once: four tiles of sums, two of A, two of B */
    NR = 2 * SIDE,
    GROUP = 2 * SIDE /* values of depth of an instruction */
};
/* Numbers of tiles, which are constants of the instructions: sums by row and column, A by row, B by column. */
#define C00 0
#define C01 1
#define C10 2
#define C11 3
#define A0 4
#define A1 5
#define B0 6
#define B1 7

/* What LDTILECFG reads (Intel's manual, volume 1, 18.2). */
struct shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16]; /* of a row */
    uint8_t rows[16];
};

/* gcc's tile instructions do not say that they read and write memory, at least of version 12: what comes before one in the source
 * comes before it in the program. */
INLINE void in_order(void)
{
    __asm__ volatile("" : : : "memory");
}

INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void shape(struct shapes *s, int tile, size_t rows, size_t floats)
{
    s->rows[tile] = (uint8_t)rows;
    s->bytes[tile] = (uint16_t)(floats * sizeof(float));
}

/* Tiles for m <= MR rows and n <= NR columns of C, none wider or higher than that: what lies beyond is neither read nor
 * written. A tile without rows or columns is one that no instruction may name. */
static void set_shapes(size_t m, size_t n)
{
    struct shapes s = {.palette = 1};
    const size_t rows[2] = {least(m, SIDE), m - least(m, SIDE)}, columns[2] = {least(n, SIDE), n - least(n, SIDE)};
    for (int i = 0; i < 2; i++) {
        if (rows[i] > 0)
            shape(&s, i == 0 ? A0 : A1, rows[i], SIDE);
        if (columns[i] > 0)
            shape(&s, i == 0 ? B0 : B1, SIDE, columns[i]);
        for (int j = 0; j < 2; j++)
            if (rows[i] > 0 && columns[j] > 0)
                shape(&s, i == 0 ? j == 0 ? C00 : C01 : j == 0 ? C10 : C11, rows[i], columns[j]);
    }
    __asm__ volatile("" : "+m"(s)); /* all of it is read: see in_order */
    _tile_loadconfig(&s);
}

/* Rows to go, some at each step of depth, whose lines are fetched while a block is computed: those of C's next block, and of what
 * is added to this one. Below the last block lies something else, or nothing: nothing is read from there. */
struct ahead {
    uintptr_t row;
    size_t left, each;
};

INLINE void fetch(struct ahead *a, size_t ldc, const bool two_columns)
{
    for (size_t n = least(a->each, a->left); n > 0; n--, a->left--, a->row += ldc) {
        __builtin_prefetch((const void *)a->row, 1);
        if (two_columns)
            __builtin_prefetch((const void *)(a->row + SIDE * sizeof(float)), 1);
    }
}

/* Each tile of sums that there is, and where it lies in C. */
#define SUMS(X)                                                                                    \
    X(C00, c)                                                                                      \
    if (two_columns)                                                                               \
        X(C01, c + SIDE)                                                                           \
    if (two_rows)                                                                                  \
        X(C10, below)                                                                              \
    if (two_rows && two_columns)                                                                   \
        X(C11, below + SIDE)
#define LOAD(tile, at) _tile_loadd(tile, at, ldc);
#define CLEAR(tile, at) _tile_zero(tile);
#define STORE(tile, at) _tile_stored(tile, at, ldc);

/* m <= MR rows of C by n <= NR columns; two: more than SIDE of them. c, a, res: of the first of those rows; res NULL: none. */
INLINE void block(const struct kern_product *p, float *c, const float *a, const float *res, const bool two_rows,
                  const bool two_columns)
{
    const size_t ldc = p->ldc * sizeof *c, lda = p->a_rs * sizeof *a, ldb = p->ldb * sizeof *p->b;
    float *below = two_rows ? c + SIDE * p->ldc : c;
    const float *a_below = two_rows ? a + SIDE * p->a_rs : a, *b = p->b;
    in_order();
    if (p->accumulate) {
        SUMS(LOAD)
    } else {
        SUMS(CLEAR)
    }
    const size_t each = p->k > 0 ? MR * SIDE / p->k : 0;
    struct ahead next = {(uintptr_t)c + MR * ldc, MR, each}, ends = {(uintptr_t)res, res ? MR : 0, each};
    for (size_t d = 0; d < p->k; d += SIDE, b += SIDE * p->ldb) {
        fetch(&next, ldc, two_columns);
        fetch(&ends, ldc, two_columns);
        _tile_loadd(A0, a + d, lda);
        _tile_loadd(B0, b, ldb);
        _tile_dpbf16ps(C00, A0, B0);
        if (two_columns) {
            _tile_loadd(B1, b + SIDE, ldb);
            _tile_dpbf16ps(C01, A0, B1);
        }
        if (two_rows) {
            _tile_loadd(A1, a_below + d, lda);
            _tile_dpbf16ps(C10, A1, B0);
        }
        if (two_rows && two_columns)
            _tile_dpbf16ps(C11, A1, B1);
    }
    SUMS(STORE)
    in_order();
}

static void block_of(const struct kern_product *p, float *c, const float *a, const float *res, size_t m)
{
    if (p->n > SIDE)
        m > SIDE ? block(p, c, a, res, true, true) : block(p, c, a, res, false, true);
    else
        m > SIDE ? block(p, c, a, res, true, false) : block(p, c, a, res, false, false);
}

/* The end of n <= NR elements of a row that were just stored, `at` elements after the first of C. */
INLINE void finish_row(const struct kern_epilogue *f, float *c, size_t at, size_t n, const enum kern_act act)
{
    for (size_t j = 0; j < n; j += VL) {
        const size_t left = n - j;
        vf slope, x = simd_load_n(c + at + j, left);
        if (f->bias)
            x = v_add(x, simd_load_n(f->bias + j, left));
        if (f->res)
            x = v_fma(v_set1(f->scale), x, simd_load_n(f->res + at + j, left));
        if (f->mul)
            x = v_mul(x, simd_load_n(f->mul + at + j, left));
        if (act != KERN_ACT_NONE) {
            x = simd_act(act, x, &slope);
            if (f->slope)
                simd_store_n(f->slope + at + j, slope, left);
        }
        simd_store_n(c + at + j, x, left);
    }
}

/* Rows [i, i+m) of C. */
static void finish(const struct kern_product *p, const struct kern_epilogue *f, size_t i, size_t m)
{
#define LOOP(NAME, name)                                                                           \
    case KERN_ACT_##NAME:                                                                          \
        for (size_t r = i; r < i + m; r++)                                                         \
            finish_row(f, p->c, r * p->ldc, p->n, KERN_ACT_##NAME);                                \
        break;
    SIMD_BY_ACT(f->act, LOOP)
#undef LOOP
}

static void tile(const struct kern_product *p, const struct kern_fetch *fetch, const struct kern_epilogue *epilogue)
{
    (void)fetch;
    if (p->m == 0 || p->n == 0)
        return;
    flush_mode before = flush_on();
    set_shapes(least(p->m, MR), p->n);
    for (size_t i = 0; i < p->m; i += MR) {
        const size_t m = least(MR, p->m - i);
        if (m < MR && i > 0)
            set_shapes(m, p->n);
        block_of(p, p->c + i * p->ldc, p->a + i * p->a_rs, epilogue && epilogue->res ? epilogue->res + i * p->ldc : NULL, m);
        if (epilogue)
            finish(p, epilogue, i, m);
    }
    _tile_release();
    flush_set(before);
}

static void rows(float *out, const float *x, size_t ld, size_t depth, size_t n, size_t width)
{
    pairs_rows(out, x, ld, depth, n, width, GROUP);
}

static void along(float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth)
{
    pairs_along(out, ld_out, x, ld, n, depth, GROUP);
}

_Static_assert(KERN_BF16_KC % GROUP == 0, "blocks of depth are whole groups");

void kern_init_amx(struct kern *k)
{
    kern_init_avx512(k);
    k->isa = KERN_AMX;
    k->bf16 = (struct kern_bf16){
        .gemm = {.tile = tile, .MR = MR, .NR = NR, .MC = 192, .NC = 512, .KC = KERN_BF16_KC},
        .each = 2,
        .group = GROUP,
        .a_by_rows = true,
        .rows = rows,
        .along = along,
    };
}
