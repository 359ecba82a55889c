/* checkpoint.bin: the whole state of a run, so that it goes on bit for bit.
 *
 * Layout, little-endian: magic "PLATCKPT", uint32 version, uint32 number of layers' tensors, the shape as five uint64, an
 * int64 step, uint64 config hash, int64 log bytes, double loss, double loss sum, int64 loss steps, int64 bad steps; from
 * version 2 on the kernels' name in 16 bytes and a uint64 checksum of those log bytes; from version 3 on what follows: the
 * optimiser's name in 16 bytes, uint32 number of its arrays, uint32 number of tensors, and for each of these its name in 32
 * bytes, its first layer, layers, rows and columns, and the floats of a layer's in each of 8 arrays, as uint64. Then w of
 * every layer's tensor and each array of the optimiser's, without gaps as float32; last a uint64 checksum of all that stands
 * before it. Version 4 is of an ensemble: before the optimiser's name stands the uint64 number of its members, and the floats
 * of one member follow those of the one before.
 *
 * Versions 1 and 2 hold the tensors of model/first.h and AdamW's m and v. Version 2 is still what is written of such a
 * state, 3 of any other single model. */
#ifndef PLATEAU_MODEL_CHECKPOINT_H
#define PLATEAU_MODEL_CHECKPOINT_H

#include <stdint.h>

#include "model/members.h"

struct checkpoint_meta {
    int64_t step;         /* steps done */
    uint64_t config_hash; /* of the run it belongs to */
    int64_t log_bytes;    /* length of log.jsonl at that step */
    double loss;          /* of that step; NaN: none yet */
    double loss_sum;      /* of the loss_steps steps since the log's last line */
    int64_t loss_steps;
    int64_t bad_steps;    /* in a row with a loss above that of an untrained model */
    char isa[16];         /* kernels that trained it: others would round differently; "" in version 1 */
    uint64_t log_checksum; /* 0 in version 1 */
};

/* Written to a temporary name, synced and renamed. */
enum status checkpoint_save(const char *path, const struct gpt *g, const struct optim *o,
                            const struct checkpoint_meta *meta, struct err *err) WARN_UNUSED;
/* The same of all members. */
enum status checkpoint_save_all(const char *path, const struct members *e, const struct checkpoint_meta *meta,
                                struct err *err) WARN_UNUSED;

/* The meta data alone, not checked against the checksum at the file's end. E_DATA where it is no checkpoint. */
enum status checkpoint_peek(const char *path, struct checkpoint_meta *meta, struct err *err) WARN_UNUSED;

/* Its vocabulary, likewise. */
enum status checkpoint_peek_vocab(const char *path, size_t *vocab, struct err *err) WARN_UNUSED;

/* Into an initialised model and its optimiser. o NULL: the weights alone, whatever optimiser trained them. E_DATA where the
 * file is damaged, or holds another shape, other tensors or another optimiser's state, which is named: model and optimiser are
 * untouched then. */
enum status checkpoint_load(const char *path, struct gpt *g, struct optim *o, struct checkpoint_meta *meta,
                            struct err *err) WARN_UNUSED;
/* The same of all members, of whom the file must hold as many; optim NULL: their weights alone. checkpoint_load takes a
 * single model's. */
enum status checkpoint_load_all(const char *path, struct members *e, struct checkpoint_meta *meta,
                                struct err *err) WARN_UNUSED;

#endif
