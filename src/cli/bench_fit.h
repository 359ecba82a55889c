/* plateau bench fit: how long one fit and its bootstrap take, and whether every resample found its optimum. */
#ifndef PLATEAU_CLI_BENCH_FIT_H
#define PLATEAU_CLI_BENCH_FIT_H

#include "cli/args.h"

/* Law chinchilla on `path` (a table as plateau fit reads it, NULL: 240 simulated runs); prints, or writes JSON. */
enum status bench_fit(const char *path, const struct arg_list *where, size_t repeat, const char *json,
                      struct err *err) WARN_UNUSED;

#endif
