/* What a sweep is doing at this moment, and the lock on its folder that says that it is at work.
 *
 * The lock is held by the parent and, through fork, by every child: it ends with the last of them, whatever
 * kills them. The lock's file holds the state as a few lines of text, so that another process can look in. */
#ifndef PLATEAU_HARNESS_LIVE_H
#define PLATEAU_HARNESS_LIVE_H

#include <stdbool.h>

#include "harness/plan.h"

enum { LIVE_MAX = 256 };

/* One trajectory that is being trained. */
struct live_run {
    char name[RUN_NAME_MAX];
    double tokens, total;      /* of the trajectory, its branches included */
    double loss, tokens_per_s; /* loss NaN: none yet */
};

struct live {
    size_t runs_done, runs;
    double share;           /* of all work that is done, 0 to 1 */
    double tokens_per_s;    /* of all together */
    double seconds, left_s; /* so far, and still to go (NaN: not known) */
    size_t n;
    struct live_run run[LIVE_MAX]; /* (n) */
};

/* A trajectory's name without its hash: enough to tell those of one sweep apart. name: RUN_NAME_MAX bytes. */
void live_name(char *name, const struct run *trunk);

/* E_IO where another sweep holds the folder, also after waiting a little for the children of a killed one. */
enum status live_lock(int *fd, const char *dir, struct err *err) WARN_UNUSED;
void live_unlock(int fd);

/* Say what goes on; a failure leaves the old words and harms nothing. */
void live_write(int fd, const struct live *l);

/* Whether a sweep is at work in dir; *l is what it says, all zero where it has said nothing yet. */
bool live_read(struct live *l, const char *dir);

#endif
