/* Are the sweeps of several folders alike? Their tables tell of data sets, vocabularies and rates (fit/unlike.h); their
 * configs and fingerprints of the rest. */
#ifndef PLATEAU_CLI_ALIKE_H
#define PLATEAU_CLI_ALIKE_H

#include "fit/lines.h"
#include "fit/table.h"
#include "harness/config.h"

/* E_DATA where rows of the table, or two of the sources that are sweeps' folders, are of unlike data, held-out sets or
 * languages; unlike training adds sentences to careful. A corpus is known by its fingerprint: it may lie elsewhere,
 * under another name. picked: rows were picked by --where, so that a folder may have none in the table; it is passed
 * over then. */
enum status alike_judge(struct fit_lines *careful, const char *const *sources, size_t n_sources,
                        const struct fit_table *t, bool picked, struct err *err) WARN_UNUSED;

/* What the configs of two sources differ in; *known is false where one of them is no sweep's folder. Files of one content that lie
 * elsewhere are the same. config_differences_free in any case. */
enum status alike_differences(struct config_differences *d, bool *known, const char *a, const char *b,
                              struct err *err) WARN_UNUSED;

#endif
