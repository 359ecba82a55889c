#include "fit/table/format.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && strcasecmp(s + n - m, tail) == 0;
}

/* Text has no zero byte: whatever stands after one would be cut without a word. */
static enum status no_zero_bytes(const char *file, const char *text, size_t size, struct err *err)
{
    const char *zero = memchr(text, '\0', size), *line = text;
    size_t n = 1;
    if (!zero)
        return OK;
    for (const char *p = text; p < zero; p++)
        if (*p == '\n') {
            n++;
            line = p + 1;
        }
    bool wide = size >= 2 && ((unsigned char)text[0] == 0xff || (unsigned char)text[0] == 0xfe || text[1] == '\0');
    return err_set(err, E_DATA, "%s:%zu:%zu: a zero byte: this is no text file%s", file, n, (size_t)(zero - line) + 1,
                   wide ? " in UTF-8 (it looks like UTF-16)" : "");
}

enum status format_read_text(struct grid *g, const char *file, char *text, size_t size, struct err *err)
{
    TRY(grid_own(g, text, err));
    TRY(no_zero_bytes(file, text, size, err));
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* byte order mark */
        text += 3;
        size -= 3;
    }
    char first = text[strspn(text, " \t\r\n")];
    if (first == '\0' && size == strspn(text, "\r\n \t"))
        return err_set(err, E_DATA, "%s: the file is empty", file);
    bool json = first == '{' || first == '[' || ends_with(file, ".json") || ends_with(file, ".jsonl") ||
                ends_with(file, ".ndjson");
    return (json ? format_json : format_delimited)(g, file, text, size, err);
}

enum status format_read(struct grid *g, const char *file, struct err *err)
{
    char *text;
    size_t size;
    TRY(file_read(&text, &size, file, err));
    return format_read_text(g, file, text, size, err);
}
