/* What a page is made of, from a folder or a fit: for `plateau report`, the end of a sweep, and whoever serves a page. */
#ifndef PLATEAU_CLI_PAGE_INPUT_H
#define PLATEAU_CLI_PAGE_INPUT_H

#include "cli/draw.h"
#include "report/page/page.h"
#include "report/screen.h"

struct page_input {
    struct page page;
    struct draw_input drawn;
    struct screen rows;            /* what theory says */
    struct page_row page_rows[SCREEN_ROWS];
    struct page_speed *speeds;
    char *results, *sweep, *compare, *frontiers; /* files as they lie there */
    char name[128], mark[32];
};

/* From runs that were read and fitted (fitted_analyse); f must outlive it. page_input_free in any case. */
enum status page_input_make(struct page_input *in, const struct fitted *f, struct err *err) WARN_UNUSED;
/* From a folder in which no run has ended yet, or that of a comparison. */
enum status page_input_of_folder(struct page_input *in, const char *dir, struct err *err) WARN_UNUSED;
void page_input_free(struct page_input *in);

/* Whether dir is the folder of a comparison: it has a compare.json, and is no sweep's. */
bool page_input_is_comparison(const char *dir);

/* The page as a file, whole or not at all. */
enum status page_input_write(const struct page_input *in, const char *path, struct err *err) WARN_UNUSED;
/* Whether the page at path was made from just this fit. */
bool page_input_current(const char *path, const struct fitted *f);

#endif
