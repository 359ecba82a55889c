#include "kernels/kern.h"

#include <stdio.h>
#include <string.h>

#include "kernels/bf16.h"
#include "kernels/levels.h"
#include "kernels/ref/kern_ref.h"

/* The compiler's run-time library also asks the system whether it saves the wide registers. */
#if defined(__x86_64__)
#define X86 true
static bool runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool runs_avx512(void)
{
    return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}
#else
#define X86 false
#define runs_avx2 NULL
#define runs_avx512 NULL
#endif
#if defined(__aarch64__)
#define ARM true
#else
#define ARM false
#endif

/* Every 64-bit arm processor has NEON, as every processor runs the reference. */
static bool runs_always(void)
{
    return true;
}

#ifndef HAVE_AVX2
#define kern_init_avx2 NULL
#endif
#ifndef HAVE_AVX512
#define kern_init_avx512 NULL
#endif
#ifndef HAVE_NEON
#define kern_init_neon NULL
#endif

static const struct level {
    const char *name;
    bool here;                  /* whether processors of this kind can have it */
    void (*init)(struct kern *); /* NULL: not built */
    bool (*runs)(void);
} levels[KERN_ISA_COUNT] = {
    [KERN_REF] = {"ref", true, kern_init_ref, runs_always},
    [KERN_NEON] = {"neon", ARM, kern_init_neon, runs_always},
    [KERN_AVX2] = {"avx2", X86, kern_init_avx2, runs_avx2},
    [KERN_AVX512] = {"avx512", X86, kern_init_avx512, runs_avx512},
};

const char *kern_isa_name(enum kern_isa isa)
{
    return levels[isa].name;
}

bool kern_isa_parse(enum kern_isa *isa, const char *name)
{
    for (int i = 0; i < KERN_ISA_COUNT; i++)
        if (strcmp(name, levels[i].name) == 0) {
            *isa = (enum kern_isa)i;
            return true;
        }
    return false;
}

bool kern_isa_cap(enum kern_isa *isa, const char *name, char *expected, size_t size)
{
    enum kern_isa cap = KERN_REF;
    size_t at = 0;
    *isa = kern_isa_best();
    if (!name)
        return true;
    bool known = kern_isa_parse(&cap, name) && levels[cap].here;
    for (int i = 0; i < KERN_ISA_COUNT && !known && at < size; i++)
        if (levels[i].here)
            at += (size_t)snprintf(expected + at, size - at, "%s%s", i == 0 ? "" : " or ", levels[i].name);
    if (cap < *isa)
        *isa = cap;
    return known;
}

bool kern_isa_built(enum kern_isa isa)
{
    return levels[isa].init != NULL;
}

bool kern_isa_runs(enum kern_isa isa)
{
    return levels[isa].init && levels[isa].runs();
}

enum kern_isa kern_isa_best(void)
{
    enum kern_isa isa = KERN_ISA_COUNT - 1;
    while (!kern_isa_runs(isa))
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
    kern_init_ref(k); /* what a level leaves alone */
    while (!kern_isa_runs(cap))
        cap--;
    levels[cap].init(k);
    kern_bf16_pick(k);
}

bool kern_next(struct kern *k)
{
    for (int isa = k->isa + 1; isa < KERN_ISA_COUNT; isa++)
        if (kern_isa_runs((enum kern_isa)isa)) {
            kern_init(k, (enum kern_isa)isa);
            return true;
        }
    return false;
}
