#include "model/formats/hf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/formats/safetensors.h"

static const struct hf_arch *const archs[] = {
#define X(arch) &arch,
    HF_ARCHS(X)
#undef X
};
enum { N_ARCHS = sizeof archs / sizeof *archs };

/* --- what is refused ------------------------------------------------------------------------------------------------ */

void hf_refuse(struct hf_refused *r, const char *fmt, ...)
{
    size_t at = strlen(r->text);
    va_list ap;
    if (r->n++ > 0)
        at += (size_t)snprintf(r->text + at, sizeof r->text - at, ", ");
    if (at >= sizeof r->text)
        return;
    va_start(ap, fmt);
    vsnprintf(r->text + at, sizeof r->text - at, fmt, ap);
    va_end(ap);
}

void hf_refuse_common(struct hf_refused *r, const struct gpt_shape *s)
{
    if (s->norm_embed)
        hf_refuse(r, "model.norm_embed=true");
    if (s->n_expert)
        hf_refuse(r, "model.n_expert=%zu", s->n_expert);
    if (s->parallel)
        hf_refuse(r, "model.parallel=true");
    if (s->softcap > 0)
        hf_refuse(r, "model.softcap=%g", s->softcap);
    if (s->gated_attention)
        hf_refuse(r, "model.gated_attention=true");
    if (s->value_residual)
        hf_refuse(r, "model.value_residual=true");
    if (s->x0_residual)
        hf_refuse(r, "model.x0_residual=true");
}

enum status hf_arch_for(const struct hf_arch **arch, const struct gpt_shape *s, const char *type, struct err *err)
{
    struct hf_refused least = {.n = SIZE_MAX};
    *arch = NULL;
    for (size_t i = 0; i < N_ARCHS; i++) {
        struct hf_refused r = {.n = 0};
        if (type && strcmp(type, archs[i]->type) != 0)
            continue;
        hf_refuse_common(&r, s);
        archs[i]->refuse(&r, s);
        if (r.n < least.n) {
            least = r;
            *arch = archs[i];
        }
    }
    CHECK(*arch);
    if (least.n > 0)
        return err_set(err, E_CONFIG, "%s has no such model: it has no %s", (*arch)->model, least.text);
    return OK;
}

/* --- lists of tensors ------------------------------------------------------------------------------------------------ */

enum status hf_add(struct hf_list *l, const char *name, size_t layer, const char *ours, size_t rows, size_t cols, float fill,
                   float scale, struct err *err)
{
    if (l->n == l->room) {
        size_t room = 2 * l->room + 32;
        struct hf_tensor *items = realloc(l->items, room * sizeof *items);
        if (!items)
            return err_set(err, E_NOMEM, "out of memory for the list of tensors");
        l->items = items;
        l->room = room;
    }
    struct hf_tensor *t = &l->items[l->n++];
    *t = (struct hf_tensor){.n_dims = rows ? 2 : 1, .fill = fill, .scale = scale};
    t->dims[0] = rows ? rows : cols;
    t->dims[1] = rows ? cols : 0;
    const char *slot = strstr(name, "%zu");
    if (slot)
        snprintf(t->name, sizeof t->name, "%.*s%zu%s", (int)(slot - name), name, layer, slot + 3);
    else
        snprintf(t->name, sizeof t->name, "%s", name);
    const struct tensor *x = ours ? tensors_find(&l->g->tensors, ours) : NULL;
    if (x)
        t->piece[t->n_pieces++] = (struct hf_piece){.w = l->g->w + tensor_at(x, x->outside ? 0 : layer - x->first),
                                                    .cols = x->cols, .n = cols, .repeat = 1, .head = 1};
    return OK;
}

struct hf_tensor *hf_last(struct hf_list *l)
{
    return &l->items[l->n - 1];
}

void hf_piece(struct hf_tensor *t, size_t col, size_t n, size_t repeat, size_t head)
{
    if (t->n_pieces == 0)
        return; /* the model has no such tensor */
    struct hf_piece p = t->piece[0];
    t->n_pieces += t->cut; /* the first replaces the whole */
    t->cut = true;
    t->piece[t->n_pieces - 1] = (struct hf_piece){p.w, p.cols, col, n, repeat, head};
}

void hf_transpose(struct hf_tensor *t)
{
    size_t d = t->dims[0];
    t->transposed = true;
    t->dims[0] = t->dims[1];
    t->dims[1] = d;
}

