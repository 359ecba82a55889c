#include "cli/stopping.h"

#include <stddef.h>

static volatile sig_atomic_t asked; /* set by a signal alone */

static void on_signal(int number)
{
    (void)number;
    asked = 1;
}

const volatile sig_atomic_t *stopping_watch(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    return &asked;
}
