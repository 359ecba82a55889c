/* A sweep's folder as its sweep.json tells it: its config, the plan of its runs, and what there is to know of its data. The
 * data themselves, which may be large or lie elsewhere by now, are read only where the sweep.json of an earlier version does
 * not tell. */
#ifndef PLATEAU_HARNESS_FOLDER_H
#define PLATEAU_HARNESS_FOLDER_H

#include "harness/config.h"
#include "harness/plan.h"

struct folder {
    struct config cfg;   /* as written */
    struct config rates; /* with what a search of rates has found; borrows from cfg */
    struct plan plan;    /* of rates: of the grid, or of the one run */
};

/* *f stays where it is, for the plan points into it. folder_free also after a failure. */
enum status folder_read(struct folder *f, const char *dir, struct err *err) WARN_UNUSED;
void folder_free(struct folder *f);

struct folder_data {
    size_t vocab, train_tokens; /* as data_vocab and data_train_tokens have them */
};

/* c: the folder's config. */
enum status folder_data_of(struct folder_data *d, const char *dir, const struct config *c, struct err *err) WARN_UNUSED;

/* What a bigram model of a text's training bytes reaches on the held-out ones (data/baseline.h), nats per byte; NaN where the
 * data are no text, or hold out less than two bytes. */
enum status folder_baseline(double *nats, const char *dir, const struct config *c, struct err *err) WARN_UNUSED;

#endif
