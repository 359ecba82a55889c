/* The lab: a class goes from what this machine can do to a prediction that comes true, in ten steps.
 *
 * A step is a row of the table in steps.h and a function that trains what it needs through setup.h, fits through fitted.h,
 * and tells what it found to a note (note.h): words, tables, charts and numbers. What a step leaves lies in the lab's folder:
 *
 *     lab.json               what was asked for, and from step a on the scale: budgets, sizes, cells
 *     steps/a.json, a.html   its presence means done: numbers that later steps read, and its part of the page
 *     configs/NAME.json      each sweep as a config, to be trained again or changed by hand
 *     NAME/                  its folder, as of any sweep
 *     charts/a-NAME.png      figures, PNG and SVG
 *     prediction.json, prediction.sha256    the sealed prediction (seal.h)
 *     answers.txt            questions with room for what the team says to them
 *     report.html            all of it, to hand in */
#ifndef PLATEAU_CLI_LAB_LAB_H
#define PLATEAU_CLI_LAB_LAB_H

#include <cjson/cJSON.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/lab/scale.h"
#include "cli/setup.h"

/* As the command line says it. */
struct lab_words {
    double minutes;        /* 0: not said */
    struct arg_list files; /* texts to train on; none: a known language */
    const char *out;       /* NULL: runs/lab, or runs/lab-NAME after the first text */
    const char *tweak;     /* a config of what step i changes; NULL: the one that is built in */
    size_t jobs;           /* 0: one a core */
    const char *again;     /* the whole command */
};

struct lab_fit;

struct lab {
    char dir[FILE_PATH_MAX];
    double minutes;
    size_t jobs;
    const char *again, *tweak;
    cJSON *root;            /* lab.json */
    struct lab_scale scale; /* from step a on: n_budgets > 0 */
    struct lab_fit *fit;    /* of step d's runs, once a step has asked for it */
};

enum { LAB_MINUTES = 40 };

/* Open the folder, or begin it. E_USAGE where it was begun with other words. lab_close in every case. */
enum status lab_open(struct lab *l, const struct lab_words *w, struct err *err) WARN_UNUSED;
void lab_close(struct lab *l);

/* What a command is told of the folder: " --out DIR", or nothing where it is the usual one. */
const char *lab_out(char *out, size_t size, const struct lab *l);

/* DIR/a or DIR/a/b. */
enum status lab_path(char path[FILE_PATH_MAX], const struct lab *l, const char *a, const char *b, struct err *err) WARN_UNUSED;

/* Keep what lab.json holds, and the scale. */
enum status lab_keep(const struct lab *l, struct err *err) WARN_UNUSED;
enum status lab_keep_scale(struct lab *l, struct err *err) WARN_UNUSED;

/* The config that all runs share, as JSON, to be added to; cJSON_Delete. */
enum status lab_base(cJSON **root, const struct lab *l, struct err *err) WARN_UNUSED;
/* The same read, with its data open. setup_free in every case. */
enum status lab_setup(struct setup *s, const struct lab *l, struct err *err) WARN_UNUSED;

/* Whether the step has been done: its presence in the folder. */
bool lab_done(const struct lab *l, char letter);

#endif
