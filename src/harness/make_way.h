/* A folder that workers have left is made one sweep's again. */
#ifndef PLATEAU_HARNESS_MAKE_WAY_H
#define PLATEAU_HARNESS_MAKE_WAY_H

#include <signal.h>

#include "base/log.h"
#include "harness/claim.h"

/* For a process that is to have the folder alone, and holds its lock: E_IO where workers live there, after watching those for
 * a while of which that cannot be told. What dead ones have left is brought to its place in dir. Nothing where there never
 * were any. E_INTERRUPTED once *stop is set. */
enum status make_way(const char *dir, const volatile sig_atomic_t *stop, const struct log *log, struct err *err) WARN_UNUSED;

/* How many on the list live, *alive the first of them, and of how many that cannot be told; ids of the dead are struck off. */
enum status make_way_count(size_t *unknown, struct heartbeat *alive, size_t *n_alive, struct claims *c,
                           struct err *err) WARN_UNUSED;
/* All that workers share there. */
void make_way_put_away(const struct claims *c);

#endif
