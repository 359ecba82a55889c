/* LlamaForCausalLM (Touvron et al. 2023) and Olmo3ForCausalLM (Team OLMo 2025): RMS norms before the branches, or after them with
 * q and k normalised over all heads. Matrices are (out, in); q, k, v and the two halves of a gate each by itself. */
#include <math.h>
#include <string.h>

#include "model/formats/hf.h"

#define X(word, part, what) NORM_IS_##word,
enum { NORM_KINDS(X) };
#undef X
#define X(word, part, what) POSITION_##word,
enum { POSITION_KINDS(X) };
#undef X
#define X(word, part, what) MLP_##word,
enum { MLP_KINDS(X) };
#undef X
#define X(word, part, what) #word,
static const char *const positions[] = {POSITION_KINDS(X)}, *const mlps[] = {MLP_KINDS(X)}, *const norms[] = {NORM_KINDS(X)};
#undef X

static void refuse_both(struct hf_refused *r, const struct gpt_shape *s)
{
    if (s->norm != NORM_IS_rmsnorm)
        hf_refuse(r, "model.norm=%s", norms[s->norm]);
    if (s->position != POSITION_rope)
        hf_refuse(r, "model.position=%s", positions[s->position]);
    else if (s->C / s->NH % 2 != 0)
        hf_refuse(r, "heads of odd size (model.d_model / model.n_head = %zu)", s->C / s->NH);
    if (s->mlp != MLP_swiglu && s->mlp != MLP_geglu)
        hf_refuse(r, "model.mlp=%s", mlps[s->mlp]);
}

static void refuse_llama(struct hf_refused *r, const struct gpt_shape *s)
{
    refuse_both(r, s);
    if (s->norm_place != NORM_BEFORE)
        hf_refuse(r, "model.norm_place=%s", s->norm_place == NORM_AFTER ? "after" : "both");
    if (s->qk_norm)
        hf_refuse(r, "model.qk_norm=true");
    if (s->window && s->window < s->T)
        hf_refuse(r, "model.window=%zu", s->window);
}

static void refuse_olmo3(struct hf_refused *r, const struct gpt_shape *s)
{
    refuse_both(r, s);
    if (s->norm_place != NORM_AFTER)
        hf_refuse(r, "model.norm_place=%s", s->norm_place == NORM_BEFORE ? "before" : "both");
    if (!s->qk_norm || !s->qk_norm_all)
        hf_refuse(r, "model.qk_norm%s=false", s->qk_norm ? "_all" : "");
    if (s->bias)
        hf_refuse(r, "model.bias=true");
}

/* Columns of a matrix of ours, and of its bias where the shape has one. */
static enum status add_linear(struct hf_list *l, const char *name, size_t layer, const char *weight, const char *bias, size_t rows,
                              size_t col, size_t cols, float scale, struct err *err)
{
    char full[80];
    snprintf(full, sizeof full, "model.layers.%%zu.%s.weight", name);
    TRY(hf_add(l, full, layer, weight, rows, cols, 0, scale, err));
    hf_piece(hf_last(l), col, cols, 1, cols);
    hf_transpose(hf_last(l));
    if (!l->g->shape.bias)
        return OK;
    snprintf(full, sizeof full, "model.layers.%%zu.%s.bias", name);
    TRY(hf_add(l, full, layer, bias, 0, cols, 0, scale, err));
    hf_piece(hf_last(l), col, cols, 1, cols);
    return OK;
}

static enum status add_products(struct hf_list *l, size_t i, float scale, struct err *err)
{
    const struct gpt_shape *s = &l->g->shape;
    size_t C = s->C, kv = gpt_shape_kv_heads(s) * (C / s->NH), H = hf_hidden(l->g);
    TRY(add_linear(l, "self_attn.q_proj", i, "qkvw", "qkvb", C, 0, C, 1, err));
    TRY(add_linear(l, "self_attn.k_proj", i, "qkvw", "qkvb", C, C, kv, 1, err));
    TRY(add_linear(l, "self_attn.v_proj", i, "qkvw", "qkvb", C, C + kv, kv, 1, err));
    TRY(add_linear(l, "self_attn.o_proj", i, "attw", "attb", C, 0, C, scale, err));
    TRY(add_linear(l, "mlp.gate_proj", i, "upw", "upb", C, 0, H, 1, err));
    TRY(add_linear(l, "mlp.up_proj", i, "upw", "upb", C, H, H, 1, err));
    return add_linear(l, "mlp.down_proj", i, "downw", "downb", H, 0, C, scale, err);
}

