#include "harness/config.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json_check.h"
#include "base/nearest.h"
#include "base/size.h"
#include "base/utf8.h"
#include "harness/aliases.h"

enum type { T_STRING, T_ENUM, T_SIZE, T_COUNT, T_DOUBLE, T_SECONDS, T_STRINGS, T_COUNTS, T_SHAPES };

/* Whether a key decides a run's results, and so enters config_hash: see "Adding a key" in config.h. FIRST is for the
 * keys of the first version alone, whose rows keep their order. */
enum hashed { NEVER, FIRST, LATER };

struct key {
    const char *path;
    enum type type;
    size_t offset;
    double min, max;
    double number;     /* default of a number, index of an enum's */
    const char *text;  /* default of a string; the words of an enum, separated by '|' */
    enum hashed hashed;
    const char *help;
};

#define AT(member) offsetof(struct config, member)

static const struct key keys[] = {
    /* clang-format off */
    {"name", T_STRING, AT(name), 0, 0, 0, "sweep", NEVER, "name of the sweep: its folder below runs/"},
#define X(id, source, name) "|" name
    {"data.source", T_ENUM, AT(data.source), 0, DATA_N_KINDS - 1, DATA_ZIPF_FACTS, "text" DATA_LANGUAGES(X), FIRST, "text files, or a language whose true floor is known"},
#undef X
    {"data.files", T_STRINGS, AT(data.files), 0, 0, 0, NULL, FIRST, "text: files and folders, read as bytes"},
    {"data.val_files", T_STRINGS, AT(data.val_files), 0, 0, 0, NULL, FIRST, "text: held-out files (default: the last 10 % of each file)"},
#define X(name, type, min, max, number, hashed, help) {"data." #name, T_##type, AT(data.name), min, max, number, NULL, hashed, help},
    DATA_NUMBERS(X)
#undef X
    {"model.ctx", T_SIZE, AT(model.ctx), 1, 65536, 63, NULL, FIRST, "context length in tokens"},
    {"model.d_model", T_SIZE, AT(model.d_model), 0, 32768, 0, NULL, FIRST, "width of one run (a sweep's grid sets it)"},
    {"model.n_layer", T_SIZE, AT(model.n_layer), 0, 4096, 0, NULL, FIRST, "layers of one run"},
    {"model.n_head", T_SIZE, AT(model.n_head), 0, 4096, 0, NULL, FIRST, "heads of one run (0: d_model / head_size)"},
    {"model.head_size", T_SIZE, AT(model.head_size), 1, 4096, 8, NULL, NEVER, "head size where the planner picks the heads"},
    {"model.aspect", T_DOUBLE, AT(model.aspect), 0.1, 1e4, 16, NULL, NEVER, "d_model / n_layer that the planner aims at"},
    {"model.parametrisation", T_ENUM, AT(model.parametrisation), 0, 1, 0, "completep|standard", FIRST, "how scales and rates follow width and depth"},
    {"model.base_d_model", T_SIZE, AT(model.base_d_model), 1, 32768, 64, NULL, FIRST, "completep: width at which lr was tuned"},
    {"model.base_n_layer", T_SIZE, AT(model.base_n_layer), 1, 4096, 2, NULL, FIRST, "completep: depth at which lr was tuned"},
    {"train.tokens", T_COUNT, AT(train.tokens), 0, 1e15, 0, NULL, FIRST, "training tokens of one run (a sweep's grid sets it)"},
    {"train.batch_tokens", T_SIZE, AT(train.batch_tokens), 1, 1e8, 2016, NULL, FIRST, "tokens a step, a multiple of model.ctx"},
    {"train.lr", T_DOUBLE, AT(train.lr), 0, 10, 0.008, NULL, FIRST, "peak learning rate at the base shape"},
    {"train.schedule", T_ENUM, AT(train.schedule), 0, 3, 0, "wsd|cosine|linear|constant", FIRST, "learning-rate schedule"},
    {"train.warmup_tokens", T_COUNT, AT(train.warmup_tokens), 0, 1e15, 0, NULL, FIRST, "linear warm-up (0: one token a parameter, at most a fifth of the tokens)"},
    {"train.cooldown", T_DOUBLE, AT(train.cooldown), 0, 1, 0.2, NULL, FIRST, "wsd: share of the tokens spent cooling down"},
    {"train.min_lr", T_DOUBLE, AT(train.min_lr), 0, 1, 0, NULL, FIRST, "final rate as a share of the peak"},
    {"train.beta1", T_DOUBLE, AT(train.beta1), 0, 0.9999, 0.9, NULL, FIRST, "AdamW"},
    {"train.beta2", T_DOUBLE, AT(train.beta2), 0, 0.99999, 0.98, NULL, FIRST, "AdamW"},
    {"train.eps", T_DOUBLE, AT(train.eps), 0, 1, 1e-8, NULL, FIRST, "AdamW"},
    {"train.weight_decay", T_DOUBLE, AT(train.weight_decay), 0, 10, 0.01, NULL, FIRST, "AdamW, decoupled, matrices only"},
    {"train.clip", T_DOUBLE, AT(train.clip), 0, 1e6, 1, NULL, FIRST, "gradient norm is clipped to this (0: never)"},
    {"train.seed", T_SIZE, AT(train.seed), 0, 9e15, 1, NULL, FIRST, "seed of one run: initial weights and order of data"},
    {"train.log_every", T_SIZE, AT(train.log_every), 1, 1e9, 20, NULL, NEVER, "steps between lines of log.jsonl"},
    {"train.checkpoint_s", T_SECONDS, AT(train.checkpoint_s), 0, 1e9, 20, NULL, NEVER, "seconds between checkpoints"},
    {"grid.params", T_COUNTS, AT(grid.params), 1, 1e12, 0, NULL, NEVER, "target sizes in parameters: the planner picks the shapes"},
    {"grid.models", T_SHAPES, AT(grid.models), 0, 0, 0, NULL, NEVER, "or explicit shapes {d_model, n_layer, n_head}"},
    {"grid.tokens", T_COUNTS, AT(grid.tokens), 1, 1e15, 0, NULL, NEVER, "token budgets: every size at every budget"},
    {"grid.flops", T_COUNTS, AT(grid.flops), 1, 1e24, 0, NULL, NEVER, "or compute budgets: every size at each (IsoFLOP)"},
    {"grid.seeds", T_COUNTS, AT(grid.seeds), 0, 9e15, 0, NULL, NEVER, "seeds (default: train.seed alone)"},
    {"grid.warmup_tokens", T_COUNT, AT(grid.warmup_tokens), 0, 1e15, 0, NULL, NEVER, "unset warm-ups are a tenth of this budget (folders of version 0.1)"},
    {"grid.warmup_flops", T_COUNT, AT(grid.warmup_flops), 0, 1e24, 0, NULL, NEVER, "the same as a compute budget"},
    {"fit.law", T_STRING, AT(fit.law), 0, 0, 0, "", NEVER, "law to fit (empty: chosen by the runs)"},
    {"fit.objective", T_STRING, AT(fit.objective), 0, 0, 0, "huber:1e-3", NEVER, "huber:DELTA, lad or lsq; with ,over=W overestimates weigh W times"},
    {"fit.count", T_STRING, AT(fit.count), 0, 0, 0, "total", NEVER, "parameters counted as total, nonembd or matmul"},
    {"fit.bootstrap", T_SIZE, AT(fit.bootstrap), 0, 1e6, 1000, NULL, NEVER, "resamples for the intervals"},
    {"fit.holdout", T_DOUBLE, AT(fit.holdout), 0, 0.9, 0.2, NULL, NEVER, "share of the runs, the largest, that are predicted"},
    {"fit.seed", T_SIZE, AT(fit.seed), 0, 9e15, 1, NULL, NEVER, "seed of the resamples"},
#ifdef CONFIG_EXTRA_KEYS /* a test's */
    CONFIG_EXTRA_KEYS
#endif
    /* clang-format on */
};

