#include "harness/claim.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file_tree.h"
#include "base/size.h"
#include "base/system.h"

#define FOLDER ".workers"

static const char *const parts[] = {"alive", "claims", "handed", "tmp"};

/* root/part/name */
static enum status place(char *path, const struct claims *c, const char *part, const char *name, struct err *err)
{
    char folder[FILE_PATH_MAX];
    TRY(file_join(folder, sizeof folder, c->root, part, err));
    return file_join(path, FILE_PATH_MAX, folder, name, err);
}

/* claims/KEY/@OWNER */
static enum status owned(char *path, const struct claims *c, const char *key, const char *owner, struct err *err)
{
    char folder[FILE_PATH_MAX], name[HEARTBEAT_ID_MAX + 1];
    snprintf(name, sizeof name, "%s%s", strcmp(owner, CLAIM_FREE) == 0 ? "" : "@", owner);
    TRY(place(folder, c, "claims", key, err));
    return file_join(path, FILE_PATH_MAX, folder, name, err);
}

bool claims_there(const char *dir)
{
    char path[FILE_PATH_MAX];
    return file_join(path, sizeof path, dir, FOLDER, NULL) == OK && file_is_dir(path);
}

/* Words of a machine's name that a file's name may hold. */
static void host_name(char *host, size_t size)
{
    char name[256] = "";
    size_t n = 0;
    if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
        strcpy(name, "host");
    for (const char *p = name; *p && n + 1 < size; p++)
        host[n++] = isalnum((unsigned char)*p) || *p == '.' || *p == '_' ? *p : '_';
    host[n] = '\0';
}

enum status claims_init(struct claims *c, const char *dir, struct err *err)
{
    char host[40];
    *c = (struct claims){.n_seen = 0};
    host_name(host, sizeof host);
    snprintf(c->id, sizeof c->id, "%s-%ld-%016llx", host, (long)getpid(), (unsigned long long)system_nonce());
    system_where(c->where, sizeof c->where);
    TRY(file_join(c->home, sizeof c->home, dir, "", err));
    TRY(file_join(c->root, sizeof c->root, dir, FOLDER, err));
    return file_refuse_link(c->root, err);
}

enum status claims_make(struct claims *c, struct err *err)
{
    char path[FILE_PATH_MAX];
    c->count.makes += 1 + sizeof parts / sizeof *parts;
    TRY(file_tree_mkdir(c->root, err));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        TRY(file_join(path, sizeof path, c->root, parts[i], err));
        TRY(file_refuse_link(path, err));
        TRY(file_tree_mkdir(path, err));
    }
    return OK;
}

void claims_leave(struct claims *c)
{
    char path[FILE_PATH_MAX];
    if (place(path, c, "alive", c->id, NULL) == OK)
        unlink(path);
    if (c->prepared && place(path, c, "tmp", c->id, NULL) == OK)
        file_tree_remove(path);
    c->prepared = false;
}

void claims_free(struct claims *c)
{
    free(c->seen);
    *c = (struct claims){.n_seen = 0};
}

/* ---- heartbeats ---- */

enum status claims_beat(struct claims *c, struct heartbeat *h, struct err *err)
{
    char path[FILE_PATH_MAX];
    bool gone;
    TRY(place(path, c, "alive", c->id, err));
    h->beat++;
    c->count.writes++;
    enum status st = heartbeat_write(h, path, true, &gone, err);
    if (st == OK || !gone)
        return st;
    TRY(claims_make(c, err)); /* the folder was put away: somebody thought that all were done */
    return heartbeat_write(h, path, true, &gone, err);
}

static struct claim_seen *seen_of(struct claims *c, const char *id)
{
    for (size_t i = 0; i < c->n_seen; i++)
        if (strcmp(c->seen[i].id, id) == 0)
            return &c->seen[i];
    if (size_reserve(&c->seen, &c->room, c->n_seen + 1, sizeof *c->seen, "workers", NULL) != OK)
        return NULL;
    struct claim_seen *s = &c->seen[c->n_seen++];
    *s = (struct claim_seen){.looked_s = -1};
    snprintf(s->id, sizeof s->id, "%s", id);
    return s;
}

