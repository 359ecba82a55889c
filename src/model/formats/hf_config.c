/* config.json of transformers, and what a file of GPT-2's weights says without one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/file.h"
#include "base/json_check.h"
#include "model/formats/hf.h"

struct hf_json {
    cJSON *root;
};

static const struct hf_arch *const archs[] = {
#define X(arch) &arch,
    HF_ARCHS(X)
#undef X
};

static const cJSON *get(const struct hf_json *j, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(j->root, key);
    return cJSON_IsNull(v) ? NULL : v;
}

bool hf_has(const struct hf_json *j, const char *key)
{
    return get(j, key) != NULL;
}

double hf_number(const struct hf_json *j, const char *key, double otherwise)
{
    const cJSON *v = get(j, key);
    return cJSON_IsNumber(v) ? v->valuedouble : cJSON_IsBool(v) ? (double)cJSON_IsTrue(v) : otherwise;
}

bool hf_flag(const struct hf_json *j, const char *key, bool otherwise)
{
    return hf_number(j, key, otherwise) != 0;
}

const char *hf_word(const struct hf_json *j, const char *key, const char *otherwise)
{
    const cJSON *v = get(j, key);
    return cJSON_IsString(v) ? v->valuestring : otherwise;
}

enum status hf_size(size_t *out, const struct hf_json *j, const char *key, struct err *err)
{
    double v = hf_number(j, key, (double)NAN);
    if (!(v >= 1 && v <= 1 << 24 && v == floor(v)))
        return err_set(err, E_CONFIG, "%s: a whole number from 1 to 16777216 expected", key);
    *out = (size_t)v;
    return OK;
}

enum status hf_must_be(const struct hf_json *j, const char *key, double value, double otherwise, struct err *err)
{
    double v = hf_number(j, key, otherwise);
    if (!(fabs(v - value) <= 1e-9 * fabs(value)))
        return err_set(err, E_CONFIG, "%s=%g: this program's is %g", key, v, value);
    return OK;
}

enum status hf_rope_base(double *base, const struct hf_json *j, double otherwise, struct err *err)
{
    const cJSON *p = get(j, "rope_parameters"), *scaling = get(j, "rope_scaling");
    const cJSON *of_kind = cJSON_GetObjectItemCaseSensitive(p, "full_attention");
    p = cJSON_IsObject(of_kind) ? of_kind : p;
    const struct hf_json inner = {(cJSON *)(cJSON_IsObject(p) ? p : j->root)};
    const char *type = hf_word(&inner, "rope_type", "default");
    if (scaling || strcmp(type, "default") != 0)
        return err_set(err, E_CONFIG, "%s: positions that are scaled (%s) are not known here",
                       scaling ? "rope_scaling" : "rope_parameters", scaling ? "any" : type);
    *base = hf_number(&inner, "rope_theta", hf_number(j, "rope_theta", otherwise));
    if (!(*base >= 1 && *base <= 1e9))
        return err_set(err, E_CONFIG, "rope_theta=%g: 1 to 1e9 expected", *base);
    return OK;
}

const char *hf_layer_type(const struct hf_json *j, size_t i)
{
    const cJSON *list = get(j, "layer_types");
    const cJSON *v = i < 1 << 12 && cJSON_IsArray(list) ? cJSON_GetArrayItem(list, (int)i) : NULL;
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* --- the shape ------------------------------------------------------------------------------------------------------- */

static enum status from_config(struct hf_model *m, const struct hf_json *j, struct err *err)
{
    const char *type = hf_word(j, "model_type", "");
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
        if (strcmp(type, archs[i]->type) == 0)
            m->arch = archs[i];
    if (!m->arch)
        return err_set(err, E_CONFIG, "model_type \"%.40s\": this program knows gpt2, llama and olmo3", type);
    TRY(hf_size(&m->shape.V, j, "vocab_size", err));
    TRY(m->arch->shape(&m->shape, j, err));
    return gpt_shape_check(&m->shape, err);
}

static enum status read_config(struct hf_model *m, const char *path, struct err *err)
{
    char *text;
    size_t size;
    TRY(file_read_regular(&text, &size, path, err));
    enum status st = json_check(text, size, E_CONFIG, err);
    struct hf_json j = {.root = st == OK ? cJSON_ParseWithOpts(text, NULL, true) : NULL};
    if (st == OK && !cJSON_IsObject(j.root))
        st = err_set(err, E_CONFIG, "no JSON object");
    if (st == OK)
        st = from_config(m, &j, err);
    cJSON_Delete(j.root);
    free(text);
    return st == OK ? OK : err_wrap(err, "%s", path);
}

static const struct stored *find(const struct tensor_file *f, const char *name)
{
    char longer[120];
    const struct stored *s = tensor_file_find(f, name);
    snprintf(longer, sizeof longer, "transformer.%s", name);
    return s ? s : tensor_file_find(f, longer);
}

static size_t layers_of(const struct tensor_file *f)
{
    char name[64];
    for (size_t i = 0;; i++) {
        snprintf(name, sizeof name, "h.%zu.ln_1.weight", i);
        if (!find(f, name))
            return i;
    }
}

/* GPT-2's, by names and shapes. Heads leave no mark in a shape: of whom the file does not say it, they have 64 columns, as all
 * of GPT-2's sizes. */
static enum status from_tensors(struct hf_model *m, const struct tensor_file *f, struct err *err)
{
    struct gpt_shape *s = &m->shape;
    const struct stored *wte = find(f, "wte.weight"), *wpe = find(f, "wpe.weight"), *up = find(f, "h.0.mlp.c_fc.weight");
    const struct stored *head = tensor_file_find(f, "lm_head.weight");
    if (!wte || !wpe || !up || wte->n_dims != 2 || wpe->n_dims != 2 || up->n_dims != 2)
        return err_set(err, E_DATA, "there is no config.json beside it, and it has none of GPT-2's tensors (wte, wpe, h.0...)");
    m->arch = &hf_gpt2;
    s->V = wte->dims[0], s->C = wte->dims[1], s->T = wpe->dims[0], s->L = layers_of(f);
    size_t H = up->dims[up->transposed ? 0 : 1];
    s->mlp_ratio = H == 4 * s->C || s->C == 0 ? 0 : (double)H / (double)s->C;
    s->NH = f->n_head ? f->n_head : s->C / 64;
    if (!f->n_head && (s->C % 64 != 0 || s->C == 0))
        return err_set(err, E_DATA, "there is no config.json beside it that says how many heads a width of %zu has", s->C);
    if (!f->n_head)
        snprintf(m->notes, sizeof m->notes, "no config.json beside it: %zu heads of 64 columns, tanh GELU", s->NH);
    size_t bytes = wte->end - wte->begin;
    s->tied = !head || (head->type == wte->type && head->end - head->begin == bytes &&
                        memcmp(f->data + head->begin, f->data + wte->begin, bytes) == 0);
    return gpt_shape_check(s, err);
}

enum status hf_read_model(struct hf_model *m, const struct tensor_file *f, const char *config, struct err *err)
{
    *m = (struct hf_model){.shape = {GPT_SWITCHES(GPT_DEFAULT)}};
    return config ? read_config(m, config, err) : from_tensors(m, f, err);
}
