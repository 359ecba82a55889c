#define _DEFAULT_SOURCE /* TIOCGWINSZ */
#include "cli/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"

size_t text_width(FILE *out, size_t otherwise)
{
    struct winsize w;
    size_t width = otherwise;
    const char *columns = getenv("COLUMNS");
    if (ioctl(fileno(out), TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        width = w.ws_col;
    else if (columns && atoi(columns) > 0)
        width = (size_t)atoi(columns);
    return size_max(20, size_min(width, TEXT_WIDTH_MAX));
}

void text_wrap(FILE *out, size_t width, size_t at, size_t indent, const char *text)
{
    bool fresh = true; /* nothing of the text stands on this line yet */
    while (*text) {
        size_t n = strcspn(text, " \n");
        if (n > 0) {
            if (!fresh && at + 1 + n > width) {
                fprintf(out, "\n%*s", (int)indent, "");
                at = indent;
                fresh = true;
            }
            fprintf(out, "%s%.*s", fresh ? "" : " ", (int)n, text);
            at += n + !fresh;
            fresh = false;
        }
        text += n;
        if (strncmp(text, "\n\n", 2) == 0) {
            fprintf(out, "\n\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
            text++;
        }
        text += *text != '\0';
    }
    fputc('\n', out);
}

void text_beside(FILE *out, const char *lead, const char *fmt, ...)
{
    char text[2 * FILE_PATH_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fputs(lead, out);
    text_wrap(out, text_width(out, TEXT_WIDTH_MAX), strlen(lead), strlen(lead), text);
}
