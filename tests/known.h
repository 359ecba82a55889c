/* Known runs and known reports for the tests of charts, and what a chart has of a name. */
#ifndef PLATEAU_TESTS_KNOWN_H
#define PLATEAU_TESTS_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "plot/raster.h"
#include "report/charts/parts.h"

#define E0 1.7
#define SE 0.004
#define K 50.0
#define G 0.1

extern const struct chart_style usual;
extern const struct color white;
/* One curve of K and G. */
extern struct frontier_curve frontier[1];

/* The loss of the law that all known runs are on. */
double law(double n, double d);
/* Run i of t. */
void set_run(struct fit_table *t, size_t i, double n, double d, double loss);
/* sizes x budgets of tokens, each four times the one before, on the law without noise. */
struct fit_table grid(size_t sizes, size_t budgets);
/* A report with nothing in it. */
struct fit_report nothing(void);
/* The same with a frontier that holds. */
struct fit_report with_frontier(void);
/* The chart of that name; drawn: whether there is one of this input. */
struct chart build(const char *name, const struct charts_input *in, bool *drawn);
/* The same, where it has to be drawn. */
struct chart must_build(const char *name, const struct charts_input *in);
/* The k-th series with this label, or name where it has none (NULL: any), that is a line, or marks. */
const struct chart_series *find(const struct chart *ch, const char *label, bool line, size_t k);
/* The line whose label begins so. */
const struct chart_line *find_line(const struct chart *ch, const char *label);
/* n_budgets x 5 sizes about the best one, parabolas in ln N: loss 3 - 0.1 k at the minimum of budget k. */
struct fit_table isoflop_table(struct fit_report *r, struct fit_isoflop *b, size_t n_budgets);
/* Whether the best size at this compute, C^0.5, is within half of those of grid(3, 3). */
bool size_ran(double flops);

/* k facts known leave k^-0.5, a thousand leave nothing: a = 1.5, so that with compute = 6 N D facts grow as C^(1/2.5). */
enum { FACTS = 1000 };
struct charts_theory facts(void);

#define EXPECT_HAS(text, part) EXPECT_MSG(strstr(text, part), "'%s' does not say '%s'", text, part)
#define EXPECT_TEXT(text, want) EXPECT_MSG(strcmp(text, want) == 0, "'%s', expected '%s'", text, want)

#endif
