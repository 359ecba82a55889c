/* A folder as workers leave it: looked at, and gathered. */
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
#include "harness/make_way.h"
#include "harness/rundir.h"

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

/* ---- the end ---- */

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
    TRY(make_way_count(&unknown, &h, &alive, c, err));
    if (unknown + alive == 0)
        make_way_put_away(c);
    return OK;
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
