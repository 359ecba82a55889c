#include "harness/rundir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/seal.h"
#include "base/size.h"
#include "harness/hparams.h"
#include "harness/logline.h"
#include "harness/tensorboard.h"
#include "model/checkpoint.h"

static const char *const run_files[] = {"result.json", "checkpoint.bin", "log.jsonl", "config.json", TENSORBOARD_FILE,
                                        HPARAMS_FILE};
static const char *const sweep_files[] = {"sweep.json", "results.csv", "fit.json", "report.html", ".lock", "charts"};

enum { N_RUN_FILES = sizeof run_files / sizeof *run_files, N_SWEEP_FILES = sizeof sweep_files / sizeof *sweep_files };

enum status rundir_path(char *path, const char *dir, const char *run, const char *name, struct err *err)
{
    char run_dir[FILE_PATH_MAX];
    TRY(file_join(run_dir, sizeof run_dir, dir, run, err));
    return file_join(path, FILE_PATH_MAX, run_dir, name, err);
}

/* ---- what must not be ---- */

enum status rundir_refuse_links(const struct plan *p, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    for (int f = 0; f < N_SWEEP_FILES; f++) {
        TRY(file_join(path, sizeof path, dir, sweep_files[f], err));
        TRY(file_refuse_link(path, err));
    }
    for (size_t i = 0; i < p->n; i++) {
        TRY(file_join(path, sizeof path, dir, p->runs[i].name, err));
        TRY(file_refuse_link(path, err));
        if (!file_exists(path))
            continue;
        for (int f = 0; f < N_RUN_FILES; f++) {
            TRY(rundir_path(path, dir, p->runs[i].name, run_files[f], err));
            TRY(file_refuse_link(path, err));
        }
    }
    return OK;
}

/* A run's own copy of its config. */
static enum status load_config(struct config *c, const char *path, struct err *err)
{
    FILE *f;
    config_init(c);
    TRY(file_open_regular(&f, path, err)); /* the reader would wait at a FIFO */
    fclose(f);
    return config_load(c, path, err);
}

/* The same cell of the grid, trained under another config: one table cannot hold both. */
static enum status refuse_other(const char *dir, const struct run *r, const char *name, struct err *err)
{
    char path[FILE_PATH_MAX], diff[256] = "";
    struct config there;
    struct run_row row;
    bool found;
    TRY(rundir_path(path, dir, name, "config.json", err));
    if (!file_exists(path))
        return OK; /* a folder of that name, but no run */
    enum status st = load_config(&there, path, err);
    if (st == OK)
        st = file_join(path, sizeof path, dir, name, err);
    if (st == OK && (run_row_read(&row, &found, path, NULL) != OK || !found))
        row.varied[0] = '\0';
    struct config level = there; /* with its own strings */
    config_vary_level(&level, &r->cfg, r->varied, st == OK ? row.varied : "");
    if (st == OK)
        st = config_diff(diff, sizeof diff, &level, &r->cfg, err);
    config_free(&there);
    TRY(st);
    if (diff[0] == '\0')
        return OK; /* a repetition, or a run of an earlier grid that varied what this one does not */
    return err_set(err, E_CONFIG, "%s/%s holds the same run of another config (%s): give another --out", dir, name,
                   diff);
}

/* Length of a run's name up to the hash at its end; 0 where nothing like it is there. */
static size_t stem_length(const char *name)
{
    const char *dash = strrchr(name, '-');
    return dash ? (size_t)(dash - name) + 1 : 0;
}

/* The runs of the plan that a name in the folder collides with are neighbours in the order of names. Two runs of one
 * plan may share all but the hash, where their budgets are the same to three digits. */
static enum status refuse_collision(const struct plan *p, const char *dir, const char *other, struct err *err)
{
    char stem[RUN_NAME_MAX];
    size_t n = stem_length(other);
    if (n == 0 || n >= sizeof stem || plan_has(p, other))
        return OK;
    memcpy(stem, other, n);
    stem[n] = '\0';
    for (size_t i = plan_first_from(p, stem); i < p->n && strncmp(p->sorted[i]->name, stem, n) == 0; i++)
        if (strlen(p->sorted[i]->name) == strlen(other))
            TRY(refuse_other(dir, p->sorted[i], other, err));
    return OK;
}

/* Run names end in a hash of their config: the same name up to that, and another hash, is a collision. */
enum status rundir_refuse_collisions(const struct plan *p, const char *dir, struct err *err)
{
    struct file_list list = {0};
    TRY(file_list_dir(&list, dir, err));
    enum status st = OK;
    for (size_t i = 0; i < list.n && st == OK; i++)
        st = refuse_collision(p, dir, list.names[i], err);
    file_list_free(&list);
    return st;
}

/* Whether it holds the folder of any run. */
static enum status look_for_run(bool *out, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct file_list list = {0};
    TRY(file_list_dir(&list, dir, err));
    enum status st = OK;
    *out = false;
    for (size_t i = 0; i < list.n && st == OK && !*out; i++) {
        st = rundir_path(path, dir, list.names[i], "config.json", err);
        *out = st == OK && file_exists(path);
    }
    file_list_free(&list);
    return st;
}

