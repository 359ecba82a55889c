#include "fit/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum status origins_set(struct origins *o, size_t row, const char *file, size_t line, const char *run,
                        struct err *err)
{
    TRY(size_reserve(&o->row, &o->cap, row + 1, sizeof *o->row, "the runs", err));
    while (o->n <= row)
        o->row[o->n++] = (struct origin){NULL, 0, 0};
    if (o->files.n == 0 || strcmp(o->files.text[o->files.n - 1], file) != 0)
        fit_lines_add(&o->files, "%s", file);
    char *name = run && run[0] != '\0' ? strdup(run) : NULL;
    if (run && run[0] != '\0' && !name)
        return err_set(err, E_NOMEM, "out of memory for the names of the runs");
    free(o->row[row].run);
    o->row[row] = (struct origin){name, o->files.n - 1, line};
    return OK;
}

void origins_keep(struct origins *o, const bool *keep, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->n; i++) {
        if (i < n && keep[i])
            o->row[kept++] = o->row[i];
        else
            free(o->row[i].run);
    }
    o->n = kept;
}

void origins_free(struct origins *o)
{
    for (size_t i = 0; i < o->n; i++)
        free(o->row[i].run);
    free(o->row);
    fit_lines_free(&o->files);
    *o = (struct origins){0};
}

const char *origins_run(const struct origins *o, size_t row)
{
    return row < o->n ? o->row[row].run : NULL;
}

size_t origins_line(const struct origins *o, size_t row)
{
    return row < o->n ? o->row[row].line : 0;
}

char *origins_name(char *buf, size_t size, const struct origins *o, size_t row)
{
    if (origins_run(o, row)) {
        snprintf(buf, size, "run %s", o->row[row].run);
    } else if (origins_line(o, row) > 0) {
        const char *file = o->files.text[o->row[row].file], *slash = strrchr(file, '/');
        snprintf(buf, size, "%s:%zu", slash ? slash + 1 : file, o->row[row].line);
    } else {
        snprintf(buf, size, "row %zu", row + 1);
    }
    return buf;
}

struct origin_name origins_told(const struct origins *o, size_t row)
{
    struct origin_name n = {.is_run = origins_run(o, row) != NULL, .line = origins_line(o, row)};
    origins_name(n.text, sizeof n.text, o, row);
    return n;
}
