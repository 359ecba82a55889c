#include "harness/config_internal.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "harness/config_rate.h"

static cJSON *counts_to_json(const struct config_counts *list)
{
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < list->n; i++)
        cJSON_AddItemToArray(a, cJSON_CreateNumber(list->items[i]));
    return a;
}

static cJSON *shape_to_json(const struct config_shape *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "d_model", (double)s->d_model);
    cJSON_AddNumberToObject(o, "n_layer", (double)s->n_layer);
    if (s->n_head)
        cJSON_AddNumberToObject(o, "n_head", (double)s->n_head);
    return o;
}

static cJSON *shapes_to_json(const struct config_shapes *list)
{
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < list->n; i++)
        cJSON_AddItemToArray(a, shape_to_json(&list->items[i]));
    return a;
}

static cJSON *runs_to_json(const struct config_cells *list)
{
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < list->n; i++) {
        cJSON *o = shape_to_json(&list->items[i].shape);
        cJSON_AddNumberToObject(o, "tokens", list->items[i].tokens);
        if (list->items[i].seed)
            cJSON_AddNumberToObject(o, "seed", (double)list->items[i].seed);
        cJSON_AddItemToArray(a, o);
    }
    return a;
}

static cJSON *enum_to_json(const struct key *k, size_t index)
{
    const char *word = k->text;
    while (index-- > 0)
        word += strcspn(word, "|") + 1;
    char buf[64];
    snprintf(buf, sizeof buf, "%.*s", (int)strcspn(word, "|"), word);
    return cJSON_CreateString(buf);
}

static cJSON *varied_to_json(const struct config_varied *varied)
{
    const struct key *k = config_keys_find(varied->path);
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < varied->n; i++)
        cJSON_AddItemToArray(a, k->type == T_ENUM   ? enum_to_json(k, (size_t)varied->values[i])
                                : k->type == T_BOOL ? cJSON_CreateBool(varied->values[i] != 0)
                                                    : cJSON_CreateNumber(varied->values[i]));
    return a;
}

static cJSON *vary_to_json(const struct config_vary *vary)
{
    cJSON *o = cJSON_CreateObject();
    for (size_t i = 0; i < vary->n; i++)
        cJSON_AddItemToObject(o, vary->items[i].path, varied_to_json(&vary->items[i]));
    return o;
}

static cJSON *key_to_json(const struct config *c, const struct key *k)
{
    const void *at = config_field(c, k);
    switch (k->type) {
    case T_STRING:
        return cJSON_CreateString(at);
    case T_PATH: {
        const char *const *path = at;
        return cJSON_CreateString(*path ? *path : "");
    }
    case T_ENUM:
        return enum_to_json(k, *(const size_t *)at);
    case T_BOOL:
        return cJSON_CreateBool(*(const size_t *)at != 0);
    case T_SIZE:
        return cJSON_CreateNumber((double)*(const size_t *)at);
    case T_COUNT:
    case T_DOUBLE:
    case T_SECONDS:
        return cJSON_CreateNumber(*(const double *)at);
    case T_RATE:
        return config_rate_json(c);
    case T_STRINGS: {
        const struct config_strings *s = at;
        /* cJSON makes no array of NULL, even of length 0 */
        return s->n ? cJSON_CreateStringArray((const char *const *)s->items, (int)s->n) : cJSON_CreateArray();
    }
    case T_COUNTS:
        return counts_to_json(at);
    case T_SHAPES:
        return shapes_to_json(at);
    case T_RUNS:
        return runs_to_json(at);
    case T_VARY:
        return vary_to_json(at);
    }
    return NULL;
}

static cJSON *to_json(const struct config *c, bool run_only)
{
    cJSON *root = cJSON_CreateObject();
    for (size_t i = 0; root && i < config_n_keys; i++) {
        const struct key *k = &config_keys[i];
        const char *dot = strchr(k->path, '.');
        bool of_run = strncmp(k->path, "data.", 5) == 0 || strncmp(k->path, "model.", 6) == 0 ||
                      strncmp(k->path, "train.", 6) == 0;
        if (run_only && !of_run)
            continue;
        cJSON *parent = root;
        if (dot) {
            char section[32];
            snprintf(section, sizeof section, "%.*s", (int)(dot - k->path), k->path);
            parent = cJSON_GetObjectItemCaseSensitive(root, section);
            if (!parent)
                parent = cJSON_AddObjectToObject(root, section);
        }
        cJSON_AddItemToObject(parent, dot ? dot + 1 : k->path, key_to_json(c, k));
    }
    return root;
}

/* failures: of memory, before root was made. */
static enum status print_json(char **text, cJSON *root, size_t failures, bool pretty, struct err *err)
{
    *text = root ? (pretty ? cJSON_Print(root) : cJSON_PrintUnformatted(root)) : NULL;
    cJSON_Delete(root);
    if (*text && json_memory_failures() == failures)
        return OK;
    cJSON_free(*text);
    *text = NULL;
    return err_set(err, E_NOMEM, "out of memory writing the config");
}

enum status config_to_json(char **text, const struct config *c, bool run_only, struct err *err)
{
    size_t failures = json_memory_failures();
    return print_json(text, to_json(c, run_only), failures, true, err);
}

enum status config_key_text(char **text, const struct config *c, const struct key *k, struct err *err)
{
    size_t failures = json_memory_failures();
    return print_json(text, key_to_json(c, k), failures, false, err);
}

enum status config_key_same(bool *same, const struct config *a, const struct config *b, const struct key *k, struct err *err)
{
    char *x = NULL, *y = NULL;
    enum status st = config_key_text(&x, a, k, err);
    if (st == OK)
        st = config_key_text(&y, b, k, err);
    *same = st == OK && strcmp(x, y) == 0;
    free(x);
    free(y);
    return st;
}

