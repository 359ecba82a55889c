/* Weights as Hugging Face's transformers has them: architectures, their names of tensors, and config.json.
 *
 * An architecture is a file hf_NAME.c and a row of HF_ARCHS. What this program has and an architecture has not is folded into
 * weights where that is exact: the multipliers of branches and logits (param.h) into the last tensor of a branch and the last
 * norm, tables of places that are not trained, gains and biases that are not there, shared heads of keys and values where an
 * architecture has no such thing. What cannot be folded is refused by the name of the switch. */
#ifndef PLATEAU_MODEL_FORMATS_HF_H
#define PLATEAU_MODEL_FORMATS_HF_H

#include <stdio.h>

#include "model/formats/tensor_file.h"
#include "model/gpt.h"

#define HF_ARCHS(X)                                                                                \
    X(hf_gpt2)                                                                                     \
    X(hf_llama)                                                                                    \
    X(hf_olmo3)

/* Columns of a tensor of ours. */
struct hf_piece {
    float *w;       /* of ours, in that layer, and the length of its rows */
    size_t cols;
    size_t col, n;  /* the first of them, and how many that makes there */
    size_t repeat;  /* each `head` columns of ours stand so often one after the other; 1 */
    size_t head;
};

/* One tensor there, and where its numbers come from. */
struct hf_tensor {
    char name[80];
    size_t dims[2], n_dims;
    bool transposed;        /* matrices there are (out, in) */
    struct hf_piece piece[3]; /* side by side along the columns */
    bool cut;               /* hf_piece said which columns */
    size_t n_pieces;        /* 0: no tensor of ours, but `fill` or `table` */
    float fill;
    const float *table;
    float scale;            /* times what it is with us */
};

struct hf_list {
    const struct gpt *g;
    struct hf_tensor *items; /* owned; hf_list_free */
    size_t n, room;
};

/* Switches that an architecture does not have: "model.parallel=true, model.softcap=15". */
struct hf_refused {
    char text[600];
    size_t n;
};

struct hf_json; /* config.json, read */

struct hf_arch {
    const char *type, *model; /* model_type, and the class with a head */
    const char *prefix;       /* that names may have or not */
    void (*refuse)(struct hf_refused *r, const struct gpt_shape *s);
    enum status (*tensors)(struct hf_list *l, struct err *err);
    void (*config)(FILE *out, const struct gpt *g); /* members of the JSON object but for the common ones */
    /* The shape that a config.json speaks of, over the defaults. E_CONFIG where this program has no such model. */
    enum status (*shape)(struct gpt_shape *s, const struct hf_json *j, struct err *err);
    const char *const *ignored; /* ends of names of buffers that hold nothing trained; NULL at the end */
};

#define X(arch) extern const struct hf_arch arch;
HF_ARCHS(X)
#undef X

/* The architecture that has all of this shape. E_CONFIG naming what the nearest one has not. `type` NULL: any. */
enum status hf_arch_for(const struct hf_arch **arch, const struct gpt_shape *s, const char *type, struct err *err) WARN_UNUSED;

/* The model's tensors there, in the order in which they are written; hf_list_free releases, also after a failure. */
enum status hf_list_make(struct hf_list *l, const struct hf_arch *arch, const struct gpt *g, struct err *err) WARN_UNUSED;
void hf_list_free(struct hf_list *l);

/* Row r of a tensor there, its last dimension's numbers. */
void hf_row(float *out, const struct hf_tensor *t, size_t r);

/* The files' contents. who: what the metadata say of where it comes from. */
enum status hf_write_weights(FILE *out, const char *path, const struct hf_arch *arch, const struct gpt *g, const char *who,
                             struct err *err) WARN_UNUSED;
void hf_write_config(FILE *out, const struct hf_arch *arch, const struct gpt *g);

/* What a file of weights holds, by the config.json at `config` (NULL: there is none, and GPT-2's names and shapes say it).
 * notes (may be ""): what had to be guessed. */
struct hf_model {
    const struct hf_arch *arch;
    struct gpt_shape shape;
    char notes[200];
};
enum status hf_read_model(struct hf_model *m, const struct tensor_file *f, const char *config, struct err *err) WARN_UNUSED;

/* Its weights into a model of that shape, whose multipliers are all 1; converted from what type they have. E_DATA where one is
 * missing, has another shape or no floats, or where a tensor is left over. g is packed then. */
enum status hf_read_weights(struct gpt *g, const struct hf_model *m, const struct tensor_file *f, struct err *err) WARN_UNUSED;

/* --- for the architectures' files --- */

/* What no architecture here has. */
void hf_refuse_common(struct hf_refused *r, const struct gpt_shape *s);
void hf_refuse(struct hf_refused *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A tensor of rows x cols (rows 0: a vector) by that name, whose %zu, if it has one, is the layer. ours NULL: it is `fill`
 * throughout; where the model has no such tensor, likewise. */
enum status hf_add(struct hf_list *l, const char *name, size_t layer, const char *ours, size_t rows, size_t cols, float fill,
                   float scale, struct err *err) WARN_UNUSED;
/* The one added last. */
struct hf_tensor *hf_last(struct hf_list *l);
/* Its pieces are these columns of the tensor it was added with, in this order. */
void hf_piece(struct hf_tensor *t, size_t col, size_t n, size_t repeat, size_t head);
/* Its matrix there is (out, in). */
void hf_transpose(struct hf_tensor *t);

size_t hf_hidden(const struct gpt *g); /* width of the MLP */

/* Values of config.json; `otherwise` where the key is missing or null. */
double hf_number(const struct hf_json *j, const char *key, double otherwise);
bool hf_flag(const struct hf_json *j, const char *key, bool otherwise);
const char *hf_word(const struct hf_json *j, const char *key, const char *otherwise);
bool hf_has(const struct hf_json *j, const char *key); /* and it is not null */
/* A whole number from 1 on, which must be there. */
enum status hf_size(size_t *out, const struct hf_json *j, const char *key, struct err *err) WARN_UNUSED;
/* rope_theta, wherever it stands; E_CONFIG where positions are scaled. */
enum status hf_rope_base(double *base, const struct hf_json *j, double otherwise, struct err *err) WARN_UNUSED;
/* E_CONFIG "KEY=V: this program's is W". */
enum status hf_must_be(const struct hf_json *j, const char *key, double value, double otherwise, struct err *err) WARN_UNUSED;
/* Of layer_types: which word the i-th is; NULL: there is no such list, or it is shorter. */
const char *hf_layer_type(const struct hf_json *j, size_t i);

#endif
