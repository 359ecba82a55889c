/* Four steps of depth of a tile at once: one load brings four elements of A, and a multiply-add takes its factor from a
 * lane of that register; one instruction brings a row of B and moves on to the next. Of the instructions of a step
 * 83 to 86 % multiply, against 63 % where each element has a load of its own (kernels/SPEED-LOG.md has the count). Sums stay
 * chains in order of k.
 *
 * Macros, as they name the sums of a tile by its rows: see ROWS in kernels/simd/gemm.c. */
#ifndef PLATEAU_KERNELS_NEON_LANES_H
#define PLATEAU_KERNELS_NEON_LANES_H

#define LANES_DEEP 4
/* Rows of A by rows: a register for each, beside 4 accumulators a row and four of B. */
#define LANES_ROWS 5
#define LANES_LEAST 1
#define LANES_NEAR 1

#define LANE_FMA(e, lane, b, c)                                                                    \
    ((vf){vfmaq_laneq_f32((c).lo, (b).lo, e, lane), vfmaq_laneq_f32((c).hi, (b).hi, e, lane)})
#define LANE_ROW(i, e, lane)                                                                       \
    {                                                                                              \
        x##i = LANE_FMA(e, lane, b_lo, x##i);                                                      \
        if (wide)                                                                                  \
            y##i = LANE_FMA(e, lane, b_hi, y##i);                                                  \
    }
/* The row of B at hand, and on to the next. A whole row of a wide tile comes by one instruction, which wants four
 * registers in a row and is in no intrinsic that compilers merge with the step. */
#define LANES_B                                                                                    \
    vf b_lo, b_hi;                                                                                 \
    if (wide && !cut) {                                                                            \
        register float32x4_t q0 __asm__("v28"), q1 __asm__("v29"), q2 __asm__("v30"), q3 __asm__("v31"); \
        __asm__("ld1 {%0.4s, %1.4s, %2.4s, %3.4s}, [%4], %5"                                       \
                : "=w"(q0), "=w"(q1), "=w"(q2), "=w"(q3), "+r"(b)                                  \
                : "r"(ldb * sizeof *b), "m"(*(const float(*)[2 * VL])b));                          \
        b_lo = (vf){q0, q1}, b_hi = (vf){q2, q3};                                                  \
    } else {                                                                                       \
        b_lo = b_hi = load_cut(b, !wide && cut, mask);                                             \
        if (wide)                                                                                  \
            b_hi = load_cut(b + VL, cut, mask);                                                    \
        b += ldb;                                                                                  \
    }

/* A by rows: a register of a row holds four depths. */
#define LANES_OF(i, p, off) const float32x4_t e##i = vld1q_f32((p) + off * a_rs);
#define LANE_0(i, p, off) LANE_ROW(i, e##i, 0)
#define LANE_1(i, p, off) LANE_ROW(i, e##i, 1)
#define LANE_2(i, p, off) LANE_ROW(i, e##i, 2)
#define LANE_3(i, p, off) LANE_ROW(i, e##i, 3)
#define LANES_BY_ROWS                                                                              \
    {                                                                                              \
        ROWS(LANES_OF)                                                                             \
        {LANES_B ROWS(LANE_0)} {LANES_B ROWS(LANE_1)} {LANES_B ROWS(LANE_2)} {LANES_B ROWS(LANE_3)} \
        a0 += 4, a1 += 4, a2 += 4, a3 += 4, a4 += 4;                                               \
    }

/* A by columns: a register holds four rows of one depth, and one of half the width two. Named, as gcc else brings those of
 * the next depth early and moves sums out of their way. */
#define LANE_COL(i, p, off)                                                                        \
    if (i < 4)                                                                                     \
        LANE_ROW(i, four, i & 3)                                                                   \
    else                                                                                           \
        LANE_ROW(i, two, i & 1)
#define LANES_COLUMN                                                                               \
    {                                                                                              \
        register float32x4_t a_four __asm__("v27"), a_two __asm__("v26");                          \
        __asm__("ldr %q0, %1" : "=w"(a_four) : "m"(*(const float(*)[4])a0));                       \
        if (M == 5)                                                                                \
            __asm__("ldr %s0, %1" : "=w"(a_two) : "m"(a0[M - 1]));                                 \
        else if (M == 6)                                                                           \
            __asm__("ldr %d0, %1" : "=w"(a_two) : "m"(*(const float(*)[2])(a0 + M - 2)));          \
        else                                                                                       \
            a_two = a_four;                                                                        \
        const float32x4_t four = a_four, two = a_two;                                              \
        LANES_B                                                                                    \
        ROWS(LANE_COL)                                                                             \
        a0 += a_cs;                                                                                \
    }
#define LANES_BY_COLUMNS                                                                           \
    {                                                                                              \
        LANES_COLUMN LANES_COLUMN LANES_COLUMN LANES_COLUMN                                        \
        a1 = a0 + 3 * a_rs, a2 = a0 + 6 * a_rs, a3 = a0 + 9 * a_rs, a4 = a0 + 12 * a_rs;           \
    }

#endif
