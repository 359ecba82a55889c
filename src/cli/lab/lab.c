#include "cli/lab/lab.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_file.h"
#include "base/json_memory.h"
#include "base/system.h"

extern const unsigned char lab_language_data[], lab_text_data[];

enum status lab_path(char path[FILE_PATH_MAX], const struct lab *l, const char *a, const char *b, struct err *err)
{
    char inside[FILE_PATH_MAX];
    if (!b)
        return file_join(path, FILE_PATH_MAX, l->dir, a, err);
    TRY(file_join(inside, sizeof inside, l->dir, a, err));
    return file_join(path, FILE_PATH_MAX, inside, b, err);
}

/* --- the folder --- */

static const char usual_dir[] = "runs/lab";

const char *lab_out(char *out, size_t size, const struct lab *l)
{
    bool usual = strcmp(l->dir, usual_dir) == 0;
    snprintf(out, size, "%s%s", usual ? "" : " --out ", usual ? "" : l->dir);
    return out;
}

/* runs/lab-NAME after the first text. */
static enum status place(char dir[FILE_PATH_MAX], const struct lab_words *w, struct err *err)
{
    char name[80] = "lab";
    if (w->out)
        return file_join(dir, FILE_PATH_MAX, w->out, "", err);
    if (w->files.n > 0) {
        snprintf(name, sizeof name, "lab-%.60s", file_basename(w->files.items[0]));
        char *dot = strrchr(name, '.');
        if (dot)
            *dot = '\0';
        for (char *p = name; *p; p++)
            if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *p))
                *p = '_';
    }
    return file_join(dir, FILE_PATH_MAX, "runs", name, err);
}

/* Where a text lies, from wherever the next command is given. */
static enum status add_file(cJSON *files, const char *path, struct err *err)
{
    char here[FILE_PATH_MAX], whole[FILE_PATH_MAX];
    if (!file_exists(path))
        return err_set(err, E_DATA, "--text %s: no such file or folder", path);
    if (path[0] != '/' && !getcwd(here, sizeof here))
        return err_errno(err, errno, "--text", path);
    if (path[0] == '/')
        TRY(file_join(whole, sizeof whole, path, "", err));
    else
        TRY(file_join(whole, sizeof whole, here, path, err));
    cJSON_AddItemToArray(files, cJSON_CreateString(whole));
    return OK;
}

static enum status list_files(cJSON **files, const struct lab_words *w, struct err *err)
{
    *files = cJSON_CreateArray();
    for (size_t i = 0; i < w->files.n; i++)
        TRY(add_file(*files, w->files.items[i], err));
    return OK;
}

/* Nothing is written before the first step. */
static enum status begin(struct lab *l, const struct lab_words *w, struct err *err)
{
    cJSON *files;
    enum status st = list_files(&files, w, err);
    if (st != OK) {
        cJSON_Delete(files);
        return st;
    }
    l->minutes = w->minutes > 0 ? w->minutes : LAB_MINUTES;
    l->root = cJSON_CreateObject();
    cJSON_AddNumberToObject(l->root, "minutes", l->minutes);
    cJSON_AddStringToObject(l->root, "version", PLATEAU_VERSION);
    cJSON_AddItemToObject(l->root, "files", files);
    return OK;
}

/* The words of this call against those that the lab was begun with. */
static enum status check_same(const struct lab *l, const struct lab_words *w, struct err *err)
{
    cJSON *files;
    enum status st = list_files(&files, w, err);
    bool same = st == OK && (w->files.n == 0 || cJSON_Compare(files, cJSON_GetObjectItemCaseSensitive(l->root, "files"), true));
    cJSON_Delete(files);
    TRY(st);
    if (!same)
        return err_set(err, E_USAGE, "--text: the lab in %s was begun with other data: give another folder with --out", l->dir);
    if (w->minutes > 0 && w->minutes != l->minutes)
        return err_set(err, E_USAGE,
                       "--minutes %g: the lab in %s was begun with %g, which its runs are scaled to: leave it out, or "
                       "give another folder with --out",
                       w->minutes, l->dir, l->minutes);
    return OK;
}

