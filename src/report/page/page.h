/* The report: one page of HTML that holds everything it shows, asks nobody for anything, and opens from disk.
 *
 * A page is made of sections in the order of the table in kinds.h, each a file of its name, each an element with an id of
 * its own ("answer", "charts", ...) that stays, so that whoever serves a page that changes can put a new section in the
 * old one's place. A section that has nothing to show yet says what is missing. What the reader has switched, sorted and
 * slid is kept by the page's script under those ids (page.js: plateau.refresh binds a section that was put in).
 *
 * The same input gives the same bytes, so two pages differ in just those sections in which something has changed. */
#ifndef PLATEAU_REPORT_PAGE_H
#define PLATEAU_REPORT_PAGE_H

#include <stdio.h>

#include "report/charts/charts.h"

/* A file as it is, with a '\0' after it; NULL: there is none. */
struct page_text {
    const char *data;
    size_t size;
};

/* What one core of this machine does at a size. */
struct page_speed {
    double params, flops_per_s;
};

/* More rows of the verdict, such as what theory says. */
struct page_row {
    const char *label, *text;
};

/* A section that was made elsewhere: HTML that is written as it is. */
struct page_piece {
    const char *id, *heading;
    struct page_text html;
};

/* Everything is borrowed, and everything may be missing. */
struct page {
    const char *name;                  /* what the runs are of: the sweep's, or its folder's */
    const char *version;               /* of the tool that writes the page */
    const struct charts_input *charts; /* rows, fit and curves; NULL: no run has ended yet. Its report may have no law */
    struct page_text results;          /* results.csv */
    struct page_text fit;              /* fit.json */
    struct page_text sweep;            /* sweep.json */
    struct page_text compare;          /* compare.json: the page of a comparison */
    struct page_text frontiers;        /* and its charts/frontiers.svg */
    const char *mark;                  /* a word in its head, to know by what it was made from; NULL: none */
    const char *command;               /* how it was made, for who wants to make it again; NULL: not known */
    size_t n_planned;                  /* runs that the grid has; 0: not known */
    const struct page_speed *speeds;   /* (n_speeds) rising in size */
    size_t n_speeds;
    const struct page_row *rows;       /* (n_rows) */
    size_t n_rows;
    const char *live_script;           /* after the page's own script, for a page that changes: it may ask where it came
                                          from (connect-src 'self'). NULL: a page that stays, and may ask nobody */
    const struct page_piece *pieces;   /* (n_pieces) in place of all other sections; NULL: none */
    size_t n_pieces;
    const char *live_head;             /* HTML above the first section, in an element with the id "live"; NULL: none */
};

/* The whole page. Write errors stay in out. */
enum status page_write(FILE *out, const struct page *p, struct err *err) WARN_UNUSED;

/* One section alone, with its element: what a page that changes is made of. */
size_t page_count(const struct page *p);
const char *page_id(const struct page *p, size_t i);
enum status page_section(FILE *out, const struct page *p, size_t i, struct err *err) WARN_UNUSED;

#endif
