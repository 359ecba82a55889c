#include "base/clock.h"

#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double clock_now_s(void)
{
#ifdef __APPLE__
    return seconds(CLOCK_UPTIME_RAW); /* the other one goes on while the machine sleeps */
#else
    return seconds(CLOCK_MONOTONIC);
#endif
}

double clock_cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_sleep_s(double s)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * s)}, NULL);
}
