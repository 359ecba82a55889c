#include "harness/config_internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "base/json_check.h"
#include "base/json_file.h"
#include "base/seal.h"
#include "base/size.h"
#include "base/utf8.h"
#include "harness/aliases.h"
#include "harness/config_rate.h"
#include "harness/presets.h"

static const char *type_name(const cJSON *v)
{
    if (cJSON_IsString(v))
        return "a string";
    if (cJSON_IsNumber(v))
        return "a number";
    if (cJSON_IsBool(v))
        return "true or false";
    if (cJSON_IsArray(v))
        return "a list";
    if (cJSON_IsObject(v))
        return "an object";
    return "null";
}

static enum status wrong_type(const struct key *k, const char *want, const cJSON *v,
                              struct err *err)
{
    return err_set(err, E_CONFIG, "%s: expected %s, found %s", k->path, want, type_name(v));
}

static enum status check_range(const struct key *k, double v, struct err *err)
{
    if (!(v >= k->min && v <= k->max))
        return err_set(err, E_CONFIG, "%s=%g is out of range: %g to %g", k->path, v, k->min, k->max);
    return OK;
}

/* A number as JSON writes it, and a unit after it: "250k", "15m". strtod takes more than that (032, 5.). */
static bool parse_count(double *out, const struct key *k, const char *text)
{
    size_t n = json_check_number(text, strlen(text));
    if (n == 0 || (text[n] >= '0' && text[n] <= '9') || text[n] == '.')
        return false;
    return k->type == T_SECONDS ? count_parse_seconds(out, text) : count_parse(out, text);
}

static enum status read_number(double *out, const struct key *k, const cJSON *v, bool whole,
                               struct err *err)
{
    double x;
    if (cJSON_IsNumber(v))
        x = v->valuedouble;
    else if (!cJSON_IsString(v))
        return wrong_type(k, whole ? "a whole number" : "a number", v, err);
    else if (!parse_count(&x, k, v->valuestring))
        return err_set(err, E_CONFIG, "%s: '%s' is not a number", k->path, v->valuestring);
    if (whole && x != floor(x))
        return err_set(err, E_CONFIG, "%s=%g is not a whole number", k->path, x);
    TRY(check_range(k, x, err));
    *out = x;
    return OK;
}

static enum status read_enum(size_t *out, const struct key *k, const cJSON *v, struct err *err)
{
    if (!cJSON_IsString(v))
        return wrong_type(k, k->text, v, err);
    size_t index = 0, n = strlen(v->valuestring);
    for (const char *word = k->text; word; index++) {
        size_t len = strcspn(word, "|");
        if (len == n && strncmp(word, v->valuestring, n) == 0) {
            *out = index;
            return OK;
        }
        word = word[len] ? word + len + 1 : NULL;
    }
    return err_set(err, E_CONFIG, "%s: '%s' is none of %s", k->path, v->valuestring, k->text);
}

static enum status read_bool(size_t *out, const struct key *k, const cJSON *v, struct err *err)
{
    if (!cJSON_IsBool(v))
        return wrong_type(k, "true or false", v, err);
    *out = cJSON_IsTrue(v);
    return OK;
}

static enum status strings_append(struct config_strings *s, const char *text, struct err *err)
{
    char **p = realloc(s->items, (s->n + 1) * sizeof *p);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory reading the config");
    s->items = p;
    char *copy = strdup(text);
    if (!copy)
        return err_set(err, E_NOMEM, "out of memory reading the config");
    s->items[s->n++] = copy;
    return OK;
}

static enum status read_strings(struct config_strings *s, const struct key *k, const cJSON *v,
                                struct err *err)
{
    config_strings_free(s);
    if (cJSON_IsString(v))
        return strings_append(s, v->valuestring, err);
    if (!cJSON_IsArray(v))
        return wrong_type(k, "a list of strings", v, err);
    for (const cJSON *item = v->child; item; item = item->next) {
        if (!cJSON_IsString(item))
            return wrong_type(k, "a list of strings", item, err);
        TRY(strings_append(s, item->valuestring, err));
    }
    return OK;
}

/* An empty one is none. */
static enum status read_path(char **out, const struct key *k, const cJSON *v, struct err *err)
{
    if (!cJSON_IsString(v))
        return wrong_type(k, "a string", v, err);
    if (strlen(v->valuestring) >= FILE_PATH_MAX - 64 || !utf8_is_plain(v->valuestring))
        return err_set(err, E_CONFIG, "%s is no path: it is too long, or holds control characters", k->path);
    char *copy = v->valuestring[0] ? strdup(v->valuestring) : NULL;
    if (v->valuestring[0] && !copy)
        return err_set(err, E_NOMEM, "out of memory reading the config");
    free(*out);
    *out = copy;
    return OK;
}

