/* What the kernels of bfloat16 share: how a value is rounded, how operands are packed, and which set there is. Plain loops,
 * compiled once per level like kernels/simd. */
#ifndef PLATEAU_KERNELS_BF16_H
#define PLATEAU_KERNELS_BF16_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kern.h"

/* Values of depth of a block, whole groups of every level: of a level of pairs one chain of multiply-adds takes so many before it
 * is added to C, so that it is alike for all of them. */
enum { KERN_BF16_KC = 512 };

/* The bits of a float, rounded to bfloat16: the lower half is 0. As VCVTNEPS2BF16: to nearest, ties to even; subnormal
 * values to a zero of their sign; NaN stays NaN, and quiet. */
static inline uint32_t bf16_round_bits(uint32_t u)
{
    uint32_t size = u & 0x7FFFFFFFu;
    uint32_t near = (u + 0x7FFFu + ((u >> 16) & 1u)) & 0xFFFF0000u;
    uint32_t finite = size < 0x00800000u ? u & 0x80000000u : near;
    return size > 0x7F800000u ? (u | 0x00400000u) & 0xFFFF0000u : finite;
}

static inline uint32_t bf16_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float bf16_round(float x)
{
    uint32_t u = bf16_round_bits(bf16_bits(x));
    memcpy(&x, &u, sizeof x);
    return x;
}

/* kern_bf16.rows and kern_bf16.along of a level whose `each` is 1. */
static inline void bf16_rows_single(float *out, const float *x, size_t ld, size_t depth, size_t n, size_t width)
{
    for (size_t j = 0; j < n; j += width) {
        size_t w = n - j < width ? n - j : width;
        for (size_t p = 0; p < depth; p += 2, out += 2 * w)
            for (size_t i = 0; i < w; i++) {
                const float *even = x + p * ld + j + i;
                out[i] = p + 1 < depth ? bf16_round(even[ld]) : 0;
                out[w + i] = bf16_round(*even);
            }
    }
}

static inline void bf16_along_single(float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth)
{
    for (size_t r = 0; r < n; r++, out += ld_out, x += ld) {
        size_t pairs = depth / 2;
        for (size_t p = 0; p < pairs; p++) {
            out[2 * p] = bf16_round(x[2 * p + 1]);
            out[2 * p + 1] = bf16_round(x[2 * p]);
        }
        if (depth % 2)
            out[depth - 1] = 0, out[depth] = bf16_round(x[depth - 1]);
    }
}

/* After a level was chosen: its instruction for bfloat16 where this processor has one that does what the reference says. */
void kern_bf16_pick(struct kern *k);
/* Whether this build has kernels with VDPBF16PS, and this processor has it. */
bool kern_bf16_has_pairs(void);
/* Those kernels, whatever processor this is; the table as it was where the build has none. */
void kern_bf16_take_pairs(struct kern *k);
/* Whether this build has the level amx, and the processor and the system let this process use TDPBF16PS. */
bool kern_bf16_has_tiles(void);
/* And whether its sums are the reference's, by groups. */
bool kern_bf16_amx_runs(void);

#endif
