/* Where library code sends messages: a callback given by the caller. The command line sends them to
 * stderr; tests collect them. */
#ifndef PLATEAU_BASE_LOG_H
#define PLATEAU_BASE_LOG_H

#include "base/status.h"

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };

typedef void log_fn(void *ctx, enum log_level level, const char *msg);

struct log {
    log_fn *fn; /* NULL: silent */
    void *ctx;
};

void log_msg(const struct log *log, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
