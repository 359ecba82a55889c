#include "harness/coordinates.h"

#include <stdlib.h>

#include "base/size.h"
#include "model/optim/optim.h"

/* Rows that a reading is of, at least one sequence: its averages are over rows times width. */
enum { PROBE_ROWS = 512 };

/* One model on its few steps. */
struct walk {
    const struct coordinates_how *how;
    struct config cfg; /* borrowed strings */
    struct gpt_shape shape;
    struct kern k;
    struct gpt g;
    struct optim optim;
    struct probe before, after;
    int32_t *x, *y, *probed; /* (B,T), (B,T), (n,T) */
    size_t B, n;
};

static void walk_free(struct walk *w)
{
    free(w->x);
    free(w->y);
    free(w->probed);
    probe_free(&w->before);
    probe_free(&w->after);
    optim_free(&w->optim);
    gpt_free(&w->g);
}

static enum status walk_init(struct walk *w, const struct coordinates_how *how, enum param_kind parametrisation, size_t d_model,
                             size_t n_layer, struct err *err)
{
    *w = (struct walk){.how = how, .cfg = config_of_run(how->c)};
    w->cfg.model.parametrisation = (size_t)parametrisation;
    w->cfg.model.d_model = d_model;
    w->cfg.model.n_layer = n_layer;
    w->cfg.model.n_head = 0;
    w->shape = config_gpt_shape(&w->cfg, data_vocab(how->data));
    const struct param_rules rules = config_param_rules(&w->cfg);
    const struct optim_config optim = config_optim(&w->cfg);
    size_t T = w->shape.T, n_rows;
    w->B = w->cfg.train.batch_tokens / T;
    w->n = size_min(size_max(1, PROBE_ROWS / T), data_eval_windows(how->data));
    n_rows = size_max(w->B, w->n) * T;
    config_kern(&w->k, &w->cfg, how->isa);
    TRY(gpt_init(&w->g, &w->shape, &rules, &w->k, w->B, 1, err));
    w->g.z_loss = (float)w->cfg.train.z_loss;
    TRY(optim_init(&w->optim, &optim, &w->g, err));
    TRY(probe_init(&w->before, &w->shape, w->n, err));
    TRY(probe_init(&w->after, &w->shape, w->n, err));
    TRY(size_calloc(&w->x, n_rows, sizeof *w->x, "tokens", err));
    TRY(size_calloc(&w->y, n_rows, sizeof *w->y, "tokens", err));
    TRY(size_calloc(&w->probed, n_rows, sizeof *w->probed, "tokens", err));
    data_eval(how->data, w->probed, w->y, 0, w->n);
    return OK;
}

/* A warm-up would be a few of these steps for one model and none of them for another. */
static enum status take_steps(struct walk *w, size_t seed, struct err *err)
{
    gpt_init_weights(&w->g, seed);
    optim_reset(&w->optim);
    probe_read(&w->before, &w->g, w->probed);
    for (size_t i = 0; i < w->how->steps; i++) {
        if (w->how->stop && *w->how->stop)
            return err_set(err, E_INTERRUPTED, "interrupted");
        data_train(w->how->data, w->x, w->y, seed, i * w->B, w->B);
        gpt_forward_backward(&w->g, w->x, w->y);
        optim_step(&w->optim, &w->g, w->cfg.train.lr, (int64_t)i + 1);
    }
    probe_read(&w->after, &w->g, w->probed);
    return OK;
}

static enum status make_room(struct coordinates *all, struct err *err)
{
    if (all->n < all->room)
        return OK;
    size_t room = 2 * all->room + 64;
    struct coordinates_reading *p = realloc(all->items, room * sizeof *p);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory for the readings");
    all->items = p;
    all->room = room;
    return OK;
}

static enum status note(struct coordinates *all, const struct walk *w, size_t seed, struct err *err)
{
    for (enum probe_kind k = 0; k < PROBE_N_KINDS; k++)
        for (size_t block = 0; block < probe_blocks(&w->after, k); block++) {
            TRY(make_room(all, err));
            all->items[all->n++] = (struct coordinates_reading){
                .parametrisation = (enum param_kind)w->cfg.model.parametrisation,
                .d_model = w->shape.C,
                .n_layer = w->shape.L,
                .seed = seed,
                .block = block,
                .kind = k,
                .scale = probe_scale(&w->before, k, block),
                .change = probe_change(&w->after, &w->before, k, block)};
        }
    return OK;
}

enum status coordinates_add(struct coordinates *all, const struct coordinates_how *how, enum param_kind parametrisation,
                            size_t d_model, size_t n_layer, struct err *err)
{
    struct walk w;
    enum status st = walk_init(&w, how, parametrisation, d_model, n_layer, err);
    for (size_t i = 0; i < how->seeds && st == OK; i++) {
        size_t seed = how->c->train.seed + i;
        st = take_steps(&w, seed, err);
        if (st == OK)
            st = note(all, &w, seed, err);
    }
    walk_free(&w);
    return st;
}

void coordinates_free(struct coordinates *all)
{
    free(all->items);
    *all = (struct coordinates){0};
}
