/* A table of finished runs as plain arrays, read from sweep folders, files between separators, JSON, JSON lines,
 * Markdown, LaTeX, any of them packed by gzip, or a folder of JSON files with one run each.
 *
 * Columns are found by the names that people give them (fit/table/names.c), or named: --column loss=NAME. Of params,
 * tokens and flops two are enough: the third follows from C = 6 N D, and a note says so. Rows of runs that are not
 * done are counted, noted and left out; rows without a loss or a size too where that is asked for, else they are E_DATA. A
 * cell that is no number is E_DATA and names file, line and column; so is a status that is not known, and a column that may
 * be read in two ways. */
#ifndef PLATEAU_FIT_TABLE_H
#define PLATEAU_FIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/lines.h"
#include "fit/origin.h"

enum fit_count { FIT_COUNT_TOTAL, FIT_COUNT_NONEMBD, FIT_COUNT_MATMUL, FIT_N_COUNTS };

/* One value per run and column; an absent value is NaN. */
enum fit_column {
    FIT_PARAMS,         /* trained numbers, a tied head once */
    FIT_PARAMS_NONEMBD, /* less token and position embeddings */
    FIT_PARAMS_MATMUL,  /* params_nonembd plus the head */
    FIT_TOKENS,
    FIT_FLOPS,
    FIT_LOSS, /* in loss_unit */
    FIT_LOSS_SE,
    FIT_UNIQUE_TOKENS, /* tokens before the first repetition */
    FIT_EPOCHS,
    FIT_SEED,
    FIT_X, /* the column that --x names */
    FIT_TOKENS_PER_S,
    FIT_ORDER_SEED, /* of the order of data, where FIT_SEED is that of the initial weights alone */
    FIT_N_COLUMNS
};

struct unlike;

/* A run of a table in which several settings were tried at one size and budget. */
struct fit_tried {
    double params[FIT_N_COUNTS], tokens, flops, loss;
    double lr, batch, warmup; /* peak rate; tokens of a step, of the warm-up; NaN: not known */
    uint64_t others; /* a hash of what else was tuned */
};

struct fit_table {
    size_t n;
    double *col[FIT_N_COLUMNS]; /* (n) each, never NULL once read */
    bool has[FIT_N_COLUMNS];    /* the column stood in the file or could be derived */
    size_t *trunk;              /* (n) 0 .. n_trunks-1: runs that share one trajectory share a number */
    size_t n_trunks;
    size_t n_diverged, n_failed, n_filtered; /* rows left out, by reason */
    size_t n_missing;        /* done, but without a loss or a size */
    size_t n_unfinished;     /* running, queued, ... */
    size_t n_beaten;         /* left out by `best`, or as another setting was better there */
    size_t n_duplicates;                     /* rows equal to an earlier one in N, D, loss and seed */
    bool truth_known;
    double truth_floor;      /* the exact floor of the language, nats per token */
    double truth_heldout;    /* a perfect predictor's loss on the held-out set; NaN: unknown */
    char x_name[64];         /* what FIT_X holds, "" where unused */
    const char *loss_unit;   /* "nats", "bits per byte", ...; "" where its column's name does not tell */
    struct fit_tried *tried; /* (n_tried) every run, where some were set aside for better settings; NULL: none was */
    size_t n_tried;
    struct fit_lines understood; /* of tables from elsewhere: what each column was taken for, one line each */
    bool log_loss;           /* the losses are logarithms of perplexities */
    struct fit_lines notes;  /* what was chosen, derived or left out */
    struct fit_lines careful; /* what may make a fit wrong */
    struct unlike *unlike;   /* what the rows say beside it (fit/unlike.h); NULL: nothing */
    struct origins from;     /* where each row stood */
    size_t cap;              /* rows that the arrays have room for */
};

struct fit_read_options {
    const char *const *where; /* (n_where) "column=value", !=, <, <=, >, >=: rows must match all */
    size_t n_where;
    const char *loss;  /* the column of losses where neither y nor column names one; NULL: by name */
    const char *x, *y; /* the variable of a one-variable law; the column of losses. NULL: by name */
    enum fit_count count;
    const char *const *column; /* (n_column) "role=NAME" */
    size_t n_column;
    const char *const *scale;  /* (n_scale) "role=FACTOR" */
    size_t n_scale;
    bool best;         /* of each size and budget only the lowest loss */
    bool drop_missing; /* rows without a loss or a size are left out and counted; else E_DATA names the first */
};

/* E_USAGE where the options are malformed: what can be told before a table is read. */
enum status fit_read_check(const struct fit_read_options *opt, struct err *err) WARN_UNUSED;
/* Read and join every source: a folder with results.csv (and sweep.json, whose truth.floor is taken), a folder of JSON
 * files, or a file. E_DATA where no row is left to fit. fit_table_free also after a failure. */
enum status fit_table_read(struct fit_table *t, const char *const *sources, size_t n_sources,
                           const struct fit_read_options *opt, struct err *err) WARN_UNUSED;
/* The same for text in memory, in any format; `name` stands in messages and tells JSON (.json). */
enum status fit_table_read_text(struct fit_table *t, const char *name, const char *text, size_t size,
                                const struct fit_read_options *opt, struct err *err) WARN_UNUSED;
/* The same for CSV text. */
enum status fit_table_read_csv(struct fit_table *t, const char *name, char *text, size_t size,
                               const struct fit_read_options *opt, struct err *err) WARN_UNUSED;
/* A table to be filled by the caller: n rows of NaN, each its own trunk. */
enum status fit_table_init(struct fit_table *t, size_t n, struct err *err) WARN_UNUSED;
void fit_table_free(struct fit_table *t);

/* How many rows see some of their tokens more than once. */
size_t fit_table_repeats(const struct fit_table *t);

/* The column that holds this count of parameters, and its name. */
enum fit_column fit_count_column(enum fit_count count);
/* What sizes of runs are told by: that count, or x in a table of one variable. */
enum fit_column fit_size_column(const struct fit_table *t, enum fit_count count);
const char *fit_count_name(enum fit_count count);

#endif
