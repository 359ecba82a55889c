/* One axis: its range, where its ticks stand and what they say. */
#ifndef PLATEAU_PLOT_AXIS_H
#define PLATEAU_PLOT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { AXIS_MAX_TICKS = 64, AXIS_LABEL_MAX = 32 };

/* What an axis counts, which says how its numbers are written. */
enum axis_kind {
    AXIS_PLAIN,   /* losses, shares: with a suffix or a power where they are large or small */
    AXIS_COUNT,   /* parameters, tokens: 250k, 1.5M */
    AXIS_POWER,   /* compute: 10¹¹, 2×10¹¹ */
    AXIS_PERCENT, /* 0.01 is 1 % */
    AXIS_NAMES,   /* places 1, 2, ... have names of their own: axis_name_places */
};

struct axis_tick {
    double value;
    char label[AXIS_LABEL_MAX]; /* empty: a minor tick */
};

struct axis {
    bool log;
    enum axis_kind kind;
    double lo, hi;
    struct axis_tick ticks[AXIS_MAX_TICKS];
    size_t n_ticks;
};

/* The smallest range that holds the data with a little air, and ticks for about `want` labels. Values
 * that an axis cannot show (not finite, beyond 1e300; on a log axis below 1e-300) must be left out by the caller:
 * axis_shows tells. Where n is 0 the range is 0 to 1 (1 to 10). */
void axis_fit(struct axis *a, bool log, double lo, double hi, size_t n, size_t want);
/* The same of a kind. */
void axis_fit_kind(struct axis *a, enum axis_kind kind, bool log, double lo, double hi, size_t n, size_t want);
bool axis_shows(bool log, double v);
/* Names as the ticks of an axis of names: those of places 1 to n that are not empty. */
void axis_name_places(struct axis *a, const char (*names)[AXIS_LABEL_MAX], size_t n);

/* Where v stands, 0 at lo and 1 at hi. */
double axis_at(const struct axis *a, double v);

/* 250000 -> 250k, 3e13 -> 3×10¹³; digits: significant ones. What is not finite is "?". */
void axis_label(char *buf, size_t size, double v, int digits);
/* By its kind. */
void axis_label_kind(char *buf, size_t size, enum axis_kind kind, double v, int digits);
/* 5310000000000 -> 5.31×10¹² */
void axis_label_power(char *buf, size_t size, double v, int digits);

#endif
