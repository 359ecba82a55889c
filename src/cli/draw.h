/* Charts of runs, for the commands that draw them. */
#ifndef PLATEAU_CLI_DRAW_H
#define PLATEAU_CLI_DRAW_H

#include "base/file.h"
#include "cli/fitted.h"
#include "report/charts/charts.h"

/* What a chart is made of, from a fit; it borrows from f. draw_input_free in any case. */
struct draw_input {
    struct charts_input in;
    struct charts_curve *curves;
    const char **sources;
    struct theory *theory;
    struct fit_table trials; /* of a search in the folder below, where the table has none */
    char title[80];
};
enum status draw_input_make(struct draw_input *d, const struct fitted *f, struct err *err) WARN_UNUSED;
void draw_input_free(struct draw_input *d);

/* Write every chart that the runs support into out, which is made where it is missing. The names of the charts that were
 * drawn are added to `drawn`; their paths are printed where `tell`. */
enum status draw_charts(struct file_list *drawn, const struct fitted *f, const char *out, const struct charts_how *how,
                        bool tell, struct err *err) WARN_UNUSED;

#endif
