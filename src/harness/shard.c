#include "harness/shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 100000 };

/* A whole number and nothing else. */
static bool whole(long *v, const char *text, const char *end)
{
    char *after;
    errno = 0;
    *v = text && *text >= '0' && *text <= '9' ? strtol(text, &after, 10) : -1;
    return *v >= 0 && errno == 0 && after == end;
}

static enum status number_of(long *v, const char *name, struct err *err)
{
    const char *text = getenv(name);
    if (text && whole(v, text, text + strlen(text)))
        return OK;
    return err_set(err, E_USAGE, "--shard auto: %s is %s%s, a number was expected", name, text ? "" : "not set", text ? text : "");
}

/* Schedulers, the first that says something counts. */
static const struct {
    const char *index, *count, *other_count, *first;
} schedulers[] = {
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", NULL, "SLURM_ARRAY_TASK_MIN"},
    {"JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", "PLATEAU_SHARDS", NULL},
    {"PMI_RANK", "PMI_SIZE", NULL, NULL},
};

enum { N_SCHEDULERS = sizeof schedulers / sizeof *schedulers };

static enum status within(struct shard *s, long i, long n, const char *what, struct err *err)
{
    if (n < 1 || n > MOST || i < 1 || i > n)
        return err_set(err, E_USAGE, "--shard %s: shard %ld of %ld: expected i/n with 1 <= i <= n <= %d", what, i, n, MOST);
    *s = (struct shard){(size_t)i, (size_t)n};
    return OK;
}

static enum status from_environment(struct shard *s, struct err *err)
{
    for (size_t k = 0; k < N_SCHEDULERS; k++) {
        long i, n, first = 0;
        if (!getenv(schedulers[k].index))
            continue;
        const char *other = schedulers[k].other_count;
        TRY(number_of(&i, schedulers[k].index, err));
        TRY(number_of(&n, other && !getenv(schedulers[k].count) ? other : schedulers[k].count, err));
        if (schedulers[k].first)
            TRY(number_of(&first, schedulers[k].first, err));
        return within(s, i - first + 1, n, "auto", err);
    }
    return err_set(err, E_USAGE, "--shard auto: none of %s, %s and %s is set: give --shard i/n", schedulers[0].index,
                   schedulers[1].index, schedulers[2].index);
}

enum status shard_parse(struct shard *s, const char *text, struct err *err)
{
    const char *slash = strchr(text, '/');
    long i, n;
    if (strcmp(text, "auto") == 0)
        return from_environment(s, err);
    if (!slash || !whole(&i, text, slash) || !whole(&n, slash + 1, text + strlen(text)))
        return err_set(err, E_USAGE, "--shard %s: expected i/n, such as 1/4, or auto", text);
    return within(s, i, n, text, err);
}

void shard_deal(size_t *owner, double *sums, const double *work, size_t n_work, size_t n)
{
    for (size_t k = 0; k < n; k++)
        sums[k] = 0;
    for (size_t i = 0; i < n_work; i++) {
        size_t least = 0;
        for (size_t k = 1; k < n; k++)
            if (sums[k] < sums[least])
                least = k;
        owner[i] = least;
        sums[least] += work[i];
    }
}
