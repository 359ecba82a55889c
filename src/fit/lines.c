#include "fit/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fit_lines_add(struct fit_lines *lines, const char *fmt, ...)
{
    char buf[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    char **p = realloc(lines->text, (lines->n + 1) * sizeof *p);
    if (p)
        lines->text = p;
    size_t n = strlen(buf) + 1;
    char *text = p ? malloc(n) : NULL;
    if (text)
        p[lines->n++] = memcpy(text, buf, n);
    else
        lines->lost = true;
}

enum status fit_lines_check(const struct fit_lines *lines, struct err *err)
{
    return lines->lost ? err_set(err, E_NOMEM, "out of memory for a sentence") : OK;
}

void fit_lines_free(struct fit_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        free(lines->text[i]);
    free(lines->text);
    *lines = (struct fit_lines){0};
}