static enum status list_full(const struct key *k, int most, struct err *err)
{
    return err_set(err, E_CONFIG, "%s has more than %d entries", k->path, most);
}

static enum status read_counts(struct config_counts *list, const struct key *k, const cJSON *v,
                               struct err *err)
{
    if (!cJSON_IsArray(v))
        return wrong_type(k, "a list of numbers", v, err);
    list->n = 0;
    if (!list->items)
        TRY(size_calloc(&list->items, CONFIG_LIST_MAX, sizeof *list->items, k->path, err));
    for (const cJSON *item = v->child; item; item = item->next) {
        if (list->n == CONFIG_LIST_MAX)
            return list_full(k, CONFIG_LIST_MAX, err);
        double x;
        TRY(read_number(&x, k, item, false, err));
        for (size_t i = 0; i < list->n; i++)
            if (list->items[i] == x)
                return err_set(err, E_CONFIG, "%s names %g twice", k->path, x);
        list->items[list->n++] = x;
    }
    return OK;
}

/* What an object of a list may hold: whole numbers, of which 0 is none. */
struct part {
    const char *name;
    double max;
    double *at;
};

/* A key of such an object that is none of ours: they have the names of keys of model and train. */
static enum status unknown_part(const struct key *k, const char *known, const char *name, struct err *err)
{
    const struct alias *a = aliases_find(name);
    const char *own = a && a->key ? strchr(a->key, '.') : NULL;
    if (own && strstr(known, own + 1))
        return err_set(err, E_CONFIG, "%s: unknown key '%s' (did you mean %s?)", k->path, name, own + 1);
    return err_set(err, E_CONFIG, "%s: unknown key '%s' (known: %s)", k->path, name, known);
}

static enum status read_parts(const struct part *parts, size_t n, const char *known, const struct key *k, const cJSON *v,
                              struct err *err)
{
    char want[96], path[128];
    snprintf(want, sizeof want, "a list of {%s}", known);
    if (!cJSON_IsObject(v))
        return wrong_type(k, want, v, err);
    for (const cJSON *item = v->child; item; item = item->next) {
        size_t i = 0;
        while (i < n && strcmp(parts[i].name, item->string) != 0)
            i++;
        if (i == n)
            return unknown_part(k, known, item->string, err);
        snprintf(path, sizeof path, "%s: %s", k->path, item->string);
        const struct key part = {.path = path, .type = T_SIZE, .min = 1, .max = parts[i].max};
        TRY(read_number(parts[i].at, &part, item, true, err));
    }
    return OK;
}

enum { SHAPE_PARTS = 3, RUN_PARTS = 5 };
static const char shape_parts[] = "d_model, n_layer, n_head", run_parts[] = "d_model, n_layer, n_head, tokens, seed";

/* The first n of the parts of a run; those of a shape come first. */
static enum status read_run(struct config_cell *r, size_t n, const struct key *k, const cJSON *v, struct err *err)
{
    double d_model = 0, n_layer = 0, n_head = 0, tokens = 0, seed = 0;
    const struct part parts[RUN_PARTS] = {{"d_model", 32768, &d_model}, {"n_layer", 32768, &n_layer}, {"n_head", 32768, &n_head},
                                          {"tokens", 1e15, &tokens}, {"seed", 9e15, &seed}};
    TRY(read_parts(parts, n, n == SHAPE_PARTS ? shape_parts : run_parts, k, v, err));
    if (d_model == 0 || n_layer == 0)
        return err_set(err, E_CONFIG, "%s: a shape needs d_model and n_layer", k->path);
    if (n == RUN_PARTS && tokens == 0)
        return err_set(err, E_CONFIG, "%s: a run needs tokens", k->path);
    *r = (struct config_cell){{(size_t)d_model, (size_t)n_layer, (size_t)n_head}, tokens, (size_t)seed};
    return OK;
}

static enum status read_shapes(struct config_shapes *list, const struct key *k, const cJSON *v,
                               struct err *err)
{
    if (!cJSON_IsArray(v))
        return wrong_type(k, "a list of {d_model, n_layer, n_head}", v, err);
    list->n = 0;
    if (!list->items)
        TRY(size_calloc(&list->items, CONFIG_LIST_MAX, sizeof *list->items, k->path, err));
    for (const cJSON *item = v->child; item; item = item->next) {
        struct config_cell r;
        if (list->n == CONFIG_LIST_MAX)
            return list_full(k, CONFIG_LIST_MAX, err);
        TRY(read_run(&r, SHAPE_PARTS, k, item, err));
        list->items[list->n++] = r.shape;
    }
    return OK;
}

