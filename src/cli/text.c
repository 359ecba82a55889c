#define _DEFAULT_SOURCE 1 /* TIOCGWINSZ */
#include "cli/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "base/status.h"

/* 0: nothing says how wide it is. */
static size_t known_width(FILE *out)
{
    struct winsize w;
    const char *columns = getenv("COLUMNS");
    if (ioctl(fileno(out), TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return w.ws_col;
    return columns && atoi(columns) > 0 ? (size_t)atoi(columns) : 0;
}

size_t text_width(FILE *out, size_t otherwise)
{
    size_t width = known_width(out);
    return size_max(20, size_min(width ? width : otherwise, TEXT_WIDTH_MAX));
}

void text_wrap(FILE *out, size_t width, size_t at, size_t indent, const char *text)
{
    bool fresh = true; /* nothing of the text stands on this line yet */
    size_t blanks = 0; /* since the last word */
    while (*text) {
        size_t n = strcspn(text, " \n");
        if (n > 0) {
            if (!fresh && at + blanks + n > width) {
                fprintf(out, "\n%*s", (int)indent, "");
                at = indent;
                fresh = true;
            }
            blanks = fresh ? 0 : blanks;
            fprintf(out, "%*s%.*s", (int)blanks, "", (int)n, text);
            at += blanks + n;
            fresh = false;
            blanks = 0;
        }
        text += n;
        if (strncmp(text, "\n\n", 2) == 0) {
            fprintf(out, "\n\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
            text++;
        }
        blanks += *text != '\0';
        text += *text != '\0';
    }
    fputc('\n', out);
}

/* Lead and text at this width; 0: as one line. */
PRINTF_LIKE(4, 0)
static void beside(FILE *out, size_t width, const char *lead, const char *fmt, va_list args)
{
    char text[2 * FILE_PATH_MAX];
    vsnprintf(text, sizeof text, fmt, args);
    fputs(lead, out);
    if (width > 0)
        text_wrap(out, width, strlen(lead), strlen(lead), text);
    else
        fprintf(out, "%s\n", text);
}

void text_message(FILE *out, const char *lead, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    beside(out, known_width(out) ? text_width(out, 0) : 0, lead, fmt, args);
    va_end(args);
}

void text_beside(FILE *out, const char *lead, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    beside(out, text_width(out, TEXT_WIDTH_MAX), lead, fmt, args);
    va_end(args);
}

bool text_is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) == 1 && term && strcmp(term, "dumb") != 0 && term[0] != '\0';
}

void text_teacher(FILE *out, double most_flops, double train_flops)
{
    if (!isnan(most_flops))
        text_beside(out, "teacher: ",
                    "its forward passes take up to %.3g flops a run, its own training took %.3g; neither is in the runs' flops",
                    most_flops, train_flops);
}

bool text_ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}
