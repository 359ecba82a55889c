/* The training curves of a sweep's folder, read back from its runs. */
#ifndef PLATEAU_HARNESS_CURVES_H
#define PLATEAU_HARNESS_CURVES_H

#include <stddef.h>

#include "base/status.h"

struct curve {
    char run[128], status[16];
    double d_model, n_layer;
    double params, params_nonembd, params_matmul, budget_tokens, final_loss;
    size_t n;
    double *tokens, *flops, *loss; /* (n) training loss, nats per token, averaged since the line before */
};

struct curves {
    struct curve *items; /* (n) in the order of the folder's names */
    size_t n;
};

/* Every run folder in dir that has a result.json and a log.jsonl; none is no failure. E_DATA where a log is not the one
 * that its result speaks of. A last line that
 * was cut short is left out. curves_free also after a failure. */
enum status curves_read(struct curves *c, const char *dir, struct err *err) WARN_UNUSED;
void curves_free(struct curves *c);

/* The step lines of one log alone, of a run that may be under way. *c must be zeroed; curve_free also after a
 * failure. */
enum status curve_read_log(struct curve *c, const char *path, struct err *err) WARN_UNUSED;
void curve_free(struct curve *c);

#endif
