/* What the FMA units can do when nothing else is in the way: independent chains, no memory. */
#include "kernels/simd/simd.h"

/* Chains enough for two units of five cycles. */
enum { CHAINS = 10, UNROLL = 8 };

double VEC_NAME(peak)(float *sink, size_t rounds)
{
    vf a[CHAINS], by = v_set1(0.999f), add = v_set1(0.001f);
    for (int i = 0; i < CHAINS; i++)
        a[i] = v_set1(1 + (float)i);
    for (size_t r = 0; r < rounds; r++)
        for (int u = 0; u < UNROLL; u++)
            for (int i = 0; i < CHAINS; i++)
                a[i] = v_fma(a[i], by, add);
    vf sum = v_zero();
    for (int i = 0; i < CHAINS; i++)
        sum = v_add(sum, a[i]);
    *sink = v_hsum(sum);
    return 2.0 * CHAINS * UNROLL * VL * (double)rounds;
}
