#include "kernels/kern.h"

#include <string.h>

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

enum kern_isa kern_isa_best(void)
{
    return KERN_REF;
}

size_t kern_attn_scratch(size_t T, size_t HS)
{
    (void)HS;
    return T;
}

void kern_init(struct kern *k, enum kern_isa cap)
{
    (void)cap;
    kern_init_ref(k);
}