enum status claims_look(enum claim_life *life, struct heartbeat *h, struct claims *c, const char *id, struct err *err)
{
    char path[FILE_PATH_MAX];
    uint64_t mark;
    double now = clock_now_s();
    struct claim_seen *s = seen_of(c, id);
    if (!s)
        return err_set(err, E_NOMEM, "out of memory for %zu workers", c->n_seen);
    TRY(place(path, c, "alive", id, err));
    c->count.reads++;
    bool there = heartbeat_read(h, &mark, path);
    double every = there && h->every_s > 0 ? h->every_s : 10;
    if (s->looked_s < 0) {
        s->mark = mark;
    } else if (mark != s->mark) {
        s->mark = mark;
        s->quiet_s = 0;
        s->changed = mark != 0;
    } else {
        /* an observer that was stopped itself has not watched */
        s->quiet_s += now - s->looked_s < 2 * every ? now - s->looked_s : 2 * every;
    }
    s->looked_s = now;
    bool here = there && c->where[0] && strcmp(h->where, c->where) == 0;
    if ((here && h->pid > 0 && !system_process_there((pid_t)h->pid)) || s->quiet_s > HEARTBEAT_BEATS * every)
        *life = CLAIM_DEAD;
    else
        *life = s->changed ? CLAIM_ALIVE : CLAIM_UNKNOWN;
    return OK;
}

/* Names in a folder of ours; none where it is not there. */
static enum status names_in(struct file_list *list, struct claims *c, const char *part, struct err *err)
{
    char path[FILE_PATH_MAX];
    *list = (struct file_list){0};
    c->count.lists++;
    TRY(file_join(path, sizeof path, c->root, part, err));
    enum status st = file_list_dir(list, path, err);
    if (st != E_DATA)
        return st;
    file_list_free(list);
    *list = (struct file_list){0};
    return OK;
}

enum status claims_workers(struct file_list *ids, struct claims *c, struct err *err)
{
    TRY(names_in(ids, c, "alive", err));
    size_t kept = 0;
    for (size_t i = 0; i < ids->n; i++)
        if (strcmp(ids->names[i], c->id) == 0 || strlen(ids->names[i]) >= HEARTBEAT_ID_MAX)
            free(ids->names[i]);
        else
            ids->names[kept++] = ids->names[i];
    ids->n = kept;
    return OK;
}

void claims_bury(struct claims *c, const char *id)
{
    char path[FILE_PATH_MAX];
    if (place(path, c, "alive", id, NULL) == OK)
        unlink(path);
    if (place(path, c, "tmp", id, NULL) == OK)
        file_tree_remove(path);
}

/* ---- claims ---- */

enum status claims_begun(struct file_list *keys, struct claims *c, struct err *err)
{
    return names_in(keys, c, "claims", err);
}

enum status claims_handed(struct file_list *keys, struct claims *c, struct err *err)
{
    return names_in(keys, c, "handed", err);
}

enum status claim_owner(char owner[HEARTBEAT_ID_MAX], struct claims *c, const char *key, struct err *err)
{
    char part[FILE_PATH_MAX];
    struct file_list list;
    owner[0] = '\0';
    TRY(file_join(part, sizeof part, "claims", key, err));
    TRY(names_in(&list, c, part, err));
    for (size_t i = 0; i < list.n && !owner[0]; i++) {
        const char *name = list.names[i];
        if (strcmp(name, CLAIM_FREE) == 0 || (name[0] == '@' && strlen(name + 1) < HEARTBEAT_ID_MAX))
            snprintf(owner, HEARTBEAT_ID_MAX, "%.*s", HEARTBEAT_ID_MAX - 1, name + (name[0] == '@'));
    }
    file_list_free(&list);
    return OK;
}

