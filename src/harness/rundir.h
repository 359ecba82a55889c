/* The run folders below a sweep's folder: what is there, whether it is whole, and what has to be made again.
 *
 * Checks come first and write nothing; only then is anything mended. The words of a warning name the file and the
 * cause. */
#ifndef PLATEAU_HARNESS_RUNDIR_H
#define PLATEAU_HARNESS_RUNDIR_H

#include "base/log.h"
#include "harness/plan.h"
#include "harness/results.h"
#include "harness/sweep_json.h"
#include "kernels/kern.h"

/* dir/run/name; path: FILE_PATH_MAX bytes. */
enum status rundir_path(char *path, const char *dir, const char *run, const char *name, struct err *err) WARN_UNUSED;

/* E_DATA where a file that a sweep writes, or a run's folder, is a symbolic link. */
enum status rundir_refuse_links(const struct plan *p, const char *dir, struct err *err) WARN_UNUSED;

/* E_CONFIG where dir, which has no sweep.json, holds none of its runs but a file or folder that a sweep writes over. */
enum status rundir_refuse_strangers(const char *dir, struct err *err) WARN_UNUSED;

/* E_CONFIG where dir holds the same cell of the grid under another config, with the difference. */
enum status rundir_refuse_collisions(const struct plan *p, const char *dir, struct err *err) WARN_UNUSED;

/* E_DATA where runs that are to stay in dir (with fresh, those of the plan are not) were trained on other data than d,
 * with the file that changed. s: what the folder's sweep.json says. */
enum status rundir_refuse_data(const struct plan *p, const char *dir, const struct data *d, const struct sweep_json *s,
                               bool fresh, struct err *err) WARN_UNUSED;

/* The kernels that a run without a result was begun with, *isa; *begun false where it has no state. E_CONFIG where this
 * CPU or build cannot run them. */
enum status rundir_kernels(enum kern_isa *isa, bool *begun, const char *dir, const struct run *r,
                           struct err *err) WARN_UNUSED;

/* The run's config.json, sealed (base/seal.h). */
enum status rundir_write_config(const char *path, const struct run *r, struct err *err) WARN_UNUSED;

/* Remove what the runs of the plan have left, so that they are trained again. */
enum status rundir_forget(const struct plan *p, const char *dir, struct err *err) WARN_UNUSED;

/* Results of the plan's runs into rows (p->n), status "" where there is none. A result or a log that is damaged is
 * removed with a warning, so that the run is trained again; a damaged config.json is written again; temporary files of
 * processes that are gone are removed. */
enum status rundir_mend(struct run_row *rows, const struct plan *p, const char *dir, const struct log *log,
                        struct err *err) WARN_UNUSED;

/* The same of one run, whose folder the caller alone writes to: by the sweep's lock, or by a claim. */
enum status rundir_mend_run(struct run_row *row, const struct run *r, const char *dir, const struct log *log,
                            struct err *err) WARN_UNUSED;

/* Results of finished runs in dir that are none of the plan's, in the order of their names; *rows is the caller's to
 * free. Damaged ones are left out with a warning. */
enum status rundir_others(struct run_row **rows, size_t *n, const struct plan *p, const char *dir,
                          const struct log *log, struct err *err) WARN_UNUSED;

#endif
