/* The reference kernels: kern_<op>_ref on float, and kern_<op>_ref64 on double for the tests. */
#ifndef PLATEAU_KERNELS_REF_KERN_REF_H
#define PLATEAU_KERNELS_REF_KERN_REF_H

#include "kernels/kern.h"

#define kreal float
#define X(ret, name, args) ret kern_##name##_ref args;
KERN_OPS(X)
#undef X
#undef kreal

#define kreal double
#include "kernels/operands.inc"
#define X(ret, name, args) ret kern_##name##_ref64 args;
KERN_OPS(X)
#undef X
#undef kreal

void kern_gemm_4x8_ref(const struct kern_product *p, const struct kern_fetch *fetch, const struct kern_epilogue *epilogue);
void kern_gemm_4x8_ref64(const struct kern_product64 *p);
/* What struct kern_epilogue says, on rows ld apart. */
void kern_epilogue_ref(float *c, const struct kern_epilogue *e, size_t ld, size_t rows, size_t n);
void kern_epilogue_ref64(double *c, const struct kern_epilogue64 *e, size_t ld, size_t rows, size_t n);

/* The definition of products of bfloat16, which every other equals bit for bit but for which NaN a NaN is; and that of those by
 * groups of 32, whose operands are packed as the former's: its tile adds the zeros that fill the last group. */
extern const struct kern_bf16 kern_bf16_ref, kern_bf16_groups_ref;
/* One step of such a sum: t + x y for x, y that bf16_round made, and t a sum of such steps. */
float kern_bf16_step_ref(float t, float x, float y);

#endif