static enum status prepare(struct claims *c, struct err *err)
{
    char path[FILE_PATH_MAX], inside[FILE_PATH_MAX], name[HEARTBEAT_ID_MAX + 1];
    if (c->prepared)
        return OK;
    TRY(place(path, c, "tmp", c->id, err));
    snprintf(name, sizeof name, "@%s", c->id);
    TRY(file_join(inside, sizeof inside, path, name, err));
    c->count.makes += 2;
    TRY(file_tree_mkdir(path, err));
    TRY(file_tree_mkdir(inside, err));
    c->prepared = true;
    return OK;
}

enum status claim_begin(bool *mine, struct claims *c, const char *key, struct err *err)
{
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX];
    enum file_tree_moved how;
    *mine = false;
    TRY(prepare(c, err));
    TRY(place(from, c, "tmp", c->id, err));
    TRY(place(to, c, "claims", key, err));
    c->count.moves++;
    TRY(file_tree_move(&how, from, to, false, err));
    *mine = how == FILE_TREE_MOVED;
    if (how != FILE_TREE_THERE)
        c->prepared = false;
    return how == FILE_TREE_GONE ? claims_make(c, err) : OK;
}

enum status claim_take(bool *mine, struct claims *c, const char *key, const char *owner, struct err *err)
{
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX], hint[FILE_PATH_MAX];
    enum file_tree_moved how;
    TRY(owned(from, c, key, owner, err));
    TRY(owned(to, c, key, c->id, err));
    TRY(place(hint, c, "handed", key, err));
    c->count.moves++;
    TRY(file_tree_move(&how, from, to, false, err));
    *mine = how == FILE_TREE_MOVED;
    if (*mine)
        unlink(hint);
    return OK;
}

bool claim_holds(struct claims *c, const char *key)
{
    char path[FILE_PATH_MAX];
    c->count.looks++;
    return owned(path, c, key, c->id, NULL) == OK && file_is_dir(path);
}

enum status claim_release(struct claims *c, const char *key, bool unfinished, struct err *err)
{
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX], hint[FILE_PATH_MAX];
    enum file_tree_moved how;
    bool first;
    TRY(owned(from, c, key, c->id, err));
    TRY(owned(to, c, key, CLAIM_FREE, err));
    TRY(place(hint, c, "handed", key, err));
    c->count.moves++;
    TRY(file_tree_move(&how, from, to, unfinished, err));
    if (how != FILE_TREE_MOVED || !unfinished)
        return OK;
    c->count.writes++;
    return file_tree_write_first(&first, hint, "", 0, err);
}

enum status claim_folder(char *path, const struct claims *c, const char *key, struct err *err)
{
    return owned(path, c, key, c->id, err);
}

enum status claim_find_run(char *path, const char *dir, const char *key, const char *run, struct err *err)
{
    struct claims c;
    char owner[HEARTBEAT_ID_MAX], folder[FILE_PATH_MAX];
    TRY(file_join(path, FILE_PATH_MAX, dir, run, err));
    if (file_exists(path) || !claims_there(dir))
        return OK;
    c = (struct claims){.n_seen = 0};
    TRY(file_join(c.root, sizeof c.root, dir, FOLDER, err));
    if (claim_owner(owner, &c, key, NULL) != OK || !owner[0])
        return OK;
    TRY(owned(folder, &c, key, owner, err));
    return file_join(path, FILE_PATH_MAX, folder, run, err);
}

enum status claim_publish(bool *gone, const char *from, const char *home, const char *run, struct err *err)
{
    char src[FILE_PATH_MAX], dst[FILE_PATH_MAX], result[FILE_PATH_MAX];
    enum file_tree_moved how;
    *gone = false;
    TRY(file_join(src, sizeof src, from, run, err));
    TRY(file_join(dst, sizeof dst, home, run, err));
    TRY(file_tree_move(&how, src, dst, true, err));
    *gone = how == FILE_TREE_GONE;
    if (how != FILE_TREE_THERE)
        return OK;
    TRY(file_join(result, sizeof result, dst, "result.json", err));
    if (!file_exists(result))
        return err_set(err, E_IO, "%s is in the way of the finished run %s", dst, src);
    file_tree_remove(src);
    return OK;
}
