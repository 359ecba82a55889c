/* search.json: what a search has found, and for what. */
#include "harness/search_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json_file.h"
#include "base/json_memory.h"
#include "fit/json_put.h"
#include "harness/config_internal.h"
#include "harness/search_path.h"

enum status search_hash(uint64_t *hash, const struct config *c, const struct data *d, struct err *err)
{
    static const char *const own[] = {"search.keys", "search.terms", "fit.loss"};
    struct config run = config_of_run(c);
    run.train.lr_law.kind = LR_NUMBER;
    run.model.d_model = run.model.n_layer = run.model.n_head = 0;
    run.train.tokens = 0;
    run.train.seed = 0;
    TRY(config_hash(hash, &run, err));
    for (size_t i = 0; i < sizeof own / sizeof *own - (c->fit.loss == 0); i++) { /* the last came later */
        char *text;
        TRY(config_key_text(&text, c, config_keys_find(own[i]), err));
        *hash = hash_bytes(*hash, text, strlen(text));
        free(text);
    }
    uint64_t data = data_fingerprint(d);
    *hash = hash_bytes(*hash, &data, sizeof data);
    return OK;
}

static cJSON *law_of(const struct search_found *f)
{
    cJSON *o = cJSON_CreateObject();
    json_put(o, "lr", f->lr);
    json_put(o, "params", f->law.params);
    json_put(o, "params_exponent", f->law.params_exponent);
    json_put(o, "tokens", f->law.tokens);
    json_put(o, "tokens_exponent", f->law.tokens_exponent);
    return o;
}

