/* A sweep's folder as somebody sees it who stands beside the sweep: which runs there will be, how far each is, its curve as it
 * grows. Nothing is written and nothing is locked, so the sweep does not notice. Looking again costs what has changed: logs are
 * read from where they ended last time.
 *
 * The folder may not be there yet, belong to a sweep that has ended, or change under the reader's eyes; what cannot be read is
 * not there yet. Links are not followed: what is shown of a folder lies in it. */
#ifndef PLATEAU_HARNESS_WATCH_H
#define PLATEAU_HARNESS_WATCH_H

#include <sys/types.h>

#include "fit/forecast.h"
#include "harness/folder.h"
#include "harness/live.h"
#include "harness/results.h"

struct watch_run {
    const struct run *run;
    bool done;
    bool whole; /* all of its log was read, as it was at the last look */
    struct run_row row; /* where done */
    size_t trunk;       /* its trajectory in the plan */
    double tokens;      /* trained so far, on the trunk that it will branch off where it has none of its own */
    struct forecast forecast;
    struct fit_value law; /* what the caller's fit says of it; NaN: nothing */
    /* Its own log, as far as it was read. */
    size_t n, room;
    double *at, *loss; /* (n) tokens, and training loss since the line before */
    off_t offset;
    ino_t inode;
};

struct watch {
    char dir[4096];
    int fd;            /* the folder; -1: it is not there yet */
    bool known;        /* its plan could be made */
    char why[512];     /* why not */
    struct folder folder; /* its plan is known */
    struct watch_run *runs; /* (folder.plan.n) */
    size_t n_done;
    struct live live;  /* what the sweep says of itself; all zero where it says nothing */
    bool at_work, searching; /* a sweep, or its search of rates, holds the folder */
    size_t looks;
    uint64_t made;     /* by which sweep.json the plan was made: its time and place */
    size_t version;    /* counts changes of what has finished, and of the plan */
};

/* dir need not be there; E_DATA where it is something else than a folder. watch_close in any case. */
enum status watch_open(struct watch *w, const char *dir, struct err *err) WARN_UNUSED;
/* Look again. */
void watch_look(struct watch *w);
/* Forecasts of all runs that have not finished, from what the last look saw and their `law`. */
void watch_forecast(struct watch *w);
void watch_close(struct watch *w);

/* The whole of a file of the folder, by a name of ours without a slash: never through a link, never what is no regular file,
 * at most max bytes. NULL: there is none such. The caller frees. */
char *watch_file(const struct watch *w, const char *name, size_t max, size_t *size);

#endif
