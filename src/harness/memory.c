#include "harness/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double system_bytes(void)
{
    char line[128];
    double bytes = (double)INFINITY;
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "MemAvailable:", 13) == 0)
            bytes = 1024 * strtod(line + 13, NULL);
    if (f)
        fclose(f);
    return bytes;
}

/* The first number of statm: pages that this process maps. */
static double mapped_bytes(void)
{
    char line[128];
    FILE *f = fopen("/proc/self/statm", "r");
    double pages = f && fgets(line, sizeof line, f) ? strtod(line, NULL) : 0;
    if (f)
        fclose(f);
    return pages * (double)sysconf(_SC_PAGESIZE);
}

double memory_available(void)
{
    struct rlimit limit;
    double bytes = system_bytes();
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        bytes = fmin(bytes, fmax(0, (double)limit.rlim_cur - mapped_bytes()));
    return bytes;
}

double memory_of_run(const struct run *r, const struct kern *k, int threads)
{
    return (double)gpt_bytes(&r->shape, k, r->cfg.train.batch_tokens / r->shape.T, threads);
}
