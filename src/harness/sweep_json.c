#include "harness/sweep_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/file_tree.h"
#include "base/json_file.h"
#include "base/json_memory.h"
#include "base/seal.h"
#include "harness/search_path.h"

enum { HASH_TEXT = 24 };

static const char *hash_text(char *buf, uint64_t h)
{
    snprintf(buf, HASH_TEXT, "%016llx", (unsigned long long)h);
    return buf;
}

static cJSON *machine_of(const struct sweep_facts *f)
{
    cJSON *machine = cJSON_CreateObject();
    struct utsname u;
    if (uname(&u) == 0) {
        cJSON_AddStringToObject(machine, "system", u.sysname);
        cJSON_AddStringToObject(machine, "arch", u.machine);
    }
    cJSON_AddNumberToObject(machine, "cores", f->cores);
    cJSON_AddStringToObject(machine, "isa", f->isa);
    return machine;
}

static cJSON *files_of(const struct data *d)
{
    cJSON *list = cJSON_CreateArray();
    char hash[HASH_TEXT];
    for (size_t i = 0; i < data_n_files(d); i++) {
        const struct data_file *f = data_file_at(d, i);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "path", f->path);
        cJSON_AddNumberToObject(o, "bytes", (double)f->bytes);
        cJSON_AddStringToObject(o, "fingerprint", hash_text(hash, f->fingerprint));
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static bool says(const char *path, const char *text)
{
    char *there;
    size_t size;
    if (file_read_regular(&there, &size, path, NULL) != OK)
        return false;
    bool same = size == strlen(text) && memcmp(there, text, size) == 0;
    free(there);
    return same;
}

/* What has to be known of the data wherever the folder is looked at, for they may be large. */
static void add_data(cJSON *root, const struct sweep_facts *f)
{
    cJSON_AddNumberToObject(root, "data_vocab", (double)data_vocab(f->data));
    cJSON_AddNumberToObject(root, "data_train_tokens", (double)data_train_tokens(f->data));
    if (isfinite(f->baseline))
        cJSON_AddNumberToObject(root, "data_baseline", f->baseline);
}

/* The rates that were searched, as the search keeps them. */
static void add_search(cJSON *root, const char *dir, const struct config *c)
{
    char path[FILE_PATH_MAX];
    cJSON *found;
    if (c->train.lr_law.kind == LR_AUTO && search_file(path, dir, NULL) == OK && file_exists(path) &&
        json_read(&found, path, "record of a search", NULL) == OK)
        cJSON_AddItemToObject(root, "search", found);
}

enum status sweep_json_write(const char *dir, const struct config *c, const struct sweep_facts *f,
                             struct err *err)
{
    char path[FILE_PATH_MAX], *config_text, hash[HASH_TEXT];
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    TRY(config_to_json(&config_text, c, false, err));
    size_t failures = json_memory_failures();
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "version", f->version);
    cJSON_AddItemToObject(root, "machine", machine_of(f));
    if (isfinite(f->floor)) {
        cJSON *truth = cJSON_AddObjectToObject(root, "truth");
        cJSON_AddNumberToObject(truth, "floor", f->floor);
        cJSON_AddNumberToObject(truth, "floor_heldout", f->eval_floor);
    }
    cJSON_AddStringToObject(root, "data_fingerprint", hash_text(hash, data_fingerprint(f->data)));
    if (data_n_files(f->data))
        cJSON_AddItemToObject(root, "data_files", files_of(f->data));
    add_data(root, f);
    cJSON_AddItemToObject(root, "config", cJSON_Parse(config_text));
    free(config_text);
    add_search(root, dir, c);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text || json_memory_failures() != failures || seal_add(&text, NULL) != OK) {
        cJSON_free(text);
        return err_set(err, E_NOMEM, "out of memory writing %s", path);
    }
    bool first;
    enum status st = says(path, text) ? OK
                     : f->first       ? file_tree_write_first(&first, path, text, strlen(text), err)
                                      : file_write_atomic(path, text, strlen(text), err);
    cJSON_free(text);
    return st;
}

/* Which file the data of then and of now do not share. */
static void find_changed(struct sweep_json *s, const cJSON *files, const struct data *d)
{
    char hash[HASH_TEXT];
    size_t i = 0, n = data_n_files(d);
    const cJSON *then;
    cJSON_ArrayForEach(then, files)
    {
        const struct data_file *now = i < n ? data_file_at(d, i) : NULL;
        const cJSON *path = cJSON_GetObjectItemCaseSensitive(then, "path");
        const cJSON *print = cJSON_GetObjectItemCaseSensitive(then, "fingerprint");
        double bytes = json_number(then, "bytes");
        i++;
        if (now && cJSON_IsString(path) && cJSON_IsString(print) && strcmp(path->valuestring, now->path) == 0 &&
            strcmp(print->valuestring, hash_text(hash, now->fingerprint)) == 0)
            continue;
        if (now && cJSON_IsString(path) && strcmp(path->valuestring, now->path) == 0)
            snprintf(s->changed_file, sizeof s->changed_file, "%s has changed: %.0f bytes then, %zu now", now->path,
                     bytes, now->bytes);
        else
            snprintf(s->changed_file, sizeof s->changed_file, "%s was among its files",
                     cJSON_IsString(path) ? path->valuestring : "another");
        return;
    }
    if (i < n && cJSON_GetArraySize(files) > 0)
        snprintf(s->changed_file, sizeof s->changed_file, "%s was not among its files", data_file_at(d, i)->path);
}

