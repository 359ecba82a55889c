/* A comparison as compare.json has it, read back for its page and charts. */
#ifndef PLATEAU_REPORT_PAGE_COMPARISON_H
#define PLATEAU_REPORT_PAGE_COMPARISON_H

#include "report/charts/against.h"
#include "report/page/page.h"

/* What is to be careful with about a variant. */
struct comparison_note {
    const char *variant, *text;
};

struct comparison {
    void *text;                        /* that the strings of the others lie in */
    struct against against;            /* those that can be compared; without reports, so that frontiers have no chart */
    struct compare_variant *variants;  /* (n) all */
    struct against_variant *compared;
    size_t n;
    struct comparison_note *notes;     /* (n_notes) */
    size_t n_notes;
};

/* False where it is no comparison: damaged, or of another tool. comparison_close in any case. What a file lacks is NaN. */
enum status comparison_open(struct comparison *c, bool *good, const struct page *p, struct err *err) WARN_UNUSED;
void comparison_close(struct comparison *c);

#endif
