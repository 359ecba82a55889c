/* GPT2LMHeadModel (Radford et al. 2019). Its matrices are (in, out), as ours; q, k, v side by side. A table of waves is a table
 * of places, no places are one of zeroes, and a head of keys and values that several share stands there once for each. */
#include <string.h>

#include "model/formats/hf.h"

/* By the places of MLP_KINDS. */
static const char *const activations[] = {"gelu_new", "relu", "relu2"};
enum { N_ACTIVATIONS = sizeof activations / sizeof *activations };

#define X(word, part, what) POSITION_##word,
enum { POSITION_KINDS(X) };
#undef X
#define X(word, part, what) #word,
static const char *const positions[] = {POSITION_KINDS(X)}, *const mlps[] = {MLP_KINDS(X)}, *const norms[] = {NORM_KINDS(X)};
#undef X

static void refuse(struct hf_refused *r, const struct gpt_shape *s)
{
    if (s->norm != 0)
        hf_refuse(r, "model.norm=%s", norms[s->norm]);
    if (s->norm_place != NORM_BEFORE)
        hf_refuse(r, "model.norm_place=%s", s->norm_place == NORM_AFTER ? "after" : "both");
    if (s->position == POSITION_rope || s->position == POSITION_alibi)
        hf_refuse(r, "model.position=%s", positions[s->position]);
    if (s->mlp >= N_ACTIVATIONS)
        hf_refuse(r, "model.mlp=%s", mlps[s->mlp]);
    if (s->qk_norm)
        hf_refuse(r, "model.qk_norm=true");
    if (s->window && s->window < s->T)
        hf_refuse(r, "model.window=%zu", s->window);
}

static enum status add_attention(struct hf_list *l, size_t i, float scale, struct err *err)
{
    const struct gpt_shape *s = &l->g->shape;
    size_t C = s->C, HS = C / s->NH, kv = gpt_shape_kv_heads(s) * HS, group = C / kv;
    for (int bias = 0; bias < 2; bias++) {
        TRY(hf_add(l, bias ? "transformer.h.%zu.attn.c_attn.bias" : "transformer.h.%zu.attn.c_attn.weight", i,
                   bias ? "qkvb" : "qkvw", bias ? 0 : C, 3 * C, 0, 1, err));
        hf_piece(hf_last(l), 0, C, 1, C);
        hf_piece(hf_last(l), C, C, group, HS);
        hf_piece(hf_last(l), C + kv, C, group, HS);
    }
    TRY(hf_add(l, "transformer.h.%zu.attn.c_proj.weight", i, "attw", C, C, 0, scale, err));
    return hf_add(l, "transformer.h.%zu.attn.c_proj.bias", i, "attb", 0, C, 0, scale, err);
}

static enum status tensors(struct hf_list *l, struct err *err)
{
    const struct gpt *g = l->g;
    size_t V = g->shape.V, T = g->shape.T, C = g->shape.C, H = hf_hidden(g);
    float scale = g->rules.residual_scale, logit = g->rules.logit_scale;
    TRY(hf_add(l, "transformer.wte.weight", TENSOR_OUTSIDE, "wte", V, C, 0, 1, err));
    TRY(hf_add(l, "transformer.wpe.weight", TENSOR_OUTSIDE, "wpe", T, C, 0, 1, err));
    hf_last(l)->table = g->embed.pos.table.w;
    for (size_t i = 0; i < g->shape.L; i++) {
        TRY(hf_add(l, "transformer.h.%zu.ln_1.weight", i, "ln1w", 0, C, 1, 1, err));
        TRY(hf_add(l, "transformer.h.%zu.ln_1.bias", i, "ln1b", 0, C, 0, 1, err));
        TRY(add_attention(l, i, scale, err));
        TRY(hf_add(l, "transformer.h.%zu.ln_2.weight", i, "ln2w", 0, C, 1, 1, err));
        TRY(hf_add(l, "transformer.h.%zu.ln_2.bias", i, "ln2b", 0, C, 0, 1, err));
        TRY(hf_add(l, "transformer.h.%zu.mlp.c_fc.weight", i, "upw", C, H, 0, 1, err));
        TRY(hf_add(l, "transformer.h.%zu.mlp.c_fc.bias", i, "upb", 0, H, 0, 1, err));
        TRY(hf_add(l, "transformer.h.%zu.mlp.c_proj.weight", i, "downw", H, C, 0, scale, err));
        TRY(hf_add(l, "transformer.h.%zu.mlp.c_proj.bias", i, "downb", 0, C, 0, scale, err));
    }
    TRY(hf_add(l, "transformer.ln_f.weight", TENSOR_OUTSIDE, "lnfw", 0, C, 1, logit, err));
    TRY(hf_add(l, "transformer.ln_f.bias", TENSOR_OUTSIDE, "lnfb", 0, C, 0, logit, err));
    return g->shape.tied ? OK : hf_add(l, "lm_head.weight", TENSOR_OUTSIDE, "headw", V, C, 0, 1, err);
}

static void config(FILE *out, const struct gpt *g)
{
    const struct gpt_shape *s = &g->shape;
    fprintf(out, "  \"n_positions\": %zu,\n  \"n_ctx\": %zu,\n  \"n_embd\": %zu,\n  \"n_layer\": %zu,\n", s->T, s->T, s->C, s->L);
    fprintf(out, "  \"n_head\": %zu,\n  \"n_inner\": %zu,\n", s->NH, hf_hidden(g));
    fprintf(out, "  \"activation_function\": \"%s\",\n  \"layer_norm_epsilon\": 1e-05,\n", activations[s->mlp]);
    fprintf(out, "  \"resid_pdrop\": 0.0,\n  \"embd_pdrop\": 0.0,\n  \"attn_pdrop\": 0.0,\n");
    fprintf(out, "  \"scale_attn_weights\": true,\n  \"scale_attn_by_inverse_layer_idx\": false,\n");
}

static enum status shape(struct gpt_shape *s, const struct hf_json *j, struct err *err)
{
    size_t C, H;
    const char *word = hf_word(j, "activation_function", "gelu_new");
    TRY(hf_size(&s->C, j, "n_embd", err));
    TRY(hf_size(&s->L, j, "n_layer", err));
    TRY(hf_size(&s->NH, j, "n_head", err));
    TRY(hf_size(&s->T, j, "n_positions", err));
    C = s->C, H = 4 * C;
    if (hf_has(j, "n_inner"))
        TRY(hf_size(&H, j, "n_inner", err));
    s->mlp_ratio = H == 4 * C ? 0 : (double)H / (double)C;
    s->tied = hf_flag(j, "tie_word_embeddings", true);
    for (s->mlp = 0; s->mlp < N_ACTIVATIONS && strcmp(word, activations[s->mlp]) != 0; s->mlp++)
        ;
    if (strcmp(word, "gelu_pytorch_tanh") == 0)
        s->mlp = 0;
    if (s->mlp == N_ACTIVATIONS)
        return err_set(err, E_CONFIG, "activation_function=%.40s: this program has gelu_new, relu and relu2", word);
    TRY(hf_must_be(j, "layer_norm_epsilon", 1e-5, 1e-5, err));
    TRY(hf_must_be(j, "scale_attn_weights", true, true, err));
    return hf_must_be(j, "scale_attn_by_inverse_layer_idx", false, false, err);
}

static const char *const ignored[] = {".attn.bias", ".attn.masked_bias", NULL};

const struct hf_arch hf_gpt2 = {"gpt2", "GPT2LMHeadModel", "transformer.", refuse, tensors, config, shape, ignored};
