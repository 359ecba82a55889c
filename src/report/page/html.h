/* HTML, a piece at a time. Whatever somebody wrote (names, cells, config) goes through html_text: it is the one place that
 * escapes, for texts and for values of attributes in double quotes alike. */
#ifndef PLATEAU_REPORT_PAGE_HTML_H
#define PLATEAU_REPORT_PAGE_HTML_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/* Text that is plain: escaped, without control characters, '?' for bytes that are no UTF-8. */
void html_text(FILE *out, const char *text);
void html_bytes(FILE *out, const char *text, size_t n);
/* The same, formatted first; of any length. */
void html_say(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* With the marks of plot/rich.h, as <sup> and <sub>. */
void html_rich(FILE *out, const char *rich);
/* The same without elements, for attributes. */
void html_plain(FILE *out, const char *rich);

/* A paragraph with a class, formatted and escaped. */
void html_line(FILE *out, const char *class_name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What a word means, where it stands: a summary that opens by click or key. */
void html_term(FILE *out, const char *term, const char *meaning);

/* Bytes as base64, as a data: link wants them. */
void html_base64(FILE *out, const char *data, size_t n);

#endif
