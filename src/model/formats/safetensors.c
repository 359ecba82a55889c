#include "model/formats/safetensors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* As the format's own library has it: a header is a list of names. */
static const size_t HEAD_MAX = 100000000;
enum { ALIGN = 64 };

/* --- a scanner of the JSON that a header is: two levels of objects, words, whole numbers ------------------------- */

struct scan {
    const char *begin, *at, *end;
    char *words, *next; /* what strings are, decoded: never longer than they are written */
    struct err *err;
};

static enum status fault(const struct scan *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

static enum status fault(const struct scan *s, const char *fmt, ...)
{
    char why[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return err_set(s->err, E_DATA, "the header is damaged at byte %zu: %s", (size_t)(s->at - s->begin), why);
}

static void skip_blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
}

/* Whether this character comes next; then it is taken. */
static bool take(struct scan *s, char c)
{
    skip_blanks(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static enum status expect(struct scan *s, char c)
{
    return take(s, c) ? OK : fault(s, "'%c' expected", c);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits after \u, as UTF-8; halves of a pair each by itself, which no name of a tensor has. */
static enum status take_unicode(struct scan *s)
{
    unsigned code = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        int digit = s->at < s->end ? hex_digit(*s->at) : -1;
        if (digit < 0)
            return fault(s, "four hexadecimal digits expected");
        code = code << 4 | (unsigned)digit;
    }
    if (code == 0)
        return fault(s, "a name holds a zero byte");
    if (code >= 0x800)
        *s->next++ = (char)(0xE0 | code >> 12);
    if (code >= 0x80)
        *s->next++ = (char)(code >= 0x800 ? 0x80 | (code >> 6 & 63) : 0xC0 | code >> 6);
    *s->next++ = (char)(code >= 0x80 ? 0x80 | (code & 63) : code);
    return OK;
}

static enum status take_word(struct scan *s, const char **word)
{
    static const char escapes[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    TRY(expect(s, '"'));
    *word = s->next;
    while (s->at < s->end && *s->at != '"') {
        char c = *s->at++;
        if ((unsigned char)c < ' ')
            return fault(s, "a control character in a string");
        if (c != '\\') {
            *s->next++ = c;
            continue;
        }
        const char *escape = s->at < s->end && *s->at ? strchr(escapes, *s->at) : NULL;
        if (s->at < s->end && *s->at == 'u') {
            s->at++;
            TRY(take_unicode(s));
        } else if (escape) {
            *s->next++ = means[escape - escapes];
            s->at++;
        } else {
            return fault(s, "a character after \\ that JSON does not have");
        }
    }
    if (s->at == s->end)
        return fault(s, "a string without an end");
    s->at++;
    *s->next++ = '\0';
    return OK;
}

static enum status take_number(struct scan *s, size_t *out)
{
    size_t v = 0;
    skip_blanks(s);
    const char *from = s->at;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
        if (!size_mul(&v, v, 10) || !size_add(&v, v, (size_t)(*s->at - '0')))
            return fault(s, "a number beyond any file");
    if (s->at == from || (*from == '0' && s->at > from + 1))
        return fault(s, "a whole number from 0 on expected");
    *out = v;
    return OK;
}

/* Numbers in brackets, at most `most` of them. */
static enum status take_numbers(struct scan *s, size_t *out, size_t *n, size_t most)
{
    *n = 0;
    TRY(expect(s, '['));
    if (take(s, ']'))
        return OK;
    do {
        if (*n == most)
            return fault(s, "more than %zu numbers", most);
        TRY(take_number(s, &out[(*n)++]));
    } while (take(s, ','));
    return expect(s, ']');
}

/* --- what a header says ------------------------------------------------------------------------------------------- */

static enum status take_type(struct scan *s, enum stored_type *type)
{
    const char *word;
    TRY(take_word(s, &word));
    for (int i = 0; i < STORED_N_TYPES; i++)
        if (strcmp(stored_type_name((enum stored_type)i), word) == 0) {
            *type = (enum stored_type)i;
            return OK;
        }
    return fault(s, "dtype %.40s is not known", word);
}

static enum status take_member(struct scan *s, struct stored *t, unsigned *seen)
{
    static const char *const keys[3] = {"dtype", "shape", "data_offsets"};
    const char *key;
    size_t n, at[2], k = 0;
    TRY(take_word(s, &key));
    while (k < 3 && strcmp(keys[k], key) != 0)
        k++;
    if (k == 3)
        return fault(s, "tensor %.80s: unknown key %.40s", t->name, key);
    if (*seen & 1u << k)
        return fault(s, "tensor %.80s has %s twice", t->name, key);
    *seen |= 1u << k;
    TRY(expect(s, ':'));
    if (k == 0)
        return take_type(s, &t->type);
    if (k == 1)
        return take_numbers(s, t->dims, &t->n_dims, STORED_DIMS_MAX);
    TRY(take_numbers(s, at, &n, 2));
    if (n != 2)
        return fault(s, "tensor %.80s: data_offsets are two numbers", t->name);
    t->begin = at[0], t->end = at[1];
    return OK;
}

static enum status check_size(const struct scan *s, const struct stored *t, size_t n_data)
{
    char dims[120];
    size_t bytes = stored_type_bytes(t->type);
    for (size_t i = 0; i < t->n_dims; i++)
        if (!size_mul(&bytes, bytes, t->dims[i]))
            return err_set(s->err, E_DATA, "tensor %.80s: shape %s is beyond any file", t->name, stored_dims(dims, sizeof dims, t));
    if (t->begin > t->end || t->end > n_data)
        return err_set(s->err, E_DATA, "tensor %.80s: data_offsets [%zu, %zu] lie outside the file's %zu bytes of data%s", t->name,
                       t->begin, t->end, n_data, t->begin <= t->end ? ": it is cut short" : "");
    if (t->end - t->begin != bytes)
        return err_set(s->err, E_DATA, "tensor %.80s: %s of shape %s takes %zu bytes, its data_offsets span %zu", t->name,
                       stored_type_name(t->type), stored_dims(dims, sizeof dims, t), bytes, t->end - t->begin);
    return OK;
}

static enum status take_tensor(struct scan *s, struct stored *t, size_t n_data)
{
    unsigned seen = 0;
    TRY(expect(s, '{'));
    do
        TRY(take_member(s, t, &seen));
    while (take(s, ','));
    TRY(expect(s, '}'));
    if (seen != 7)
        return fault(s, "tensor %.80s: dtype, shape and data_offsets belong to it", t->name);
    return check_size(s, t, n_data);
}

static enum status take_metadata(struct scan *s, struct tensor_file *f)
{
    TRY(expect(s, '{'));
    if (take(s, '}'))
        return OK;
    do {
        const char *key, *value;
        TRY(take_word(s, &key));
        TRY(expect(s, ':'));
        TRY(take_word(s, &value));
        if (strcmp(key, "plateau.n_head") == 0)
            f->n_head = (size_t)strtoul(value, NULL, 10);
    } while (take(s, ','));
    return expect(s, '}');
}

/* Room for one more. */
static enum status grow(struct tensor_file *f, size_t *room, struct err *err)
{
    if (f->n < *room)
        return OK;
    size_t more = 2 * *room + 16;
    struct stored *list = realloc(f->list, more * sizeof *list);
    if (!list)
        return err_set(err, E_NOMEM, "out of memory for the list of tensors");
    f->list = list;
    *room = more;
    return OK;
}

static enum status take_all(struct scan *s, struct tensor_file *f)
{
    size_t room = 0;
    bool metadata = false;
    TRY(expect(s, '{'));
    bool more = !take(s, '}');
    while (more) {
        const char *name;
        TRY(take_word(s, &name));
        TRY(expect(s, ':'));
        if (strcmp(name, "__metadata__") == 0) {
            if (metadata)
                return fault(s, "__metadata__ stands there twice");
            metadata = true;
            TRY(take_metadata(s, f));
        } else {
            TRY(grow(f, &room, s->err));
            f->list[f->n] = (struct stored){.name = name};
            TRY(take_tensor(s, &f->list[f->n], f->n_data));
            f->n++;
        }
        more = take(s, ',');
        if (!more)
            TRY(expect(s, '}'));
    }
    skip_blanks(s);
    return s->at == s->end ? OK : fault(s, "more than one JSON value");
}

static int by_place(const void *a, const void *b)
{
    const struct stored *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct stored *)a)->name, ((const struct stored *)b)->name);
}

/* One after the other to the file's end, and each name once; sorted by name after. */
static enum status check_all(struct tensor_file *f, struct err *err)
{
    size_t at = 0;
    if (f->n == 0)
        return err_set(err, E_DATA, "it holds no tensor");
    qsort(f->list, f->n, sizeof *f->list, by_place);
    for (size_t i = 0; i < f->n; at = f->list[i++].end)
        if (f->list[i].begin != at)
            return err_set(err, E_DATA, "tensor %.80s: its data begin at %zu, where those before it end at %zu: they %s",
                           f->list[i].name, f->list[i].begin, at, f->list[i].begin < at ? "overlap" : "leave a hole");
    if (at != f->n_data)
        return err_set(err, E_DATA, "it has %zu bytes of data, its tensors take %zu: it is too long", f->n_data, at);
    qsort(f->list, f->n, sizeof *f->list, by_name);
    for (size_t i = 1; i < f->n; i++)
        if (strcmp(f->list[i - 1].name, f->list[i].name) == 0)
            return err_set(err, E_DATA, "it names tensor %.80s twice", f->list[i].name);
    return OK;
}

enum status safetensors_index(struct tensor_file *f, struct err *err)
{
    uint64_t length = 0;
    if (f->map.n < sizeof length)
        return err_set(err, E_DATA, "%zu bytes: neither safetensors nor llm.c's weights are so short", f->map.n);
    for (int i = 7; i >= 0; i--)
        length = length << 8 | f->map.bytes[i];
    size_t left = f->map.n - sizeof length;
    const char *head = (const char *)f->map.bytes + sizeof length;
    bool looks = left > 0 && (*head == '{' || (length <= left && (*head == ' ' || *head == '\n')));
    if (!looks)
        return err_set(err, E_DATA, "it is neither safetensors nor llm.c's weights: no header begins at its ninth byte");
    if (length > HEAD_MAX || length > left)
        return err_set(err, E_DATA, "its header is said to have %llu bytes, the file has %zu after the length: it is %s",
                       (unsigned long long)length, left, length > HEAD_MAX ? "damaged" : "cut short");
    f->data = f->map.bytes + sizeof length + length;
    f->n_data = left - (size_t)length;
    f->names = malloc((size_t)length + 1);
    if (!f->names)
        return err_set(err, E_NOMEM, "out of memory for a header of %llu bytes", (unsigned long long)length);
    struct scan s = {head, head, head + length, f->names, f->names, err};
    TRY(take_all(&s, f));
    return check_all(f, err);
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

static void put_tensor(FILE *out, const struct stored *t)
{
    char dims[200];
    fprintf(out, ",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}", t->name,
            stored_dims(dims, sizeof dims, t), t->begin, t->end);
}

enum status safetensors_head(char **text, size_t *size, struct stored *list, size_t n, const char *metadata, struct err *err)
{
    size_t at = 0;
    FILE *out = open_memstream(text, size);
    if (!out)
        return err_set(err, E_NOMEM, "out of memory for a header");
    for (int i = 0; i < 8; i++)
        fputc(0, out);
    fprintf(out, "{\"__metadata__\":{%s}", metadata);
    for (size_t i = 0; i < n; i++) {
        size_t bytes = sizeof(float);
        for (size_t k = 0; k < list[i].n_dims; k++)
            bytes *= list[i].dims[k];
        list[i].begin = at, list[i].end = at += bytes;
        put_tensor(out, &list[i]);
    }
    fputc('}', out);
    for (long end = ftell(out); end % ALIGN != 0; end++)
        fputc(' ', out);
    if (fclose(out) != 0) {
        free(*text);
        return err_set(err, E_NOMEM, "out of memory for a header");
    }
    for (int i = 0; i < 8; i++)
        (*text)[i] = (char)((uint64_t)(*size - 8) >> 8 * i & 255);
    return OK;
}
