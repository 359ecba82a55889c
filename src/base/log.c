#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_msg(const struct log *log, enum log_level level, const char *fmt, ...)
{
    if (!log || !log->fn)
        return;
    char msg[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    log->fn(log->ctx, level, msg);
}
