#include "harness/teacher.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "harness/results.h"
#include "model/checkpoint.h"

static enum status refuse(const struct teacher *t, const char *why, struct err *err)
{
    return err_set(err, E_CONFIG, "train.teacher=%s %s", t->path, why);
}

/* Without slashes at the end. */
static enum status take_path(struct teacher *t, const char *path, struct err *err)
{
    TRY(file_join(t->path, sizeof t->path, path, "", err));
    for (size_t n = strlen(t->path); n > 1 && t->path[n - 1] == '/'; n--)
        t->path[n - 1] = '\0';
    return OK;
}

static enum status has(bool *there, const struct teacher *t, const char *name, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, t->path, name, err));
    *there = file_exists(path);
    return OK;
}

/* A folder of a run that is done. */
static enum status check_files(const struct teacher *t, struct err *err)
{
    bool config, sweep, result;
    TRY(has(&config, t, "config.json", err));
    TRY(has(&sweep, t, "sweep.json", err));
    TRY(has(&result, t, "result.json", err));
    if (!file_exists(t->path))
        return refuse(t, "does not exist", err);
    if (!config && sweep)
        return refuse(t, "is a sweep's folder: name one of the runs in it", err);
    if (!config)
        return refuse(t, "is no run's folder: it has no config.json", err);
    return result ? OK : refuse(t, "is not finished: it has no result.json", err);
}

/* Whether what it has learnt is of use here. */
static enum status check_subject(const struct teacher *t, const struct run_row *row, const struct config *c,
                                 const struct data *d, struct err *err)
{
    char now[24];
    snprintf(now, sizeof now, "%016llx", (unsigned long long)data_fingerprint(d));
    if (strcmp(row->status, "done") != 0)
        return err_set(err, E_CONFIG, "train.teacher=%s cannot teach: it %s", t->path, row->status);
    if (row->vocab != (double)data_vocab(d))
        return err_set(err, E_CONFIG, "train.teacher=%s has a vocabulary of %.0f, this data has one of %zu", t->path, row->vocab,
                       data_vocab(d));
    if (row->ctx != (double)c->model.ctx)
        return err_set(err, E_CONFIG, "train.teacher=%s has a context of %.0f tokens, model.ctx is %zu", t->path, row->ctx,
                       c->model.ctx);
    if (strcmp(row->data_fingerprint, now) != 0)
        return err_set(err, E_CONFIG, "train.teacher=%s learnt from other data (%s, %s; here %s, %s): it may have seen what is "
                       "held out here", t->path, row->data, row->data_fingerprint[0] ? row->data_fingerprint : "unknown",
                       data_name(d), now);
    return OK;
}

/* Its shape and rules, from its own config. */
static enum status take_shape(struct teacher *t, uint64_t *hash, const struct run_row *row, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct config own;
    TRY(file_join(path, sizeof path, t->path, "config.json", err));
    config_init(&own);
    enum status st = config_load(&own, path, err);
    if (st == OK)
        st = config_hash(hash, &own, err);
    if (st == OK) {
        t->shape = config_gpt_shape(&own, (size_t)row->vocab);
        t->rules = config_param_rules(&own);
        st = gpt_shape_check(&t->shape, err);
    }
    config_free(&own);
    TRY(st);
    t->params = gpt_params(&t->shape);
    if (t->params != row->params || (double)t->shape.T != row->ctx)
        return err_set(err, E_DATA, "%s is damaged: it is not the config of the run's result", path);
    return OK;
}

static uint64_t add_number(uint64_t h, const char *name, double v)
{
    return hash_bytes(hash_bytes(h, name, strlen(name)), &v, sizeof v);
}

