/* What runs ended with: result.json of each, whose presence says that the run is done, and results.csv of all.
 *
 * A run's row is written once, when it ends, and never computed again: results.csv is made of the rows that lie in
 * the run folders. Each carries a checksum of itself and of the log that led to it. */
#ifndef PLATEAU_HARNESS_RESULTS_H
#define PLATEAU_HARNESS_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/config.h"

struct run_row {
    char run[RUN_NAME_MAX], status[16] /* done, diverged, failed; "": none yet */, data[256], trunk[RUN_NAME_MAX];
    char isa[16], data_fingerprint[24]; /* "": not known, in rows of older versions */
    double d_model, n_layer, n_head, ctx, vocab, params, params_nonembd, params_matmul;
    double tokens, flops, flops_6nd, batch_tokens, lr, seed;
    double loss, loss_se, bpb, wall_s, tokens_per_s, epochs; /* NaN: none */
    double warmup_tokens;
    char varied[CONFIG_VARIED_MAX]; /* keys of grid.vary, as config_vary_text has them: a column of the table each */
    /* Columns after those, each where any row has it; NaN: this one has not. */
    double loss_average[OPTIM_N_AVERAGES]; /* of averages of the weights: loss_ema, loss_tail */
    double params_active; /* where a token does not meet all parameters */
    double loss_member;   /* of an ensemble: the mean of its members' own losses */
    double teacher_flops; /* of the teacher's forward passes; not in flops */
    double teacher_train_flops; /* of the teacher's own training, with what its own teacher took */
    /* No columns of the table: */
    double log_bytes; /* length of log.jsonl at the end; NaN in rows of older versions */
    uint64_t log_checksum; /* of all but the speeds in it, */
    uint64_t log_checksum_whole; /* and of its bytes as they are; 0: not known */
};

/* An empty row: no number that a run may lack. harness/row_of_run.h fills in what its config decides. */
void run_row_begin(struct run_row *row);

/* The loss that fit.loss = `which` names. */
double run_row_loss(const struct run_row *row, size_t which);

/* No loss is that of a run that has diverged. */
void run_row_diverged(struct run_row *row);

enum status run_row_write(const char *path, const struct run_row *row, struct err *err) WARN_UNUSED;

/* The result in a run's folder; *found false where there is none. E_DATA, with the reason, where it is damaged: no
 * JSON, a value of the wrong kind, a checksum that does not match. Rows of older versions carry no checksum: their
 * loss must be that of the log's last line. */
enum status run_row_read(struct run_row *row, bool *found, const char *run_dir, struct err *err) WARN_UNUSED;

/* The same of a folder that may have another name than its run. */
enum status run_row_read_anywhere(struct run_row *row, bool *found, const char *run_dir, struct err *err) WARN_UNUSED;

/* Whether the run's log is the one that this result says: OK, or E_DATA with the reason. A log that is missing is OK
 * with *missing set: curves cannot be drawn without it, but the result stands. */
enum status run_row_check_log(const struct run_row *row, bool *missing, const char *run_dir,
                              struct err *err) WARN_UNUSED;

/* The text of the row's cell in that column of results.csv, without quotes; false where it has none of that name. */
bool run_row_cell(char *out, size_t size, const struct run_row *row, const char *column);

/* results.csv of the rows that have a status, with a column at the end for each key that any of them varied and that has
 * none yet, and for what only some have; none is written where there is no such row. */
enum status results_write(const char *dir, const struct run_row *rows, size_t n, struct err *err) WARN_UNUSED;

#endif