/* Whether a config says the same as c, and draws the same held-out set. */
static void compare_config(struct sweep_json *s, const cJSON *config, const struct config *c)
{
    char *text;
    if (config_to_json(&text, c, false, NULL) != OK)
        return;
    cJSON *now = cJSON_Parse(text);
    free(text);
    s->same_config = cJSON_Compare(config, now, true);
    s->same_held_out = cJSON_Compare(cJSON_GetObjectItemCaseSensitive(config, "data"),
                                     cJSON_GetObjectItemCaseSensitive(now, "data"), true) &&
                       json_number(cJSON_GetObjectItemCaseSensitive(config, "model"), "ctx") == (double)c->model.ctx;
    cJSON_Delete(now);
}

static bool parts_files(const struct config *c)
{
    return data_kind_reads_files((enum data_kind)c->data.source) && c->data.val_files.n == 0;
}

/* The same files, parted in another way. */
static void find_parted(struct sweep_json *s, const char *dir, const struct config *c)
{
    static const char *const words[] = {"spread", "tail"};
    struct config there;
    config_init(&there);
    if (config_load_sweep(&there, dir, NULL) == OK && parts_files(c) && parts_files(&there) &&
        there.data.heldout != c->data.heldout)
        snprintf(s->parted, sizeof s->parted, "data.heldout was %s then, it is %s now", words[there.data.heldout],
                 words[c->data.heldout]);
    config_free(&there);
}

void sweep_json_read(struct sweep_json *s, const char *dir, const struct config *c, const struct data *d)
{
    char path[FILE_PATH_MAX];
    cJSON *root;
    struct err err;
    *s = (struct sweep_json){.floor_heldout = (double)NAN, .baseline = (double)NAN};
    if (file_join(path, sizeof path, dir, "sweep.json", NULL) != OK || !file_exists(path))
        return;
    s->found = true;
    if (json_read_sealed(&root, path, "record of a sweep", &err) != OK) {
        s->damaged = true;
        snprintf(s->why, sizeof s->why, "%.*s", (int)sizeof s->why - 1, err.msg);
        return;
    }
    const cJSON *print = cJSON_GetObjectItemCaseSensitive(root, "data_fingerprint");
    if (cJSON_IsString(print) && strlen(print->valuestring) == 16)
        strcpy(s->fingerprint, print->valuestring);
    s->floor_heldout = json_number(cJSON_GetObjectItemCaseSensitive(root, "truth"), "floor_heldout");
    char hash[HASH_TEXT];
    s->same_data = strcmp(s->fingerprint, hash_text(hash, data_fingerprint(d))) == 0;
    s->baseline = json_number(root, "data_baseline");
    s->damaged = s->fingerprint[0] == '\0' || !cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(root, "config"));
    if (s->damaged)
        snprintf(s->why, sizeof s->why, "%.150s is damaged: no config, or no fingerprint of the data", path);
    compare_config(s, cJSON_GetObjectItemCaseSensitive(root, "config"), c);
    find_changed(s, cJSON_GetObjectItemCaseSensitive(root, "data_files"), d);
    if (s->changed_file[0] == '\0')
        find_parted(s, dir, c);
    cJSON_Delete(root);
}

static enum status read_record(cJSON **root, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    return json_read_sealed(root, path, "record of a sweep", err);
}

void sweep_json_read_data(struct sweep_json_data *s, const char *dir)
{
    cJSON *root;
    *s = (struct sweep_json_data){.baseline = (double)NAN};
    if (read_record(&root, dir, NULL) != OK)
        return;
    double vocab = json_number(root, "data_vocab"), tokens = json_number(root, "data_train_tokens");
    s->found = vocab >= 1 && vocab < 1e9 && tokens >= 0 && tokens < 9e15;
    if (s->found)
        s->vocab = (size_t)vocab, s->train_tokens = (size_t)tokens;
    s->baseline = json_number(root, "data_baseline");
    cJSON_Delete(root);
}

enum status sweep_json_same_files(bool *same, const char *a, const char *b, struct err *err)
{
    cJSON *x, *y;
    TRY(read_record(&x, a, err));
    enum status st = read_record(&y, b, err);
    if (st == OK) {
        const cJSON *p = cJSON_GetObjectItemCaseSensitive(x, "data_files"), *q = cJSON_GetObjectItemCaseSensitive(y, "data_files");
        int n = cJSON_GetArraySize(p);
        *same = n == cJSON_GetArraySize(q);
        for (int i = 0; *same && i < n; i++)
            *same = cJSON_Compare(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(p, i), "fingerprint"),
                                  cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(q, i), "fingerprint"), true);
        cJSON_Delete(y);
    }
    cJSON_Delete(x);
    return st;
}
