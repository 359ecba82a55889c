#include "kernels/kern.h"

#include <stdio.h>
#include <string.h>

#include "kernels/bf16.h"
#include "kernels/levels.h"
#include "kernels/ref/kern_ref.h"

/* What HOST is not has no processors to ask. The compiler's run-time library also asks the system whether it saves the wide
 * registers. */
enum family { ANY, ARM, X86 };
#if defined(__x86_64__)
enum { HOST = X86 };
static bool runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool runs_avx512(void)
{
    return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}

static bool runs_amx(void)
{
    return runs_avx512() && kern_bf16_amx_runs();
}
#else
#define runs_avx2 NULL
#define runs_avx512 NULL
#define runs_amx NULL
#endif
#if defined(__aarch64__)
enum { HOST = ARM };
/* Every 64-bit arm processor has it. */
static bool runs_neon(void)
{
    return true;
}
#else
#define runs_neon NULL
#endif
#if !defined(__x86_64__) && !defined(__aarch64__)
enum { HOST = ANY };
#endif

static bool runs_ref(void)
{
    return true;
}

#ifndef HAVE_AVX2
#define kern_init_avx2 NULL
#endif
#ifndef HAVE_AVX512
#define kern_init_avx512 NULL
#endif
#ifndef HAVE_AMX
#define kern_init_amx NULL
#endif
#ifndef HAVE_NEON
#define kern_init_neon NULL
#endif

static const struct level {
    const char *name;
    enum family family;
    void (*init)(struct kern *); /* NULL: not built */
    bool (*runs)(void);          /* of this family */
} levels[KERN_ISA_COUNT] = {
#define X(NAME, name, family) [KERN_##NAME] = {#name, family, kern_init_##name, runs_##name},
    KERN_LEVELS(X)
#undef X
};

/* Whether processors of this kind can have it. */
static bool here(enum kern_isa isa)
{
    return levels[isa].family == ANY || levels[isa].family == (enum family)HOST;
}

/* The widest level that runs here and is, where cap is not NULL, the reference or a level of that one's family up to it. */
static enum kern_isa widest(const enum kern_isa *cap)
{
    enum kern_isa best = KERN_REF;
    for (int i = 0; i < KERN_ISA_COUNT; i++) {
        enum kern_isa isa = (enum kern_isa)i;
        /* one above the cap is not even asked whether it runs */
        if ((!cap || (isa <= *cap && levels[isa].family == levels[*cap].family)) && kern_isa_runs(isa))
            best = isa;
    }
    return best;
}

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
    if (!name) {
        *isa = kern_isa_best();
        return true;
    }
    const bool known = kern_isa_parse(&cap, name) && here(cap);
    for (int i = 0; i < KERN_ISA_COUNT && !known && at < size; i++)
        if (here((enum kern_isa)i))
            at += (size_t)snprintf(expected + at, size - at, "%s%s", i == 0 ? "" : " or ", levels[i].name);
    *isa = widest(&cap);
    return known;
}

bool kern_isa_built(enum kern_isa isa)
{
    return levels[isa].init != NULL;
}

bool kern_isa_runs(enum kern_isa isa)
{
    return levels[isa].init && here(isa) && levels[isa].runs();
}

enum kern_isa kern_isa_best(void)
{
    return widest(NULL);
}

/* The widest level's need, so that a plan does not depend on the level: attn_bwd keeps five blocks
 * (HS,32), two of (64,32) and two values a row; attn_fwd two blocks and (T,32). */
size_t kern_attn_scratch(size_t T, size_t HS)
{
    return 5 * HS * 32 + 2 * 64 * 32 + T * 32;
}

enum kern_isa kern_isa_for(enum kern_isa isa, enum kern_precision precision)
{
    return isa == KERN_AMX && precision != KERN_BF16 ? KERN_AVX512 : isa;
}

void kern_init_for(struct kern *k, enum kern_isa cap, enum kern_precision precision)
{
    const enum kern_isa wanted = kern_isa_for(cap, precision);
    kern_init_ref(k); /* what a level leaves alone */
    levels[widest(&wanted)].init(k);
    k->cap = cap, k->precision = precision;
    kern_bf16_pick(k);
}

void kern_set_precision(struct kern *k, enum kern_precision precision)
{
    kern_init_for(k, k->cap, precision);
}

void kern_init(struct kern *k, enum kern_isa cap)
{
    kern_init_for(k, cap, KERN_FP32);
}

bool kern_next(struct kern *k)
{
    for (int i = k->isa + 1; i < KERN_ISA_COUNT; i++) {
        enum kern_isa isa = (enum kern_isa)i;
        if (kern_isa_runs(isa) && kern_isa_for(isa, k->precision) == isa) {
            kern_init_for(k, isa, k->precision);
            return true;
        }
    }
    return false;
}
