/* What the charts are made of: their input made ready, groups of runs, and the words, marks and lines that several
 * charts share. */
#ifndef PLATEAU_REPORT_CHARTS_PARTS_H
#define PLATEAU_REPORT_CHARTS_PARTS_H

#include "report/charts/charts.h"

enum { PARTS_STEPS = 80 };

/* What all charts are built from. */
struct parts {
    const struct charts_input *in;
    const struct fit_table *t;
    const struct fit_report *r;
    const struct fit_law *law; /* the selected one, or NULL */
    const double *params, *tokens, *flops, *loss; /* columns of t */
    const double *reach;       /* what the frontier is a function of: flops, or the column of --x */
    const char *reach_words;   /* what that is, with its unit */
    double corpus;             /* distinct tokens that there are; INFINITY: without end */
    double floor;              /* what excess is counted from */
    const char *floor_words;
    const char *unit;          /* of the loss, "" where it is not known */
    char nats[24];             /* the same for a difference of losses, with a space in front: " nats" */
};

void parts_init(struct parts *p, const struct charts_input *in);

/* A chart's own file fills the chart; *drawn stays false where these runs have none. */
typedef enum status parts_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err);
parts_build curves_build, loss_tokens_build, loss_params_build, isoflop_build, excess_build, returns_build;
parts_build bowls_build, rates_build;

/* --- groups of runs with one value, which share a colour --- */

struct parts_group {
    double lo, hi; /* of its members */
    double at;     /* what stands for them */
};

struct parts_groups {
    struct parts_group *items; /* (n) ascending */
    size_t n;
    size_t n_values; /* different values, before some were put together */
};

/* Of the values above 0, one group a value; more than PARTS_MOST_GROUPS values, whose colours and names nobody
 * could tell apart, are put together in PARTS_STEPS_MERGED equal steps of their logarithm. */
enum { PARTS_MOST_GROUPS = 64, PARTS_STEPS_MERGED = 16 };
enum status parts_group(struct parts_groups *g, const double *v, size_t n, struct err *err) WARN_UNUSED;
void parts_groups_free(struct parts_groups *g);
bool parts_in_group(const struct parts_group *g, double v);
/* The group of a value that was grouped; n where it has none. */
size_t parts_group_of(const struct parts_groups *g, double v);

/* --- words --- */

/* snprintf where a text that does not fit may be cut. */
void parts_say(char *out, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
const char *parts_count_words(const struct parts *p);
typedef void parts_label(char *out, size_t size, double v);
parts_label parts_size_label, parts_flops_label;
/* "3.1M", or "3M to 4M" for a group of several values. */
void parts_group_label(char *out, size_t size, const struct parts_group *g, parts_label *label);
/* "what (nats per token)". */
void parts_loss_label(char *out, size_t size, const struct parts *p, const char *what);
const char *parts_loss_words(const struct parts *p);
/* " (95 %: 1 to 2)", " (95 %: above 1)", or nothing where neither end is known. */
void parts_interval(char *out, size_t size, double lo, double hi, parts_label *label);
parts_label parts_three_digits, parts_four_digits;
void parts_law_words(const struct parts *p, char *out, size_t size);
/* Sentences that end in a space, or nothing: of error bars; of values put together, each group with a line or not. */
const char *parts_bars_words(const struct parts *p);
void parts_merged_words(char *out, size_t size, const struct parts_groups *g, const char *what, bool lines);

/* --- lines and marks --- */

/* The floor, true and fitted, as lines across a chart of the loss. */
enum status parts_true_floor(struct chart *ch, const struct parts *p, struct err *err) WARN_UNUSED;
enum status parts_floors(struct chart *ch, const struct parts *p, struct err *err) WARN_UNUSED;

/* What the selected law says at a size and a budget; NaN where it cannot. */
double parts_fitted_at(const struct parts *p, double n, double d);
double parts_flops_of(const struct parts *p, double n, double d);

/* The i-th of n places from lo to hi, in equal steps of the logarithm. */
double parts_step(double lo, double hi, size_t i, size_t n);
/* The smallest and the largest value above 0; false where there is none. */
bool parts_range(const double *v, size_t n, double *lo, double *hi);

/* Runs as marks: those whose key lies in the group, or all where key is NULL. */
struct parts_marks {
    const double *x, *y, *key; /* columns */
    struct parts_group group;
    bool bars;                 /* 95 % sampling error of the loss */
    enum chart_marker marker;
    struct color color;
    const char *label;
};
enum status parts_runs(struct chart *ch, const struct parts *p, const struct parts_marks *m,
                       struct err *err) WARN_UNUSED;
/* Runs without a key, in grey: a size that is not known hides no loss. */
enum status parts_rest(struct chart *ch, const struct parts *p, struct parts_marks m, const char *label,
                       struct err *err) WARN_UNUSED;
/* A line of PARTS_STEPS points, to be filled. */
enum status parts_law_line(struct chart_series **out, struct chart *ch, struct color color,
                           struct err *err) WARN_UNUSED;

#endif
