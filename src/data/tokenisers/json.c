/* tokenizer.json of Hugging Face's `tokenizers`: a byte-level BPE, the form that our own are written in. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_check.h"
#include "base/size.h"
#include "base/utf8.h"
#include "data/tokenisers/files.h"

/* ---- reading ---- */

/* Tokens by their names in the file. */
struct names {
    struct pretokens words;
    struct named {
        const char *name;
        double id;
        bool mark, plain; /* plain: the name is the text itself, not byte by byte */
    } *items;        /* of words */
    size_t *by_id;   /* (words.n) places of items */
};

static bool is_named(const cJSON *object, const char *key, const char *value)
{
    const cJSON *s = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(s) && strcmp(s->valuestring, value) == 0;
}

/* The token of that name, which is given that number unless it has one. */
static enum status name_token(struct named **out, struct names *t, const char *name, const cJSON *id, struct err *err)
{
    size_t place;
    bool found;
    if (!cJSON_IsNumber(id))
        return err_set(err, E_DATA, "token '%.60s' has no number", name);
    TRY(pretokens_find(&place, &found, &t->words, (const unsigned char *)name, strlen(name), err));
    *out = &t->items[place];
    if (!found)
        **out = (struct named){.name = name, .id = id->valuedouble};
    else if (id->valuedouble != (*out)->id)
        return err_set(err, E_DATA, "token '%.60s' has the numbers %.15g and %.15g", name, (*out)->id, id->valuedouble);
    return OK;
}

/* The vocabulary, and the tokens that were added, which are listed on their own and may be in the vocabulary too. */
static enum status name_all(struct names *t, const cJSON *vocab, const cJSON *added, struct err *err)
{
    const cJSON *v;
    struct named *k = NULL;
    size_t most = 0;
    cJSON_ArrayForEach(v, vocab) most++;
    cJSON_ArrayForEach(v, added) most++;
    TRY(size_calloc(&t->items, most, sizeof *t->items, "the tokens of a tokeniser", err));
    TRY(size_calloc(&t->by_id, most, sizeof *t->by_id, "the tokens of a tokeniser", err));
    cJSON_ArrayForEach(v, vocab) TRY(name_token(&k, t, v->string, v, err));
    cJSON_ArrayForEach(v, added)
    {
        const cJSON *content = cJSON_GetObjectItemCaseSensitive(v, "content");
        if (!cJSON_IsString(content))
            return err_set(err, E_DATA, "added_tokens: expected objects with id and content");
        TRY(name_token(&k, t, content->valuestring, cJSON_GetObjectItemCaseSensitive(v, "id"), err));
        k->mark = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(v, "special"));
        k->plain = true;
    }
    return OK;
}

/* Their numbers are 0, 1, 2 and so on, each once. */
static enum status number_all(struct names *t, struct err *err)
{
    size_t n = t->words.n;
    for (size_t i = 0; i < n; i++)
        t->by_id[i] = n;
    for (size_t i = 0; i < n; i++) {
        double id = t->items[i].id;
        if (!(id >= 0 && id < (double)n && id == (double)(size_t)id))
            return err_set(err, E_DATA, "token '%.60s' has the number %.15g, where %zu tokens have 0 to %zu", t->items[i].name, id,
                           n, n - 1);
        size_t *place = &t->by_id[(size_t)id];
        if (*place < n)
            return err_set(err, E_DATA, "tokens '%.60s' and '%.60s' have the number %.0f", t->items[*place].name,
                           t->items[i].name, id);
        *place = i;
    }
    return OK;
}

/* One well-formed character at *s, which is moved past it. */
static unsigned next_char(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    size_t n = utf8_length(*s, strlen(*s));
    unsigned c = n == 1 ? p[0] : n == 2 ? p[0] & 0x1F : n == 3 ? p[0] & 0x0F : p[0] & 0x07;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    *s += size_max(n, 1);
    return c;
}

/* A token with the bytes that its name stands for. buf: room for a byte a character. */
static enum status add_token(struct tokeniser *t, const struct named *k, char *buf, struct err *err)
{
    size_t n = 0;
    if (k->plain)
        return tokeniser_add(t, k->name, strlen(k->name), k->mark, err);
    for (const char *s = k->name; *s;) {
        int byte = bytelevel_byte(next_char(&s));
        if (byte < 0)
            return err_set(err, E_DATA, "token '%.60s' is not of a byte-level BPE", k->name);
        buf[n++] = (char)byte;
    }
    return tokeniser_add(t, buf, n, false, err);
}

static int32_t id_of(const struct names *t, const char *name, size_t n)
{
    size_t place = pretokens_place(&t->words, (const unsigned char *)name, n);
    return place < t->words.n ? (int32_t)t->items[place].id : -1;
}

/* "left right", or ["left", "right"]. buf: room for both. */
static enum status add_merge(struct tokeniser *t, const struct names *names, const cJSON *m, char *buf, struct err *err)
{
    const char *left = cJSON_IsArray(m) ? cJSON_GetStringValue(cJSON_GetArrayItem(m, 0)) : cJSON_GetStringValue(m);
    const char *right = cJSON_IsArray(m) ? cJSON_GetStringValue(cJSON_GetArrayItem(m, 1)) : left ? strchr(left, ' ') : NULL;
    if (!left || !right)
        return err_set(err, E_DATA, "model.merges: merge %zu is no pair of tokens", t->n_merges + 1);
    size_t n_left = cJSON_IsArray(m) ? strlen(left) : (size_t)(right - left);
    right += cJSON_IsArray(m) ? 0 : 1;
    memcpy(buf, left, n_left); /* ended by the next. NOLINT(bugprone-not-null-terminated-result) */
    strcpy(buf + n_left, right);
    int32_t a = id_of(names, left, n_left), b = id_of(names, right, strlen(right));
    int32_t into = id_of(names, buf, n_left + strlen(right));
    if (a < 0 || b < 0 || into < 0)
        return err_set(err, E_DATA, "model.merges: '%.40s' and '%.40s' are not both tokens that make a third", left, right);
    return tokeniser_merge(t, a, b, into, (uint32_t)t->n_merges, err);
}

