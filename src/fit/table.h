/* A table of finished runs as plain arrays, read from sweep folders, CSV files or JSON arrays.
 *
 * Columns are found by alias (params|N|n_params|parameters, tokens|D|train_tokens, loss|L|final_loss|
 * val_loss, flops|C|compute|compute_budget, ...). Of params, tokens and flops two are enough: the third
 * follows from C = 6 N D, and a note says so. Rows with a status other than "done" are counted and
 * left out. A cell that is no number is E_DATA and names file, line and column. */
#ifndef PLATEAU_FIT_TABLE_H
#define PLATEAU_FIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/lines.h"

enum fit_count { FIT_COUNT_TOTAL, FIT_COUNT_NONEMBD, FIT_COUNT_MATMUL, FIT_N_COUNTS };

/* One value per run and column; an absent value is NaN. */
enum fit_column {
    FIT_PARAMS,         /* trained numbers, a tied head once */
    FIT_PARAMS_NONEMBD, /* less token and position embeddings */
    FIT_PARAMS_MATMUL,  /* params_nonembd plus the head */
    FIT_TOKENS,
    FIT_FLOPS,
    FIT_LOSS, /* nats per token */
    FIT_LOSS_SE,
    FIT_UNIQUE_TOKENS, /* tokens before the first repetition */
    FIT_EPOCHS,
    FIT_SEED,
    FIT_X, /* the column that --x names */
    FIT_TOKENS_PER_S,
    FIT_N_COLUMNS
};

struct unlike;

struct fit_table {
    size_t n;
    double *col[FIT_N_COLUMNS]; /* (n) each, never NULL once read */
    bool has[FIT_N_COLUMNS];    /* the column stood in the file or could be derived */
    size_t *trunk;              /* (n) 0 .. n_trunks-1: runs that share one trajectory share a number */
    size_t n_trunks;
    size_t n_diverged, n_failed, n_filtered; /* rows left out, by reason */
    size_t n_duplicates;                     /* rows equal to an earlier one in N, D, loss and seed */
    bool truth_known;
    double truth_floor;      /* the exact floor of the language, nats per token */
    double truth_heldout;    /* a perfect predictor's loss on the held-out set; NaN: unknown */
    char x_name[64];         /* what FIT_X holds, "" where unused */
    struct fit_lines notes;  /* what was derived or left out */
    struct unlike *unlike;   /* what the rows say beside it (fit/unlike.h); NULL: nothing */
    size_t cap;              /* rows that the arrays have room for */
};

struct fit_read_options {
    const char *const *where; /* (n_where) "column=value": rows that do not match are left out */
    size_t n_where;
    const char *x, *y; /* columns for a one-variable law; NULL: by alias */
    enum fit_count count;
};

/* Read and join every source: a folder with results.csv (and sweep.json, whose truth.floor is taken),
 * a .csv or a .json file. fit_table_free also after a failure. */
enum status fit_table_read(struct fit_table *t, const char *const *sources, size_t n_sources,
                           const struct fit_read_options *opt, struct err *err) WARN_UNUSED;
/* The same for CSV text in memory; `name` stands in messages, `text` is overwritten. */
enum status fit_table_read_csv(struct fit_table *t, const char *name, char *text, size_t size,
                               const struct fit_read_options *opt, struct err *err) WARN_UNUSED;
/* A table to be filled by the caller: n rows of NaN, each its own trunk. */
enum status fit_table_init(struct fit_table *t, size_t n, struct err *err) WARN_UNUSED;
void fit_table_free(struct fit_table *t);

/* The column that holds this count of parameters, and its name. */
enum fit_column fit_count_column(enum fit_count count);
const char *fit_count_name(enum fit_count count);

#endif