static enum status read_runs(struct config_cells *list, const struct key *k, const cJSON *v, struct err *err)
{
    if (!cJSON_IsArray(v))
        return wrong_type(k, "a list of {d_model, n_layer, n_head, tokens, seed}", v, err);
    list->n = 0;
    if (!list->items)
        TRY(size_calloc(&list->items, CONFIG_RUNS_MAX, sizeof *list->items, k->path, err));
    for (const cJSON *item = v->child; item; item = item->next) {
        if (list->n == CONFIG_RUNS_MAX)
            return list_full(k, CONFIG_RUNS_MAX, err);
        TRY(read_run(&list->items[list->n], RUN_PARTS, k, item, err));
        list->n++;
    }
    return OK;
}

static enum status read_string(char *out, const struct key *k, const cJSON *v, struct err *err)
{
    if (!cJSON_IsString(v))
        return wrong_type(k, "a string", v, err);
    if (strlen(v->valuestring) >= CONFIG_NAME_MAX)
        return err_set(err, E_CONFIG, "%s is longer than %d characters", k->path, CONFIG_NAME_MAX - 1);
    strcpy(out, v->valuestring);
    return OK;
}

/* Some keys cannot vary: those that the grid sets, those that decide no result, and the window, as all runs share one
 * held-out set, which is cut into windows. */
static enum status check_varied(const struct key *k, struct err *err)
{
    static const struct {
        const char *path, *why;
    } bound[] = {
        {"model.d_model", "the grid's sizes set it: grid.params or grid.models"},
        {"model.n_layer", "the grid's sizes set it: grid.params or grid.models"},
        {"model.n_head", "the grid's sizes set it: grid.models"},
        {"train.tokens", "the grid's budgets set it: grid.tokens or grid.flops"},
        {"train.seed", "the grid sets it: grid.seeds"},
        {"train.teacher", "all runs of a sweep have one"},
        {"train.teacher_weights", "train.teacher sets it"},
        {"model.ctx", "all runs share one held-out set, which is cut into windows of it"},
    };
    for (size_t i = 0; i < sizeof bound / sizeof *bound; i++)
        if (strcmp(k->path, bound[i].path) == 0)
            return err_set(err, E_CONFIG, "%s cannot vary: %s", k->path, bound[i].why);
    if (strncmp(k->path, "model.", 6) != 0 && strncmp(k->path, "train.", 6) != 0)
        return err_set(err, E_CONFIG, "%s cannot vary: only keys of model and train can", k->path);
    if (k->hashed == NEVER && strcmp(k->path, "model.preset") != 0)
        return err_set(err, E_CONFIG, "%s cannot vary: it decides no run's result", k->path);
    return OK;
}

static enum status read_varied(struct config_varied *out, const struct key *k, const cJSON *v, struct err *err)
{
    *out = (struct config_varied){.path = k->path};
    if (!cJSON_IsArray(v))
        return wrong_type(k, "a list", v, err);
    if (!v->child)
        return err_set(err, E_CONFIG, "%s: the list is empty", k->path);
    for (const cJSON *item = v->child; item; item = item->next) {
        double x;
        size_t word = 0;
        if (out->n == CONFIG_LIST_MAX)
            return list_full(k, CONFIG_LIST_MAX, err);
        TRY(k->type == T_ENUM   ? read_enum(&word, k, item, err)
            : k->type == T_BOOL ? read_bool(&word, k, item, err)
                                : read_number(&x, k, item, k->type == T_SIZE, err));
        if (k->type == T_ENUM || k->type == T_BOOL)
            x = (double)word;
        for (size_t i = 0; i < out->n; i++)
            if (out->values[i] == x)
                return k->type == T_ENUM   ? err_set(err, E_CONFIG, "%s names %s twice", k->path, item->valuestring)
                       : k->type == T_BOOL ? err_set(err, E_CONFIG, "%s names %s twice", k->path, word ? "true" : "false")
                                         : err_set(err, E_CONFIG, "%s names %g twice", k->path, x);
        out->values[out->n++] = x;
    }
    return OK;
}