static cJSON *bottoms_of(const struct search_found *f)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < f->n; i++) {
        const struct search_bottom *b = &f->bottoms[i];
        cJSON *o = cJSON_CreateObject(), *ci = cJSON_CreateArray();
        json_put(o, "params", b->params);
        json_put(o, "tokens", b->tokens);
        json_put(o, "flops", b->flops);
        json_put(o, "lr", b->lr);
        cJSON_AddItemToArray(ci, isfinite(b->lo) ? cJSON_CreateNumber(b->lo) : cJSON_CreateNull());
        cJSON_AddItemToArray(ci, isfinite(b->hi) ? cJSON_CreateNumber(b->hi) : cJSON_CreateNull());
        cJSON_AddItemToObject(o, "ci95", ci);
        json_put(o, "loss", b->loss);
        json_put(o, "steep", b->steep);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

/* The values as a config writes them. */
static enum status keys_of(cJSON **out, const struct search_found *f, const struct config *c, struct err *err)
{
    struct config chosen = *c;
    TRY(search_apply(&chosen, f, err));
    *out = cJSON_CreateObject();
    for (size_t i = 0; i < c->search.keys.n; i++) {
        const char *path = c->search.keys.items[i].path;
        char *text;
        TRY(config_key_text(&text, &chosen, config_keys_find(path), err));
        cJSON_AddItemToObject(*out, path, cJSON_Parse(text));
        free(text);
    }
    return OK;
}

enum status search_write(const struct search_found *f, const char *dir, const struct config *c, uint64_t hash, struct err *err)
{
    char path[FILE_PATH_MAX], of[24];
    cJSON *keys = NULL;
    size_t failures = json_memory_failures();
    TRY(search_file(path, dir, err));
    TRY(keys_of(&keys, f, c, err));
    snprintf(of, sizeof of, "%016llx", (unsigned long long)hash);
    cJSON *root = cJSON_CreateObject(), *values = cJSON_CreateArray();
    cJSON_AddStringToObject(root, "of", of);
    cJSON_AddItemToObject(root, "lr", law_of(f));
    cJSON_AddItemToObject(root, "keys", keys);
    for (size_t i = 0; i < c->search.keys.n; i++)
        cJSON_AddItemToArray(values, isfinite(f->values[i]) ? cJSON_CreateNumber(f->values[i]) : cJSON_CreateNull());
    cJSON_AddItemToObject(root, "values", values);
    json_put(root, "excess", f->excess);
    json_put(root, "noise", f->noise);
    json_put(root, "separate", f->separate);
    json_put(root, "flops", f->flops);
    json_put(root, "sweep_flops", f->sweep_flops);
    json_put(root, "trials", (double)f->trials);
    cJSON_AddItemToObject(root, "bottoms", bottoms_of(f));
    return json_write(path, root, failures, err);
}

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static double number_at(const cJSON *list, int i)
{
    const cJSON *v = cJSON_GetArrayItem(list, i);
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

static void read_found(struct search_found *f, const cJSON *root)
{
    const cJSON *law = member(root, "lr"), *list = member(root, "bottoms"), *o;
    *f = (struct search_found){
        .lr = json_number(law, "lr"),
        .law = {LR_LAW, json_number(law, "params"), json_number(law, "params_exponent"), json_number(law, "tokens"),
                json_number(law, "tokens_exponent")},
        .excess = json_number(root, "excess"), .noise = json_number(root, "noise"), .flops = json_number(root, "flops"),
        .sweep_flops = json_number(root, "sweep_flops"), .separate = json_number(root, "separate"),
    };
    double trials = json_number(root, "trials");
    f->trials = trials > 0 && trials < 1e9 ? (size_t)trials : 0;
    for (int i = 0; i < CONFIG_VARY_MAX; i++)
        f->values[i] = number_at(member(root, "values"), i);
    cJSON_ArrayForEach(o, list)
    {
        const cJSON *ci = member(o, "ci95");
        if (f->n < SEARCH_SITES)
            f->bottoms[f->n++] = (struct search_bottom){json_number(o, "params"), json_number(o, "tokens"), json_number(o, "flops"),
                                                        json_number(o, "lr"), number_at(ci, 0), number_at(ci, 1),
                                                        json_number(o, "loss"), json_number(o, "steep")};
    }
}

/* *of: what it was found for. */
static enum status read_file(struct search_found *f, bool *found, char of[24], const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    cJSON *root;
    TRY(search_file(path, dir, err));
    *found = file_exists(path);
    if (!*found)
        return OK;
    TRY(json_read(&root, path, "record of a search", err));
    const cJSON *hash = member(root, "of");
    read_found(f, root);
    snprintf(of, 24, "%s", cJSON_IsString(hash) ? hash->valuestring : "");
    cJSON_Delete(root);
    const struct config_lr_law *l = &f->law;
    if (!(f->lr > 0 && l->params > 0 && l->tokens > 0 && isfinite(l->params_exponent) && isfinite(l->tokens_exponent)))
        return err_set(err, E_DATA, "%s is damaged: it holds no law (--fresh searches again)", path);
    return OK;
}

enum status search_found_in(struct search_found *f, bool *found, const char *dir, struct err *err)
{
    char of[24];
    return read_file(f, found, of, dir, err);
}

enum status search_read(struct search_found *f, bool *found, const char *dir, const struct config *c, const struct data *d,
                        struct err *err)
{
    char of[24], now[24];
    uint64_t hash;
    TRY(read_file(f, found, of, dir, err));
    if (!*found)
        return OK;
    TRY(search_hash(&hash, c, d, err));
    snprintf(now, sizeof now, "%016llx", (unsigned long long)hash);
    if (strcmp(of, now) != 0)
        return err_set(err, E_CONFIG, "%s/search holds rates that were searched for another config or other data: give another "
                       "--out, or --fresh to search again", dir);
    return OK;
}

enum status search_apply_folder(struct config *c, const char *dir, struct err *err)
{
    struct search_found f;
    bool found;
    char of[24];
    if (c->train.lr_law.kind != LR_AUTO)
        return OK;
    TRY(read_file(&f, &found, of, dir, err));
    return found ? search_apply(c, &f, err) : OK;
}
