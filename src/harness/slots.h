/* The cores of one machine, among the workers of one folder: so many train side by side as there are cores for, the others wait.
 * Four on two cores would each lose what the other's data push out of the caches, and gain nothing by it.
 *
 * A file on the machine's own disk, $TMPDIR/plateau-cores-UID-KEY, where KEY stands for the boot, the namespace of processes and
 * the folder, has some bytes for each core; a lock (fcntl) on one of them is the core. So a process that ends in whatever way
 * gives its cores back. The core of one that is stopped (Ctrl-Z) is idle: another takes its next byte. Processes that may use
 * other cores (affinity), and other containers, have others to take. Where no such file can be had, all cores are free. */
#ifndef PLATEAU_HARNESS_SLOTS_H
#define PLATEAU_HARNESS_SLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"

enum { SLOTS_MAX = 1024 };

struct slots {
    char path[FILE_PATH_MAX];
    int fd; /* -1: none */
    int held[SLOTS_MAX]; /* bytes */
    size_t n_held;
};

/* Of the folder dir; where it is not there, as where no file can be had. slots_close in every case. */
void slots_open(struct slots *s, const char *dir);
/* `want` cores, or all where there are fewer; false, and none held, where so many are not free now. True where they are held
 * already. */
bool slots_take(struct slots *s, int want);
void slots_give(struct slots *s);
/* Gives them back too; the last to leave removes the file. */
void slots_close(struct slots *s);

#endif