enum { N_KEYS = sizeof keys / sizeof *keys };

static void *field(const struct config *c, const struct key *k)
{
    return (char *)c + k->offset;
}

void config_init(struct config *c)
{
    *c = (struct config){0};
    for (size_t i = 0; i < N_KEYS; i++) {
        const struct key *k = &keys[i];
        if (k->type == T_STRING)
            snprintf(field(c, k), CONFIG_NAME_MAX, "%s", k->text);
        else if (k->type == T_SIZE || k->type == T_ENUM)
            *(size_t *)field(c, k) = (size_t)k->number;
        else if (k->type == T_COUNT || k->type == T_DOUBLE || k->type == T_SECONDS)
            *(double *)field(c, k) = k->number;
    }
}

static void strings_free(struct config_strings *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->items[i]);
    free(s->items);
    *s = (struct config_strings){0};
}

void config_free(struct config *c)
{
    strings_free(&c->data.files);
    strings_free(&c->data.val_files);
    struct config_counts *counts[] = {&c->grid.params, &c->grid.tokens, &c->grid.flops, &c->grid.seeds};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        free(counts[i]->items);
    free(c->grid.models.items);
    memset(&c->grid, 0, sizeof c->grid);
}

/* ---- reading ---- */

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

/* A number as JSON writes it, and a unit behind it: "250k", "15m". strtod takes more than that (032, 5.). */
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
    strings_free(s);
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

