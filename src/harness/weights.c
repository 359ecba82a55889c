#include "harness/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/checkpoint.h"
#include "model/formats/hf.h"
#include "model/formats/tensor_open.h"

static enum status has(bool *there, const char *dir, const char *name, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, dir, name, err));
    *there = file_exists(path);
    return OK;
}

/* --- which run ---------------------------------------------------------------------------------------------------------- */

/* The best of a sweep's folder. */
static enum status best_run(char *dir, const char *sweep, const struct file_list *names, struct err *err)
{
    char path[FILE_PATH_MAX];
    double least = (double)INFINITY;
    for (size_t i = 0; i < names->n; i++) {
        struct run_row row;
        bool found;
        TRY(file_join(path, sizeof path, sweep, names->names[i], err));
        if (!file_is_dir(path) || run_row_read(&row, &found, path, err) != OK || !found)
            continue; /* no run, or one that cannot be told: status says what is wrong */
        if (strcmp(row.status, "done") == 0 && row.loss < least) {
            least = row.loss;
            strcpy(dir, path);
        }
    }
    return isfinite(least) ? OK : err_set(err, E_DATA, "%s has no finished run", sweep);
}

enum status weights_find_run(char *dir, const char *path, struct err *err)
{
    bool config, sweep;
    struct file_list names;
    if (!file_exists(path))
        return err_set(err, E_DATA, "%s does not exist", path);
    if (!file_is_dir(path))
        return err_set(err, E_DATA, "%s is no folder of a run or sweep", path);
    TRY(has(&config, path, "config.json", err));
    TRY(has(&sweep, path, "sweep.json", err));
    if (!config && !sweep)
        return err_set(err, E_DATA, "%s is no folder of a run or sweep: it has neither config.json nor sweep.json", path);
    if (config)
        return file_join(dir, FILE_PATH_MAX, path, "", err);
    TRY(file_list_dir(&names, path, err));
    enum status st = best_run(dir, path, &names, err);
    file_list_free(&names);
    return st;
}

/* --- a run's weights ------------------------------------------------------------------------------------------------------ */

/* Those that trained it, so that its loss comes out bit for bit, unless this machine or the caller has less. */
static enum kern_isa kernels_for(const char *name, enum kern_isa most)
{
    enum kern_isa isa, best = kern_isa_best() < most ? kern_isa_best() : most;
    return kern_isa_parse(&isa, name) && isa < best && kern_isa_runs(isa) ? isa : best;
}

static enum status load_checkpoint(struct weights *w, const char *path, uint64_t hash, const struct weights_how *how,
                                   struct err *err)
{
    struct checkpoint_meta meta;
    struct param_rules rules = config_param_rules(&w->cfg);
    size_t vocab;
    TRY(checkpoint_peek(path, &meta, err));
    TRY(checkpoint_peek_vocab(path, &vocab, err));
    if (meta.config_hash != hash)
        return err_set(err, E_DATA, "%s belongs to another run than the config.json beside it", path);
    w->shape = config_gpt_shape(&w->cfg, vocab);
    w->step = meta.step;
    config_kern(&w->k, &w->cfg, kernels_for(meta.isa, how->isa));
    if (meta.isa[0] && strcmp(meta.isa, kern_isa_name(w->k.isa)) != 0)
        snprintf(w->notes, sizeof w->notes, "trained with %s kernels, here with %s: its loss may differ in the last digits",
                 meta.isa, kern_isa_name(w->k.isa));
    TRY(members_init_forward(&w->e, &w->shape, &rules, &w->k, how->B, how->threads, err));
    return checkpoint_load_all(path, &w->e, &meta, err);
}

enum status weights_open_run(struct weights *w, const char *path, const struct weights_how *how, struct err *err)
{
    char file[FILE_PATH_MAX];
    uint64_t hash;
    bool there;
    *w = (struct weights){.is_run = true};
    config_init(&w->cfg);
    TRY(weights_find_run(w->dir, path, err));
    TRY(file_join(file, sizeof file, w->dir, "config.json", err));
    TRY(config_load(&w->cfg, file, err));
    TRY(config_check(&w->cfg, err));
    TRY(config_hash(&hash, &w->cfg, err));
    TRY(run_row_read_anywhere(&w->row, &w->finished, w->dir, err));
    if (w->finished && strcmp(w->row.status, "done") != 0)
        return err_set(err, E_DATA, "%s has no weights to use: it %s", w->dir, w->row.status);
    TRY(has(&there, w->dir, "checkpoint.bin", err));
    if (!there)
        return err_set(err, E_DATA, "%s has no checkpoint.bin", w->dir);
    TRY(file_join(file, sizeof file, w->dir, "checkpoint.bin", err));
    TRY(load_checkpoint(w, file, hash, how, err));
    if (!w->finished)
        snprintf(w->notes, sizeof w->notes, "the run is not finished: its weights are those of step %lld", (long long)w->step);
    return OK;
}

/* --- a file's ---------------------------------------------------------------------------------------------------------------- */

/* config.json beside the file; *there false: there is none. */
static enum status config_beside(char *config, bool *there, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char dir[FILE_PATH_MAX];
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) + (slash == path) : 1, slash ? path : ".");
    TRY(file_join(config, FILE_PATH_MAX, dir, "config.json", err));
    *there = file_exists(config);
    return OK;
}

static enum status read_file(struct weights *w, const struct tensor_file *f, const char *path, const struct weights_how *how,
                             struct err *err)
{
    char config[FILE_PATH_MAX];
    bool there;
    struct hf_model m;
    struct param_rules rules = param_rules_make(PARAM_STANDARD, 1, 1, 1, 1);
    TRY(config_beside(config, &there, path, err));
    TRY(hf_read_model(&m, f, there && !f->whole ? config : NULL, err));
    w->shape = m.shape;
    snprintf(w->notes, sizeof w->notes, "%s", m.notes);
    kern_init(&w->k, how->isa);
    TRY(members_init_forward(&w->e, &w->shape, &rules, &w->k, how->B, how->threads, err));
    return hf_read_weights(w->e.g, &m, f, err);
}

static enum status open_file(struct weights *w, const char *path, const struct weights_how *how, struct err *err)
{
    struct tensor_file f;
    *w = (struct weights){.is_run = false};
    TRY(tensor_open(&f, path, err));
    enum status st = read_file(w, &f, path, how, err);
    tensor_file_close(&f);
    return st == OK || strncmp(err->msg, path, strlen(path)) == 0 ? st : err_wrap(err, "%s", path);
}

enum status weights_open(struct weights *w, const char *path, const struct weights_how *how, struct err *err)
{
    char inside[FILE_PATH_MAX];
    *w = (struct weights){.is_run = false};
    if (!file_exists(path))
        return err_set(err, E_DATA, "%s does not exist", path);
    if (!file_is_dir(path))
        return open_file(w, path, how, err);
    TRY(file_join(inside, sizeof inside, path, "model.safetensors", err));
    return file_exists(inside) ? open_file(w, inside, how, err) : weights_open_run(w, path, how, err);
}

void weights_free(struct weights *w)
{
    members_free(&w->e);
    if (w->is_run)
        config_free(&w->cfg);
    *w = (struct weights){0};
}
