/* The sides of a comparison: configs, which are trained first, sweeps' folders, or tables. */
#ifndef PLATEAU_CLI_COMPARE_SIDES_H
#define PLATEAU_CLI_COMPARE_SIDES_H

#include "base/file.h"
#include "cli/compare_costs.h"
#include "cli/fitted.h"
#include "cli/setup.h"
#include "fit/compare/compare.h"

struct side {
    const char *word;         /* as given */
    char name[64];            /* the file's or folder's, without its path and .json */
    bool is_config;
    char dir[FILE_PATH_MAX];  /* of its runs, where it is a config */
    const char *source;       /* dir, or the word */
    struct setup setup;       /* where it is a config */
    bool waits;               /* its teacher is a run of the base that may not be there yet */
    struct sweep_outcome outcome;
    char failed[400];         /* why it could not be trained; "" */
    struct fitted fitted;
    struct compare_costs costs;
};

struct sides {
    const struct arg_list *sets; /* as given */
    const char *isa;
    struct side *items; /* (n) the base first */
    size_t n;
    char out[FILE_PATH_MAX]; /* where the comparison is kept; "" nowhere */
};

/* words (n >= 2): the base, then the variants. A variant's config holds what differs from the base's, which must be a
 * config then. out: NULL for runs/compare-BASE where something is trained, else nowhere. Checks everything that can be
 * wrong with configs before any run. sides_close also after a failure. */
enum status sides_open(struct sides *s, const char *const *words, size_t n, const char *out, const struct arg_list *sets,
                       const char *isa, struct err *err) WARN_UNUSED;
/* Train what is missing. A variant that cannot be trained, as where its search of rates finds no optimum, says so in
 * `failed`, and the others go on. */
enum status sides_train(struct sides *s, const struct setup_how *how, struct err *err) WARN_UNUSED;
/* Fit each by these words. */
enum status sides_fit(struct sides *s, const struct fit_words *words, struct err *err) WARN_UNUSED;
/* In which data two of them differ, as a sentence; "" where they don't, or it isn't known. */
enum status sides_unlike(char *out, size_t size, const struct side *a, const struct side *b, struct err *err) WARN_UNUSED;
void sides_close(struct sides *s);

#endif