/* The keys of that name in other sections, as "train.seed or fit.seed"; false where there is none. */
static bool same_name(char *out, size_t size, const char *path)
{
    const char *dot = strrchr(path, '.'), *name = dot ? dot + 1 : path;
    size_t used = 0;
    for (size_t i = 0; i < N_KEYS && used < size; i++) {
        const char *own = strrchr(keys[i].path, '.');
        if (own && strcmp(own + 1, name) == 0) {
            int n = snprintf(out + used, size - used, "%s%s", used ? " or " : "", keys[i].path);
            used += n > 0 ? (size_t)n : 0;
        }
    }
    return used > 0;
}

static bool is_section(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < N_KEYS; i++)
        if (strncmp(keys[i].path, name, n) == 0 && keys[i].path[n] == '.')
            return true;
    return false;
}

/* Unknown: a key of another tool, of another section, or misspelt. */
static enum status unknown_key(const char *path, struct err *err)
{
    const struct alias *a = aliases_find(path);
    const char *best = NULL;
    char others[128];
    size_t distance = NEAREST_MAX;
    if (is_section(path))
        return err_set(err, E_CONFIG, "'%s' is a section: give one of its keys, %s.KEY=VALUE", path, path);
    if (a && a->key)
        return err_set(err, E_CONFIG, "unknown key '%s' (did you mean %s?%s%s)", path, a->key, a->note ? " " : "",
                       a->note ? a->note : "");
    if (a)
        return err_set(err, E_CONFIG, "unknown key '%s' (there is none: %s)", path, a->note);
    if (same_name(others, sizeof others, path))
        return err_set(err, E_CONFIG, "unknown key '%s' (did you mean %s?)", path, others);
    for (size_t i = 0; i < N_KEYS; i++)
        nearest_consider(&best, &distance, path, keys[i].path);
    if (best)
        return err_set(err, E_CONFIG, "unknown key '%s' (did you mean %s?)", path, best);
    return err_set(err, E_CONFIG, "unknown key '%s' (plateau config lists them)", path);
}

static enum status list_full(const struct key *k, struct err *err)
{
    return err_set(err, E_CONFIG, "%s has more than %d entries", k->path, CONFIG_LIST_MAX);
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
            return list_full(k, err);
        double x;
        TRY(read_number(&x, k, item, false, err));
        for (size_t i = 0; i < list->n; i++)
            if (list->items[i] == x)
                return err_set(err, E_CONFIG, "%s names %g twice", k->path, x);
        list->items[list->n++] = x;
    }
    return OK;
}

/* A key of a shape that is none of ours: d_model, n_layer and n_head have the names of the model's keys. */
static enum status unknown_part(const struct key *k, const char *name, struct err *err)
{
    const struct alias *a = aliases_find(name);
    const char *known = "d_model, n_layer, n_head", *own = a && a->key ? strchr(a->key, '.') : NULL;
    if (own && strstr(known, own + 1))
        return err_set(err, E_CONFIG, "%s: unknown key '%s' (did you mean %s?)", k->path, name, own + 1);
    return err_set(err, E_CONFIG, "%s: unknown key '%s' (known: %s)", k->path, name, known);
}