static const char *type_words(const struct key *k)
{
    switch (k->type) {
    case T_STRING:
        return "string";
    case T_PATH:
        return "path";
    case T_ENUM:
        return k->text;
    case T_BOOL:
        return "true | false";
    case T_SIZE:
        return "whole number";
    case T_COUNT:
        return "count";
    case T_DOUBLE:
        return "number";
    case T_RATE:
        return "number, law or \"auto\"";
    case T_SECONDS:
        return "seconds";
    case T_STRINGS:
        return "list of strings";
    case T_COUNTS:
        return "list of counts";
    case T_SHAPES:
        return "list of shapes";
    case T_RUNS:
        return "list of runs";
    case T_VARY:
        return "keys and lists";
    }
    return "";
}

static bool has_range(const struct key *k)
{
    return k->type != T_STRING && k->type != T_PATH && k->type != T_ENUM && k->type != T_BOOL && k->type != T_STRINGS &&
           k->type != T_SHAPES && k->type != T_RUNS && k->type != T_VARY;
}

/* The words of a choice with room between them, so that a line can end there. */
static void spell_type(char *out, size_t size, const struct key *k)
{
    size_t used = 0;
    for (const char *p = type_words(k); *p && used + 4 < size; p++)
        used += (size_t)snprintf(out + used, size - used, k->type == T_ENUM && *p == '|' ? " | " : "%c", *p);
}

bool config_key_at(struct config_key *key, size_t i)
{
    struct config c;
    if (i >= config_n_keys)
        return false;
    const struct key *k = &config_keys[i];
    *key = (struct config_key){.path = k->path, .help = k->help, .ranged = has_range(k), .min = k->min, .max = k->max};
    spell_type(key->type, sizeof key->type, k);
    config_init(&c);
    cJSON *v = key_to_json(&c, k);
    if (!v || !cJSON_PrintPreallocated(v, key->usual, sizeof key->usual, false))
        strcpy(key->usual, "?");
    cJSON_Delete(v);
    return true;
}

static cJSON *key_schema(const struct config *c, const struct key *k)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "description", k->help);
    cJSON_AddItemToObject(o, "default", key_to_json(c, k));
    if (k->type == T_STRING || k->type == T_PATH || k->type == T_ENUM) {
        cJSON_AddStringToObject(o, "type", "string");
    } else if (k->type == T_BOOL) {
        cJSON_AddStringToObject(o, "type", "boolean");
    } else if (k->type == T_STRINGS || k->type == T_COUNTS || k->type == T_SHAPES || k->type == T_RUNS) {
        cJSON_AddStringToObject(o, "type", "array");
        cJSON_AddNumberToObject(o, "maxItems", k->type == T_RUNS ? CONFIG_RUNS_MAX : CONFIG_LIST_MAX);
    } else if (k->type == T_VARY) {
        cJSON_AddStringToObject(o, "type", "object");
        cJSON_AddNumberToObject(o, "maxProperties", CONFIG_VARY_MAX);
        cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "additionalProperties"), "type", "array");
    } else {
        const char *types[] = {k->type == T_SIZE ? "integer" : "number", "string", "object"};
        cJSON_AddItemToObject(o, "type", cJSON_CreateStringArray(types, k->type == T_RATE ? 3 : 2));
        cJSON_AddNumberToObject(o, "minimum", k->min);
        cJSON_AddNumberToObject(o, "maximum", k->max);
    }
    if (k->type == T_ENUM) {
        cJSON *words = cJSON_AddArrayToObject(o, "enum");
        size_t n = 1;
        for (const char *p = k->text; *p; p++)
            n += *p == '|';
        for (size_t i = 0; i < n; i++)
            cJSON_AddItemToArray(words, enum_to_json(k, i));
    }
    return o;
}

void config_print_schema(FILE *out)
{
    struct config c;
    config_init(&c);
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "$schema", "https://json-schema.org/draft/2020-12/schema");
    cJSON_AddStringToObject(root, "title", "plateau config");
    cJSON_AddStringToObject(root, "type", "object");
    cJSON_AddFalseToObject(root, "additionalProperties");
    cJSON *top = cJSON_AddObjectToObject(root, "properties");
    cJSON *about = cJSON_AddObjectToObject(top, "about");
    cJSON_AddStringToObject(about, "description", "what the file says of itself to people; never read");
    cJSON *checksum = cJSON_AddObjectToObject(top, "checksum");
    cJSON_AddStringToObject(checksum, "description", "last, in files that plateau wrote: whether they still are what it wrote");
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct key *k = &config_keys[i];
        const char *dot = strchr(k->path, '.');
        cJSON *parent = top;
        if (dot) {
            char name[32];
            snprintf(name, sizeof name, "%.*s", (int)(dot - k->path), k->path);
            cJSON *section = cJSON_GetObjectItemCaseSensitive(top, name);
            if (!section) {
                section = cJSON_AddObjectToObject(top, name);
                cJSON_AddStringToObject(section, "type", "object");
                cJSON_AddFalseToObject(section, "additionalProperties");
                cJSON_AddObjectToObject(section, "properties");
            }
            parent = cJSON_GetObjectItemCaseSensitive(section, "properties");
        }
        cJSON_AddItemToObject(parent, dot ? dot + 1 : k->path, key_schema(&c, k));
    }
    char *text = cJSON_Print(root);
    fprintf(out, "%s\n", text ? text : "");
    cJSON_free(text);
    cJSON_Delete(root);
}
