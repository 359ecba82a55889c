#include "model/formats/llmc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/formats/hf.h"

enum { MAGIC = 20240326, HEAD_INTS = 256, HEAD_BYTES = HEAD_INTS * 4, FP32 = 3, BF16 = 5, PAD = 128, NAME_BYTES = 48 };
enum { V_ROWS = 1, T_ROWS, C_ROWS, C3_ROWS, C4_ROWS, NO_ROWS }; /* what a tensor's sizes are made of */

/* In the order of the file; (out, in), as it has matrices. */
static const struct {
    const char *name; /* of GPT-2; with %zu once a layer */
    int rows, cols;
} tensors[] = {
    {"wte.weight", V_ROWS, C_ROWS},
    {"wpe.weight", T_ROWS, C_ROWS},
    {"h.%zu.ln_1.weight", NO_ROWS, C_ROWS},
    {"h.%zu.ln_1.bias", NO_ROWS, C_ROWS},
    {"h.%zu.attn.c_attn.weight", C3_ROWS, C_ROWS},
    {"h.%zu.attn.c_attn.bias", NO_ROWS, C3_ROWS},
    {"h.%zu.attn.c_proj.weight", C_ROWS, C_ROWS},
    {"h.%zu.attn.c_proj.bias", NO_ROWS, C_ROWS},
    {"h.%zu.ln_2.weight", NO_ROWS, C_ROWS},
    {"h.%zu.ln_2.bias", NO_ROWS, C_ROWS},
    {"h.%zu.mlp.c_fc.weight", C4_ROWS, C_ROWS},
    {"h.%zu.mlp.c_fc.bias", NO_ROWS, C4_ROWS},
    {"h.%zu.mlp.c_proj.weight", C_ROWS, C4_ROWS},
    {"h.%zu.mlp.c_proj.bias", NO_ROWS, C_ROWS},
    {"ln_f.weight", NO_ROWS, C_ROWS},
    {"ln_f.bias", NO_ROWS, C_ROWS},
};
enum { N_TENSORS = sizeof tensors / sizeof *tensors };

struct sizes {
    size_t V, T, L, NH, C, padded;
};

static size_t size_of(const struct sizes *z, int what)
{
    const size_t of[] = {0, z->V, z->T, z->C, 3 * z->C, 4 * z->C, 1};
    return of[what];
}

static bool is_layers(size_t i)
{
    return strstr(tensors[i].name, "%zu") != NULL;
}

/* "h.3.ln_1.bias" */
static void name_of(char *name, size_t size, size_t i, size_t layer)
{
    const char *slot = strstr(tensors[i].name, "%zu");
    if (slot)
        snprintf(name, size, "%.*s%zu%s", (int)(slot - tensors[i].name), tensors[i].name, layer, slot + 3);
    else
        snprintf(name, size, "%s", tensors[i].name);
}

static int32_t int_at(const unsigned char *bytes, size_t i)
{
    const unsigned char *p = bytes + 4 * i;
    return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

bool llmc_is_one(const unsigned char *bytes, size_t n)
{
    return n >= 4 && int_at(bytes, 0) == MAGIC;
}

/* --- reading ----------------------------------------------------------------------------------------------------------- */

static enum status take_sizes(struct sizes *z, size_t *type_bytes, const unsigned char *bytes, size_t n, struct err *err)
{
    static const char *const names[] = {"context", "vocabulary", "layers", "heads", "width", "padded vocabulary"};
    const size_t most[] = {1 << 16, 1 << 24, 1 << 12, 1 << 15, 1 << 15, 1 << 24};
    size_t got[6];
    if (n < HEAD_BYTES)
        return err_set(err, E_DATA, "llm.c's weights begin with %d bytes, it has %zu: it is cut short", HEAD_BYTES, n);
    int32_t version = int_at(bytes, 1);
    if (version != FP32 && version != BF16)
        return err_set(err, E_DATA, "llm.c's weights of version %d: 3 (fp32) and 5 (bf16) can be read", (int)version);
    for (size_t i = 0; i < 6; i++) {
        int32_t v = int_at(bytes, 2 + i);
        if (v < 1 || (size_t)v > most[i])
            return err_set(err, E_DATA, "its header has %s %d: 1 to %zu expected", names[i], (int)v, most[i]);
        got[i] = (size_t)v;
    }
    *z = (struct sizes){.T = got[0], .V = got[1], .L = got[2], .NH = got[3], .C = got[4], .padded = got[5]};
    if (z->padded < z->V)
        return err_set(err, E_DATA, "its header pads a vocabulary of %zu to %zu", z->V, z->padded);
    *type_bytes = version == FP32 ? 4 : 2;
    return OK;
}

/* In floats; the limits above keep every product far inside 64 bits. */
static size_t total(const struct sizes *z)
{
    size_t sum = 0;
    for (size_t i = 0; i < N_TENSORS; i++)
        sum += size_of(z, tensors[i].rows) * size_of(z, tensors[i].cols) * (is_layers(i) ? z->L : 1);
    return sum + (z->padded - z->V) * z->C;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct stored *)a)->name, ((const struct stored *)b)->name);
}

