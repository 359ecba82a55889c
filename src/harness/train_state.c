#include "harness/train_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/file_tree.h"
#include "base/size.h"
#include "harness/claim.h"
#include "harness/logline.h"
#include "harness/rundir.h"
#include "model/checkpoint.h"

enum status train_run_path(char *path, const struct trainer *tr, const struct run *r,
                            const char *name, struct err *err)
{
    char dir[FILE_PATH_MAX];
    TRY(file_join(dir, sizeof dir, tr->dir, r->name, err));
    return file_join(path, FILE_PATH_MAX, dir, name, err);
}

/* The folder of a run, with its config. */
enum status train_make_run_dir(struct trainer *tr, const struct run *r, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, tr->dir, r->name, err));
    TRY(file_tree_mkdir(path, err)); /* a claim that was lost is not to come back to life */
    TRY(train_run_path(path, tr, r, "config.json", err));
    return file_exists(path) ? OK : rundir_write_config(path, r, err);
}

enum status train_is_done(bool *done, const struct trainer *tr, const struct run *r, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(train_run_path(path, tr, r, "result.json", err));
    *done = file_exists(path);
    if (*done || !tr->o->home)
        return OK;
    TRY(rundir_path(path, tr->o->home, r->name, "result.json", err));
    *done = file_exists(path);
    return OK;
}

enum status train_let_go(const struct trainer *tr, const struct run *r, struct err *err)
{
    bool gone;
    if (!tr->o->home)
        return OK;
    TRY(claim_publish(&gone, tr->dir, tr->o->home, r->name, err));
    return gone ? err_set(err, E_IO, "the claim was lost to another worker") : OK;
}

void train_free_models(struct trainer *tr)
{
    distill_free(&tr->distill);
    members_free(&tr->teachers);
    members_free(&tr->e);
}

/* Soft targets for all members of an ensemble. */
static enum status take_teacher(struct trainer *tr, const struct run *r, size_t B, struct err *err)
{
    if (!r->teacher)
        return OK;
    TRY(teacher_load(&tr->teachers, r->teacher, &tr->k, gpt_chunk(&r->shape, B), tr->o->threads, err));
    TRY(distill_init(&tr->distill, tr->teachers.g, tr->teachers.n, (float)r->cfg.train.distill_weight,
                     (float)r->cfg.train.distill_temperature, &r->shape, B, err));
    for (size_t i = 0; i < tr->e.n; i++)
        tr->e.g[i].soft = &tr->distill.targets;
    return OK;
}

/* Models for kernels of that level, which pack weights each in their own way. */
enum status train_use_kernels(struct trainer *tr, enum kern_isa isa, struct err *err)
{
    const struct run *first = &tr->plan->runs[tr->t->first];
    struct param_rules rules = config_param_rules(&first->cfg);
    struct optim_config optim = config_optim(&first->cfg);
    size_t B = first->cfg.train.batch_tokens / first->shape.T;
    if (tr->e.g && tr->k.isa == config_isa(&first->cfg, isa))
        return OK;
    train_free_models(tr);
    config_kern(&tr->k, &first->cfg, isa);
    TRY(members_init(&tr->e, &first->shape, &rules, &optim, &tr->k, B, tr->o->threads, err));
    for (size_t i = 0; i < tr->e.n; i++)
        tr->e.g[i].z_loss = (float)first->cfg.train.z_loss;
    /* Room for all, but what comes before the first piece of work is not to start those that belong to others: they would spin
     * on those cores until they fall asleep. */
    members_threads(&tr->e, train_threads(tr));
    return take_teacher(tr, first, B, err);
}

enum status train_save(struct trainer *tr, const struct run *r, struct runlog *log,
                        struct err *err)
{
    char path[FILE_PATH_MAX];
    struct checkpoint_meta meta = {.step = tr->step,
                                   .bad_steps = tr->bad_steps,
                                   .loss = tr->loss,
                                   .loss_sum = tr->loss_sum,
                                   .loss_steps = tr->loss_steps};
    snprintf(meta.isa, sizeof meta.isa, "%s", kern_isa_name(tr->k.isa));
    TRY(train_run_path(path, tr, r, "checkpoint.bin", err));
    TRY(config_hash(&meta.config_hash, &r->cfg, err));
    TRY(runlog_sync(log, &meta.log_bytes, &meta.log_checksum, NULL, err));
    tr->saved_s = clock_now_s();
    return checkpoint_save_all(path, &tr->e, &meta, err);
}