static enum status refuse_stranger(const char *path, struct err *err)
{
    struct file_list list = {0};
    bool there = file_exists(path);
    if (file_is_dir(path)) {
        TRY(file_list_dir(&list, path, err));
        there = list.n > 0;
        file_list_free(&list);
    }
    return !there ? OK
                  : err_set(err, E_CONFIG, "%s: of no sweep, as the folder has neither sweep.json nor a run, and a sweep would "
                                           "write over it: give another --out, or move it away", path);
}

enum status rundir_refuse_strangers(const char *dir, struct err *err)
{
    static const char *const written[] = {"results.csv", "fit.json", "report.html"};
    char path[FILE_PATH_MAX];
    bool ours;
    TRY(look_for_run(&ours, dir, err));
    if (ours)
        return OK;
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        TRY(file_join(path, sizeof path, dir, written[i], err));
        TRY(refuse_stranger(path, err));
    }
    TRY(file_join(path, sizeof path, dir, "charts", err));
    return file_is_dir(path) ? refuse_stranger(path, err) : OK; /* where a file stands none can be drawn, which is told */
}

static enum status other_data(const char *run, const char *dir, const struct data *d, const struct sweep_json *s,
                              struct err *err)
{
    const char *what = s->changed_file[0]   ? s->changed_file
                       : s->parted[0]       ? s->parted
                       : data_n_files(d)    ? "its files or data.heldout have changed"
                                            : "the language or its seed is another";
    return err_set(err, E_DATA, "%s/%s was trained on other data (%s): one table cannot hold both; give another --out%s", dir,
                   run, what, s->parted[0] ? "" : ", or --fresh to train all again");
}

enum status rundir_refuse_data(const struct plan *p, const char *dir, const struct data *d, const struct sweep_json *s,
                               bool fresh, struct err *err)
{
    char now[24], path[FILE_PATH_MAX];
    struct file_list list = {0};
    snprintf(now, sizeof now, "%016llx", (unsigned long long)data_fingerprint(d));
    TRY(file_list_dir(&list, dir, err));
    enum status st = OK;
    for (size_t i = 0; i < list.n && st == OK; i++) {
        const char *then = s->fingerprint;
        struct run_row row;
        bool found;
        if (fresh && plan_has(p, list.names[i]))
            continue;
        st = rundir_path(path, dir, list.names[i], "config.json", err);
        if (st != OK || !file_exists(path)) /* no folder of a run */
            continue;
        st = file_join(path, sizeof path, dir, list.names[i], err);
        if (st == OK && run_row_read(&row, &found, path, NULL) == OK && found && row.data_fingerprint[0])
            then = row.data_fingerprint;
        if (st == OK && then[0] && strcmp(then, now) != 0)
            st = other_data(list.names[i], dir, d, s, err);
    }
    file_list_free(&list);
    return st;
}

/* Of a run whose state is of an older version: its log says what it was begun with. */
static void isa_of_log(char *isa, size_t size, const char *dir, const struct run *r)
{
    char path[FILE_PATH_MAX], *log;
    size_t n;
    struct logline l;
    const char *at;
    isa[0] = '\0';
    if (rundir_path(path, dir, r->name, "log.jsonl", NULL) != OK || file_read_regular(&log, &n, path, NULL) != OK)
        return;
    at = log;
    if (logline_next(&l, &at, log + n) && l.kind == LOGLINE_START)
        logline_text(isa, size, &l, "isa");
    free(log);
}

enum status rundir_kernels(enum kern_isa *isa, bool *begun, const char *dir, const struct run *r, struct err *err)
{
    char path[FILE_PATH_MAX], name[16];
    struct checkpoint_meta meta;
    *begun = false;
    TRY(rundir_path(path, dir, r->name, "checkpoint.bin", err));
    if (!file_exists(path) || checkpoint_peek(path, &meta, NULL) != OK)
        return OK; /* a damaged one says nothing: the run begins anew */
    memcpy(name, meta.isa, sizeof name);
    if (name[0] == '\0')
        isa_of_log(name, sizeof name, dir, r);
    if (name[0] == '\0' || !kern_isa_parse(isa, name))
        return OK;
    *begun = true;
    if (!kern_isa_runs(*isa))
        return err_set(err, E_CONFIG,
                       "%s was begun with %s kernels, which this machine cannot run: go on where they can be, or give "
                       "--fresh or another --out",
                       r->name, name);
    return OK;
}

/* ---- what is there ---- */

enum status rundir_forget(const struct plan *p, const char *dir, struct err *err)
{
    for (size_t i = 0; i < p->n; i++)
        for (int f = 0; f < N_RUN_FILES; f++) {
            char path[FILE_PATH_MAX];
            TRY(rundir_path(path, dir, p->runs[i].name, run_files[f], err));
            if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
                return err_set(err, E_IO, "cannot remove %s: %s", path, strerror(errno));
        }
    return OK;
}