static enum status read_shape(struct config_shape *s, const struct key *k, const cJSON *v,
                              struct err *err)
{
    const struct {
        const char *name;
        size_t *at;
    } parts[] = {{"d_model", &s->d_model}, {"n_layer", &s->n_layer}, {"n_head", &s->n_head}};
    *s = (struct config_shape){0};
    if (!cJSON_IsObject(v))
        return wrong_type(k, "a list of {d_model, n_layer, n_head}", v, err);
    for (const cJSON *item = v->child; item; item = item->next) {
        size_t i = 0;
        while (i < 3 && strcmp(parts[i].name, item->string) != 0)
            i++;
        if (i == 3)
            return unknown_part(k, item->string, err);
        double x = 0;
        char path[128];
        snprintf(path, sizeof path, "%s: %s", k->path, item->string);
        const struct key part = {.path = path, .type = T_SIZE, .min = 1, .max = 32768};
        TRY(read_number(&x, &part, item, true, err));
        *parts[i].at = (size_t)x;
    }
    if (s->d_model == 0 || s->n_layer == 0)
        return err_set(err, E_CONFIG, "%s: a shape needs d_model and n_layer", k->path);
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
        if (list->n == CONFIG_LIST_MAX)
            return list_full(k, err);
        TRY(read_shape(&list->items[list->n], k, item, err));
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

static enum status read_key(struct config *c, const struct key *k, const cJSON *v, struct err *err)
{
    void *at = field(c, k);
    double x;
    switch (k->type) {
    case T_STRING:
        return read_string(at, k, v, err);
    case T_ENUM:
        return read_enum(at, k, v, err);
    case T_SIZE:
        TRY(read_number(&x, k, v, true, err));
        *(size_t *)at = (size_t)x;
        return OK;
    case T_COUNT:
    case T_DOUBLE:
    case T_SECONDS:
        return read_number(at, k, v, false, err);
    case T_STRINGS:
        return read_strings(at, k, v, err);
    case T_COUNTS:
        return read_counts(at, k, v, err);
    case T_SHAPES:
        return read_shapes(at, k, v, err);
    }
    return OK;
}

static const struct key *find_key(const char *path)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (strcmp(keys[i].path, path) == 0)
            return &keys[i];
    return NULL;
}

static enum status read_object(struct config *c, const cJSON *object, const char *prefix,
                               struct err *err)
{
    for (const cJSON *item = object->child; item; item = item->next) {
        char path[256];
        snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] ? "." : "", item->string);
        const struct key *k = find_key(path);
        if (k) {
            TRY(read_key(c, k, item, err));
        } else if (!prefix[0] && is_section(path)) {
            if (!cJSON_IsObject(item))
                return err_set(err, E_CONFIG, "%s: expected an object, found %s", path,
                               type_name(item));
            TRY(read_object(c, item, path, err));
        } else {
            return unknown_key(path, err);
        }
    }
    return OK;
}

/* member: the config is the value of that key of the file's object; NULL: the object itself. */
static enum status read_text(struct config *c, const char *text, size_t size, const char *member,
                             struct err *err)
{
    TRY(json_check(text, size, E_CONFIG, err));
    cJSON *root = cJSON_ParseWithLength(text, size);
    if (!root)
        return err_set(err, E_NOMEM, "out of memory reading the config");
    const cJSON *object = member ? cJSON_GetObjectItemCaseSensitive(root, member) : root;
    enum status st;
    if (!object)
        st = err_set(err, E_CONFIG, "no key '%s'", member);
    else if (cJSON_IsObject(object))
        st = read_object(c, object, "", err);
    else
        st = err_set(err, E_CONFIG, "expected an object, found %s", type_name(object));
    cJSON_Delete(root);
    return st;
}

static enum status load(struct config *c, const char *path, const char *member, struct err *err)
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
    return load(c, path, NULL, err);
}

static double smallest(const struct config_counts *list)
{
    double least = list->n ? list->items[0] : 0;
    for (size_t i = 1; i < list->n; i++)
        least = fmin(least, list->items[i]);
    return least;
}

static void remember_smallest(struct config *c)
{
    c->grid.warmup_tokens = c->grid.params.n + c->grid.models.n ? smallest(&c->grid.tokens) : c->train.tokens;
    c->grid.warmup_flops = smallest(&c->grid.flops);
}

