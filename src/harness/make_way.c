#include "harness/make_way.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/file_tree.h"
#include "base/system.h"

/* Under another name first: whoever still writes there writes into nothing. */
void make_way_put_away(const struct claims *c)
{
    char gone[FILE_PATH_MAX + 64];
    enum file_tree_moved how;
    snprintf(gone, sizeof gone, "%s-%016llx", c->root, (unsigned long long)system_nonce());
    if (file_tree_move(&how, c->root, gone, false, NULL) == OK && how == FILE_TREE_MOVED)
        file_tree_remove(gone);
}

enum status make_way_count(size_t *unknown, struct heartbeat *alive, size_t *n_alive, struct claims *c, struct err *err)
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
        make_way_put_away(c);
    return st;
}

static enum status wait_for_none(struct claims *c, const volatile sig_atomic_t *stop, const struct log *log,
                                 struct err *err)
{
    bool said = false;
    for (;;) {
        size_t unknown, alive;
        struct heartbeat h;
        TRY(make_way_count(&unknown, &h, &alive, c, err));
        if (alive)
            return err_set(err, E_IO, "workers are at work in %s (%s, process %ld%s): wait for them or stop them, or take part "
                                      "with --worker", c->home, h.host, h.pid, alive + unknown > 1 ? ", and others" : "");
        if (!unknown)
            return OK;
        if (*stop)
            return err_set(err, E_INTERRUPTED, "interrupted; nothing was begun");
        if (!said)
            log_msg(log, LOG_INFO, "%zu worker%s on the list of %s: waiting to see whether %s", unknown,
                    unknown == 1 ? " is" : "s are", c->home, unknown == 1 ? "it lives" : "they live");
        said = true;
        clock_sleep_s(0.2);
    }
}

enum status make_way(const char *dir, const volatile sig_atomic_t *stop, const struct log *log, struct err *err)
{
    struct claims c;
    if (!claims_there(dir))
        return OK;
    enum status st = claims_init(&c, dir, err);
    if (st == OK)
        st = wait_for_none(&c, stop, log, err);
    if (st == OK)
        st = bring_all_home(&c, err);
    claims_free(&c);
    return st;
}