enum status hf_list_make(struct hf_list *l, const struct hf_arch *arch, const struct gpt *g, struct err *err)
{
    *l = (struct hf_list){.g = g};
    return arch->tensors(l, err);
}

void hf_list_free(struct hf_list *l)
{
    free(l->items);
    *l = (struct hf_list){0};
}

/* Where the number in that row and column of our side lies. */
static float *place(const struct hf_tensor *t, size_t row, size_t col)
{
    const struct hf_piece *p = t->piece;
    for (; col >= p->n; p++)
        col -= p->n;
    if (p->repeat > 1)
        col = col / (p->head * p->repeat) * p->head + col % p->head;
    return p->w + row * p->cols + p->col + col;
}

/* Numbers of a row there. */
static size_t row_length(const struct hf_tensor *t)
{
    return t->dims[t->n_dims - 1];
}

void hf_row(float *out, const struct hf_tensor *t, size_t r)
{
    size_t n = row_length(t);
    for (size_t j = 0; j < n; j++) {
        float v = t->n_pieces ? *place(t, t->transposed ? j : r, t->transposed ? r : j) : t->table ? t->table[r * n + j] : t->fill;
        out[j] = v * t->scale;
    }
}

size_t hf_hidden(const struct gpt *g)
{
    return tensors_find(&g->tensors, "downw")->rows / tensors_find(&g->tensors, "downw")->stack;
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

static enum status put(FILE *out, const void *data, size_t n, const char *path, struct err *err)
{
    errno = 0;
    if (fwrite(data, 1, n, out) != n)
        return err_set(err, E_IO, "cannot write %s: %s", path, strerror(errno ? errno : EIO));
    return OK;
}

static enum status put_rows(FILE *out, const struct hf_list *l, float *row, const char *path, struct err *err)
{
    for (size_t i = 0; i < l->n; i++)
        for (size_t r = 0; r < (l->items[i].n_dims == 2 ? l->items[i].dims[0] : 1); r++) {
            hf_row(row, &l->items[i], r);
            TRY(put(out, row, row_length(&l->items[i]) * sizeof *row, path, err));
        }
    return OK;
}

static enum status put_weights(FILE *out, const struct hf_list *l, const char *metadata, const char *path, struct err *err)
{
    struct stored *list;
    char *head = NULL;
    float *row = NULL;
    size_t size, longest = 0;
    TRY(size_calloc(&list, l->n, sizeof *list, "the list of tensors", err));
    for (size_t i = 0; i < l->n; i++) {
        const struct hf_tensor *t = &l->items[i];
        list[i] = (struct stored){.name = t->name, .dims = {t->dims[0], t->dims[1]}, .n_dims = t->n_dims};
        longest = size_max(longest, row_length(t));
    }
    enum status st = safetensors_head(&head, &size, list, l->n, metadata, err);
    if (st == OK)
        st = put(out, head, size, path, err);
    if (st == OK)
        st = size_calloc(&row, longest, sizeof *row, "a row", err);
    if (st == OK)
        st = put_rows(out, l, row, path, err);
    free(row);
    free(head);
    free(list);
    return st;
}

enum status hf_write_weights(FILE *out, const char *path, const struct hf_arch *arch, const struct gpt *g, const char *who,
                             struct err *err)
{
    struct hf_list l;
    char metadata[400], name[256];
    snprintf(name, sizeof name, "%s", who);
    for (char *c = name; *c; c++) /* a string of JSON, whatever a folder is called */
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e || *c == '"' || *c == '\\')
            *c = '_';
    snprintf(metadata, sizeof metadata, "\"format\":\"pt\",\"plateau\":\"%s\",\"plateau.n_head\":\"%zu\"", name, g->shape.NH);
    enum status st = hf_list_make(&l, arch, g, err);
    if (st == OK)
        st = put_weights(out, &l, metadata, path, err);
    hf_list_free(&l);
    return st;
}

void hf_write_config(FILE *out, const struct hf_arch *arch, const struct gpt *g)
{
    fprintf(out, "{\n  \"architectures\": [\"%s\"],\n  \"model_type\": \"%s\",\n", arch->model, arch->type);
    fprintf(out, "  \"vocab_size\": %zu,\n", g->shape.V);
    arch->config(out, g);
    fprintf(out, "  \"tie_word_embeddings\": %s,\n", g->shape.tied ? "true" : "false");
    fprintf(out, "  \"bos_token_id\": null,\n  \"eos_token_id\": null,\n  \"pad_token_id\": null,\n");
    fprintf(out, "  \"use_cache\": true,\n  \"torch_dtype\": \"float32\"\n}\n");
}

