/* What a run leaves behind: log.jsonl, result.json, and the sweep's results.csv and sweep.json. */
#ifndef PLATEAU_HARNESS_RUNLOG_H
#define PLATEAU_HARNESS_RUNLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/plan.h"
#include "harness/tensorboard.h"

struct run_result {
    char status[16]; /* done, diverged, failed */
    double loss, loss_se, bpb; /* NaN: none */
    double wall_s, tokens_per_s;
};

/* log.jsonl, append only. */
struct runlog {
    FILE *out;
    char path[4096];
    int64_t eval_step; /* of the last line, where that is an evaluation; -1 */
    double flushed_s;
    bool events; /* into the event file beside it too */
    struct tensorboard tb;
};

/* Open dir/log.jsonl for appending after keep_bytes; what stands behind them is cut off (the unsaved tail of
 * a run that was killed). 0 starts a new log with its first line. With events, TensorBoard's file is kept
 * beside it. runlog_close also after a failure. */
enum status runlog_open(struct runlog *l, const char *dir, int64_t keep_bytes, const char *isa, bool events,
                        struct err *err) WARN_UNUSED;
enum status runlog_step(struct runlog *l, int64_t step, double tokens, double flops, double loss,
                        double lr, double grad_norm, double tokens_per_s,
                        struct err *err) WARN_UNUSED;
enum status runlog_eval(struct runlog *l, int64_t step, double tokens, double flops, double loss,
                        double loss_se, struct err *err) WARN_UNUSED;
/* Bytes written so far, after flushing and syncing them. */
enum status runlog_sync(struct runlog *l, int64_t *bytes, struct err *err) WARN_UNUSED;
void runlog_close(struct runlog *l);

enum status run_result_write(const char *path, const struct run *r, const char *data_name,
                             const struct run_result *res, struct err *err) WARN_UNUSED;
/* OK with *found false where the file does not exist. */
enum status run_result_read(const char *path, bool *found, struct run_result *res,
                            struct err *err) WARN_UNUSED;

/* results.csv of the finished runs, in the order of the plan. */
enum status results_write(const char *dir, const struct plan *p, const struct run_result *res,
                          const char *data_name, struct err *err) WARN_UNUSED;

struct sweep_facts {
    const char *version, *isa;
    double floor, eval_floor; /* of the language, and of the held-out set drawn from it; NaN: unknown */
    int cores;
    uint64_t data_fingerprint;
};
/* sweep.json: the resolved config, the tool, the machine, and the true floor where it is known. */
enum status sweep_json_write(const char *dir, const struct config *c, const struct sweep_facts *f,
                             struct err *err) WARN_UNUSED;

#endif
