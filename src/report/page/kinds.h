/* The sections of a page, in their order: name (the element's id, the function NAME_section, the file NAME.c) and heading. */
#ifndef PLATEAU_REPORT_PAGE_KINDS_H
#define PLATEAU_REPORT_PAGE_KINDS_H

#include "report/page/html.h"
#include "report/page/page.h"

/* clang-format off */
#define PAGE_SECTIONS(X)                                  \
    X(answer,     "The answer")                           \
    X(verdict,    "The verdict")                          \
    X(pictures,   "The charts")                           \
    X(whatif,     "What if?")                             \
    X(runs,       "The runs")                             \
    X(fits,       "The fits")                             \
    X(literature, "Beside the literature")                \
    X(method,     "How it was done")                      \
    X(downloads,  "The numbers to take away")

/* Of a comparison. */
#define PAGE_COMPARISON(X)                                \
    X(against,    "The answer")                           \
    X(versus,     "The charts")                           \
    X(downloads,  "The numbers to take away")
/* clang-format on */

/* What is between the section's heading and its end. */
typedef enum status page_fill(FILE *out, const struct page *p, struct err *err);

#define X(name, heading) page_fill name##_section;
PAGE_SECTIONS(X)
#undef X
page_fill against_section, versus_section;

#endif
