/* A process that trains one trajectory and tells how far it is through a pipe. */
#ifndef PLATEAU_HARNESS_CHILD_H
#define PLATEAU_HARNESS_CHILD_H

#include <sys/types.h>

#include "base/log.h"
#include "harness/train.h"

/* What to train, and how; borrowed until the child has been started. */
struct child_task {
    const struct plan *plan;
    const struct data *data;
    const char *dir, *home; /* home: where finished runs go, NULL: they stay in dir */
    enum kern_isa isa;
    int jobs;     /* threads that it may ever use */
    int *threads; /* those that it may use now, in memory that both processes see */
    int *runs;    /* of the trajectory, that it is to train, in such memory too; NULL: all */
    bool tensorboard;
    size_t trajectory;
};

struct child {
    pid_t pid;
    int fd;   /* readable where it has said something, or has ended */
    int slot; /* the caller's */
    size_t trajectory;
    struct train_progress last;
    struct err err; /* why it failed, where it said so */
    enum { PLACE_ANY, PLACE_FAST, PLACE_SLOW } place; /* the cores that it was put onto */
};

enum status child_start(struct child *c, const struct child_task *task, struct err *err) WARN_UNUSED;

/* Take one message in: c->last and c->err follow, and words go to the log. False where it has ended. */
bool child_read(struct child *c, const struct log *log);

enum child_end { CHILD_WHOLE, CHILD_STOPPED, CHILD_FAILED };

/* Wait for one that has ended. c->err says why it failed; empty otherwise. */
enum child_end child_reap(struct child *c);

#endif