enum status config_load_sweep(struct config *c, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    FILE *f;
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    TRY(file_open_regular(&f, path, err)); /* the reader of configs takes pipes, and would wait at one */
    fclose(f);
    /* Later versions write the key whatever it is. */
    double kept = c->grid.warmup_tokens;
    c->grid.warmup_tokens = (double)NAN;
    TRY(load(c, path, "config", err));
    if (isnan(c->grid.warmup_tokens)) {
        c->grid.warmup_tokens = kept;
        remember_smallest(c);
    }
    return OK;
}

enum status config_follow_sweep(struct config *c, const char *dir, bool single, struct err *err)
{
    struct config there;
    struct err unread; /* who writes the file again says what was wrong with it */
    config_init(&there);
    enum status st = config_load_sweep(&there, dir, &unread);
    if (st == OK) {
        c->grid.warmup_tokens = there.grid.warmup_tokens;
        c->grid.warmup_flops = there.grid.warmup_flops;
        if (single && there.grid.warmup_tokens > 0 && there.grid.params.n + there.grid.models.n == 0)
            c->grid.warmup_tokens = c->train.tokens;
    }
    config_free(&there);
    return st == E_NOMEM ? err_set(err, st, "%s", unread.msg) : OK;
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
    const struct key *k = find_key(path);
    enum status st;
    if (!k) {
        st = unknown_key(path, err);
    } else {
        cJSON *v = NULL;
        st = parse_value(&v, eq + 1, err);
        if (st == OK)
            st = read_key(c, k, v, err);
        cJSON_Delete(v);
    }
    return st == OK ? OK : err_wrap(err, "--set %s", assignment);
}

static enum status check_grid(const struct config *c, struct err *err)
{
    if (c->grid.params.n && c->grid.models.n)
        return err_set(err, E_CONFIG, "grid.params and grid.models: give one of them");
    if (c->grid.tokens.n && c->grid.flops.n)
        return err_set(err, E_CONFIG, "grid.tokens and grid.flops: give one of them");
    for (size_t i = 0; i < c->grid.seeds.n; i++)
        if (c->grid.seeds.items[i] != floor(c->grid.seeds.items[i]))
            return err_set(err, E_CONFIG, "grid.seeds: %g is not a whole number",
                           c->grid.seeds.items[i]);
    for (size_t i = 0; i < c->grid.models.n; i++) {
        const struct config_shape *s = &c->grid.models.items[i];
        if (s->n_head && s->d_model % s->n_head)
            return err_set(err, E_CONFIG, "grid.models: d_model=%zu is not a multiple of n_head=%zu",
                           s->d_model, s->n_head);
        if (!s->n_head && s->d_model % c->model.head_size)
            return err_set(err, E_CONFIG,
                           "grid.models: d_model=%zu is not a multiple of model.head_size=%zu; give "
                           "n_head",
                           s->d_model, c->model.head_size);
    }
    return OK;
}

/* It names a folder below runs/ and stands in every table and message. */
static enum status check_name(const char *name, struct err *err)
{
    if (name[0] == '\0')
        return err_set(err, E_CONFIG, "name is empty: it is the sweep's folder below runs/");
    if (!utf8_is_plain(name))
        return err_set(err, E_CONFIG, "name cannot be a folder's name: it holds control characters, such as a line break");
    if (strchr(name, '/') || name[0] == '.')
        return err_set(err, E_CONFIG, "name '%s' cannot be a folder's name: it %s", name,
                       name[0] == '.' ? "begins with a dot" : "holds a slash");
    if (name[strspn(name, " ")] == '\0')
        return err_set(err, E_CONFIG, "name '%s' cannot be a folder's name: it is blank", name);
    return OK;
}

enum status config_check(const struct config *c, struct err *err)
{
    TRY(check_name(c->name, err));
    if (c->train.batch_tokens % c->model.ctx != 0)
        return err_set(err, E_CONFIG,
                       "train.batch_tokens=%zu is not a multiple of model.ctx=%zu (nearest: %zu)",
                       c->train.batch_tokens, c->model.ctx,
                       size_max(1, (c->train.batch_tokens + c->model.ctx / 2) / c->model.ctx) *
                           c->model.ctx);
    if (c->data.source == DATA_TEXT && c->data.files.n == 0)
        return err_set(err, E_CONFIG, "data.files is empty: data.source text needs files or folders");
    if (c->data.source != DATA_TEXT && c->data.files.n + c->data.val_files.n > 0)
        return err_set(err, E_CONFIG, "data.files is for data.source text only");
    if (c->model.d_model && c->model.n_head && c->model.d_model % c->model.n_head)
        return err_set(err, E_CONFIG, "model.d_model=%zu is not a multiple of model.n_head=%zu",
                       c->model.d_model, c->model.n_head);
    return check_grid(c, err);
}