static enum status remove_files(const char *run_dir, const char *const *names, size_t n, struct err *err)
{
    char path[FILE_PATH_MAX];
    for (size_t i = 0; i < n; i++) {
        TRY(file_join(path, sizeof path, run_dir, names[i], err));
        if (unlink(path) != 0 && errno != ENOENT)
            return err_set(err, E_IO, "cannot remove %s: %s", path, strerror(errno));
    }
    return OK;
}

enum status rundir_write_config(const char *path, const struct run *r, struct err *err)
{
    char *text;
    TRY(config_to_json(&text, &r->cfg, true, err));
    enum status st = seal_add(&text, err);
    if (st == OK)
        st = file_write_atomic(path, text, strlen(text), err);
    free(text);
    return st;
}

/* The copy of its config of a run that is done or under way: made again where it is not what was written, or does not say what
 * the run's name says. */
static enum status mend_config(const struct run *r, const char *run_dir, bool done, const struct log *log, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct config there;
    uint64_t is = 0, should;
    TRY(file_join(path, sizeof path, run_dir, "config.json", err));
    TRY(config_hash(&should, &r->cfg, err));
    bool whole = load_config(&there, path, NULL) == OK && config_hash(&is, &there, NULL) == OK && is == should;
    config_free(&there);
    if (whole)
        return OK;
    if (file_exists(path) || done)
        log_msg(log, LOG_WARN, "%s is %s: it is written again", path, file_exists(path) ? "damaged" : "missing");
    return rundir_write_config(path, r, err);
}

/* Only the system's refusal stops a sweep here; what is damaged is made again. */
static bool is_damage(enum status st)
{
    return st == E_DATA || st == E_CONFIG;
}

enum status rundir_mend_run(struct run_row *row, const struct run *r, const char *dir, const struct log *log,
                            struct err *err)
{
    static const char *const all[] = {"result.json", "checkpoint.bin", "log.jsonl", TENSORBOARD_FILE, HPARAMS_FILE};
    char run_dir[FILE_PATH_MAX];
    bool found, missing;
    struct err why;
    TRY(file_join(run_dir, sizeof run_dir, dir, r->name, err));
    row->status[0] = '\0';
    if (!file_exists(run_dir))
        return OK;
    file_sweep_temporaries(run_dir, true); /* only who holds the lock or the claim writes here */
    enum status st = run_row_read(row, &found, run_dir, &why);
    if (st == OK || is_damage(st))
        TRY(mend_config(r, run_dir, st == OK && found, log, err));
    if (is_damage(st)) {
        log_msg(log, LOG_WARN, "%s; the run's end is made again", why.msg);
        return remove_files(run_dir, all, 1, err);
    }
    if (st != OK || !found) {
        if (st != OK)
            *err = why;
        return st;
    }
    st = run_row_check_log(row, &missing, run_dir, &why);
    if (is_damage(st)) {
        row->status[0] = '\0';
        log_msg(log, LOG_WARN, "%s; the run is trained again", why.msg);
        return remove_files(run_dir, all, sizeof all / sizeof *all, err);
    }
    if (st != OK)
        *err = why;
    if (st == OK && missing)
        log_msg(log, LOG_WARN,
                "%s/log.jsonl is missing: the result stands, its curve cannot be drawn (--fresh trains it again)",
                run_dir);
    return st;
}

enum status rundir_mend(struct run_row *rows, const struct plan *p, const char *dir, const struct log *log,
                        struct err *err)
{
    char charts[FILE_PATH_MAX];
    file_sweep_temporaries(dir, false);
    if (file_join(charts, sizeof charts, dir, "charts", NULL) == OK)
        file_sweep_temporaries(charts, false);
    for (size_t i = 0; i < p->n; i++)
        TRY(rundir_mend_run(&rows[i], &p->runs[i], dir, log, err));
    return OK;
}

enum status rundir_others(struct run_row **rows, size_t *n, const struct plan *p, const char *dir,
                          const struct log *log, struct err *err)
{
    struct file_list list = {0};
    char path[FILE_PATH_MAX];
    struct err why;
    *n = 0;
    *rows = NULL;
    TRY(file_list_dir(&list, dir, err));
    enum status st = size_calloc(rows, list.n, sizeof **rows, "results", err);
    for (size_t i = 0; i < list.n && st == OK; i++) {
        bool found;
        if (plan_has(p, list.names[i]))
            continue;
        st = file_join(path, sizeof path, dir, list.names[i], err);
        if (st != OK || !file_is_dir(path))
            continue;
        enum status read = run_row_read(&(*rows)[*n], &found, path, &why);
        if (read != OK)
            log_msg(log, LOG_WARN, "%s; the run is none of this grid's and is left out", why.msg);
        else
            *n += found;
    }
    file_list_free(&list);
    return st;
}
