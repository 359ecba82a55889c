/* Status codes and error messages, used by every layer.
 *
 * A function that can fail returns enum status and takes a struct err last. The lowest level states
 * the fact with its values; callers may add context in front of it with err_wrap. Exactly one
 * err_set happens per failure. Library code never exits and never prints. */
#ifndef PLATEAU_BASE_STATUS_H
#define PLATEAU_BASE_STATUS_H

#include <stddef.h>

enum status {
    OK = 0,
    E_USAGE,       /* wrong command line                                        exit 2 */
    E_CONFIG,      /* wrong config: file, key and reason are in the message      exit 2 */
    E_DATA,        /* missing or malformed input data                            exit 2 */
    E_IO,          /* the system refused: permission, disk full, ...             exit 3 */
    E_NOMEM,       /* out of memory                                              exit 3 */
    E_NUMERIC,     /* a loss or gradient norm is not finite, a fit has no answer exit 1 */
    E_RUN,         /* some run failed, some check did not hold                   exit 1 */
    E_INTERRUPTED, /* stopped by a signal, with everything kept                  exit 130 */
    E_PREEMPTED,   /* a worker, stopped by its scheduler, with everything kept   exit 143 */
};

struct err {
    enum status code;
    char msg[1024];
};

#if defined(__GNUC__)
#define WARN_UNUSED __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define WARN_UNUSED
#define PRINTF_LIKE(fmt, args)
#endif

/* Fill err (which may be NULL) and return code, so that `return err_set(...)` reads well. */
enum status err_set(struct err *err, enum status code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Put "context: " in front of the message; returns the code already in err. */
enum status err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* E_IO, E_NOMEM or E_DATA (no such file) from an errno value: "what path: strerror". */
enum status err_errno(struct err *err, int errnum, const char *what, const char *path);

/* The process exit code that DESIGN section 3 gives this status. */
int status_exit_code(enum status st);

/* Hand a failure up when nothing has to be released. */
#define TRY(x)                                                                                     \
    do {                                                                                           \
        enum status try_status_ = (x);                                                             \
        if (try_status_ != OK)                                                                     \
            return try_status_;                                                                    \
    } while (0)

/* Abort on our own bugs; stays on in release builds. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            check_failed(#cond, __FILE__, __LINE__);                                               \
    } while (0)
_Noreturn void check_failed(const char *cond, const char *file, int line);

#endif
