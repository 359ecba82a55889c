/* Four steps of depth of a tile at once, for levels that broadcast an element of A a row: its elements, which lie side by
 * side along a row or down a column, are reached by constants, so that a step has one addition (B's row) and a quarter of
 * a loop beside its loads and multiply-adds: 22 instructions for 12 of them in place of 27. That pays where two threads
 * share a core's front end (kernels/SPEED.md, "Two speeds of a core"). Sums stay chains in order of k.
 *
 * Macros, as they name the sums of a tile by its rows: see ROWS in kernels/simd/gemm.c. */
#ifndef PLATEAU_KERNELS_SIMD_DEEP_H
#define PLATEAU_KERNELS_SIMD_DEEP_H

#define LANES_DEEP 4
#define LANES_ROWS VEC_MR
/* Chunks are even, so that fewer rows are rare: what is not compiled for them is a quarter of the code. */
#define LANES_LEAST (VEC_MR / 2)
/* Near tiles are shallow: with AVX-512 attention takes as long either way. */
#define LANES_NEAR (VEC_MR == 6)

#define DEEP_FMA(i, e)                                                                             \
    {                                                                                              \
        vs e_ = vs_load(e);                                                                        \
        x##i = TILE_FMA(e_, b_lo, x##i);                                                           \
        if (wide)                                                                                  \
            y##i = TILE_FMA(e_, b_hi, y##i);                                                       \
    }
#define DEEP_B                                                                                     \
    vf b_lo = load_cut(b, !wide && cut, mask), b_hi = b_lo;                                        \
    if (wide)                                                                                      \
        b_hi = load_cut(b + VL, cut, mask);                                                        \
    (void)b_hi;                                                                                    \
    b += ldb;

#define DEEP_0(i, p, off) DEEP_FMA(i, (p) + off * a_rs)
#define DEEP_1(i, p, off) DEEP_FMA(i, (p) + off * a_rs + 1)
#define DEEP_2(i, p, off) DEEP_FMA(i, (p) + off * a_rs + 2)
#define DEEP_3(i, p, off) DEEP_FMA(i, (p) + off * a_rs + 3)
#define LANES_BY_ROWS                                                                              \
    {                                                                                              \
        {DEEP_B ROWS(DEEP_0)} {DEEP_B ROWS(DEEP_1)} {DEEP_B ROWS(DEEP_2)} {DEEP_B ROWS(DEEP_3)}    \
        a0 += 4, a1 += 4, a2 += 4, a3 += 4, a4 += 4;                                               \
    }

#define DEEP_COLUMN(i, p, off) DEEP_FMA(i, a0 + i)
#define DEEP_STEP {DEEP_B ROWS(DEEP_COLUMN) a0 += a_cs;}
#define LANES_BY_COLUMNS                                                                           \
    {                                                                                              \
        DEEP_STEP DEEP_STEP DEEP_STEP DEEP_STEP                                                    \
        a1 = a0 + 3 * a_rs, a2 = a0 + 6 * a_rs, a3 = a0 + 9 * a_rs, a4 = a0 + 12 * a_rs;           \
    }

#endif
