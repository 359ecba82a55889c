#include "kernels/bf16.h"

#include "base/system.h"
#include "kernels/levels.h"
#include "kernels/ref/kern_ref.h"

#ifdef HAVE_AVX512_BF16
bool kern_bf16_has_pairs(void)
{
    return kern_isa_runs(KERN_AVX512) && __builtin_cpu_supports("avx512bf16");
}

void kern_bf16_take_pairs(struct kern *k)
{
    kern_init_avx512_bf16(k);
}
#else
bool kern_bf16_has_pairs(void)
{
    return false;
}

void kern_bf16_take_pairs(struct kern *k)
{
    (void)k;
}
#endif

enum { PROBE_ROWS = 35, PROBE_COLUMNS = 33, PROBE_DEPTH = 70, PROBE_DEEP = 96 };

/* Numbers whose sums round at every step and cancel; every third row or column, of `stride` numbers, so small that sums of
 * products of two such become subnormal on the way. */
static void fill(float *x, size_t n, size_t stride, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t exponent = i / stride % 3 ? 120u + (seed >> 28) : 58u + (seed >> 29);
        uint32_t u = (seed & 0x807FFFFFu) | exponent << 23;
        memcpy(&x[i], &u, sizeof u);
    }
}

/* A product by the kernels of b, C (PROBE_ROWS,PROBE_COLUMNS). */
static void probe(const struct kern_bf16 *b, float *c, const float *x, const float *y)
{
    float a[PROBE_ROWS * PROBE_DEEP], w[PROBE_DEEP * PROBE_COLUMNS];
    size_t deep = kern_bf16_deep(b, PROBE_DEPTH);
    b->along(a, deep, x, PROBE_DEPTH, PROBE_ROWS, PROBE_DEPTH);
    b->rows(w, y, PROBE_COLUMNS, PROBE_DEPTH, PROBE_COLUMNS, b->gemm.NR);
    for (size_t j = 0; j < PROBE_COLUMNS; j += b->gemm.NR) {
        size_t n = PROBE_COLUMNS - j < b->gemm.NR ? PROBE_COLUMNS - j : b->gemm.NR;
        b->gemm.tile(&(struct kern_product){c + j, PROBE_COLUMNS, a, deep, 1, w + j * deep, n, PROBE_ROWS, n, deep, false}, NULL,
                     NULL);
    }
}

/* Processors' makers tell the order and the rounding of the instruction's sums in words. One that differed would give other
 * bytes than the next machine of the same level, so it is asked first, which takes half a millisecond. */
static bool agrees(const struct kern_bf16 *b, const struct kern_bf16 *ref)
{
    float x[PROBE_ROWS * PROBE_DEPTH], y[PROBE_DEPTH * PROBE_COLUMNS];
    float got[PROBE_ROWS * PROBE_COLUMNS], want[PROBE_ROWS * PROBE_COLUMNS];
    fill(x, sizeof x / sizeof *x, PROBE_DEPTH, 1);
    fill(y, sizeof y / sizeof *y, 1, 2);
    probe(ref, want, x, y);
    probe(b, got, x, y);
    return memcmp(got, want, sizeof got) == 0; // NOLINT: bytes are what is promised
}

/* Asked once a process, or by threads that ask at the same time once each. */
enum answer { UNASKED, NO, YES };

void kern_bf16_pick(struct kern *k)
{
    static _Atomic enum answer pairs;
    struct kern with = *k;
    if (k->isa != KERN_AVX512 || k->precision != KERN_BF16 || !kern_bf16_has_pairs())
        return;
    kern_bf16_take_pairs(&with);
    if (pairs == UNASKED)
        pairs = agrees(&with.bf16, &kern_bf16_ref) ? YES : NO;
    if (pairs == YES)
        *k = with;
}

#ifdef HAVE_AMX
#include <cpuid.h>

bool kern_bf16_has_tiles(void)
{
    const unsigned BF16 = 1u << 22, TILE = 1u << 24;
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & BF16) && (d & TILE) && kern_bf16_has_pairs() && system_allow_tiles();
}

bool kern_bf16_amx_runs(void)
{
    static _Atomic enum answer answer;
    struct kern k;
    if (answer == UNASKED) {
        enum answer found = NO;
        if (kern_bf16_has_tiles()) {
            kern_init_amx(&k);
            found = agrees(&k.bf16, &kern_bf16_groups_ref) ? YES : NO;
        }
        answer = found;
    }
    return answer == YES;
}
#else
bool kern_bf16_has_tiles(void)
{
    return false;
}

bool kern_bf16_amx_runs(void)
{
    return false;
}
#endif

const char *kern_bf16_instruction(const struct kern *k)
{
    return k->bf16.group > 2 ? "TDPBF16PS" : k->bf16.each == 2 ? "VDPBF16PS" : NULL;
}
