/* The charts of a comparison: what variants gain over a base, and where.
 *
 * A chart is a row of the table in against.c and a file of its name, as those of a sweep are (charts.h). */
#ifndef PLATEAU_REPORT_CHARTS_AGAINST_H
#define PLATEAU_REPORT_CHARTS_AGAINST_H

#include "fit/compare/compare.h"
#include "report/charts/parts.h"

/* One variant beside the base; borrowed. */
struct against_variant {
    const struct compare_variant *found;
    const struct fit_report *report;
};

struct against {
    const char *base;
    const struct fit_report *report; /* of the base */
    const struct against_variant *variants; /* (n) those that can be compared */
    size_t n;
    const char *unit; /* of the loss; "" where it is not known */
};

typedef enum status against_build(struct chart *ch, const struct against *a, bool *drawn, struct err *err);
against_build against_gains, against_cells, against_variants, against_frontiers;

/* Variants that have a colour of their own. */
size_t against_coloured(const struct against *a);
/* A name, made plain; "the first 5 of 9 variants. " or nothing. */
void against_name(char *out, size_t size, const char *name);
void against_first(char *out, size_t size, const struct against *a, size_t shown);
/* "1.31 (95 %: 1.22 to 1.41)", "above 3" where there is no end. */
void against_gain(char *out, size_t size, const struct fit_value *v);
/* A compute as titles have it: "5.3×10¹² FLOPs". */
void against_flops(char *out, size_t size, double flops);

/* How many charts of a comparison there are, the name of each, of its files, and chart i as data, *ch zeroed before; *drawn is
 * false where there is nothing to draw. chart_free in any case. */
size_t against_count(void);
const char *against_title(size_t i);
enum status against_chart(struct chart *ch, bool *drawn, size_t i, const struct against *a, struct err *err) WARN_UNUSED;

/* Write all that there are into dir, which is made where it is missing; what an earlier comparison left of others goes. */
enum status against_write(const char *dir, const struct against *a, charts_written *written, void *ctx,
                          struct err *err) WARN_UNUSED;

#endif
