/* The table's entries of this level. */
#include "kernels/simd/simd.h"

#include "kernels/levels.h"

void VEC_INIT(struct kern *k)
{
    k->isa = VEC_ISA;
    k->gemm = (struct kern_gemm)VEC_GEMM;
    VEC_NAME(init_bf16)(k);
#define X(ret, name, args) k->name = VEC_NAME(name);
    KERN_VECTOR_OPS(X)
#undef X
}
