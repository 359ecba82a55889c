#include "kernels/kern.h"

#include <string.h>

#include "kernels/levels.h"
#include "kernels/ref/kern_ref.h"

static const char *const isa_names[KERN_ISA_COUNT] = {"ref", "avx2", "avx512"};

const char *kern_isa_name(enum kern_isa isa)
{
    return isa_names[isa];
}

bool kern_isa_parse(enum kern_isa *isa, const char *name)
{
    for (int i = 0; i < KERN_ISA_COUNT; i++)
        if (strcmp(name, isa_names[i]) == 0) {
            *isa = (enum kern_isa)i;
            return true;
        }
    return false;
}

bool kern_isa_built(enum kern_isa isa)
{
    switch (isa) {
#ifdef HAVE_AVX2
    case KERN_AVX2:
        return true;
#endif
#ifdef HAVE_AVX512
    case KERN_AVX512:
        return true;
#endif
    default:
        return isa == KERN_REF;
    }
}

/* The compiler's run-time library also asks the system whether it saves the wide registers. */
static bool cpu_runs(enum kern_isa isa)
{
    switch (isa) {
#ifdef HAVE_AVX2
    case KERN_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
#ifdef HAVE_AVX512
    case KERN_AVX512:
        return cpu_runs(KERN_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512bw");
#endif
    default:
        return isa == KERN_REF;
    }
}

enum kern_isa kern_isa_best(void)
{
    enum kern_isa isa = KERN_ISA_COUNT - 1;
    while (!cpu_runs(isa))
        isa--;
    return isa;
}

/* The widest level's need, so that a plan does not depend on the level: attn_bwd keeps five blocks
 * (HS,32), two of (64,32) and two values a row; attn_fwd two blocks and (T,32). */
size_t kern_attn_scratch(size_t T, size_t HS)
{
    return 5 * HS * 32 + 2 * 64 * 32 + T * 32;
}

void kern_init(struct kern *k, enum kern_isa cap)
{
    enum kern_isa best = kern_isa_best();
    if (best > cap)
        best = cap;
    kern_init_ref(k);
#ifdef HAVE_AVX2
    if (best >= KERN_AVX2)
        kern_init_avx2(k);
#endif
#ifdef HAVE_AVX512
    if (best >= KERN_AVX512)
        kern_init_avx512(k);
#endif
}
