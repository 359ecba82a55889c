#include "model/shape.h"

bool gpt_shape_same(const struct gpt_shape *a, const struct gpt_shape *b)
{
    bool same = a->V == b->V && a->T == b->T && a->C == b->C && a->L == b->L && a->NH == b->NH;
#define X(name, type, least, most, number, words, help) same = same && a->name == b->name;
    GPT_SWITCHES(X)
#undef X
    return same;
}

/* What no model can be. Keys of another that is off do no harm: config_check_pairs. */
static enum status check_switches(const struct gpt_shape *s, struct err *err)
{
    size_t kv = gpt_shape_kv_heads(s);
    if (s->NH % kv != 0)
        return err_set(err, E_CONFIG, "model.n_head=%zu is not a multiple of model.n_kv_head=%zu", s->NH, kv);
    if (s->parallel && s->norm_place == NORM_AFTER)
        return err_set(err, E_CONFIG, "model.parallel: both branches read one norm, and model.norm_place=after has none");
    if (s->n_expert && s->top_k > s->n_expert)
        return err_set(err, E_CONFIG, "model.top_k=%zu is more than model.n_expert=%zu", s->top_k, s->n_expert);
    if (s->mtp && s->mtp >= s->T)
        return err_set(err, E_CONFIG, "model.mtp=%zu: a window of model.ctx=%zu has no token %zu places ahead", s->mtp, s->T,
                       s->mtp + 1);
    if (s->mtp && !(s->mtp_weight > 0))
        return err_set(err, E_CONFIG, "model.mtp_weight=0 trains no head; leave model.mtp at 0");
    if (!s->mtp && s->mtp_weight != 1)
        return err_set(err, E_CONFIG, "model.mtp_weight is for the heads of model.mtp, which is 0");
    return OK;
}

enum status gpt_shape_check(const struct gpt_shape *s, struct err *err)
{
    if (s->C == 0 || s->L == 0 || s->NH == 0 || s->T == 0 || s->V == 0)
        return err_set(err, E_CONFIG, "model: d_model, n_layer, n_head, ctx and vocab must be above 0");
    if (s->C % s->NH != 0)
        return err_set(err, E_CONFIG, "model.d_model=%zu is not a multiple of model.n_head=%zu", s->C, s->NH);
    const size_t limit = (size_t)1 << 24; /* keeps every product of sizes far inside 64 bits */
    if (s->C > 1 << 15 || s->L > 1 << 12 || s->T > 1 << 16 || s->V > limit)
        return err_set(err, E_CONFIG, "model: d_model=%zu n_layer=%zu ctx=%zu vocab=%zu is too large", s->C, s->L, s->T,
                       s->V);
    if (!(s->mlp_ratio >= 0 && s->mlp_ratio <= 64)) /* as wide as a config may ask for, and a file from elsewhere */
        return err_set(err, E_CONFIG, "model.mlp_ratio=%g: expected 0 to 64", (double)s->mlp_ratio);
    return check_switches(s, err);
}