/* Whether the log still has the bytes that a checkpoint speaks of: E_DATA with the reason where not. */
static enum status check_log(const struct trainer *tr, const struct run *r, const struct checkpoint_meta *meta,
                             struct err *err)
{
    char path[FILE_PATH_MAX], *log;
    size_t size;
    TRY(train_run_path(path, tr, r, "log.jsonl", err));
    TRY(file_read_regular(&log, &size, path, err));
    enum status st = OK;
    if (meta->log_bytes < 0 || size < (size_t)meta->log_bytes)
        st = err_set(err, E_DATA, "%s has %zu bytes, its checkpoint speaks of %lld: it was cut short", path, size,
                     (long long)meta->log_bytes);
    else if (logline_first_bad(log, (size_t)meta->log_bytes))
        st = err_set(err, E_DATA, "%s: line %zu is damaged", path, logline_first_bad(log, (size_t)meta->log_bytes));
    else if (meta->log_checksum && logline_checksum(log, (size_t)meta->log_bytes) != meta->log_checksum)
        st = err_set(err, E_DATA, "%s is damaged: its checksum does not match", path);
    free(log);
    return st;
}

static enum status load(struct trainer *tr, const struct run *r, struct checkpoint_meta *meta, const char *path,
                        struct err *err)
{
    uint64_t hash;
    enum kern_isa isa;
    bool begun;
    TRY(rundir_kernels(&isa, &begun, tr->dir, r, err));
    TRY(train_use_kernels(tr, begun ? isa : tr->o->isa, err));
    TRY(config_hash(&hash, &r->cfg, err));
    TRY(checkpoint_load_all(path, &tr->e, meta, err));
    if (meta->config_hash != hash)
        return err_set(err, E_DATA, "%s belongs to another run", path);
    return check_log(tr, r, meta, err);
}

/* The state of run r from its checkpoint; *found false where it has none, or a damaged one: then the run
 * starts again, with a word. */
static enum status restore(struct trainer *tr, const struct run *r, bool *found, int64_t *log_bytes,
                           struct err *err)
{
    char path[FILE_PATH_MAX];
    struct checkpoint_meta meta;
    *found = false;
    TRY(train_run_path(path, tr, r, "checkpoint.bin", err));
    if (!file_exists(path))
        return OK;
    enum status st = load(tr, r, &meta, path, err);
    if (st == E_DATA) {
        log_msg(&tr->o->log, LOG_WARN, "%s; the run begins anew", err->msg);
        return OK;
    }
    if (st != OK)
        return st;
    if (tr->k.isa != config_isa(&r->cfg, tr->o->isa))
        log_msg(&tr->o->log, LOG_INFO, "%s goes on with the %s kernels that it was begun with", r->name,
                kern_isa_name(tr->k.isa));
    *found = true;
    *log_bytes = meta.log_bytes;
    tr->step = meta.step;
    tr->loss = meta.loss;
    tr->loss_sum = meta.loss_sum;
    tr->loss_steps = meta.loss_steps;
    tr->bad_steps = meta.bad_steps;
    return OK;
}

/* Give run `to` the first bytes of a file of the trunk's. */
static enum status copy_file(struct trainer *tr, const struct run *from, const struct run *to, const char *name,
                             size_t bytes, struct err *err)
{
    char src[FILE_PATH_MAX], dst[FILE_PATH_MAX], *text;
    size_t size;
    TRY(train_run_path(src, tr, from, name, err));
    TRY(train_run_path(dst, tr, to, name, err));
    TRY(file_read_regular(&text, &size, src, err));
    enum status st = file_write_atomic(dst, text, size_min(size, bytes), err);
    free(text);
    return st;
}

/* The trunk's log up to log_bytes tells the branch's story too; its events hold the times of that. */
enum status train_copy_log(struct trainer *tr, const struct run *from, const struct run *to,
                            struct runlog *log, int64_t log_bytes, struct err *err)
{
    TRY(copy_file(tr, from, to, "log.jsonl", (size_t)log_bytes, err));
    if (!tr->o->tensorboard)
        return OK;
    TRY(tensorboard_flush(&log->tb, err));
    return copy_file(tr, from, to, TENSORBOARD_FILE, SIZE_MAX, err);
}

/* Open a run's log where its state stands, or start afresh with new weights. */
enum status train_resume(struct trainer *tr, const struct run *r, struct runlog *log,
                          struct err *err)
{
    bool found;
    int64_t log_bytes = 0;
    char path[FILE_PATH_MAX];
    TRY(train_make_run_dir(tr, r, err));
    TRY(restore(tr, r, &found, &log_bytes, err));
    if (!found) {
        TRY(train_use_kernels(tr, tr->o->isa, err));
        members_begin(&tr->e, r->cfg.train.seed);
        tr->step = 0;
        tr->loss_sum = 0;
        tr->loss_steps = tr->bad_steps = 0;
        log_bytes = 0;
    }
    tr->at = r;
    tr->saved_s = clock_now_s();
    train_note_position(tr, r, tr->step);
    TRY(train_run_path(path, tr, r, "", err));
    double active = r->params_active != r->params ? r->params_active : (double)NAN;
    return runlog_open(log, path, log_bytes, kern_isa_name(tr->k.isa), active, tr->o->tensorboard, err);
}