/* Why its way from text to tokens is not ours; NULL: it is. Bytes of tokens are known all the same. */
static const char *unfit(const cJSON *root, const cJSON *model)
{
    const cJSON *pre = cJSON_GetObjectItemCaseSensitive(root, "pre_tokenizer"),
                *normal = cJSON_GetObjectItemCaseSensitive(root, "normalizer");
    if (normal && !cJSON_IsNull(normal))
        return "its normalizer changes texts";
    if (!is_named(pre, "type", "ByteLevel") || cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(pre, "use_regex")))
        return "its pre_tokenizer is not GPT-2's ByteLevel";
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(pre, "add_prefix_space")))
        return "its pre_tokenizer puts a blank in front";
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(model, "ignore_merges")))
        return "it takes whole words before merges";
    return NULL;
}

static enum status take(struct tokeniser *t, struct names *names, const cJSON *root, char *buf, struct err *err)
{
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(root, "model"), *m;
    const cJSON *vocab = cJSON_GetObjectItemCaseSensitive(model, "vocab"),
                *merges = cJSON_GetObjectItemCaseSensitive(model, "merges");
    if (!is_named(model, "type", "BPE") || !cJSON_IsObject(vocab) || !cJSON_IsArray(merges))
        return err_set(err, E_DATA, "expected tokenizer.json with a model of type BPE, its vocab and its merges");
    TRY(name_all(names, vocab, cJSON_GetObjectItemCaseSensitive(root, "added_tokens"), err));
    TRY(number_all(names, err));
    for (size_t i = 0; i < names->words.n; i++)
        TRY(add_token(t, &names->items[names->by_id[i]], buf, err));
    cJSON_ArrayForEach(m, merges) TRY(add_merge(t, names, m, buf, err));
    t->unfit = unfit(root, model);
    return OK;
}

static enum status json_read(struct tokeniser *t, const char *bytes, size_t n, struct err *err)
{
    struct names names = {0};
    char *buf;
    TRY(json_check(bytes, n, E_DATA, err));
    TRY(size_calloc(&buf, n + 1, 1, "a tokeniser's file", err));
    cJSON *root = cJSON_ParseWithLength(bytes, n);
    enum status st = root ? take(t, &names, root, buf, err) : err_set(err, E_NOMEM, "out of memory reading JSON");
    cJSON_Delete(root);
    pretokens_free(&names.words);
    free(names.items);
    free(names.by_id);
    free(buf);
    return st;
}

static bool json_is(const char *bytes, size_t n)
{
    size_t at = strspn(bytes, " \t\r\n"); /* a '\0' stands after them */
    return at < n && bytes[at] == '{';
}

const struct tokeniser_file tokeniser_file_json = {json_is, json_read};

/* ---- writing ---- */

static void put_char(FILE *f, unsigned c)
{
    if (c == '"' || c == '\\')
        fprintf(f, "\\%c", (char)c);
    else if (c < 0x80)
        fputc((int)c, f);
    else
        fprintf(f, "%c%c", (char)(0xC0 | c >> 6), (char)(0x80 | (c & 0x3F))); /* at most U+0143 */
}

/* The name of a token, without quotes: of a mark its text, else a character a byte. */
static void put_name(FILE *f, const struct tokeniser *t, int32_t id)
{
    const struct token *k = &t->items[id];
    for (size_t i = 0; i < k->length; i++) {
        unsigned char byte = t->bytes[k->at + i];
        put_char(f, k->mark && byte < 0x80 && byte >= ' ' ? byte : bytelevel_char(byte));
    }
}

static void put_all(FILE *f, const struct tokeniser *t)
{
    const char level[] = "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true, \"use_regex\": true}";
    bool any = false;
    fprintf(f, "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null,\n\"added_tokens\": [");
    for (size_t i = 0; i < t->n; i++)
        if (t->items[i].mark) {
            fprintf(f, "%s{\"id\": %zu, \"content\": \"", any ? ", " : "", i);
            put_name(f, t, (int32_t)i);
            fprintf(f, "\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false, "
                       "\"special\": true}");
            any = true;
        }
    fprintf(f, "],\n\"normalizer\": null,\n\"pre_tokenizer\": %s,\n\"post_processor\": null,\n\"decoder\": %s,\n", level, level);
    fprintf(f, "\"model\": {\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, \"continuing_subword_prefix\": null, "
               "\"end_of_word_suffix\": null, \"fuse_unk\": false, \"byte_fallback\": false, \"ignore_merges\": false,\n"
               "\"vocab\": {");
    for (size_t i = 0; i < t->n; i++) {
        fprintf(f, "%s\n\"", i ? "," : "");
        put_name(f, t, (int32_t)i);
        fprintf(f, "\": %zu", i);
    }
    fprintf(f, "},\n\"merges\": [");
    for (size_t i = 0; i < t->n_merges; i++) {
        fprintf(f, "%s\n\"", i ? "," : "");
        put_name(f, t, t->merges[i].left);
        fputc(' ', f);
        put_name(f, t, t->merges[i].right);
        fputc('"', f);
    }
    fprintf(f, "]}}\n");
}

enum status tokeniser_write(const struct tokeniser *t, const char *path, struct err *err)
{
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    put_all(w.out, t);
    return file_writer_commit(&w, err);
}