static enum status go_on(struct lab *l, const struct lab_words *w, const char *path, struct err *err)
{
    TRY(json_read(&l->root, path, "lab.json of a lab", err));
    l->minutes = json_number(l->root, "minutes");
    if (!(l->minutes > 0) || !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(l->root, "files")))
        return err_set(err, E_DATA, "%s is damaged: minutes or files are missing", path);
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(l->root, "scale");
    if (scale && !scale_read(&l->scale, scale))
        return err_set(err, E_DATA, "%s is damaged: its scale cannot be read", path);
    return check_same(l, w, err);
}

enum status lab_open(struct lab *l, const struct lab_words *w, struct err *err)
{
    char path[FILE_PATH_MAX];
    *l = (struct lab){.jobs = w->jobs ? w->jobs : (size_t)system_cores_all(), .again = w->again, .tweak = w->tweak};
    TRY(place(l->dir, w, err));
    TRY(lab_path(path, l, "lab.json", NULL, err));
    return file_exists(path) ? go_on(l, w, path, err) : begin(l, w, err);
}

void lab_close(struct lab *l)
{
    cJSON_Delete(l->root);
    *l = (struct lab){.root = NULL};
}

enum status lab_keep(const struct lab *l, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(lab_path(path, l, "lab.json", NULL, err));
    TRY(file_mkdirs(l->dir, err));
    size_t failures = json_memory_failures();
    return json_write(path, cJSON_Duplicate(l->root, true), failures, err);
}

enum status lab_keep_scale(struct lab *l, struct err *err)
{
    cJSON_DeleteItemFromObjectCaseSensitive(l->root, "scale");
    cJSON_AddItemToObject(l->root, "scale", scale_json(&l->scale));
    return lab_keep(l, err);
}

/* --- what all runs share --- */

enum status lab_base(cJSON **root, const struct lab *l, struct err *err)
{
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(l->root, "files");
    bool text = cJSON_GetArraySize(files) > 0;
    *root = cJSON_Parse((const char *)(text ? lab_text_data : lab_language_data));
    if (!*root)
        return err_set(err, E_NOMEM, "out of memory for a config");
    cJSON *data = cJSON_GetObjectItemCaseSensitive(*root, "data"), *train = cJSON_GetObjectItemCaseSensitive(*root, "train");
    double ctx = json_number(cJSON_GetObjectItemCaseSensitive(*root, "model"), "ctx");
    if (text)
        cJSON_AddItemToObject(data, "files", cJSON_Duplicate(files, true));
    if (l->scale.windows > 0) {
        double windows = ceil(l->scale.eval_tokens / ctx);
        cJSON_ReplaceItemInObjectCaseSensitive(data, "eval_tokens", cJSON_CreateNumber(windows * ctx));
        cJSON_ReplaceItemInObjectCaseSensitive(train, "batch_tokens", cJSON_CreateNumber((double)l->scale.windows * ctx));
    }
    return OK;
}

enum status lab_setup(struct setup *s, const struct lab *l, struct err *err)
{
    char path[FILE_PATH_MAX];
    const struct arg_list none = {0};
    cJSON *root;
    *s = (struct setup){0};
    size_t failures = json_memory_failures();
    TRY(lab_base(&root, l, err));
    cJSON_AddStringToObject(root, "name", "base");
    TRY(lab_path(path, l, "configs", NULL, err));
    enum status st = file_mkdirs(path, err);
    if (st == OK)
        st = lab_path(path, l, "configs", "base.json", err);
    if (st != OK) {
        cJSON_Delete(root);
        return st;
    }
    TRY(json_write(path, root, failures, err));
    return setup_open_data(s, path, &none, NULL, err);
}

bool lab_done(const struct lab *l, char letter)
{
    char path[FILE_PATH_MAX], name[] = {letter, '.', 'j', 's', 'o', 'n', '\0'};
    return lab_path(path, l, "steps", name, NULL) == OK && file_exists(path);
}
