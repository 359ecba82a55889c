/* A sweep's folder, read and fitted: what verdict, chart and plan start from. */
#ifndef PLATEAU_CLI_FOLDER_H
#define PLATEAU_CLI_FOLDER_H

#include "fit/analysis.h"
#include "harness/config.h"
#include "harness/curves.h"

struct folder {
    struct fit_table table;
    struct fit_report report;
    struct curves curves;
};

/* The curves of finished runs, added as the fitter takes them; *out grows and is freed by the caller. */
enum status folder_curves(struct envelope_curve **out, size_t *n, const struct curves *c,
                          struct err *err) WARN_UNUSED;

/* Read dir's results and logs and fit them as the section fit of c says. *f must be zeroed; folder_close also
 * after a failure. */
enum status folder_open(struct folder *f, const char *dir, const struct config *c,
                        struct err *err) WARN_UNUSED;
void folder_close(struct folder *f);

#endif