/* What stands around the layers. */
static enum status add_embeddings(struct hf_list *l, struct err *err)
{
    return hf_add(l, "model.embed_tokens.weight", TENSOR_OUTSIDE, "wte", l->g->shape.V, l->g->shape.C, 0, 1, err);
}

static enum status add_end(struct hf_list *l, struct err *err)
{
    const struct gpt_shape *s = &l->g->shape;
    TRY(hf_add(l, "model.norm.weight", TENSOR_OUTSIDE, "lnfw", 0, s->C, 1, l->g->rules.logit_scale, err));
    return s->tied ? OK : hf_add(l, "lm_head.weight", TENSOR_OUTSIDE, "headw", s->V, s->C, 0, 1, err);
}

static enum status tensors_llama(struct hf_list *l, struct err *err)
{
    size_t C = l->g->shape.C;
    TRY(add_embeddings(l, err));
    for (size_t i = 0; i < l->g->shape.L; i++) {
        TRY(hf_add(l, "model.layers.%zu.input_layernorm.weight", i, "ln1w", 0, C, 1, 1, err));
        TRY(hf_add(l, "model.layers.%zu.post_attention_layernorm.weight", i, "ln2w", 0, C, 1, 1, err));
        TRY(add_products(l, i, l->g->rules.residual_scale, err));
    }
    return add_end(l, err);
}

/* What a branch adds is what its norm makes: the gain takes its multiplier. */
static enum status tensors_olmo3(struct hf_list *l, struct err *err)
{
    const struct gpt_shape *s = &l->g->shape;
    size_t C = s->C, kv = gpt_shape_kv_heads(s) * (C / s->NH);
    float scale = l->g->rules.residual_scale;
    TRY(add_embeddings(l, err));
    for (size_t i = 0; i < s->L; i++) {
        TRY(add_products(l, i, 1, err));
        TRY(hf_add(l, "model.layers.%zu.self_attn.q_norm.weight", i, "qnw", 0, C, 1, 1, err));
        TRY(hf_add(l, "model.layers.%zu.self_attn.k_norm.weight", i, "knw", 0, kv, 1, 1, err));
        TRY(hf_add(l, "model.layers.%zu.post_attention_layernorm.weight", i, "post1w", 0, C, 1, scale, err));
        TRY(hf_add(l, "model.layers.%zu.post_feedforward_layernorm.weight", i, "post2w", 0, C, 1, scale, err));
    }
    return add_end(l, err);
}

static void config(FILE *out, const struct gpt *g)
{
    const struct gpt_shape *s = &g->shape;
    fprintf(out, "  \"hidden_size\": %zu,\n  \"intermediate_size\": %zu,\n", s->C, hf_hidden(g));
    fprintf(out, "  \"num_hidden_layers\": %zu,\n  \"num_attention_heads\": %zu,\n", s->L, s->NH);
    fprintf(out, "  \"num_key_value_heads\": %zu,\n  \"max_position_embeddings\": %zu,\n", gpt_shape_kv_heads(s), s->T);
    fprintf(out, "  \"hidden_act\": \"%s\",\n", s->mlp == MLP_swiglu ? "silu" : "gelu_pytorch_tanh");
    fprintf(out, "  \"rms_norm_eps\": 1e-06,\n  \"rope_theta\": %.17g,\n", s->rope_base);
    fprintf(out, "  \"attention_bias\": %s,\n  \"mlp_bias\": %s,\n", s->bias ? "true" : "false", s->bias ? "true" : "false");
}