static enum status read_vary(struct config_vary *vary, const struct key *own, const cJSON *v, struct err *err)
{
    if (!cJSON_IsObject(v))
        return wrong_type(own, "an object of keys and lists", v, err);
    vary->n = 0;
    if (!vary->items)
        TRY(size_calloc(&vary->items, CONFIG_VARY_MAX, sizeof *vary->items, own->path, err));
    for (const cJSON *item = v->child; item; item = item->next) {
        const struct key *k = config_keys_find(item->string);
        if (vary->n == CONFIG_VARY_MAX)
            return err_set(err, E_CONFIG, "%s has more than %d keys", own->path, CONFIG_VARY_MAX);
        enum status st = k ? check_varied(k, err) : config_keys_unknown(item->string, err);
        if (st == OK)
            st = read_varied(&vary->items[vary->n], k, item, err);
        if (st != OK)
            return err_wrap(err, "%s", own->path);
        vary->n++;
    }
    return OK;
}

static enum status read_key(struct config *c, const struct key *k, const cJSON *v, struct err *err)
{
    void *at = config_field(c, k);
    double x;
    switch (k->type) {
    case T_STRING:
        return read_string(at, k, v, err);
    case T_PATH:
        return read_path(at, k, v, err);
    case T_ENUM:
        return read_enum(at, k, v, err);
    case T_BOOL:
        return read_bool(at, k, v, err);
    case T_SIZE:
        TRY(read_number(&x, k, v, true, err));
        *(size_t *)at = (size_t)x;
        return OK;
    case T_COUNT:
    case T_DOUBLE:
    case T_SECONDS:
        return read_number(at, k, v, false, err);
    case T_RATE:
        return config_rate_read(c, k, v, err);
    case T_STRINGS:
        return read_strings(at, k, v, err);
    case T_COUNTS:
        return read_counts(at, k, v, err);
    case T_SHAPES:
        return read_shapes(at, k, v, err);
    case T_RUNS:
        return read_runs(at, k, v, err);
    case T_VARY:
        return read_vary(at, k, v, err);
    }
    return OK;
}

enum status config_take_preset(struct config *c, struct err *err)
{
    struct config usual;
    const char *setting;
    const struct key *ensemble = config_keys_find("model.ensemble"); /* no preset says how many */
    size_t members = c->model.ensemble;
    bool written = config_is_written(c, ensemble);
    config_init(&usual);
    for (size_t i = 0; (setting = preset_setting(c->model.preset, i)) != NULL; i++)
        TRY(config_set(&usual, setting, err));
#define X(name, type, least, most, number, words, help)                                                                           \
    c->model.name = usual.model.name;                                                                                             \
    config_write_down(c, config_keys_find("model." #name), false);
    GPT_SWITCHES(X)
#undef X
    config_free(&usual);
    c->model.ensemble = members;
    config_write_down(c, ensemble, written);
    return OK;
}

/* A key, and what follows from it. */
static enum status take_key(struct config *c, const struct key *k, const cJSON *v, struct err *err)
{
    TRY(read_key(c, k, v, err));
    config_write_down(c, k, true);
    return strcmp(k->path, "model.preset") == 0 ? config_take_preset(c, err) : OK;
}

static enum status read_object(struct config *c, const cJSON *object, const char *prefix,
                               struct err *err)
{
    /* A preset comes before the switches that change it, wherever it stands. */
    const cJSON *preset = strcmp(prefix, "model") == 0 ? cJSON_GetObjectItemCaseSensitive(object, "preset") : NULL;
    if (preset)
        TRY(take_key(c, config_keys_find("model.preset"), preset, err));
    /* "about" is what a file says of itself to people, as plan --next does. */
    for (const cJSON *item = object->child; item; item = item->next) {
        char path[256];
        snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] ? "." : "", item->string);
        const struct key *k = config_keys_find(path);
        if (item == preset || (!prefix[0] && strcmp(path, "about") == 0))
            continue;
        if (k) {
            TRY(take_key(c, k, item, err));
        } else if (!prefix[0] && config_keys_has_section(path)) {
            if (!cJSON_IsObject(item))
                return err_set(err, E_CONFIG, "%s: expected an object, found %s", path,
                               type_name(item));
            TRY(read_object(c, item, path, err));
        } else {
            return config_keys_unknown(path, err);
        }
    }
    return OK;
}

static const cJSON *object_member(const cJSON *object, const char *path)
{
    char section[32];
    const char *dot = strchr(path, '.');
    snprintf(section, sizeof section, "%.*s", (int)(dot - path), path);
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(object, section), dot + 1);
}

/* Nobody writes every key of the first version by hand. */
static bool by_program(const cJSON *object)
{
    for (size_t i = 0; i < config_n_keys; i++)
        if (config_keys[i].hashed == FIRST && !object_member(object, config_keys[i].path))
            return false;
    return true;
}

