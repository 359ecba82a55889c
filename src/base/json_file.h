/* JSON files: read whole, written whole, by cJSON. */
#ifndef PLATEAU_BASE_JSON_FILE_H
#define PLATEAU_BASE_JSON_FILE_H

#include <cjson/cJSON.h>

#include "base/status.h"

/* The whole of a JSON file; cJSON_Delete releases. E_DATA, with `what` it should have been, where it is none. */
enum status json_read(cJSON **root, const char *path, const char *what, struct err *err) WARN_UNUSED;
/* The same of a file with a seal (base/seal.h), which must hold where there is one. */
enum status json_read_sealed(cJSON **root, const char *path, const char *what, struct err *err) WARN_UNUSED;
/* Written to a temporary name, synced and renamed; takes root, which may be NULL for want of memory. failures: of memory
 * (base/json_memory.h) before root was made, so that none that lacks a key is written. */
enum status json_write(const char *path, cJSON *root, size_t failures, struct err *err) WARN_UNUSED;
/* NaN where the key is missing or no number. */
double json_number(const cJSON *object, const char *key);

#endif
