/* HTML, a piece at a time. Whatever somebody wrote (names, cells, config) goes through html_text: it is the one place that
 * escapes, for texts and for values of attributes in double quotes alike. */
#ifndef PLATEAU_REPORT_PAGE_HTML_H
#define PLATEAU_REPORT_PAGE_HTML_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"
#include "report/number.h"
#include "report/page/page.h"

/* Text that is plain: escaped, without control characters, '?' for bytes that are no UTF-8. */
void html_text(FILE *out, const char *text);
void html_bytes(FILE *out, const char *text, size_t n);
/* The same, formatted first; of any length. */
void html_say(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* With the marks of plot/rich.h, as <sup> and <sub>. */
void html_rich(FILE *out, const char *rich);
/* The same without elements, for attributes. */
void html_plain(FILE *out, const char *rich);

/* A number with its interval after it, as charts have it: "0.76 nats (95 %: 0.61 to 0.79)"; unit "" where there is none. */
const char *html_value(char *out, size_t size, enum number_form form, const struct fit_value *v, const char *unit);

/* The fit of a page: its report, its selected law and the loss's unit (" nats", with a blank; "" where it is not known), and
 * what a token is. NULL report: nothing was fitted. */
struct page_fit {
    const struct fit_report *report;
    const struct fit_law *law;
    char unit[24];
    const char *token;
    bool compute; /* the frontier is a function of it */
};
struct page_fit html_fit(const struct page *p);

/* A paragraph with a class, formatted and escaped. */
void html_line(FILE *out, const char *class_name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What a word means, where it stands: a summary that opens by click or key. */
void html_term(FILE *out, const char *term, const char *meaning);

/* Bytes as base64, as a data: link wants them. */
void html_base64(FILE *out, const char *data, size_t n);

#endif
