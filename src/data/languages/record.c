#include "data/languages/record.h"

#include <stdio.h>

#include "data/languages/zipf.h"

enum status record_ranks(size_t *ranks, const struct data_spec *s, struct err *err)
{
    if (!data_power(ranks, s->base, s->digits, ZIPF_MAX))
        return err_set(err, E_CONFIG, "data.digits=%zu: base^digits = %zu^%zu exceeds %zu", s->digits,
                       s->base, s->digits, ZIPF_MAX);
    return OK;
}

void record_put_rank(int32_t *y, const struct data_spec *s, size_t rank)
{
    size_t rest = rank - 1;
    for (size_t j = s->digits; j-- > 0; rest /= s->base)
        y[j] = (int32_t)(rest % s->base);
}

size_t record_rank(const int32_t *y, const struct data_spec *s)
{
    size_t rest = 0;
    for (size_t j = 0; j < s->digits; j++)
        rest = rest * s->base + (size_t)y[j];
    return rest + 1;
}

void record_inputs(const struct data *d, int32_t *x, const int32_t *y)
{
    x[0] = (int32_t)d->vocab - 1;
    for (size_t i = 1; i < d->ctx; i++)
        x[i] = y[i - 1];
}

void record_text(const struct data *d, char *buf, size_t size, int32_t token)
{
    if ((size_t)token + 1 == d->vocab)
        snprintf(buf, size, "| ");
    else
        snprintf(buf, size, "%d ", (int)token);
}
