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
    CHECK(p != NULL);
    lines->text = p;
    p[lines->n] = strdup(buf);
    CHECK(p[lines->n] != NULL);
    lines->n++;
}

void fit_lines_free(struct fit_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        free(lines->text[i]);
    free(lines->text);
    *lines = (struct fit_lines){0};
}
