/* Who trains what, where many machines share a sweep's folder and nothing else.
 *
 * DIR/.workers/claims/KEY is a trajectory that was begun. It holds one folder, whose name says whose it is: "@" and the id of
 * the worker that trains it there, or "free", handed back. A claim is a rename:
 *
 *   never begun    tmp/ID, with the folder @ID in it, becomes claims/KEY: one of all that try succeeds, for KEY is never empty
 *   handed back    claims/KEY/free  becomes claims/KEY/@ID
 *   of a dead one  claims/KEY/@DEAD becomes claims/KEY/@ID
 *
 * so there is one owner at any moment, and the last step is also the fence: all that the old owner writes it writes by
 * paths below @DEAD, which lead nowhere from then on. It need not notice in time; it cannot write. A finished run's folder is
 * renamed out to DIR/RUN, whole, where there is none of that name yet.
 *
 * DIR/.workers/alive/ID is a worker's heartbeat, DIR/.workers/handed/KEY a hint that KEY was handed back. No lock, no clock
 * but the observer's own. */
#ifndef PLATEAU_HARNESS_CLAIM_H
#define PLATEAU_HARNESS_CLAIM_H

#include "base/file.h"
#include "harness/heartbeat.h"

/* File operations that were asked for: what a folder of many workers costs. */
struct claim_count {
    size_t moves, lists, reads, writes, makes, looks;
};

/* Another worker, as far as it was watched from here. */
struct claim_seen {
    char id[HEARTBEAT_ID_MAX];
    uint64_t mark;
    double looked_s; /* the last time; by this process's clock */
    double quiet_s;  /* watched without a change; time in which nobody looked counts little */
    bool changed;    /* at least once while it was watched */
};

struct claims {
    char home[FILE_PATH_MAX], root[FILE_PATH_MAX]; /* DIR, and DIR/.workers */
    char id[HEARTBEAT_ID_MAX], where[80];
    bool prepared; /* tmp/ID is ready to become a claim */
    struct claim_seen *seen; /* (n_seen) */
    size_t n_seen, room;
    struct claim_count count;
};

/* Of the folder DIR; nothing is written. claims_free in every case. */
enum status claims_init(struct claims *c, const char *dir, struct err *err) WARN_UNUSED;
/* The folders that it takes. */
enum status claims_make(struct claims *c, struct err *err) WARN_UNUSED;
/* Take this worker off the list: it holds nothing any more. */
void claims_leave(struct claims *c);
void claims_free(struct claims *c);

/* Whether workers are or were here: DIR/.workers. */
bool claims_there(const char *dir);

/* This worker's heartbeat. One that is gone, for the others took this one for dead, is written again. */
enum status claims_beat(struct claims *c, struct heartbeat *h, struct err *err) WARN_UNUSED;

/* What watching another has shown. Certain death: a process of this very machine that is not there. Else a heartbeat that has
 * not changed in HEARTBEAT_BEATS times the interval that it promised, as watched from here. */
enum claim_life { CLAIM_DEAD, CLAIM_UNKNOWN, CLAIM_ALIVE };
enum status claims_look(enum claim_life *life, struct heartbeat *h, struct claims *c, const char *id, struct err *err) WARN_UNUSED;
/* Ids of all on the list but this one. */
enum status claims_workers(struct file_list *ids, struct claims *c, struct err *err) WARN_UNUSED;
/* Strike another off. */
void claims_bury(struct claims *c, const char *id);

/* Keys that were begun, and those handed back; empty where there are none. */
enum status claims_begun(struct file_list *keys, struct claims *c, struct err *err) WARN_UNUSED;
enum status claims_handed(struct file_list *keys, struct claims *c, struct err *err) WARN_UNUSED;

#define CLAIM_FREE "free"

/* Whose a key that was begun is: an id, CLAIM_FREE, or "" where it was not begun. */
enum status claim_owner(char owner[HEARTBEAT_ID_MAX], struct claims *c, const char *key, struct err *err) WARN_UNUSED;
/* Take a key that was never begun. */
enum status claim_begin(bool *mine, struct claims *c, const char *key, struct err *err) WARN_UNUSED;
/* Take it from `owner`: one that is dead, or CLAIM_FREE. */
enum status claim_take(bool *mine, struct claims *c, const char *key, const char *owner, struct err *err) WARN_UNUSED;
/* Whether this worker still has it. */
bool claim_holds(struct claims *c, const char *key);
/* Hand it back; unfinished: there is something to do for others. A claim that was lost is fine. */
enum status claim_release(struct claims *c, const char *key, bool unfinished, struct err *err) WARN_UNUSED;
/* The folder in which its runs are trained; path: FILE_PATH_MAX bytes. */
enum status claim_folder(char *path, const struct claims *c, const char *key, struct err *err) WARN_UNUSED;

/* Where a run's folder lies, for those who only look: DIR/RUN, or below the claim of its trajectory. */
enum status claim_find_run(char *path, const char *dir, const char *key, const char *run, struct err *err) WARN_UNUSED;

/* A finished run's folder to where it stays. *gone: the claim was lost. Where a result is there already this one is
 * dropped: they are of the same bytes. */
enum status claim_publish(bool *gone, const char *from, const char *home, const char *run, struct err *err) WARN_UNUSED;

#endif
