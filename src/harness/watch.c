#include "harness/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/size.h"
#include "base/system.h"
#include "harness/claim.h"
#include "harness/logline.h"

enum {
    READ_AT_ONCE = 1 << 16,
    READ_A_LOOK = 1 << 23, /* of one log: a long one is taken in over some looks */
    SETTLED_EVERY = 8,     /* finished runs are looked at so seldom: they only change where they are trained again */
};

static const struct fit_value nothing = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};

/* ---- files, never through a link ---- */

static int open_below(int folder, const char *name, int flags)
{
    return folder < 0 && folder != AT_FDCWD ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags);
}

/* A regular file below the folder; -1: none. */
static int open_file(int folder, const char *name, struct stat *sb)
{
    int fd = open_below(folder, name, 0);
    if (fd >= 0 && !(fstat(fd, sb) == 0 && S_ISREG(sb->st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}

char *watch_file(const struct watch *w, const char *name, size_t max, size_t *size)
{
    struct stat sb;
    int fd = open_file(w->fd, name, &sb);
    char *text = fd >= 0 && sb.st_size >= 0 && (size_t)sb.st_size <= max ? malloc((size_t)sb.st_size + 1) : NULL;
    ssize_t n = 1;
    *size = 0;
    while (text && n > 0 && *size < (size_t)sb.st_size) {
        n = read(fd, text + *size, (size_t)sb.st_size - *size);
        *size += n > 0 ? (size_t)n : 0;
    }
    if (text)
        text[*size] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

/* ---- logs ---- */

static void forget_log(struct watch_run *r)
{
    r->n = 0;
    r->offset = 0;
    r->whole = false;
}

/* False where memory is short, or the line is not after the last: the log was cut and has grown again. */
static bool take_line(struct watch_run *r, const struct logline *l)
{
    double tokens = logline_number(l, "tokens"), loss = logline_number(l, "loss");
    if (l->kind != LOGLINE_STEP || !(tokens > 0))
        return true;
    if (r->n > 0 && tokens <= r->at[r->n - 1])
        return false;
    if (r->n == r->room) {
        size_t room = r->room ? 2 * r->room : 256;
        double *at = realloc(r->at, room * sizeof *at);
        r->at = at ? at : r->at;
        double *curve = realloc(r->loss, room * sizeof *curve);
        r->loss = curve ? curve : r->loss;
        if (!at || !curve)
            return false;
        r->room = room;
    }
    r->at[r->n] = tokens;
    r->loss[r->n++] = loss;
    return true;
}

/* The whole lines among the next bytes; false at their end. */
static bool read_lines(struct watch_run *r, int fd)
{
    char text[READ_AT_ONCE];
    ssize_t n = pread(fd, text, sizeof text, r->offset);
    size_t whole = n > 0 ? (size_t)n : 0;
    struct logline l;
    while (whole > 0 && text[whole - 1] != '\n')
        whole--;
    for (const char *at = text; logline_next(&l, &at, text + whole);)
        if (!take_line(r, &l)) {
            forget_log(r);
            return false;
        }
    r->offset += (off_t)whole;
    return whole > 0 && n == (ssize_t)sizeof text;
}

static void read_log(struct watch_run *r, int run_folder)
{
    struct stat sb;
    int fd = open_file(run_folder, "log.jsonl", &sb);
    if (fd < 0 || sb.st_ino != r->inode || sb.st_size < r->offset)
        forget_log(r);
    if (fd < 0)
        return;
    r->inode = sb.st_ino;
    for (size_t done = 0; sb.st_size > r->offset && read_lines(r, fd) && done < READ_A_LOOK; done += READ_AT_ONCE)
        continue;
    r->whole = sb.st_size <= r->offset;
    close(fd);
}

/* ---- the plan ---- */

static void forget_plan(struct watch *w)
{
    for (size_t i = 0; w->runs && i < w->folder.plan.n; i++) {
        free(w->runs[i].at);
        free(w->runs[i].loss);
    }
    free(w->runs);
    w->runs = NULL;
    folder_free(&w->folder);
    w->n_done = 0;
    w->known = false;
}

static enum status make_plan(struct watch *w, struct err *err)
{
    TRY(folder_read(&w->folder, w->dir, err));
    TRY(size_calloc(&w->runs, w->folder.plan.n, sizeof *w->runs, "the runs that are watched", err));
    for (size_t t = 0; t < w->folder.plan.n_trajectories; t++)
        for (size_t i = 0; i < w->folder.plan.trajectories[t].n; i++)
            w->runs[w->folder.plan.trajectories[t].first + i].trunk = t;
    for (size_t i = 0; i < w->folder.plan.n; i++) {
        w->runs[i].run = &w->folder.plan.runs[i];
        w->runs[i].law = nothing;
    }
    return OK;
}

/* Which sweep.json, and which result of a search, lie there; 0: none. */
static uint64_t mark_of(const struct watch *w)
{
    static const char *const names[] = {"sweep.json", "search/search.json"};
    uint64_t h = HASH_SEED;
    struct stat sb;
    if (w->fd < 0 || fstatat(w->fd, names[0], &sb, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(sb.st_mode))
        return 0;
    for (size_t i = 0; i < 2; i++)
        if (fstatat(w->fd, names[i], &sb, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(sb.st_mode)) {
            const uint64_t facts[] = {(uint64_t)sb.st_ino, (uint64_t)sb.st_size, (uint64_t)system_changed(&sb).tv_sec,
                                      (uint64_t)system_changed(&sb).tv_nsec};
            h = hash_bytes(h, facts, sizeof facts);
        }
    return h ? h : 1;
}

static void look_at_plan(struct watch *w)
{
    struct err err;
    uint64_t made = mark_of(w);
    if (made == w->made)
        return;
    forget_plan(w);
    w->made = made;
    w->version++;
    w->why[0] = '\0';
    if (made == 0)
        return;
    w->known = make_plan(w, &err) == OK;
    if (!w->known) {
        forget_plan(w);
        snprintf(w->why, sizeof w->why, "%.*s", (int)sizeof w->why - 1, err.msg);
    }
}

/* ---- runs ---- */

static void look_at_run(struct watch *w, struct watch_run *r)
{
    char path[FILE_PATH_MAX];
    struct stat sb;
    bool found = false;
    int folder = open_below(w->fd, r->run->name, O_DIRECTORY);
    if (folder < 0 && w->fd >= 0 && claim_find_run(path, w->dir, r->run->trunk, r->run->name, NULL) == OK)
        folder = open_below(AT_FDCWD, path, O_DIRECTORY); /* a worker trains it there */
    if (folder < 0) {
        w->version += r->done;
        r->done = false;
        forget_log(r);
        return;
    }
    bool there = fstatat(folder, "result.json", &sb, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(sb.st_mode);
    if (!there || !r->done || !r->whole)
        read_log(r, folder);
    close(folder);
    if (there && !r->done && file_join(path, sizeof path, w->dir, r->run->name, NULL) == OK &&
        run_row_read(&r->row, &found, path, NULL) != OK)
        found = false;
    bool done = there && (r->done || found);
    w->version += done != r->done;
    r->done = done;
}

/* Where a run that has no log of its own yet stands: on the trunk, as far as it will share it. */
static double shared_tokens(const struct run *r)
{
    struct schedule s = config_schedule(&r->cfg);
    return schedule_branch_tokens(&s);
}

/* The run of this trajectory whose log is that of the trunk; NULL: none has begun. */
static const struct watch_run *trunk_of(const struct watch *w, size_t trajectory)
{
    const struct trajectory *t = &w->folder.plan.trajectories[trajectory];
    const struct watch_run *holder = NULL;
    for (size_t i = t->first; i < t->first + t->n; i++)
        if (!w->runs[i].done && w->runs[i].n > 0)
            holder = &w->runs[i]; /* the longest holds it */
    return holder;
}

static void place_run(const struct watch *w, struct watch_run *r)
{
    const struct watch_run *trunk = r->n ? NULL : trunk_of(w, r->trunk);
    r->tokens = r->n ? r->at[r->n - 1] : trunk ? fmin(trunk->at[trunk->n - 1], shared_tokens(r->run)) : 0;
    if (r->done)
        r->tokens = r->row.tokens;
}

static void look_at_work(struct watch *w)
{
    char search[FILE_PATH_MAX];
    w->at_work = w->fd >= 0 && live_read(&w->live, w->dir);
    w->searching = false;
    if (w->fd < 0)
        w->live = (struct live){0};
    if (!w->at_work || file_join(search, sizeof search, w->dir, "search", NULL) != OK || w->live.runs > 0)
        return;
    w->searching = file_is_dir(search) && live_read(&w->live, search);
}

/* The folder of that name, which may have come, gone or been replaced. */
static void look_at_folder(struct watch *w)
{
    struct stat now, then;
    bool there = stat(w->dir, &now) == 0;
    if (w->fd >= 0 && !(there && fstat(w->fd, &then) == 0 && now.st_ino == then.st_ino && now.st_dev == then.st_dev)) {
        close(w->fd);
        w->fd = -1;
    }
    if (w->fd < 0 && there)
        w->fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void watch_look(struct watch *w)
{
    look_at_folder(w);
    look_at_plan(w);
    w->n_done = 0;
    for (size_t i = 0; i < w->folder.plan.n; i++) {
        if (!w->runs[i].done || w->looks % SETTLED_EVERY == i % SETTLED_EVERY)
            look_at_run(w, &w->runs[i]);
        w->n_done += w->runs[i].done;
    }
    for (size_t i = 0; i < w->folder.plan.n; i++)
        place_run(w, &w->runs[i]);
    look_at_work(w);
    w->looks++;
}

/* ---- forecasts ---- */

static struct forecast_run forecast_input(const struct watch *w, const struct watch_run *r)
{
    const struct watch_run *from = r->n ? r : trunk_of(w, r->trunk);
    struct forecast_run f = {.params = r->run->params, .tokens = r->run->cfg.train.tokens, .trunk = r->trunk,
                             .order = (double)config_order_seed(&r->run->cfg), .loss = r->done ? r->row.loss : (double)NAN,
                             .law = r->law};
    if (from) {
        f.at = from->at;
        f.curve = from->loss;
        f.n = from->n;
        while (from != r && f.n > 0 && f.at[f.n - 1] > shared_tokens(r->run))
            f.n--;
    }
    return f;
}

void watch_forecast(struct watch *w)
{
    struct forecast_run *all;
    if (size_calloc(&all, w->folder.plan.n, sizeof *all, "forecasts", NULL) != OK)
        return;
    for (size_t i = 0; i < w->folder.plan.n; i++)
        all[i] = forecast_input(w, &w->runs[i]);
    for (size_t i = 0; i < w->folder.plan.n; i++)
        if (!w->runs[i].done)
            w->runs[i].forecast = forecast_of(all, w->folder.plan.n, i);
    free(all);
}

/* ---- */

enum status watch_open(struct watch *w, const char *dir, struct err *err)
{
    *w = (struct watch){.fd = -1};
    if (file_exists(dir) && !file_is_dir(dir))
        return err_set(err, E_DATA, "%s is no folder", dir);
    return file_join(w->dir, sizeof w->dir, dir, "", err);
}

void watch_close(struct watch *w)
{
    forget_plan(w);
    if (w->fd >= 0)
        close(w->fd);
    *w = (struct watch){.fd = -1};
}
