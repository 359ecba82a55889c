/* What the folder of each instruction set gives to the table in kern.c. */
#ifndef PLATEAU_KERNELS_LEVELS_H
#define PLATEAU_KERNELS_LEVELS_H

#include "kernels/kern.h"

/* kern_init_NAME of every level; that of ref is in ref/kern_ref.c. */
#define X(NAME, name, family) void kern_init_##name(struct kern *k);
KERN_LEVELS(X)
#undef X
/* Products of bfloat16 alone, into a table that has the rest of that level. */
void kern_init_avx512_bf16(struct kern *k);

#endif
