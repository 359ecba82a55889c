/* A report as JSON (fit/input.h beside it: what a fit was made from). */
#ifndef PLATEAU_FIT_FIT_JSON_H
#define PLATEAU_FIT_FIT_JSON_H

#include "base/status.h"
#include "fit/analysis.h"

/* fit.json of DESIGN section 8, '\0'-terminated; the caller frees it. */
enum status fit_json_report(char **json, const struct fit_report *r, struct err *err) WARN_UNUSED;

#endif
