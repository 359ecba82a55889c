/* Subnormal numbers as zeros, for as long as products of bfloat16 run: a mode of the thread. */
#ifndef PLATEAU_KERNELS_SIMD_FLUSH_H
#define PLATEAU_KERNELS_SIMD_FLUSH_H

#include <stdint.h>

#if defined(__aarch64__)
typedef uint64_t flush_mode;
static inline void flush_set(flush_mode mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
}
/* The mode before. */
static inline flush_mode flush_on(void)
{
    const uint64_t FZ = 1u << 24, ROUNDING = 3u << 22;
    flush_mode before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before) : : "memory");
    flush_set((before | FZ) & ~ROUNDING);
    return before;
}
#else
#include <immintrin.h>
typedef unsigned flush_mode;
static inline void flush_set(flush_mode mode)
{
    _mm_setcsr(mode);
}
/* The mode before. */
static inline flush_mode flush_on(void)
{
    const unsigned FTZ = 1u << 15, DAZ = 1u << 6, ROUNDING = 3u << 13;
    flush_mode before = _mm_getcsr();
    flush_set((before | FTZ | DAZ) & ~ROUNDING);
    return before;
}
#endif

#endif
