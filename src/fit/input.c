#include "fit/input.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json_memory.h"
#include "base/seal.h"

static uint64_t hash_doubles(uint64_t h, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double x = isnan(v[i]) ? -HUGE_VAL : v[i]; /* one NaN for all */
        h = hash_bytes(h, &x, sizeof x);
    }
    return h;
}

static uint64_t hash_size(uint64_t h, size_t n)
{
    const uint64_t wide = n;
    return hash_bytes(h, &wide, sizeof wide);
}

static bool all_absent(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i]))
            return false;
    return true;
}

uint64_t input_fingerprint(const struct fit_table *t, const struct envelope_curve *curves, size_t n_curves)
{
    uint64_t h = hash_size(HASH_SEED, t->n);
    for (int c = 0; c < FIT_N_COLUMNS; c++)
        if (c != FIT_TOKENS_PER_S && !(c == FIT_ORDER_SEED && all_absent(t->col[c], t->n))) /* as of before it was read */
            h = hash_doubles(h, t->col[c], t->n);
    for (size_t i = 0; i < t->n; i++)
        h = hash_size(h, t->trunk[i]);
    const double floors[] = {t->truth_known ? t->truth_floor : (double)NAN,
                             t->truth_known ? t->truth_heldout : (double)NAN};
    h = hash_doubles(h, floors, 2);
    h = hash_size(hash_size(h, t->n_diverged), t->n_failed);
    for (size_t i = 0; i < n_curves; i++) {
        const struct envelope_curve *c = &curves[i];
        h = hash_doubles(hash_size(h, c->n), c->params, FIT_N_COUNTS);
        h = hash_doubles(h, c->tokens, c->n);
        h = hash_doubles(h, c->flops, c->n);
        h = hash_doubles(h, c->loss, c->n);
    }
    return h;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_setting(const struct input_setting *a, const struct input_setting *b)
{
    bool same = strcmp(a->name, b->name) == 0 && a->kind == b->kind && a->flag == b->flag &&
                same_text(a->text, b->text) && a->number == b->number && a->whole == b->whole && a->n == b->n;
    for (size_t i = 0; i < a->n && same; i++)
        same = strcmp(a->list[i], b->list[i]) == 0;
    return same;
}

bool input_same_settings(const struct input_setting *a, size_t n_a, const struct input_setting *b, size_t n_b)
{
    bool same = n_a == n_b;
    for (size_t i = 0; i < n_a && same; i++)
        same = same_setting(&a[i], &b[i]);
    return same;
}

/* ---- writing ---- */

static cJSON *setting_json(const struct input_setting *s)
{
    char whole[32];
    switch (s->kind) {
    case INPUT_FLAG:
        return cJSON_CreateBool(s->flag);
    case INPUT_TEXT:
        return s->text ? cJSON_CreateString(s->text) : cJSON_CreateNull();
    case INPUT_NUMBER:
        return cJSON_CreateNumber(s->number);
    case INPUT_WHOLE:
        /* a seed may have more digits than a double */
        snprintf(whole, sizeof whole, "%llu", (unsigned long long)s->whole);
        return cJSON_CreateRaw(whole);
    case INPUT_LIST:
        break;
    }
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < s->n; i++)
        cJSON_AddItemToArray(a, cJSON_CreateString(s->list[i]));
    return a;
}

static bool of_input(const char *name)
{
    static const char *const names[] = {"where", "fix", "tie", "seed"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static cJSON *input_json(const struct fit_input *in)
{
    char hex[32];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "version", in->version);
    cJSON *files = cJSON_AddArrayToObject(o, "files");
    for (size_t i = 0; i < in->n_files; i++)
        cJSON_AddItemToArray(files, cJSON_CreateString(in->files[i]));
    cJSON_AddNumberToObject(o, "rows", (double)in->rows);
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)in->fingerprint);
    cJSON_AddStringToObject(o, "fingerprint", hex);
    for (size_t i = 0; i < in->n_settings; i++)
        if (of_input(in->settings[i].name))
            cJSON_AddItemToObject(o, in->settings[i].name, setting_json(&in->settings[i]));
    cJSON *options = cJSON_AddObjectToObject(o, "options");
    for (size_t i = 0; i < in->n_settings; i++)
        if (!of_input(in->settings[i].name))
            cJSON_AddItemToObject(options, in->settings[i].name, setting_json(&in->settings[i]));
    return o;
}

enum status input_seal(char **json, const struct fit_input *in, struct err *err)
{
    size_t failures = json_memory_failures();
    cJSON *root = cJSON_CreateObject();
    cJSON_AddItemToObject(root, "input", input_json(in));
    char *text = cJSON_Print(root), *whole = NULL;
    cJSON_Delete(root);
    size_t n = strlen(*json), m = text ? strlen(text) : 0;
    if (text && n >= 2 && m >= 4 && json_memory_failures() == failures)
        whole = malloc(n + m + 2);
    if (whole) {
        /* both are objects that end in a line of "}": the second one's keys go on after the first one's */
        memcpy(whole, *json, n - 2);
        snprintf(whole + n - 2, m + 4, ",%s\n", text + 1);
        free(*json);
        *json = whole;
    }
    cJSON_free(text);
    TRY(whole ? OK : err_set(err, E_NOMEM, "out of memory for fit.json"));
    return seal_add(json, err);
}

/* ---- reading ---- */

