/* JSON in and out of the fitter (fit/input.h beside it: what a fit was made from; tables in JSON: fit/table/json.c). */
#ifndef PLATEAU_FIT_FIT_JSON_H
#define PLATEAU_FIT_FIT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/analysis.h"

/* "truth": {"floor": E, "floor_heldout": E on the held-out set} of a sweep.json; *known stays false where
 * there is none, *heldout NaN. */
enum status fit_json_truth(bool *known, double *floor, double *heldout, const char *path,
                           struct err *err) WARN_UNUSED;

/* The string under a key of a JSON file's object; "" where there is none or it does not fit. */
enum status fit_json_text(char *out, size_t size, const char *path, const char *key, struct err *err) WARN_UNUSED;

/* fit.json of DESIGN section 8, '\0'-terminated; the caller frees it. */
enum status fit_json_report(char **json, const struct fit_report *r, struct err *err) WARN_UNUSED;

#endif
