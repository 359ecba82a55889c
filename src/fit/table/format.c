#include "fit/table/format.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "fit/table/decode.h"

static bool ends_with(const char *s, size_t n, const char *tail)
{
    size_t m = strlen(tail);
    return n >= m && strncasecmp(s + n - m, tail, m) == 0;
}

/* t.json, and t.json.gz. */
static bool is_json_name(const char *file)
{
    size_t n = strlen(file);
    n -= ends_with(file, n, ".gz") ? 3 : 0;
    return ends_with(file, n, ".json") || ends_with(file, n, ".jsonl") || ends_with(file, n, ".ndjson");
}

enum status format_read_text(struct grid *g, const char *file, char *text, size_t size, struct err *err)
{
    struct decoded how;
    TRY(decode_text(&text, &size, &how, file, err));
    TRY(grid_own(g, text, err));
    const char *first = text + strspn(text, " \t\r\n");
    if (*first == '\0')
        return err_set(err, E_DATA, "%s: the file is empty", file);
    if (*first == '{' || *first == '[' || is_json_name(file))
        return format_json(g, file, text, size, err);
    return (format_is_latex(text) ? format_latex : format_delimited)(g, file, text, size, err);
}

enum status format_read(struct grid *g, const char *file, struct err *err)
{
    char *text;
    size_t size;
    TRY(file_read(&text, &size, file, err));
    return format_read_text(g, file, text, size, err);
}
