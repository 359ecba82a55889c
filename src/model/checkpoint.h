/* checkpoint.bin: the whole state of a run, so that it goes on bit for bit.
 *
 * Layout, little-endian: magic "PLATCKPT", uint32 version, uint32 slots, the shape as five uint64, an
 * int64 step, uint64 config hash, int64 log bytes, double loss, double loss sum, int64 loss steps, int64 bad steps; then w, m, v of every slot without gaps as
 * float32; last a uint64 checksum of all that stands before it. */
#ifndef PLATEAU_MODEL_CHECKPOINT_H
#define PLATEAU_MODEL_CHECKPOINT_H

#include <stdint.h>

#include "model/gpt.h"

struct checkpoint_meta {
    int64_t step;         /* steps done */
    uint64_t config_hash; /* of the run it belongs to */
    int64_t log_bytes;    /* length of log.jsonl at that step */
    double loss;          /* of that step; NaN: none yet */
    double loss_sum;      /* of the loss_steps steps since the log's last line */
    int64_t loss_steps;
    int64_t bad_steps;    /* in a row with a loss above that of an untrained model */
};

/* Written to a temporary name, synced and renamed. */
enum status checkpoint_save(const char *path, const struct gpt *g,
                            const struct checkpoint_meta *meta, struct err *err) WARN_UNUSED;

/* Into an initialised model of the same shape. E_DATA where the file is damaged, of another version or
 * another shape: the model is untouched then. */
enum status checkpoint_load(const char *path, struct gpt *g, struct checkpoint_meta *meta,
                            struct err *err) WARN_UNUSED;

#endif
