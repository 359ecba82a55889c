#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status err_set(struct err *err, enum status code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
        err->code = code;
    }
    return code;
}

enum status err_wrap(struct err *err, const char *fmt, ...)
{
    if (!err)
        return E_RUN;
    char old[sizeof err->msg];
    memcpy(old, err->msg, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    if (n < 0)
        n = 0;
    if ((size_t)n < sizeof err->msg)
        snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s", old);
    return err->code;
}

enum status err_errno(struct err *err, int errnum, const char *what, const char *path)
{
    enum status code = E_IO;
    if (errnum == ENOMEM)
        code = E_NOMEM;
    else if (errnum == ENOENT || errnum == ENOTDIR || errnum == EISDIR || errnum == ENAMETOOLONG)
        code = E_DATA;
    return err_set(err, code, "%s %s: %s", what, path, strerror(errnum));
}

int status_exit_code(enum status st)
{
    switch (st) {
    case OK:
        return 0;
    case E_NUMERIC:
    case E_RUN:
        return 1;
    case E_USAGE:
    case E_CONFIG:
    case E_DATA:
        return 2;
    case E_IO:
    case E_NOMEM:
        return 3;
    case E_INTERRUPTED:
        return 130;
    case E_PREEMPTED:
        return 143;
    }
    return 1;
}

_Noreturn void check_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "plateau: internal error: %s:%d: %s\n", file, line, cond);
    abort();
}
