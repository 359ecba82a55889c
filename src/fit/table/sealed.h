/* What the JSON files of a sweep or a run say of its runs; a file whose checksum does not match is E_DATA. */
#ifndef PLATEAU_FIT_TABLE_SEALED_H
#define PLATEAU_FIT_TABLE_SEALED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* "truth": {"floor": E, "floor_heldout": E on the held-out set} of a sweep.json; *known stays false where
 * there is none, *heldout NaN. */
enum status sealed_truth(bool *known, double *floor, double *heldout, const char *path, struct err *err) WARN_UNUSED;

/* The string under a key of the object; "" where there is none or it does not fit. */
enum status sealed_text(char *out, size_t size, const char *path, const char *key, struct err *err) WARN_UNUSED;

#endif
