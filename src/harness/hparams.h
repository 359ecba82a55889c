/* A run's hyperparameters for TensorBoard: what the HPARAMS page shows beside the scalars, so that runs can be sorted,
 * filtered and drawn by them.
 *
 * An event file of its own beside that of the scalars, with one summary: a session's start with each scalar of the run's
 * config.json by its path, train.lr. TensorBoard takes a folder's event files in the order of their names and does not come
 * back to one that it has left, so this one comes first. Metrics need no list: TensorBoard takes the scalars that it finds.
 * Formats: tensorboard/plugins/hparams/plugin_data.proto, and summary.proto for what is around it. */
#ifndef PLATEAU_HARNESS_HPARAMS_H
#define PLATEAU_HARNESS_HPARAMS_H

#include "base/status.h"

#define HPARAMS_FILE "events.out.tfevents.hparams"

/* Of dir/config.json; nothing where there is none. A file that says just that already is not written to. */
enum status hparams_write(const char *dir, struct err *err) WARN_UNUSED;

#endif
