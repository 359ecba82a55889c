/* What the folder of each instruction set gives to the table in kern.c. */
#ifndef PLATEAU_KERNELS_LEVELS_H
#define PLATEAU_KERNELS_LEVELS_H

#include "kernels/kern.h"

void kern_init_neon(struct kern *k);
void kern_init_avx2(struct kern *k);
void kern_init_avx512(struct kern *k);
/* Products of bfloat16 alone, into a table that has the rest of that level. */
void kern_init_avx512_bf16(struct kern *k);

#endif
