#include "harness/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/system.h"
#include "model/distill.h"
#include "model/members.h"

/* --- control groups, by which containers, systemd and batch systems limit memory ------------------------ */

/* The two versions of the kernel's interface. */
struct tree {
    const char *controller; /* in a line of /proc/self/cgroup */
    const char *folder;     /* below the root */
    const char *limit, *usage;
    const char *cache; /* in memory.stat: of the usage, what the system takes back when memory is short */
};

static const struct tree trees[] = {
    {"", "", "memory.max", "memory.current", "inactive_file "},
    {"memory", "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "},
};

static double number_in(const struct tree *t, const char *root, const char *group, const char *name, const char *word)
{
    char path[2 * FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s%s%s/%s", root, t->folder, group, name);
    return system_number(path, word);
}

/* What a group's limit leaves beside what is in use. */
static double left_in(const struct tree *t, const char *root, const char *group)
{
    double limit = number_in(t, root, group, t->limit, "");
    double cache = fmax(0, number_in(t, root, group, "memory.stat", t->cache));
    double used = fmax(0, number_in(t, root, group, t->usage, "") - cache);
    return isnan(limit) ? (double)INFINITY : fmax(0, limit - used);
}

/* Limits of groups above hold as well. A container's own group is often seen as the root, and its path not at all. */
static double left_upwards(const struct tree *t, const char *root, char *group)
{
    double least = left_in(t, root, group);
    for (char *slash; (slash = strrchr(group, '/')) != NULL;) {
        *slash = '\0';
        least = fmin(least, left_in(t, root, group));
    }
    return least;
}

/* Whether a list such as "cpu,memory" holds the word; the empty list is the empty word. */
static bool lists(const char *list, const char *word)
{
    size_t n;
    do {
        n = strcspn(list, ",");
        if (n == strlen(word) && strncmp(list, word, n) == 0)
            return true;
        list += n + (list[n] == ',');
    } while (*list);
    return false;
}

double memory_of_groups(const char *own, const char *root)
{
    char line[FILE_PATH_MAX];
    double bytes = (double)INFINITY;
    FILE *f = fopen(own, "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        char *list = strchr(line, ':'), *group = list ? strchr(list + 1, ':') : NULL; /* 9:cpu,memory:/user/1 */
        if (!group)
            continue;
        *group++ = '\0';
        for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
            if (lists(list + 1, trees[i].controller))
                bytes = fmin(bytes, left_upwards(&trees[i], root, group));
    }
    if (f)
        fclose(f);
    return bytes;
}

/* --- all of it ------------------------------------------------------------------------------------------ */

double memory_available(void)
{
    struct rlimit limit;
    double bytes = fmin(system_free_bytes(), (double)INFINITY);
    bytes = fmin(bytes, memory_of_groups("/proc/self/cgroup", "/sys/fs/cgroup"));
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        bytes = fmin(bytes, fmax(0, (double)limit.rlim_cur - system_mapped_bytes()));
    return bytes;
}

double memory_of_run(const struct run *r, const struct kern *k, int threads)
{
    struct optim_config optim = config_optim(&r->cfg);
    const struct teacher *t = r->teacher;
    size_t B = r->cfg.train.batch_tokens / r->shape.T;
    struct kern own;
    config_kern(&own, &r->cfg, k->cap);
    double bytes = members_bytes(&r->shape, &optim, &own, B, threads);
    if (t)
        bytes += members_bytes(&t->shape, NULL, &own, gpt_chunk(&r->shape, B), threads) +
                 (double)distill_bytes(&r->shape, B, t->shape.ensemble);
    return bytes;
}