/* Of a file that a program wrote: nobody wrote its keys, and what it does not say is what that program did. */
static void take_programs(struct config *c, const cJSON *object)
{
    for (size_t i = 0; i < config_n_keys; i++)
        if (strchr(config_keys[i].path, '.') && object_member(object, config_keys[i].path))
            config_write_down(c, &config_keys[i], false);
    for (size_t i = 0; i < config_n_befores; i++)
        if (!object_member(object, config_key_befores[i].path))
            config_set_number(c, config_keys_find(config_key_befores[i].path), config_key_befores[i].value);
}

/* member: the config is the value of that key of the file's object; NULL: the object itself. */
static enum status read_text(struct config *c, const char *text, size_t size, const char *member,
                             struct err *err)
{
    TRY(json_check(text, size, E_CONFIG, err));
    const enum seal seal = seal_check(NULL, text, size);
    if (seal == SEAL_BROKEN)
        return err_set(err, E_CONFIG, "it is damaged: its checksum does not match (where it was changed on purpose, take the key "
                                      "checksum out)");
    size_t mark = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* which cJSON passes over in longer texts alone */
    cJSON *root = cJSON_ParseWithLength(text + mark, size - mark);
    if (!root)
        return err_set(err, E_NOMEM, "out of memory reading the config");
    if (seal == SEAL_HOLDS)
        cJSON_DeleteItemFromObjectCaseSensitive(root, "checksum");
    const cJSON *object = member ? cJSON_GetObjectItemCaseSensitive(root, member) : root;
    enum status st;
    if (!object)
        st = err_set(err, E_CONFIG, "no key '%s'", member);
    else if (cJSON_IsObject(object))
        st = read_object(c, object, "", err);
    else
        st = err_set(err, E_CONFIG, "expected an object, found %s", type_name(object));
    if (st == OK && (member || by_program(object)))
        take_programs(c, object);
    cJSON_Delete(root);
    return st;
}

enum status config_load_member(struct config *c, const char *path, const char *member, struct err *err)
{
    char *text;
    size_t size;
    TRY(file_read(&text, &size, path, err));
    enum status st = read_text(c, text, size, member, err);
    free(text);
    if (st != OK)
        err_wrap(err, "%s", path);
    return st;
}

enum status config_load(struct config *c, const char *path, struct err *err)
{
    return config_load_member(c, path, NULL, err);
}

bool config_is_one(const char *path)
{
    cJSON *root;
    struct err ignored;
    size_t sections = 0, others = 0;
    if (file_is_dir(path) || json_read(&root, path, "config", &ignored) != OK)
        return false;
    for (const cJSON *m = root->child; cJSON_IsObject(root) && m; m = m->next) {
        sections += cJSON_IsObject(m) && config_keys_has_section(m->string);
        others += strcmp(m->string, "loss") == 0; /* a table's row */
    }
    bool empty = cJSON_IsObject(root) && (!root->child || (!root->child->next && strcmp(root->child->string, "name") == 0));
    cJSON_Delete(root);
    return empty || (sections > 0 && others == 0);
}

/* A value of --set: JSON, or a bare word such as cosine or 250k, which is a string. What opens as a list, an
 * object or a string was meant as JSON, and is told what is wrong with it. */
static enum status parse_value(cJSON **v, const char *text, struct err *err)
{
    size_t n = strlen(text);
    struct err ignored;
    char first = text[strspn(text, " \t\r\n")];
    bool brackets = first == '[' || first == '{' || first == '"';
    enum status st = json_check(text, n, E_CONFIG, brackets ? err : &ignored);
    if (st == E_NOMEM || (st != OK && brackets))
        return st;
    if (st != OK && !utf8_is_plain(text))
        return err_set(err, E_CONFIG, "the value is not UTF-8, or holds control characters");
    *v = st == OK ? cJSON_Parse(text) : cJSON_CreateString(text);
    return *v ? OK : err_set(err, E_NOMEM, "out of memory reading --set");
}

enum status config_set(struct config *c, const char *assignment, struct err *err)
{
    const char *eq = strchr(assignment, '=');
    char path[256];
    if (!eq || (size_t)(eq - assignment) >= sizeof path)
        return err_set(err, E_USAGE, "--set %s: expected key=value", assignment);
    memcpy(path, assignment, (size_t)(eq - assignment));
    path[eq - assignment] = '\0';
    const struct key *k = config_keys_find(path);
    enum status st;
    if (!k) {
        st = config_keys_unknown(path, err);
    } else {
        cJSON *v = NULL;
        st = parse_value(&v, eq + 1, err);
        if (st == OK)
            st = take_key(c, k, v, err);
        cJSON_Delete(v);
    }
    return st == OK ? OK : err_wrap(err, "--set %s", assignment);
}
