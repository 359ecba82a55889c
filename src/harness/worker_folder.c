/* A folder as workers leave it: made one sweep's again, looked at, and gathered. */
#include "harness/worker_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file_tree.h"
#include "base/size.h"
#include "base/system.h"
#include "harness/folder.h"
#include "harness/rundir.h"

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* ---- results ---- */

/* results.csv of the plan's runs and of others that lie there. */
static enum status gather(const struct plan *p, const char *dir, const struct log *log, struct err *err)
{
    struct run_row *others, *rows = NULL;
    size_t n_others;
    struct err why;
    TRY(rundir_others(&others, &n_others, p, dir, log, err));
    enum status st = size_calloc(&rows, p->n + n_others, sizeof *rows, "results", err);
    for (size_t i = 0; i < p->n && st == OK; i++) {
        char path[FILE_PATH_MAX];
        bool found;
        st = file_join(path, sizeof path, dir, p->runs[i].name, err);
        if (st == OK && run_row_read(&rows[i], &found, path, &why) != OK) {
            rows[i].status[0] = '\0';
            log_msg(log, LOG_WARN, "%s; the same sweep command mends it", why.msg);
        }
    }
    if (st == OK && n_others)
        memcpy(rows + p->n, others, n_others * sizeof *others);
    if (st == OK)
        st = results_write(dir, rows, p->n + n_others, err);
    free(others);
    free(rows);
    return st;
}

/* A grid that cannot be made here, for a sweep.json of an earlier version does not tell of its texts, which lie elsewhere, has
 * its runs in the order of their names. */
enum status worker_gather(const char *dir, const struct log *log, struct err *err)
{
    struct folder f;
    struct err why;
    struct live unused;
    if (!claims_there(dir) || live_read(&unused, dir))
        return OK;
    if (folder_read(&f, dir, &why) != OK) {
        log_msg(log, LOG_WARN, "%s: the runs of %s are put in the order of their names", why.msg, dir);
        folder_free(&f);
    }
    enum status st = gather(&f.plan, dir, log, err);
    folder_free(&f);
    return st;
}

/* ---- putting away ---- */

/* All of it under another name first: whoever still writes there writes into nothing. */
static void put_away(const struct claims *c)
{
    char gone[FILE_PATH_MAX + 64];
    enum file_tree_moved how;
    snprintf(gone, sizeof gone, "%s-%016llx", c->root, (unsigned long long)system_nonce());
    if (file_tree_move(&how, c->root, gone, false, NULL) == OK && how == FILE_TREE_MOVED)
        file_tree_remove(gone);
}

/* Whether any on the list may live; ids of the dead are struck off. */
static enum status count_living(size_t *unknown, struct heartbeat *alive, size_t *n_alive, struct claims *c, struct err *err)
{
    struct file_list ids;
    enum status st = claims_workers(&ids, c, err);
    *unknown = *n_alive = 0;
    for (size_t i = 0; i < ids.n && st == OK; i++) {
        enum claim_life life;
        struct heartbeat h;
        st = claims_look(&life, &h, c, ids.names[i], err);
        if (st != OK)
            break;
        if (life == CLAIM_DEAD)
            claims_bury(c, ids.names[i]);
        else if (life == CLAIM_UNKNOWN)
            ++*unknown;
        else if (++*n_alive == 1)
            *alive = h;
    }
    file_list_free(&ids);
    return st;
}

enum status worker_finish_folder(struct sweep *s, struct claims *c, struct err *err)
{
    size_t unknown, alive;
    struct heartbeat h;
    TRY(gather(s->p, s->dir, &s->o->log, err));
    for (size_t i = 0; i < s->p->n; i++) {
        char path[FILE_PATH_MAX];
        bool found;
        TRY(file_join(path, sizeof path, s->dir, s->p->runs[i].name, err));
        if (!s->rows[i].status[0] && run_row_read(&s->rows[i], &found, path, NULL) != OK)
            s->rows[i].status[0] = '\0';
        if (strcmp(s->rows[i].status, "diverged") == 0)
            sweep_name_diverged(s->out, s->rows[i].run);
    }
    s->out->first = s->rows[0];
    TRY(count_living(&unknown, &h, &alive, c, err));
    if (unknown + alive == 0)
        put_away(c);
    return OK;
}

