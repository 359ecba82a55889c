/* Sweeps of the lab: a config beside the others, trained into a folder of its name. */
#ifndef PLATEAU_CLI_LAB_TRAIN_H
#define PLATEAU_CLI_LAB_TRAIN_H

#include "cli/fitted.h"
#include "cli/lab/lab.h"

/* lr = lr0 (N D / nd0)^exponent: the law lr*(C), as compute goes with N D. */
struct lab_rate {
    double lr0, nd0, exponent; /* nd0 0: the number lr0 */
};

struct lab_sweep {
    const char *name;             /* of the folder and the config */
    const struct lab_cell *cells; /* (n) */
    size_t n;
    struct lab_rate rate;
    const double *rates;          /* (n_rates) tried at each cell in place of it */
    size_t n_rates;
    double warmup_tokens;         /* 0: the usual */
    const cJSON *over;            /* a config whose keys are changed on top; NULL: none */
};

/* Write configs/NAME.json and train what is missing of it into NAME/. */
enum status lab_train(const struct lab *l, const struct lab_sweep *s, struct err *err) WARN_UNUSED;

/* The fit of step d's runs, by the options that their config has: fitted once, and kept until lab_close. */
enum status lab_fit_of(const struct fitted **f, struct lab *l, struct err *err) WARN_UNUSED;
void lab_fit_close(struct lab *l);

/* A chart of its runs, by the name that it has in a sweep's charts/, where the runs support it. */
struct note;
enum status lab_chart_of(struct note *n, const struct fitted *f, const char *name, struct err *err) WARN_UNUSED;

/* The cells of the sweep of step d at budgets `from` to below `to`, with second seeds of the middle size or without. */
size_t lab_cells(struct lab_cell cells[LAB_CELLS], const struct lab *l, const struct setup *s, size_t to, bool seeds);

/* The law that step c found. */
enum status lab_rate_law(struct lab_rate *r, const struct lab *l, struct err *err) WARN_UNUSED;

#endif