static void config_olmo3(FILE *out, const struct gpt *g)
{
    config(out, g);
    fprintf(out, "  \"sliding_window\": %zu,\n  \"layer_types\": [", g->shape.window ? g->shape.window : g->shape.T);
    for (size_t i = 0; i < g->shape.L; i++)
        fprintf(out, "%s\"%s\"", i ? ", " : "", g->layers[i].attention.heads.window ? "sliding_attention" : "full_attention");
    fprintf(out, "],\n");
}

static enum status shape(struct gpt_shape *s, const struct hf_json *j, double eps, double base, struct err *err)
{
    size_t H;
    const char *act = hf_word(j, "hidden_act", "silu");
    TRY(hf_size(&s->C, j, "hidden_size", err));
    TRY(hf_size(&s->L, j, "num_hidden_layers", err));
    TRY(hf_size(&s->NH, j, "num_attention_heads", err));
    TRY(hf_size(&s->T, j, "max_position_embeddings", err));
    TRY(hf_size(&H, j, "intermediate_size", err));
    s->mlp_ratio = (double)H / (double)s->C;
    s->n_kv_head = s->NH;
    if (hf_has(j, "num_key_value_heads"))
        TRY(hf_size(&s->n_kv_head, j, "num_key_value_heads", err));
    s->mlp = strcmp(act, "silu") == 0 ? MLP_swiglu : MLP_geglu;
    if (s->mlp == MLP_geglu && strcmp(act, "gelu_pytorch_tanh") != 0)
        return err_set(err, E_CONFIG, "hidden_act=%.40s: this program has silu and gelu_pytorch_tanh", act);
    s->norm = NORM_IS_rmsnorm;
    s->position = POSITION_rope;
    s->tied = hf_flag(j, "tie_word_embeddings", false);
    s->bias = hf_flag(j, "attention_bias", false);
    TRY(hf_rope_base(&s->rope_base, j, base, err));
    if (hf_has(j, "head_dim"))
        TRY(hf_must_be(j, "head_dim", (double)s->C / (double)s->NH, 0, err));
    return hf_must_be(j, "rms_norm_eps", 1e-6, eps, err);
}

static enum status shape_llama(struct gpt_shape *s, const struct hf_json *j, struct err *err)
{
    TRY(shape(s, j, 1e-6, 1e4, err));
    return hf_must_be(j, "mlp_bias", (double)s->bias, false, err);
}

/* A window in all layers but every n-th, counted from one. */
static enum status shape_olmo3(struct gpt_shape *s, const struct hf_json *j, struct err *err)
{
    TRY(shape(s, j, 1e-6, 5e5, err));
    TRY(hf_must_be(j, "attention_bias", false, false, err));
    s->norm_place = NORM_AFTER;
    s->qk_norm = s->qk_norm_all = true;
    s->window = 4096;
    if (hf_has(j, "sliding_window"))
        TRY(hf_size(&s->window, j, "sliding_window", err));
    s->window_full = hf_layer_type(j, 0) ? 0 : 4;
    for (size_t i = 0; i < s->L && hf_layer_type(j, i) && s->window_full == 0; i++)
        if (strcmp(hf_layer_type(j, i), "full_attention") == 0)
            s->window_full = i + 1;
    for (size_t i = 0; i < s->L && hf_layer_type(j, i); i++) {
        bool full = s->window_full && (i + 1) % s->window_full == 0;
        if (full != (strcmp(hf_layer_type(j, i), "full_attention") == 0))
            return err_set(err, E_CONFIG, "layer_types: layer %zu is %.40s, where every n-th layer sees all here", i,
                           hf_layer_type(j, i));
    }
    return OK;
}

static const char *const ignored[] = {".rotary_emb.inv_freq", NULL};

const struct hf_arch hf_llama = {"llama", "LlamaForCausalLM", "model.", refuse_llama, tensors_llama, config, shape_llama, ignored};
const struct hf_arch hf_olmo3 = {"olmo3", "Olmo3ForCausalLM", "model.", refuse_olmo3, tensors_olmo3, config_olmo3, shape_olmo3,
                                 ignored};