/* What was begun under a claim goes to where an ordinary sweep looks for it. */
static enum status bring_home(struct claims *c, const char *key, struct err *err)
{
    char owner[HEARTBEAT_ID_MAX], folder[FILE_PATH_MAX], from[FILE_PATH_MAX], to[FILE_PATH_MAX];
    struct file_list runs;
    enum file_tree_moved how;
    bool mine;
    TRY(claim_owner(owner, c, key, err));
    if (!owner[0])
        return OK;
    TRY(claim_take(&mine, c, key, owner, err));
    TRY(claim_folder(folder, c, key, err));
    if (!mine || !file_is_dir(folder))
        return OK;
    TRY(file_list_dir(&runs, folder, err));
    enum status st = OK;
    for (size_t i = 0; i < runs.n && st == OK; i++) {
        st = file_join(from, sizeof from, folder, runs.names[i], err);
        if (st == OK)
            st = file_join(to, sizeof to, c->home, runs.names[i], err);
        if (st == OK && strncmp(runs.names[i], "aside-", 6) != 0)
            st = file_tree_move(&how, from, to, true, err); /* what is there already stays */
    }
    file_list_free(&runs);
    return st;
}

static enum status bring_all_home(struct claims *c, struct err *err)
{
    struct file_list keys;
    TRY(claims_begun(&keys, c, err));
    enum status st = OK;
    for (size_t i = 0; i < keys.n && st == OK; i++)
        st = bring_home(c, keys.names[i], err);
    file_list_free(&keys);
    if (st == OK)
        put_away(c);
    return st;
}

static enum status wait_for_none(struct claims *c, const struct sweep_options *o, struct err *err)
{
    bool said = false;
    for (;;) {
        size_t unknown, alive;
        struct heartbeat h;
        TRY(count_living(&unknown, &h, &alive, c, err));
        if (alive)
            return err_set(err, E_IO, "workers are at work in %s (%s, process %ld%s): wait for them or stop them, or take part "
                                      "with --worker", c->home, h.host, h.pid, alive + unknown > 1 ? ", and others" : "");
        if (!unknown)
            return OK;
        if (*o->stop)
            return err_set(err, E_INTERRUPTED, "interrupted; nothing was begun");
        if (!said)
            log_msg(&o->log, LOG_INFO, "%zu worker%s on the list of %s: waiting to see whether %s", unknown,
                    unknown == 1 ? " is" : "s are", c->home, unknown == 1 ? "it lives" : "they live");
        said = true;
        sleep_ms(200);
    }
}

enum status worker_make_way(const char *dir, const struct plan *p, const struct sweep_options *o, struct err *err)
{
    struct claims c;
    (void)p;
    if (!claims_there(dir))
        return OK;
    enum status st = claims_init(&c, dir, err);
    if (st == OK)
        st = wait_for_none(&c, o, err);
    if (st == OK)
        st = bring_all_home(&c, err);
    claims_free(&c);
    return st;
}

/* ---- looking ---- */

static double age_of(const char *path)
{
    struct stat sb;
    struct timespec now;
    if (stat(path, &sb) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return (double)NAN;
    const struct timespec then = system_changed(&sb);
    double ago = (double)(now.tv_sec - then.tv_sec) + 1e-9 * (double)(now.tv_nsec - then.tv_nsec);
    return ago >= -1 ? fmax(0, ago) : (double)NAN;
}

enum status worker_list(struct worker_seen **all, size_t *n, const char *dir, struct err *err)
{
    struct claims c;
    struct file_list ids = {0};
    *all = NULL;
    *n = 0;
    if (!claims_there(dir))
        return OK;
    enum status st = claims_init(&c, dir, err);
    if (st == OK)
        st = claims_workers(&ids, &c, err);
    if (st == OK)
        st = size_calloc(all, ids.n, sizeof **all, "workers", err);
    for (size_t i = 0; i < ids.n && st == OK; i++) {
        char folder[FILE_PATH_MAX], path[FILE_PATH_MAX];
        struct worker_seen *seen = &(*all)[*n];
        enum claim_life life;
        st = claims_look(&life, &seen->beat, &c, ids.names[i], err);
        if (st == OK)
            st = file_join(folder, sizeof folder, c.root, "alive", err);
        if (st == OK)
            st = file_join(path, sizeof path, folder, ids.names[i], err);
        seen->ago_s = st == OK ? age_of(path) : (double)NAN;
        *n += life != CLAIM_DEAD;
    }
    file_list_free(&ids);
    claims_free(&c);
    return st;
}
