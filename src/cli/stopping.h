/* Ctrl-C for commands that have nothing to save: the first asks them to end where they are. */
#ifndef PLATEAU_CLI_STOPPING_H
#define PLATEAU_CLI_STOPPING_H

#include <signal.h>

/* Not 0 once SIGINT or SIGTERM came; from the first call on they are caught. */
const volatile sig_atomic_t *stopping_watch(void);

#endif