/* --- reading weights ---------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* By its name, or without the architecture's prefix, or with it. */
static const struct stored *find(const struct tensor_file *f, const struct hf_arch *arch, const char *name)
{
    char longer[120];
    size_t n = strlen(arch->prefix);
    const struct stored *s = tensor_file_find(f, name);
    if (!s && strncmp(name, arch->prefix, n) == 0)
        s = tensor_file_find(f, name + n);
    snprintf(longer, sizeof longer, "%s%s", arch->prefix, name);
    return s ? s : tensor_file_find(f, longer);
}

static enum status check_stored(const struct stored *s, const struct hf_tensor *t, struct err *err)
{
    char has[120], wants[120];
    const struct stored want = {.dims = {t->dims[0], t->dims[1]}, .n_dims = t->n_dims};
    bool same = s->n_dims == t->n_dims;
    for (size_t i = 0; i < t->n_dims && same; i++)
        same = s->dims[i] == t->dims[s->transposed ? t->n_dims - 1 - i : i];
    if (!same)
        return err_set(err, E_DATA, "tensor %s is %s, this model's is %s", s->name, stored_dims(has, sizeof has, s),
                       stored_dims(wants, sizeof wants, &want));
    if (!stored_has_floats(s))
        return err_set(err, E_DATA, "tensor %s holds %s: F32, F16, BF16 and F64 can be read", s->name, stored_type_name(s->type));
    return OK;
}

/* Row by row of what is stored. */
static void take_tensor(const struct hf_tensor *t, const struct tensor_file *f, const struct stored *s,
                        float *row)
{
    size_t n = s->dims[s->n_dims - 1], rows = s->n_dims == 2 ? s->dims[0] : 1;
    bool turned = t->transposed != s->transposed;
    for (size_t r = 0; r < rows; r++) {
        tensor_file_floats(row, f, s, r * n, n);
        for (size_t j = 0; j < n; j++)
            *place(t, turned ? j : r, turned ? r : j) = row[j];
    }
}

/* Every tensor of the file is one of these, or a buffer that holds nothing trained. */
static enum status check_rest(const struct hf_list *l, const struct hf_model *m, const struct tensor_file *f, struct err *err)
{
    for (size_t i = 0; i < f->n; i++) {
        bool known = ends_with(f->list[i].name, "lm_head.weight");
        for (const char *const *end = m->arch->ignored; *end && !known; end++)
            known = ends_with(f->list[i].name, *end);
        for (size_t k = 0; k < l->n && !known; k++)
            known = find(f, m->arch, l->items[k].name) == &f->list[i];
        if (!known)
            return err_set(err, E_DATA, "tensor %.120s is none of a %s of %zu layers", f->list[i].name, m->arch->model, m->shape.L);
    }
    return OK;
}

static enum status take_all(const struct hf_list *l, const struct hf_model *m, const struct tensor_file *f, struct err *err)
{
    float *row = NULL;
    enum status st = OK;
    for (size_t i = 0; i < l->n && st == OK; i++) {
        const struct hf_tensor *t = &l->items[i];
        const struct stored *s = find(f, m->arch, t->name);
        if (t->n_pieces == 0)
            continue; /* nothing of ours */
        st = s ? check_stored(s, t, err) : err_set(err, E_DATA, "it has no tensor %s", t->name);
        if (st == OK)
            st = size_calloc(&row, s->dims[s->n_dims - 1], sizeof *row, "a row", err);
        if (st == OK)
            take_tensor(t, f, s, row);
        free(row);
        row = NULL;
    }
    return st;
}

enum status hf_read_weights(struct gpt *g, const struct hf_model *m, const struct tensor_file *f, struct err *err)
{
    struct hf_list l;
    CHECK(g->rules.residual_scale == 1 && g->rules.logit_scale == 1);
    enum status st = hf_list_make(&l, m->arch, g, err);
    if (st == OK)
        st = take_all(&l, m, f, err);
    if (st == OK)
        st = check_rest(&l, m, f, err);
    if (st == OK)
        gpt_pack(g);
    hf_list_free(&l);
    return st;
}
