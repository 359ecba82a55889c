/* What the charts are made of: their input made ready, groups of runs, and the words, marks and lines that several
 * charts share. */
#ifndef PLATEAU_REPORT_CHARTS_PARTS_H
#define PLATEAU_REPORT_CHARTS_PARTS_H

#include "report/charts/charts.h"

/* Points of a line, and of one with a band, each of which asks all laws, windows and resamples. */
enum { PARTS_STEPS = 80, PARTS_BAND_STEPS = 24 };

/* What all charts are built from. */
struct parts {
    const struct charts_input *in;
    const struct fit_table *t;
    const struct fit_report *r;
    const struct fit_law *law; /* the selected one, or NULL */
    const double *params, *tokens, *flops, *loss; /* columns of t */
    const double *reach;       /* what the frontier is a function of: flops, or the column of --x */
    const char *reach_words;   /* what that is, with its unit */
    enum axis_kind reach_kind;
    double corpus;             /* distinct tokens that there are; INFINITY: without end */
    double floor;              /* what excess is counted from */
    const char *floor_words;   /* NULL: it is counted from 0, as these runs do not tell a floor from none */
    const char *unit;          /* of the loss, "" where it is not known */
    const char *token;         /* what one is: "byte" on text */
    char nats[24];             /* the unit of a difference of losses, with a space in front: " nats" */
};

void parts_init(struct parts *p, const struct charts_input *in);

/* A chart's own file fills the chart; *drawn stays false where these runs have none. */
typedef enum status parts_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err);

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
/* The chart's colours stand for these groups. */
enum status parts_scale(struct chart *ch, const struct parts_groups *g, const char *label, enum axis_kind kind,
                        struct err *err) WARN_UNUSED;

/* --- words --- */

/* snprintf where a text that does not fit may be cut; the same after what stands there. */
void parts_say(char *out, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
void parts_more(char *out, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* What somebody wrote, made plain. */
void parts_clean(char *out, size_t size, const char *text);
const char *parts_count_words(const struct parts *p);
/* "3.1M", or "3M to 4M" for a group of several values. */
void parts_group_label(char *out, size_t size, const struct parts_group *g, enum axis_kind kind);
/* "what (nats per token)". */
void parts_loss_label(char *out, size_t size, const struct parts *p, const char *what);
const char *parts_loss_words(const struct parts *p);
/* The chart's subtitle, once it has its lines: the law that they are of, and bands where there are. */
void parts_law_words(struct chart *ch, const struct parts *p);
/* Sentences that end in a space, or nothing: of the error that all runs share; of values put together, each group with a
 * line or not. */
void parts_shared_error(const struct parts *p, char *out, size_t size);
void parts_merged_words(char *out, size_t size, const struct parts_groups *g, const char *what, bool lines);
/* A row's run, or where it stood. */
void parts_name(char *out, size_t size, const struct parts *p, size_t row);

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
    enum chart_marker marker;
    struct ink color;
    const char *label, *name;  /* in the legend, and in the data; NULL: none, and "runs" */
    size_t panel;
};
enum status parts_runs(struct chart *ch, const struct parts *p, const struct parts_marks *m,
                       struct err *err) WARN_UNUSED;
/* Runs without a key, in grey: a size that is not known hides no loss. */
enum status parts_rest(struct chart *ch, const struct parts *p, struct parts_marks m, const char *label,
                       struct err *err) WARN_UNUSED;
/* All runs, coloured by size on the chart's scale; of m only x, y, label and panel are read. */
enum status parts_runs_by_size(struct chart *ch, const struct parts *p, const struct parts_groups *sizes,
                               struct parts_marks m, struct err *err) WARN_UNUSED;
/* A line of n points, to be filled, with room for a band or not. */
enum status parts_law_line(struct chart_series **out, struct chart *ch, struct ink color, size_t n, bool band,
                           struct err *err) WARN_UNUSED;
/* Whether the k-th of n such lines has a band: bands on top of each other mix, so of many lines the first, the middle and
 * the last have one. */
bool parts_has_band(const struct parts *p, size_t k, size_t n);
/* Point i of it: the law at a size and a budget, with its interval where there is room. */
void parts_law_point(struct chart_series *s, const struct parts *p, size_t i, double n, double d);

#endif
