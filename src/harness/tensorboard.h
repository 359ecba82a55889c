/* A run's log as an event file, for those who watch runs in TensorBoard: --logdir is the sweep's folder.
 *
 * Everything comes from the lines of log.jsonl, one event a line, with the line's step and the time at which
 * it was written. When a run goes on after a stop, events that agree with the log stay, later ones are cut
 * off, and missing ones are added: the file never tells a step twice.
 *
 * The format: records of uint64 length, masked CRC-32C of the length, data, masked CRC-32C of the data,
 * little-endian; the data is an Event of TensorFlow's event.proto. */
#ifndef PLATEAU_HARNESS_TENSORBOARD_H
#define PLATEAU_HARNESS_TENSORBOARD_H

#include <stdint.h>
#include <stdio.h>

#include "base/file.h"

/* TensorBoard takes every file for events that has "tfevents" in its name. */
#define TENSORBOARD_FILE "events.out.tfevents.plateau"

struct tensorboard {
    FILE *out; /* NULL: closed */
    char path[FILE_PATH_MAX];
    uint32_t crc[256];
};

/* Bring dir/TENSORBOARD_FILE up to the first log_bytes of dir/log.jsonl, and leave it open after them. A
 * file that says just that already is not written to. */
enum status tensorboard_open(struct tensorboard *tb, const char *dir, int64_t log_bytes, struct err *err) WARN_UNUSED;

/* Add one line of a log, up to its '\n' or '\0'. Lines that tell no step are passed over. */
enum status tensorboard_line(struct tensorboard *tb, const char *line, struct err *err) WARN_UNUSED;

/* A file of one summary, at step 0: written anew where it does not say just that already. */
enum status tensorboard_write_one(const char *path, const void *summary, size_t n, struct err *err) WARN_UNUSED;

enum status tensorboard_flush(struct tensorboard *tb, struct err *err) WARN_UNUSED;
enum status tensorboard_close(struct tensorboard *tb, struct err *err) WARN_UNUSED;

#endif
