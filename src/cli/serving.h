/* The live page beside a sweep: a process of its own, which reads the folder and can do nothing to the sweep. Where it dies
 * the sweep says so, once, and goes on. */
#ifndef PLATEAU_CLI_SERVING_H
#define PLATEAU_CLI_SERVING_H

#include <sys/types.h>

#include "base/log.h"
#include "cli/args.h"
#include "cli/live_host.h"

struct serving {
    pid_t pid;   /* 0: none */
    int control; /* closed where the sweep's process is gone, whatever ended it */
};

/* E_USAGE for a port that is none. maybe->has_value false: near the usual one. */
enum status serving_port(struct live_port *port, const char *option, const struct arg_maybe *maybe, struct err *err) WARN_UNUSED;

/* Listen, start the process and say on stderr where the page is. E_USAGE where the port is in use. */
enum status serving_start(struct serving *s, const char *dir, const struct live_port *port, struct err *err) WARN_UNUSED;

/* Say it where the process has ended, once; called now and then. ctx: struct serving. */
void serving_mind(void *ctx, const struct log *log);

/* The sweep has ended. whole: as it should, so that those who look get the last page; takes a few seconds then, and no time
 * where nobody looks. */
void serving_end(struct serving *s, bool whole);

#endif
