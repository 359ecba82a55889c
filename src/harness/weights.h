/* Trained weights, wherever they lie: a run's folder, a sweep's (its best run), or a file of another program's. */
#ifndef PLATEAU_HARNESS_WEIGHTS_H
#define PLATEAU_HARNESS_WEIGHTS_H

#include "base/file.h"
#include "harness/config.h"
#include "harness/results.h"
#include "model/members.h"

struct weights {
    struct members e; /* models that have no backward pass */
    struct gpt_shape shape; /* with all members of an ensemble */
    struct kern k;
    /* Of a run: */
    bool is_run;
    struct config cfg;
    char dir[FILE_PATH_MAX]; /* its folder */
    bool finished;
    struct run_row row;      /* of a finished run */
    int64_t step;
    /* Of a file, what had to be guessed; of a run, what is unusual about it; "": nothing. */
    char notes[300];
};

struct weights_how {
    enum kern_isa isa; /* at most; a run is read with those that trained it where they are not above this */
    size_t B;          /* sequences at a time */
    int threads;
};

/* The folder (FILE_PATH_MAX) of the run that `path` names: itself, or of a sweep's folder the finished run with the least
 * loss. E_DATA where there is none. */
enum status weights_find_run(char *dir, const char *path, struct err *err) WARN_UNUSED;

/* Of a run, or where `path` is a file, or a folder with model.safetensors, of another program's. E_DATA and E_CONFIG name what
 * is wrong with it. weights_free releases, also after a failure. */
enum status weights_open(struct weights *w, const char *path, const struct weights_how *how, struct err *err) WARN_UNUSED;
enum status weights_open_run(struct weights *w, const char *path, const struct weights_how *how, struct err *err) WARN_UNUSED;
void weights_free(struct weights *w);

#endif