struct config config_of_run(const struct config *c)
{
    struct config run = *c;
    memset(&run.grid, 0, sizeof run.grid);
    return run;
}

/* ---- writing ---- */

static cJSON *counts_to_json(const struct config_counts *list)
{
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < list->n; i++)
        cJSON_AddItemToArray(a, cJSON_CreateNumber(list->items[i]));
    return a;
}

static cJSON *shapes_to_json(const struct config_shapes *list)
{
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < list->n; i++) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "d_model", (double)list->items[i].d_model);
        cJSON_AddNumberToObject(o, "n_layer", (double)list->items[i].n_layer);
        if (list->items[i].n_head)
            cJSON_AddNumberToObject(o, "n_head", (double)list->items[i].n_head);
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

static cJSON *key_to_json(const struct config *c, const struct key *k)
{
    const void *at = field(c, k);
    switch (k->type) {
    case T_STRING:
        return cJSON_CreateString(at);
    case T_ENUM:
        return enum_to_json(k, *(const size_t *)at);
    case T_SIZE:
        return cJSON_CreateNumber((double)*(const size_t *)at);
    case T_COUNT:
    case T_DOUBLE:
    case T_SECONDS:
        return cJSON_CreateNumber(*(const double *)at);
    case T_STRINGS: {
        const struct config_strings *s = at;
        /* cJSON makes no array of NULL, even of length 0 */
        return s->n ? cJSON_CreateStringArray((const char *const *)s->items, (int)s->n) : cJSON_CreateArray();
    }
    case T_COUNTS:
        return counts_to_json(at);
    case T_SHAPES:
        return shapes_to_json(at);
    }
    return NULL;
}

