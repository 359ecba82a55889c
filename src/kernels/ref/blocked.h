/* What of the reference takes the most time, by blocks that stay in registers: for processors without vector kernels of
 * their own. The values are those of kern_ref.c to the last bit, since every sum has the same terms in the same order;
 * only sums of different elements stand side by side. */
#ifndef PLATEAU_KERNELS_REF_BLOCKED_H
#define PLATEAU_KERNELS_REF_BLOCKED_H

#include "kernels/kern.h"

/* Four floats that are worked on alike. gcc and clang make one instruction of it where the processor has such, as every
 * x86-64 and 64-bit arm has, and four elsewhere. */
typedef float kern_four __attribute__((vector_size(16), aligned(4)));

/* The tile without fetch and epilogue, for any n. */
void kern_product_blocked(const struct kern_product *p);
kern_gemm_tile_fn kern_gemm_4x8_blocked;
/* What struct kern_epilogue says, on rows ld apart. */
void kern_epilogue_blocked(float *c, const struct kern_epilogue *e, size_t ld, size_t rows, size_t n);

#define kreal float
#define KERN_BLOCKED_OPS(X) X(attn_fwd) X(attn_bwd) X(colsum) X(act) X(glu) X(xent)
#define X(ret, name, args) ret kern_##name##_blocked args;
KERN_OPS(X)
#undef X
#undef kreal

#endif
