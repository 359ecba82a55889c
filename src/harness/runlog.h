/* log.jsonl: a run as it went. */
#ifndef PLATEAU_HARNESS_RUNLOG_H
#define PLATEAU_HARNESS_RUNLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/tensorboard.h"

/* log.jsonl, append only. */
struct runlog {
    FILE *out;
    char path[4096];
    int64_t eval_step; /* of the last line, where that is an evaluation; -1 */
    double flushed_s;
    bool events; /* into the event file beside it too */
    struct tensorboard tb;
};

/* Open dir/log.jsonl for appending after keep_bytes, which it must have; what stands after them is cut off (the
 * unsaved tail of a run that was killed). 0 starts a new log with its first line, which says params_active unless that is NaN.
 * With events, TensorBoard's file is kept beside it. runlog_close also after a failure. */
enum status runlog_open(struct runlog *l, const char *dir, int64_t keep_bytes, const char *isa, double params_active,
                        bool events, struct err *err) WARN_UNUSED;
enum status runlog_step(struct runlog *l, int64_t step, double tokens, double flops, double loss,
                        double lr, double grad_norm, double tokens_per_s,
                        struct err *err) WARN_UNUSED;
/* eval_tokens: of the held-out set, over how many the loss was taken; a part of it along the way. members (n): the losses
 * of an ensemble's; NULL: none. */
enum status runlog_eval(struct runlog *l, int64_t step, double tokens, double flops, double loss, double loss_se,
                        double eval_tokens, const double *members, size_t n, struct err *err) WARN_UNUSED;
/* Bytes written so far, after flushing and syncing them, the checksum of them (logline_checksum), and the hash of the bytes as
 * they are (whole; may be NULL). */
enum status runlog_sync(struct runlog *l, int64_t *bytes, uint64_t *checksum, uint64_t *whole, struct err *err) WARN_UNUSED;
void runlog_close(struct runlog *l);

#endif
