/* Words of the command line and the config that choose which runs are read and how they are fitted. fit, chart, plan and
 * predict take the same ones: a row of the table in fit_options.c is an option of each, and is kept in fit.json. */
#ifndef PLATEAU_CLI_FIT_OPTIONS_H
#define PLATEAU_CLI_FIT_OPTIONS_H

#include "cli/args.h"
#include "fit/analysis.h"
#include "fit/input.h"
#include "harness/config.h"

#define FIT_OPTIONS_OBJECTIVES "huber:DELTA, lad or lsq, each with ,over=W"

/* The objective: huber (delta as it was), huber:DELTA, lad or lsq, each with ",over=W" after it, which multiplies the
 * loss of runs that the law overestimates (prediction above measurement). The count: total, nonembd or matmul.
 * E_USAGE otherwise, with the output untouched. */
enum status fit_options_objective(struct solve_objective *obj, const char *text,
                                  struct err *err) WARN_UNUSED;
enum status fit_options_count(enum fit_count *out, const char *text, struct err *err) WARN_UNUSED;
/* Resamples: none, or enough for an interval. E_USAGE otherwise. */
enum status fit_options_bootstrap(size_t n, struct err *err) WARN_UNUSED;

enum { FIT_OPTIONS_MAX = 24 };

struct fit_words {
    const char *law, *objective, *count, *x, *y;
    const char *loss; /* the column of a folder whose config names one (fit.loss); NULL: the loss. No option */
    size_t bootstrap;
    double holdout, window;
    uint64_t seed;
    bool raw, stratify, profile, best, drop_missing;
    struct arg_list where, column, tie, fix;
    char law_help[LAW_NAMES + 32];
    struct arg_list scale; /* role=FACTOR; one without = is the scale of residuals */
};

struct fit_words fit_words_default(void);
/* The section fit of a config in place of the defaults; strings are borrowed from it. */
void fit_words_config(struct fit_words *w, const struct config *c);

/* The options' rows for args_parse, which fill w; returns how many. */
size_t fit_words_args(struct arg out[FIT_OPTIONS_MAX], struct fit_words *w);

/* Checked, as the fitter and the reader take them; strings and lists stay w's. */
enum status fit_words_options(struct fit_options *opt, const struct fit_words *w, struct err *err) WARN_UNUSED;
struct fit_read_options fit_words_read(const struct fit_words *w, const struct fit_options *opt);

/* The same as settings of a fit's input, each in one form: huber:1e-3 and huber:0.001 are one. Strings are borrowed
 * from w and from buf. */
struct fit_settings {
    struct input_setting items[FIT_OPTIONS_MAX];
    size_t n;
    char objective[64];
};
void fit_words_settings(struct fit_settings *s, const struct fit_words *w, const struct fit_options *opt);

#endif
