/* What a source of data provides to data.c. */
#ifndef PLATEAU_DATA_DATA_INTERNAL_H
#define PLATEAU_DATA_DATA_INTERNAL_H

#include "data/data.h"

struct data {
    size_t ctx, vocab, eval_windows, train_tokens;
    bool is_bytes;
    double floor;
    uint64_t fingerprint, seed;
    char name[128];
    void *state; /* of the source */
    /* One window: x, y (ctx). `stream` is the run's seed. */
    void (*train_window)(const struct data *d, int32_t *x, int32_t *y, uint64_t stream, uint64_t i);
    void (*eval_window)(const struct data *d, int32_t *x, int32_t *y, size_t i);
    void (*token_text)(const struct data *d, char *buf, size_t size, int32_t token);
    void (*close)(struct data *d);
};

/* Fill the rest of d, whose ctx and seed are set. On failure state is released. */
typedef enum status data_open_fn(struct data *d, const struct data_spec *spec, struct err *err);
data_open_fn text_open, zipf_facts_open;

#endif