static cJSON *to_json(const struct config *c, bool run_only)
{
    cJSON *root = cJSON_CreateObject();
    for (size_t i = 0; root && i < N_KEYS; i++) {
        const struct key *k = &keys[i];
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

static enum status print_json(char **text, cJSON *root, bool pretty, struct err *err)
{
    *text = root ? (pretty ? cJSON_Print(root) : cJSON_PrintUnformatted(root)) : NULL;
    cJSON_Delete(root);
    if (!*text)
        return err_set(err, E_NOMEM, "out of memory writing the config");
    return OK;
}

enum status config_to_json(char **text, const struct config *c, bool run_only, struct err *err)
{
    return print_json(text, to_json(c, run_only), true, err);
}

static enum status key_text(char **text, const struct config *c, const struct key *k, struct err *err)
{
    return print_json(text, key_to_json(c, k), false, err);
}

/* ---- the hash ---- */

enum { VALUE_MAX = sizeof(struct config_strings) };

struct config_hasher {
    struct known {
        char open[96]; /* what stands before the value: ,"seed": or },"train":{"tokens": */
        char *text; /* NULL: not known yet */
        unsigned char value[VALUE_MAX]; /* that it is the text of */
        char *usual; /* the text of the default, of a later key */
    } known[N_KEYS];
    char *all; /* what is hashed */
    size_t used, room;
};

static bool same_section(const struct key *a, const struct key *b)
{
    size_t n = strcspn(a->path, ".");
    return strncmp(a->path, b->path, n + 1) == 0;
}

/* The JSON that the first version wrote of its keys, in the order of the table: {"data":{"source":...},...}. */
static void open_keys(struct config_hasher *h)
{
    const struct key *before = NULL;
    for (size_t i = 0; i < N_KEYS; i++) {
        const struct key *k = &keys[i];
        int section = (int)strcspn(k->path, ".");
        const char *name = k->path + section + 1;
        if (k->hashed != FIRST)
            continue;
        if (before && same_section(before, k))
            snprintf(h->known[i].open, sizeof h->known[i].open, ",\"%s\":", name);
        else
            snprintf(h->known[i].open, sizeof h->known[i].open, "%s\"%.*s\":{\"%s\":", before ? "}," : "{", section,
                     k->path, name);
        before = k;
    }
}

enum status config_hasher_new(struct config_hasher **h, struct err *err)
{
    TRY(size_calloc(h, 1, sizeof **h, "the names of the runs", err));
    open_keys(*h);
    return OK;
}

void config_hasher_free(struct config_hasher *h)
{
    for (size_t i = 0; h && i < N_KEYS; i++) {
        free(h->known[i].text);
        free(h->known[i].usual);
    }
    if (h)
        free(h->all);
    free(h);
}

static size_t value_size(const struct key *k)
{
    CHECK(k->type != T_STRING && k->type != T_COUNTS && k->type != T_SHAPES);
    return k->type == T_STRINGS ? sizeof(struct config_strings)
           : k->type == T_SIZE || k->type == T_ENUM ? sizeof(size_t) : sizeof(double);
}

/* The text of a value, from the config before where it is the same: printing numbers is what a hash takes time for. */
static enum status known_text(const char **text, struct config_hasher *h, const struct config *c, const struct key *k,
                              struct err *err)
{
    struct known *now = &h->known[k - keys];
    if (!now->text || memcmp(now->value, field(c, k), value_size(k)) != 0) {
        free(now->text);
        now->text = NULL;
        TRY(key_text(&now->text, c, k, err));
        memcpy(now->value, field(c, k), value_size(k));
    }
    *text = now->text;
    return OK;
}

static enum status put(struct config_hasher *h, const char *text, struct err *err)
{
    size_t n = strlen(text);
    if (h->room - h->used < n) {
        size_t room = 2 * (h->used + n);
        char *p = realloc(h->all, room);
        if (!p)
            return err_set(err, E_NOMEM, "out of memory writing the config");
        h->all = p;
        h->room = room;
    }
    memcpy(h->all + h->used, text, n);
    h->used += n;
    return OK;
}

static enum status put_first(struct config_hasher *h, const struct config *c, struct err *err)
{
    h->used = 0;
    for (size_t i = 0; i < N_KEYS; i++) {
        const char *text;
        if (keys[i].hashed != FIRST)
            continue;
        TRY(known_text(&text, h, c, &keys[i], err));
        TRY(put(h, h->known[i].open, err));
        TRY(put(h, text, err));
    }
    return put(h, "}}", err);
}

/* A key that came after the first version, where it is not at its default: mixed in without regard to order, so that
 * rows may move. */
static enum status hash_later(uint64_t *hash, struct config_hasher *h, const struct config *c, const struct key *k,
                              struct err *err)
{
    struct known *own = &h->known[k - keys];
    const char *text;
    if (!own->usual) {
        struct config defaults;
        config_init(&defaults);
        TRY(key_text(&own->usual, &defaults, k, err));
    }
    TRY(known_text(&text, h, c, k, err));
    if (strcmp(text, own->usual) != 0)
        *hash ^= hash_bytes(hash_bytes(HASH_SEED, k->path, strlen(k->path)), text, strlen(text));
    return OK;
}

enum status config_hasher_hash(uint64_t *hash, struct config_hasher *h, const struct config *c, struct err *err)
{
    TRY(put_first(h, c, err));
    uint64_t sum = hash_bytes(HASH_SEED, h->all, h->used);
    for (size_t i = 0; i < N_KEYS; i++)
        if (keys[i].hashed == LATER)
            TRY(hash_later(&sum, h, c, &keys[i], err));
    *hash = sum;
    return OK;
}

enum status config_hash(uint64_t *hash, const struct config *c, struct err *err)
{
    struct config_hasher *h;
    TRY(config_hasher_new(&h, err));
    enum status st = config_hasher_hash(hash, h, c, err);
    config_hasher_free(h);
    return st;
}

enum status config_diff(char *out, size_t size, const struct config *from, const struct config *to,
                        struct err *err)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < N_KEYS; i++) {
        char *a, *b;
        if (keys[i].hashed == NEVER)
            continue;
        TRY(key_text(&a, from, &keys[i], err));
        enum status st = key_text(&b, to, &keys[i], err);
        if (st == OK && strcmp(a, b) != 0 && used < size) {
            int n = snprintf(out + used, size - used, "%s%s %s -> %s", used ? ", " : "", keys[i].path, a, b);
            used += n > 0 ? (size_t)n : 0;
        }
        free(a);
        if (st != OK)
            return st;
        free(b);
    }
    return OK;
}

