/* What the charts are made of: their input made ready, groups of runs, and the words and lines that several
 * charts share. */
#ifndef PLATEAU_REPORT_CHARTS_PARTS_H
#define PLATEAU_REPORT_CHARTS_PARTS_H

#include "plot/chart.h"
#include "report/charts/charts.h"

enum { PARTS_STEPS = 80, PARTS_MAX_GROUPS = 40 };

/* What all charts are built from. */
struct parts {
    const struct charts_input *in;
    const struct fit_table *t;
    const struct fit_report *r;
    const struct fit_law *law; /* the selected one, or NULL */
    const double *params, *tokens, *flops, *loss; /* columns of t */
    double corpus;             /* distinct tokens that there are; INFINITY: without end */
    double floor;              /* what excess is counted from */
    const char *floor_words;
};

void parts_init(struct parts *p, const struct charts_input *in);

/* A chart's own file fills the chart; *drawn is false where these runs have none. */
typedef enum status parts_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err);
parts_build curves_build, loss_tokens_build, loss_params_build, isoflop_build, excess_build, returns_build;

struct parts_groups {
    double at[PARTS_MAX_GROUPS];
    size_t n;
    bool too_many;
};

/* Token budgets are rounded to whole batches, so equal means within half a percent. */
bool parts_same(double a, double b);
struct parts_groups parts_groups_of(const double *v, size_t n);
size_t parts_group_index(const struct parts_groups *g, double v);

const char *parts_count_words(const struct fit_report *r);
void parts_size_label(char *out, size_t size, double params);
void parts_flops_label(char *out, size_t size, double flops);
void parts_law_words(const struct parts *p, char *out, size_t size);

/* The floor, true and fitted, as lines across a chart of the loss. */
void parts_true_floor(struct chart *ch, const struct parts *p);
void parts_floors(struct chart *ch, const struct parts *p);

/* What the selected law says at a size and a budget; NaN where it cannot. */
double parts_fitted_at(const struct parts *p, double n, double d);
double parts_flops_of(const struct parts *p, double n, double d);

/* The i-th of n places from lo to hi, in equal steps of the logarithm. */
double parts_step(double lo, double hi, size_t i, size_t n);
/* The smallest and the largest value above 0. */
void parts_range(const double *v, size_t n, double *lo, double *hi);

/* The runs of one group as marks with error bars; x and key are columns. */
enum status parts_runs(struct chart *ch, const struct parts *p, const double *x, const double *y,
                       const double *key, double at, struct color color, const char *label,
                       struct err *err) WARN_UNUSED;
/* A line of PARTS_STEPS points, to be filled. */
enum status parts_law_line(struct chart_series **out, struct chart *ch, struct color color,
                           struct err *err) WARN_UNUSED;

#endif
