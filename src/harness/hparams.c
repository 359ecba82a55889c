#include "harness/hparams.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_file.h"
#include "harness/tensorboard.h"

/* Protobuf that grows; `lost` where memory was gone. */
struct message {
    unsigned char *bytes;
    size_t n, cap;
    bool lost;
};

static void put(struct message *m, const void *p, size_t n)
{
    if (m->lost)
        return;
    if (m->n + n > m->cap) {
        size_t cap = 2 * (m->n + n) + 64;
        unsigned char *grown = realloc(m->bytes, cap);
        m->lost = grown == NULL;
        if (m->lost)
            return;
        m->bytes = grown;
        m->cap = cap;
    }
    memcpy(m->bytes + m->n, p, n);
    m->n += n;
}

static void put_varint(struct message *m, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        put(m, &(unsigned char){(unsigned char)(v | 0x80)}, 1);
    put(m, &(unsigned char){(unsigned char)v}, 1);
}

enum { VARINT = 0, FIXED64 = 1, BYTES = 2 };

static void put_bytes(struct message *m, unsigned field, const void *p, size_t n)
{
    put_varint(m, field << 3 | BYTES);
    put_varint(m, n);
    put(m, p, n);
}

/* A message as a field of another; it is freed. */
static void put_message(struct message *m, unsigned field, struct message *inner)
{
    m->lost |= inner->lost;
    if (!inner->lost)
        put_bytes(m, field, inner->n ? (const void *)inner->bytes : "", inner->n);
    free(inner->bytes);
    *inner = (struct message){.n = 0};
}

static void put_double(struct message *m, unsigned field, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_varint(m, field << 3 | FIXED64);
    for (int i = 0; i < 8; i++)
        put(m, &(unsigned char){(unsigned char)(bits >> (8 * i))}, 1);
}

/* SessionStartInfo { map<string, google.protobuf.Value> hparams = 1 }: an entry { key = 1, value = 2 }, a Value
 * { number_value = 2, string_value = 3, bool_value = 4 }. */
static void put_hparam(struct message *session, const char *key, const cJSON *v)
{
    struct message value = {.n = 0}, entry = {.n = 0};
    if (cJSON_IsNumber(v))
        put_double(&value, 2, v->valuedouble);
    else if (cJSON_IsString(v))
        put_bytes(&value, 3, v->valuestring, strlen(v->valuestring));
    else if (cJSON_IsBool(v)) {
        put_varint(&value, 4 << 3 | VARINT);
        put_varint(&value, cJSON_IsTrue(v));
    } else
        return;
    put_bytes(&entry, 1, key, strlen(key));
    put_message(&entry, 2, &value);
    put_message(session, 1, &entry);
}

/* Scalars by their path; lists and nulls are none. */
static void put_all(struct message *session, const cJSON *o, const char *prefix)
{
    for (const cJSON *v = o->child; v; v = v->next) {
        char key[256];
        int n = snprintf(key, sizeof key, "%s%s%s", prefix, prefix[0] ? "." : "", v->string);
        if (n < 0 || (size_t)n >= sizeof key)
            continue;
        if (cJSON_IsObject(v))
            put_all(session, v, key);
        else
            put_hparam(session, key, v);
    }
}

/* Summary { value = 1 { tag = 1, tensor = 8 (of no entries), metadata = 9 { plugin_data = 1 { plugin_name = 1, content = 2 } } } },
 * the content HParamsPluginData { session_start_info = 3 }. */
static void make_summary(struct message *summary, const cJSON *config)
{
    static const char tag[] = "_hparams_/session_start_info", plugin[] = "hparams";
    struct message session = {.n = 0}, content = {.n = 0}, data = {.n = 0}, metadata = {.n = 0}, tensor = {.n = 0},
        value = {.n = 0};
    put_all(&session, config, "");
    put_message(&content, 3, &session);
    put_bytes(&data, 1, plugin, sizeof plugin - 1);
    put_message(&data, 2, &content);
    put_message(&metadata, 1, &data);
    put_varint(&tensor, 1 << 3 | VARINT); /* dtype: float */
    put_varint(&tensor, 1);
    put_bytes(&tensor, 2, "", 0); /* shape */
    put_bytes(&value, 1, tag, sizeof tag - 1);
    put_message(&value, 8, &tensor);
    put_message(&value, 9, &metadata);
    put_message(summary, 1, &value);
}

enum status hparams_write(const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    cJSON *config;
    struct message summary = {.n = 0};
    TRY(file_join(path, sizeof path, dir, "config.json", err));
    if (!file_exists(path))
        return OK;
    TRY(json_read_sealed(&config, path, "a run's config", err));
    make_summary(&summary, config);
    cJSON_Delete(config);
    enum status st = summary.lost ? err_set(err, E_NOMEM, "%s: out of memory for its event file", dir)
                                  : file_join(path, sizeof path, dir, HPARAMS_FILE, err);
    if (st == OK)
        st = tensorboard_write_one(path, summary.bytes, summary.n, err);
    free(summary.bytes);
    return st;
}
