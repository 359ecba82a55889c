/* The charts of a set of runs: what was measured, what was fitted, and where returns flatten.
 *
 * A chart is a row of the table in kinds.h and a file of its name, which fills a struct chart; drawing and writing
 * are common to all. */
#ifndef PLATEAU_REPORT_CHARTS_H
#define PLATEAU_REPORT_CHARTS_H

#include <stdio.h>

#include "fit/analysis.h"
#include "fit/verdict/predict.h"
#include "plot/chart.h"
#include "plot/layout.h"

/* The training curve of one run. */
struct charts_curve {
    const char *run;             /* its name */
    size_t source;               /* the folder that it lies in, an index into the input's sources */
    bool done;                   /* it has the final loss below */
    double params[FIT_N_COUNTS]; /* by each count; NaN: unknown */
    double budget_tokens, final_loss;
    size_t n;
    const double *tokens, *flops, *loss; /* (n) borrowed */
};

/* What theory says of the language that the runs are of: what a learner is left above the floor who knows so many of
 * its facts. Excess falls as params^-size_exponent, and so as facts^-size_exponent, while facts are endless. */
struct charts_theory {
    const char *source; /* the papers, first the one to name: "Author 2020, where; ..." */
    double size_exponent;
    size_t n;
    const double *known, *excess; /* (n) rising, and falling */
};

/* Everything is borrowed. */
struct charts_input {
    const struct fit_table *table;
    const struct fit_report *report; /* of that table */
    const struct charts_curve *curves;
    size_t n_curves;       /* 0: none, and no chart of them */
    const char *const *sources; /* (n_sources) names of the folders that curves are from; one or none: not told apart */
    size_t n_sources;
    const char *title;     /* what the runs are, named below every chart; NULL: not named */
    const char *loss_unit; /* NULL: nats per token; "": unknown */
    const struct charts_theory *theory; /* NULL: none is known */
    const struct fit_tried *trials; /* (n_trials) runs that differ in their learning rate at one size and budget */
    size_t n_trials;
    size_t eval_part;      /* evaluations along a run take 1 part in so many of the held-out set; 0: there are none */
};

/* How many charts there are, and the name of each: of its files, without the ending. */
size_t charts_count(void);
const char *charts_name(size_t i);
/* The few that say most. */
bool charts_is_main(size_t i);
/* What runs need to have it: "runs of several sizes". */
const char *charts_needs(size_t i);

/* Chart i as data, *ch zeroed before; *drawn is false where these runs have no such chart. chart_free in any case. */
enum status charts_build(struct chart *ch, bool *drawn, size_t i, const struct charts_input *in,
                         struct err *err) WARN_UNUSED;

/* Told of every picture, in the order of the charts, once all files are written. */
typedef void charts_written(void *ctx, const char *path);

/* How charts are written. */
struct charts_how {
    struct chart_style style;
    bool data;        /* a CSV beside each */
    const bool *only; /* (charts_count()) NULL: all */
};

/* Write every chart that the runs support, as PNG and SVG, into dir, which is made where it is missing; several at a time,
 * where there are cores. Of those that fail the first is told. */
enum status charts_write(const char *dir, const struct charts_input *in, const struct charts_how *how,
                         charts_written *written, void *ctx, struct err *err) WARN_UNUSED;

/* Draw the main ones, or those of `only`, with letters: `columns` wide, in colours where asked. */
enum status charts_print(FILE *out, const struct charts_input *in, const bool *only, size_t columns, bool colours,
                         struct err *err) WARN_UNUSED;

#endif