enum status stored_read(struct stored_fit *s, const char *path, struct err *err)
{
    char *text;
    size_t size;
    *s = (struct stored_fit){0};
    if (!file_exists(path))
        return OK;
    TRY(file_read_regular(&text, &size, path, err));
    s->there = true;
    cJSON *root = seal_check(&s->checksum, text, size) == SEAL_HOLDS ? cJSON_Parse(text) : NULL;
    cJSON *input = cJSON_GetObjectItemCaseSensitive(root, "input");
    s->input = cJSON_IsObject(input) ? cJSON_PrintUnformatted(input) : NULL;
    s->intact = s->input != NULL;
    cJSON_Delete(root);
    free(text);
    return OK;
}

void stored_free(struct stored_fit *s)
{
    cJSON_free(s->input);
    *s = (struct stored_fit){0};
}

/* in as it reads back from a file, so that both sides went the same way. */
static enum status both(cJSON **stored, cJSON **now, const struct stored_fit *s, const struct fit_input *in,
                        struct err *err)
{
    cJSON *o = input_json(in);
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    *now = text ? cJSON_Parse(text) : NULL;
    *stored = s->intact ? cJSON_Parse(s->input) : NULL;
    cJSON_free(text);
    if (*now && (*stored || !s->intact))
        return OK;
    cJSON_Delete(*now);
    cJSON_Delete(*stored);
    return err_set(err, E_NOMEM, "out of memory for fit.json");
}

/* The first key of either whose values differ, or NULL. */
static const char *first_difference(const cJSON *a, const cJSON *b)
{
    for (const cJSON *x = b->child; x; x = x->next)
        if (!cJSON_Compare(x, cJSON_GetObjectItemCaseSensitive(a, x->string), 1))
            return x->string;
    for (const cJSON *x = a->child; x; x = x->next)
        if (!cJSON_GetObjectItemCaseSensitive(b, x->string))
            return x->string;
    return NULL;
}

static void say_option(char *why, size_t size, const char *name, const cJSON *a, const cJSON *b)
{
    char *from = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(a, name));
    char *to = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(b, name));
    snprintf(why, size, "it was made with %s %s, not %s", name, from ? from : "unset", to ? to : "unset");
    cJSON_free(from);
    cJSON_free(to);
}

static void say_why(char *why, size_t size, const cJSON *a, const cJSON *b)
{
    const char *key = first_difference(a, b);
    why[0] = '\0';
    if (!key)
        return;
    const cJSON *was = cJSON_GetObjectItemCaseSensitive(a, "rows"), *is = cJSON_GetObjectItemCaseSensitive(b, "rows");
    if (strcmp(key, "rows") == 0 && cJSON_IsNumber(was))
        snprintf(why, size, "it was made from %.0f runs, and there are %.0f", was->valuedouble, is->valuedouble);
    else if (strcmp(key, "fingerprint") == 0)
        snprintf(why, size, "it was made from other results");
    else if (strcmp(key, "version") == 0)
        snprintf(why, size, "it was made by another version");
    else if (strcmp(key, "options") == 0) {
        a = cJSON_GetObjectItemCaseSensitive(a, key);
        b = cJSON_GetObjectItemCaseSensitive(b, key);
        const char *option = a ? first_difference(a, b) : NULL;
        say_option(why, size, option ? option : key, a, b);
    } else {
        say_option(why, size, key, a, b);
    }
}

enum status stored_compare(bool *same, char *why, size_t size, const struct stored_fit *s, const struct fit_input *in,
                           struct err *err)
{
    cJSON *a, *b;
    *same = false;
    if (!s->intact) {
        snprintf(why, size, "%s", s->there ? "it is damaged or changed, or of an earlier version" : "there is none");
        return OK;
    }
    TRY(both(&a, &b, s, in, err));
    say_why(why, size, a, b);
    *same = why[0] == '\0';
    cJSON_Delete(a);
    cJSON_Delete(b);
    return OK;
}

static const cJSON *find_option(const cJSON *input, const char *name)
{
    const cJSON *parent = of_input(name) ? input : cJSON_GetObjectItemCaseSensitive(input, "options");
    return cJSON_GetObjectItemCaseSensitive(parent, name);
}

bool stored_option(char *out, size_t size, const struct stored_fit *s, const char *name)
{
    cJSON *input = s->intact ? cJSON_Parse(s->input) : NULL;
    char *text = cJSON_PrintUnformatted(find_option(input, name));
    bool found = text && (size_t)snprintf(out, size, "%s", text) < size;
    cJSON_free(text);
    cJSON_Delete(input);
    return found;
}

enum status stored_same_options(bool *same, const struct stored_fit *s, const struct fit_input *in,
                                const char *const *except, size_t n, struct err *err)
{
    static const char *const facts[] = {"version", "files", "rows", "fingerprint"};
    cJSON *a, *b;
    *same = false;
    if (!s->intact)
        return OK;
    TRY(both(&a, &b, s, in, err));
    for (size_t i = 0; i < sizeof facts / sizeof *facts + n; i++) {
        const char *name = i < n ? except[i] : facts[i - n];
        cJSON *pair[] = {a, b};
        for (int k = 0; k < 2; k++) {
            cJSON_DeleteItemFromObjectCaseSensitive(pair[k], name);
            cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(pair[k], "options"), name);
        }
    }
    *same = cJSON_Compare(a, b, 1);
    cJSON_Delete(a);
    cJSON_Delete(b);
    return OK;
}