static void fill(struct tensor_file *f, const struct sizes *z, size_t type_bytes)
{
    size_t at = 0;
    for (size_t i = 0; i < N_TENSORS; i++)
        for (size_t layer = 0; layer < (is_layers(i) ? z->L : 1); layer++) {
            char *name = f->names + NAME_BYTES * f->n;
            struct stored *s = &f->list[f->n++];
            size_t rows = size_of(z, tensors[i].rows), cols = size_of(z, tensors[i].cols);
            bool matrix = tensors[i].rows != NO_ROWS;
            name_of(name, NAME_BYTES, i, layer);
            *s = (struct stored){.name = name, .type = type_bytes == 4 ? STORED_F32 : STORED_BF16, .n_dims = matrix ? 2 : 1,
                                 .begin = at, .end = at + rows * cols * type_bytes, .transposed = matrix && is_layers(i)};
            s->dims[0] = matrix ? rows : cols;
            s->dims[1] = matrix ? cols : 0;
            at = s->end + (i == 0 ? (z->padded - z->V) * z->C * type_bytes : 0);
        }
    qsort(f->list, f->n, sizeof *f->list, by_name);
}

enum status llmc_index(struct tensor_file *f, struct err *err)
{
    struct sizes z = {0};
    size_t bytes = 0;
    TRY(take_sizes(&z, &bytes, f->map.bytes, f->map.n, err));
    if (f->map.n - HEAD_BYTES != total(&z) * bytes)
        return err_set(err, E_DATA, "it has %zu bytes of weights, what its header says takes %zu: it is %s", f->map.n - HEAD_BYTES,
                       total(&z) * bytes, f->map.n - HEAD_BYTES < total(&z) * bytes ? "cut short" : "too long");
    f->data = f->map.bytes + HEAD_BYTES;
    f->n_data = f->map.n - HEAD_BYTES;
    f->n_head = z.NH;
    f->whole = true;
    TRY(size_calloc(&f->list, N_TENSORS * z.L, sizeof *f->list, "the list of tensors", err));
    TRY(size_calloc(&f->names, N_TENSORS * z.L, NAME_BYTES, "the names of tensors", err));
    fill(f, &z, bytes);
    return OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------------- */

enum status llmc_check(const struct gpt_shape *s, struct err *err)
{
    const struct hf_arch *arch;
    if (hf_arch_for(&arch, s, "gpt2", err) != OK)
        return err_wrap(err, "llm.c holds GPT-2");
    if (s->mlp != 0)
        return err_set(err, E_CONFIG, "llm.c's GPT-2 has tanh GELU alone, not this model.mlp");
    if (s->mlp_ratio > 0 && s->mlp_ratio * (double)s->C != 4 * (double)s->C)
        return err_set(err, E_CONFIG, "llm.c's hidden width is 4 d_model, not model.mlp_ratio=%g times that", s->mlp_ratio);
    if (!s->tied)
        return err_set(err, E_CONFIG, "llm.c's head is the embeddings' transpose: it cannot hold model.tied=false");
    return OK;
}

/* A matrix as (out, in), all else as it stands. */
static enum status put_tensor(FILE *out, const char *path, const struct hf_tensor *t, bool turn, size_t pad,
                              struct err *err)
{
    size_t rows = t->n_dims == 2 ? t->dims[0] : 1, cols = t->dims[t->n_dims - 1];
    float *all, *row;
    TRY(size_calloc(&all, (rows + pad) * cols, sizeof *all, "a tensor", err));
    enum status st = size_calloc(&row, cols, sizeof *row, "a row", err);
    for (size_t r = 0; r < rows && st == OK; r++) {
        hf_row(row, t, r);
        for (size_t j = 0; j < cols; j++)
            all[turn ? j * rows + r : r * cols + j] = row[j];
    }
    errno = 0;
    if (st == OK && fwrite(all, sizeof *all, (rows + pad) * cols, out) != (rows + pad) * cols)
        st = err_set(err, E_IO, "cannot write %s: %s", path, strerror(errno ? errno : EIO));
    free(row);
    free(all);
    return st;
}

static const struct hf_tensor *find(const struct hf_list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->items[i].name + strlen("transformer."), name) == 0)
            return &l->items[i];
    CHECK(false); /* it was checked to be GPT-2 */
}

static enum status put_all(FILE *out, const char *path, const struct hf_list *l, size_t pad, struct err *err)
{
    for (size_t i = 0; i < N_TENSORS; i++)
        for (size_t layer = 0; layer < (is_layers(i) ? l->g->shape.L : 1); layer++) {
            char name[NAME_BYTES];
            name_of(name, sizeof name, i, layer);
            const struct hf_tensor *t = find(l, name);
            TRY(put_tensor(out, path, t, t->n_dims == 2 && is_layers(i), i == 0 ? pad : 0, err));
        }
    return OK;
}

enum status llmc_write(FILE *out, const char *path, const struct gpt *g, struct err *err)
{
    const struct gpt_shape *s = &g->shape;
    size_t padded = (s->V + PAD - 1) / PAD * PAD;
    const int32_t head[HEAD_INTS] = {MAGIC,         FP32,           (int32_t)s->T, (int32_t)s->V,
                                     (int32_t)s->L, (int32_t)s->NH, (int32_t)s->C, (int32_t)padded};
    struct hf_list l;
    TRY(llmc_check(s, err));
    errno = 0;
    if (fwrite(head, sizeof *head, HEAD_INTS, out) != HEAD_INTS)
        return err_set(err, E_IO, "cannot write %s: %s", path, strerror(errno ? errno : EIO));
    enum status st = hf_list_make(&l, &hf_gpt2, g, err);
    if (st == OK)
        st = put_all(out, path, &l, padded - s->V, err);
    hf_list_free(&l);
    return st;
}
