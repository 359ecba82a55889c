#include "data_checks.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

struct data_spec facts_spec(void)
{
    struct data_spec s = data_spec_default();
    s.kind = DATA_ZIPF_FACTS;
    return s;
}

void check_stateless(const struct data *d)
{
    size_t ctx = data_ctx(d), bytes = 4 * ctx * sizeof(int32_t);
    int32_t *m = malloc(6 * bytes), *x = m, *y = m + 4 * ctx, *x2 = m + 8 * ctx, *y2 = m + 12 * ctx;
    int32_t *z = m + 16 * ctx, *z2 = m + 20 * ctx;
    data_train(d, x, y, 5, 7, 4);
    for (uint64_t i = 4; i-- > 0;)
        data_train(d, x2 + i * ctx, y2 + i * ctx, 5, 7 + i, 1);
    EXPECT(memcmp(x, x2, bytes) == 0 && memcmp(y, y2, bytes) == 0);
    data_train(d, x2, z, 6, 7, 4);
    EXPECT(memcmp(y, z, bytes) != 0);
    size_t n = data_eval_windows(d) < 4 ? data_eval_windows(d) : 4;
    data_eval(d, x2, z, 0, n);
    data_eval(d, x2, z2, 0, n);
    EXPECT(memcmp(z, z2, n * ctx * sizeof *z) == 0 && memcmp(y, z, n * ctx * sizeof *z) != 0);
    free(m);
}
