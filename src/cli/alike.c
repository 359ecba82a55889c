#include "cli/alike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "fit/table/sealed.h"
#include "fit/unlike.h"
#include "harness/config.h"
#include "harness/sweep_json.h"

struct sweep {
    const char *dir;
    struct config cfg;
    char fingerprint[64]; /* of its data; "" where it is not known */
};

static enum status open_sweep(struct sweep *s, bool *found, const char *dir, const struct fit_table *t, bool picked,
                              struct err *err)
{
    char json[FILE_PATH_MAX], csv[FILE_PATH_MAX];
    TRY(file_join(json, sizeof json, dir, "sweep.json", err));
    TRY(file_join(csv, sizeof csv, dir, "results.csv", err));
    *s = (struct sweep){.dir = dir};
    config_init(&s->cfg);
    *found = file_is_dir(dir) && file_exists(json) && (!picked || unlike_rows_of(t->unlike, csv) > 0);
    if (!*found)
        return OK;
    TRY(config_load_sweep(&s->cfg, dir, err));
    return sealed_text(s->fingerprint, sizeof s->fingerprint, json, "data_fingerprint", err);
}

/* Whether both read files of one content, however much of them is trained on. */
static enum status one_content(bool *same, const struct sweep *a, const struct sweep *b, struct err *err)
{
    *same = a->fingerprint[0] && strcmp(a->fingerprint, b->fingerprint) == 0;
    if (*same || a->cfg.data.unique_tokens == b->cfg.data.unique_tokens)
        return OK;
    return sweep_json_same_files(same, a->dir, b->dir, err);
}

/* The keys of data.* that differ. Files of one content may lie elsewhere, and how much of them is trained on is no other
 * data: the table has it as unique tokens, which the law repeat knows of. */
static enum status data_diff(char *out, size_t size, const struct sweep *a, const struct sweep *b, struct err *err)
{
    struct config x = a->cfg; /* strings are borrowed */
    bool known = a->fingerprint[0] && b->fingerprint[0], same;
    x.data = b->cfg.data;
    x.data.unique_tokens = a->cfg.data.unique_tokens;
    TRY(one_content(&same, a, b, err));
    if (same) {
        x.data.files = a->cfg.data.files;
        x.data.val_files = a->cfg.data.val_files;
    }
    TRY(config_diff(out, size, &a->cfg, &x, err));
    if (out[0] == '\0' && known && !same)
        snprintf(out, size, "the content of data.files, by its fingerprint");
    return OK;
}

/* The keys of model.* and train.* that differ, but for what a grid varies and for what results.csv has a column of. */
static enum status training_diff(char *out, size_t size, const struct sweep *a, const struct sweep *b, struct err *err)
{
    struct config x = b->cfg;
    const struct config *y = &a->cfg;
    x.data = y->data;
    x.model.d_model = y->model.d_model;
    x.model.n_layer = y->model.n_layer;
    x.model.n_head = y->model.n_head;
    x.model.ctx = y->model.ctx;
    x.train.tokens = y->train.tokens;
    x.train.seed = y->train.seed;
    x.train.order_seed = y->train.order_seed;
    x.train.lr = y->train.lr;
    x.train.lr_law = y->train.lr_law;
    x.train.batch_tokens = y->train.batch_tokens;
    return config_diff(out, size, y, &x, err);
}

static enum status compare(struct fit_lines *careful, const struct sweep *a, const struct sweep *b, struct err *err)
{
    char diff[500];
    TRY(data_diff(diff, sizeof diff, a, b, err));
    if (diff[0])
        return err_set(err, E_DATA, "unlike data in one fit: %.150s and %.150s differ in %s: fit one at a time", a->dir,
                       b->dir, diff);
    TRY(training_diff(diff, sizeof diff, a, b, err));
    if (diff[0])
        fit_lines_add(careful, "the sweeps %.150s and %.150s were trained unlike: %s: its effect is mixed into those "
                               "of size and data", a->dir, b->dir, diff);
    return OK;
}

/* The sources that are sweeps' folders with rows in the table. */
struct sweeps {
    struct sweep *items; /* (n) */
    size_t n;
};

static enum status open_sweeps(struct sweeps *all, const char *const *sources, size_t n_sources,
                               const struct fit_table *t, bool picked, struct err *err)
{
    TRY(size_calloc(&all->items, n_sources, sizeof *all->items, "the sweeps", err));
    for (size_t i = 0; i < n_sources; i++) {
        struct sweep *s = &all->items[all->n];
        bool found = false;
        enum status st = open_sweep(s, &found, sources[i], t, picked, err);
        if (st == OK && found)
            all->n++;
        else
            config_free(&s->cfg);
        TRY(st);
    }
    return OK;
}

static bool one_fingerprint(const struct sweeps *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].fingerprint[0] == '\0' || strcmp(all->items[i].fingerprint, all->items[0].fingerprint) != 0)
            return false;
    return all->n > 0;
}

enum status alike_judge(struct fit_lines *careful, const char *const *sources, size_t n_sources,
                        const struct fit_table *t, bool picked, struct err *err)
{
    struct sweeps all = {0};
    enum status st = n_sources > 1 ? open_sweeps(&all, sources, n_sources, t, picked, err) : OK;
    if (st == OK)
        st = unlike_judge(careful, t->unlike, t, all.n == n_sources && one_fingerprint(&all), all.n == n_sources && all.n > 1, err);
    for (size_t i = 1; i < all.n && st == OK; i++)
        st = compare(careful, &all.items[0], &all.items[i], err);
    for (size_t i = 0; i < all.n; i++)
        config_free(&all.items[i].cfg);
    free(all.items);
    return st;
}

static enum status differences(struct config_differences *d, const struct sweep *a, const struct sweep *b, struct err *err)
{
    struct config x = b->cfg; /* strings are borrowed */
    bool same;
    TRY(one_content(&same, a, b, err));
    if (same) {
        x.data.files = a->cfg.data.files;
        x.data.val_files = a->cfg.data.val_files;
    }
    return config_differences(d, &a->cfg, &x, err);
}

enum status alike_differences(struct config_differences *d, bool *known, const char *a, const char *b, struct err *err)
{
    struct sweep s[2];
    bool found[2] = {false, false};
    *d = (struct config_differences){.n = 0};
    config_init(&s[0].cfg);
    config_init(&s[1].cfg);
    enum status st = open_sweep(&s[0], &found[0], a, NULL, false, err);
    if (st == OK)
        st = open_sweep(&s[1], &found[1], b, NULL, false, err);
    *known = st == OK && found[0] && found[1];
    if (*known)
        st = differences(d, &s[0], &s[1], err);
    config_free(&s[0].cfg);
    config_free(&s[1].cfg);
    return st;
}