static const char *type_words(const struct key *k)
{
    switch (k->type) {
    case T_STRING:
        return "string";
    case T_ENUM:
        return k->text;
    case T_SIZE:
        return "whole number";
    case T_COUNT:
        return "count";
    case T_DOUBLE:
        return "number";
    case T_SECONDS:
        return "seconds";
    case T_STRINGS:
        return "list of strings";
    case T_COUNTS:
        return "list of counts";
    case T_SHAPES:
        return "list of shapes";
    }
    return "";
}

static bool has_range(const struct key *k)
{
    return k->type != T_STRING && k->type != T_ENUM && k->type != T_STRINGS && k->type != T_SHAPES;
}

void config_print_keys(FILE *out)
{
    struct config c;
    config_init(&c);
    for (size_t i = 0; i < N_KEYS; i++) {
        const struct key *k = &keys[i];
        cJSON *v = key_to_json(&c, k);
        char *text = cJSON_PrintUnformatted(v);
        fprintf(out, "%-22s %s\n%22s   type %s, default %s", k->path, k->help, "", type_words(k),
                text ? text : "?");
        if (has_range(k))
            fprintf(out, ", %g to %g", k->min, k->max);
        fprintf(out, "\n");
        cJSON_free(text);
        cJSON_Delete(v);
    }
}

static cJSON *key_schema(const struct config *c, const struct key *k)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "description", k->help);
    cJSON_AddItemToObject(o, "default", key_to_json(c, k));
    if (k->type == T_STRING || k->type == T_ENUM) {
        cJSON_AddStringToObject(o, "type", "string");
    } else if (k->type == T_STRINGS || k->type == T_COUNTS || k->type == T_SHAPES) {
        cJSON_AddStringToObject(o, "type", "array");
        cJSON_AddNumberToObject(o, "maxItems", CONFIG_LIST_MAX);
    } else {
        const char *types[] = {k->type == T_SIZE ? "integer" : "number", "string"};
        cJSON_AddItemToObject(o, "type", cJSON_CreateStringArray(types, 2));
        cJSON_AddNumberToObject(o, "minimum", k->min);
        cJSON_AddNumberToObject(o, "maximum", k->max);
    }
    if (k->type == T_ENUM) {
        cJSON *words = cJSON_AddArrayToObject(o, "enum");
        for (size_t i = 0; (double)i <= k->max; i++)
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
    for (size_t i = 0; i < N_KEYS; i++) {
        const struct key *k = &keys[i];
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

/* ---- views ---- */

struct data_spec config_data_spec(const struct config *c)
{
    return (struct data_spec){
        .kind = (enum data_kind)c->data.source,
        .files = (const char *const *)c->data.files.items,
        .n_files = c->data.files.n,
        .val_files = (const char *const *)c->data.val_files.items,
        .n_val_files = c->data.val_files.n,
#define X(name, type, min, max, number, hashed, help) .name = c->data.name,
        DATA_NUMBERS(X)
#undef X
    };
}

struct gpt_shape config_gpt_shape(const struct config *c, size_t vocab)
{
    return (struct gpt_shape){
        .V = vocab,
        .T = c->model.ctx,
        .C = c->model.d_model,
        .L = c->model.n_layer,
        .NH = c->model.n_head ? c->model.n_head : size_max(1, c->model.d_model / c->model.head_size),
    };
}

struct param_rules config_param_rules(const struct config *c)
{
    return param_rules_make((enum param_kind)c->model.parametrisation, c->model.d_model,
                            c->model.n_layer, c->model.base_d_model, c->model.base_n_layer);
}

struct schedule config_schedule(const struct config *c)
{
    return (struct schedule){.kind = (enum schedule_kind)c->train.schedule,
                             .peak = c->train.lr,
                             .warmup = c->train.warmup_tokens,
                             .total = c->train.tokens,
                             .cooldown = c->train.cooldown,
                             .min_lr = c->train.min_lr};
}

struct optim config_optim(const struct config *c)
{
    return (struct optim){.beta1 = c->train.beta1,
                          .beta2 = c->train.beta2,
                          .eps = c->train.eps,
                          .weight_decay = c->train.weight_decay,
                          .clip = c->train.clip};
}
