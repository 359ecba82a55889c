/* What a worker says of itself, in a small file that it writes again and again: who it is, that it lives, and how far its
 * trajectories are. Whether it lives is judged by whether the file changes while one looks: clocks of two machines, and the
 * times of files, may be hours apart. */
#ifndef PLATEAU_HARNESS_HEARTBEAT_H
#define PLATEAU_HARNESS_HEARTBEAT_H

#include "harness/live.h"

enum { HEARTBEAT_ID_MAX = 96, HEARTBEAT_BEATS = 6 /* missed in a row by one that is taken for dead */ };

struct heartbeat {
    char id[HEARTBEAT_ID_MAX], host[64], isa[16];
    char where[80]; /* system_where */
    long pid;
    int cores;
    size_t beat;       /* counts them */
    double every_s;    /* its promise: a beat so often */
    double work_per_s; /* what its cores do together, in the plan's units of cost; NaN: not known yet */
    size_t runs_done;  /* by it */
    struct live live;  /* n and run: its trajectories; tokens_per_s of all */
};

/* One write of a few hundred bytes in place. E_IO, with *gone set, where the file or its folder is not there; with `create` it
 * is made. */
enum status heartbeat_write(const struct heartbeat *h, const char *path, bool create, bool *gone, struct err *err) WARN_UNUSED;

/* False where there is none. *mark: a hash of its content, which changes with each beat. A text caught in the middle of a
 * change is taken as far as it goes. */
bool heartbeat_read(struct heartbeat *h, uint64_t *mark, const char *path);

#endif
