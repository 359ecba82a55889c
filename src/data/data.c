#include "data/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "data/data_internal.h"

enum status data_open(struct data **out, const struct data_spec *spec, size_t ctx, struct err *err)
{
    static data_open_fn *const sources[] = {
        [DATA_TEXT] = text_open,
        [DATA_ZIPF_FACTS] = zipf_facts_open,
    };
    *out = NULL;
    if ((size_t)spec->kind >= sizeof sources / sizeof *sources)
        return err_set(err, E_CONFIG, "data.source: this build has text and zipf-facts");
    struct data *d;
    TRY(size_calloc(&d, 1, sizeof *d, "the data", err));
    d->ctx = ctx;
    d->seed = spec->seed;
    d->floor = (double)NAN;
    enum status st = sources[spec->kind](d, spec, err);
    if (st != OK) {
        free(d);
        return st;
    }
    *out = d;
    return OK;
}

void data_close(struct data *d)
{
    if (!d)
        return;
    d->close(d);
    free(d);
}

size_t data_ctx(const struct data *d)
{
    return d->ctx;
}

size_t data_vocab(const struct data *d)
{
    return d->vocab;
}

const char *data_name(const struct data *d)
{
    return d->name;
}

bool data_is_bytes(const struct data *d)
{
    return d->is_bytes;
}

double data_floor(const struct data *d)
{
    return d->floor;
}

size_t data_train_tokens(const struct data *d)
{
    return d->train_tokens;
}

uint64_t data_fingerprint(const struct data *d)
{
    return d->fingerprint;
}

size_t data_eval_windows(const struct data *d)
{
    return d->eval_windows;
}

void data_train(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t first,
                size_t n)
{
    for (size_t i = 0; i < n; i++)
        d->train_window(d, x + i * d->ctx, y + i * d->ctx, seed, first + i);
}

void data_eval(const struct data *d, int32_t *x, int32_t *y, size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d->eval_window(d, x + i * d->ctx, y + i * d->ctx, first + i);
}

void data_token_text(const struct data *d, char *buf, size_t size, int32_t token)
{
    d->token_text(d, buf, size, token);
}