/* Of what it computes: switches count where they are not at their defaults, so that a later one changes nothing. */
static size_t fingerprint(const struct teacher *t, const struct members *e)
{
    const struct gpt_shape usual = {GPT_SWITCHES(GPT_DEFAULT)}, *s = &t->shape;
    const size_t sizes[] = {s->V, s->T, s->C, s->L, s->NH};
    uint64_t h = hash_bytes(HASH_SEED, sizes, sizeof sizes);
#define X(name, type, least, most, number, words, help) \
    if (s->name != usual.name)                          \
        h = add_number(h, #name, (double)s->name);
    GPT_SWITCHES(X)
#undef X
    h = add_number(h, "residual", (double)t->rules.residual_scale);
    h = add_number(h, "logit", (double)t->rules.logit_scale);
    for (size_t m = 0; m < e->n; m++)
        for (size_t i = 0; i < e->g[m].tensors.n; i++) {
            const struct tensor *x = &e->g[m].tensors.list[i];
            h = hash_bytes(h, x->name, strlen(x->name));
            for (size_t l = 0; l < x->n; l++)
                h = hash_bytes(h, e->g[m].w + tensor_at(x, l), tensor_size(x) * sizeof(float));
        }
    return (size_t)(h >> 16) + (h >> 16 == 0);
}

static enum status load(struct members *e, struct checkpoint_meta *meta, const struct teacher *t, const struct kern *k, size_t B,
                        int threads, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, t->path, "checkpoint.bin", err));
    TRY(members_init(e, &t->shape, &t->rules, NULL, k, B, threads, err));
    return checkpoint_load_all(path, e, meta, err);
}

/* Reads all of it once, which finds damage. */
static enum status take_weights(struct teacher *t, uint64_t hash, const struct run_row *row, struct err *err)
{
    struct kern k;
    struct members e = {.n = 0};
    struct checkpoint_meta meta;
    bool there;
    TRY(has(&there, t, "checkpoint.bin", err));
    if (!there)
        return refuse(t, "cannot teach: its checkpoint.bin is missing", err);
    kern_init(&k, kern_isa_best());
    enum status st = load(&e, &meta, t, &k, 1, 1, err);
    if (st == OK && meta.config_hash != hash)
        st = refuse(t, "cannot teach: its checkpoint.bin belongs to another run", err);
    if (st == OK && (double)meta.step * row->batch_tokens != row->tokens)
        st = refuse(t, "cannot teach: its checkpoint.bin is not of the run's end", err);
    if (st == OK)
        t->weights = fingerprint(t, &e);
    members_free(&e);
    return st;
}

enum status teacher_open(struct teacher *t, struct config *c, const struct data *d, struct err *err)
{
    struct run_row row;
    bool found;
    uint64_t hash;
    *t = (struct teacher){.weights = 0};
    TRY(take_path(t, c->train.teacher, err));
    TRY(check_files(t, err));
    if (run_row_read_anywhere(&row, &found, t->path, err) != OK)
        return err_wrap(err, "train.teacher");
    TRY(check_subject(t, &row, c, d, err));
    if (take_shape(t, &hash, &row, err) != OK || take_weights(t, hash, &row, err) != OK)
        return strncmp(err->msg, "train.teacher", 13) == 0 ? err->code : err_wrap(err, "train.teacher");
    t->train_flops = row.flops + (isfinite(row.teacher_flops) ? row.teacher_flops + row.teacher_train_flops : 0);
    if (c->train.teacher_weights && c->train.teacher_weights != t->weights)
        return err_set(err, E_CONFIG, "train.teacher=%s has the fingerprint %zu, train.teacher_weights asks for %zu", t->path,
                       t->weights, c->train.teacher_weights);
    c->train.teacher_weights = t->weights;
    return OK;
}

enum status teacher_load(struct members *e, const struct teacher *t, const struct kern *k, size_t B, int threads,
                         struct err *err)
{
    struct checkpoint_meta meta;
    TRY(load(e, &meta, t, k, B, threads, err));
    if (fingerprint(t, e) != t->weights)
        return err_set(err, E_DATA, "train.teacher=%s has changed since the start: its weights are others", t->path);
    return OK;
}
