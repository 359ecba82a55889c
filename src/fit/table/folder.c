#include "fit/table/folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/size.h"
#include "fit/table/sealed.h"

static enum status add(struct folder_files *f, const char *dir, const char *name, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, dir, name, err));
    char **p = realloc(f->paths, (f->n + 1) * sizeof *p);
    if (!p)
        return err_set(err, E_NOMEM, "%s: out of memory for its files", dir);
    f->paths = p;
    p[f->n] = strdup(path);
    if (!p[f->n])
        return err_set(err, E_NOMEM, "%s: out of memory for its files", dir);
    f->n++;
    return OK;
}

static bool is_json(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".json") == 0 || strcasecmp(dot, ".jsonl") == 0 || strcasecmp(dot, ".ndjson") == 0);
}

enum status folder_files(struct folder_files *f, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct file_list list = {0};
    *f = (struct folder_files){0};
    TRY(file_join(path, sizeof path, dir, "results.csv", err));
    if (file_exists(path)) {
        f->sweep = true;
        return add(f, dir, "results.csv", err);
    }
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    if (file_exists(path))
        return err_set(err, E_DATA, "%s: no results.csv in this sweep's folder", dir);
    TRY(file_list_dir(&list, dir, err));
    enum status st = OK;
    for (size_t i = 0; i < list.n && st == OK; i++)
        if (is_json(list.names[i]))
            st = add(f, dir, list.names[i], err);
    file_list_free(&list);
    if (st == OK && f->n == 0)
        st = err_set(err, E_DATA, "%s: no results.csv in this folder, and no JSON files of runs", dir);
    return st;
}

void folder_files_free(struct folder_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->paths[i]);
    free(f->paths);
    *f = (struct folder_files){0};
}

enum status folder_truth(struct fit_table *t, const char *dir, bool first, struct err *err)
{
    char path[FILE_PATH_MAX];
    bool known = false;
    double floor = 0, heldout = (double)NAN;
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    if (file_exists(path))
        TRY(sealed_truth(&known, &floor, &heldout, path, err));
    if (first) {
        t->truth_known = known;
        t->truth_floor = floor;
        t->truth_heldout = heldout;
    } else if (!known || floor != t->truth_floor) {
        t->truth_known = false;
    }
    return OK;
}
