/* A library that is preloaded (LD_PRELOAD) and lets one call to the system fail: tests/test_faults.sh.
 *
 *     PLATEAU_FAULT=KIND:N:ERRNO    the N-th call of that kind, from 1, of a process and its children together; 0: none
 *     PLATEAU_FAULT_COUNT=FILE      where the calls are counted, as text of one number when the first process ends
 *
 * KIND: open, read, write, sync, rename, close, fork, map. ERRNO a number, or "short": a write that takes half of its
 * bytes. Calls that concern the three standard streams, or streams to memory, never fail. stdio of the C library does not
 * come by here for its own writes, so that fflush, fclose, and each fwrite that fills a buffer are counted as what they stand
 * for. */
#define _GNU_SOURCE /* NOLINT: the library wants it so */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { NONE, OPEN, READ, WRITE, SYNC, RENAME, CLOSE, FORK, MAP };
static const char *const names[] = {"none", "open", "read", "write", "sync", "rename", "close", "fork", "map"};

static enum kind kind;
static unsigned long nth;
static int fault;
static bool halve;
static atomic_ulong *count; /* shared by all processes */
static pid_t first;

/* The function behind the one of this name here. */
#define NEXT(name) ((__typeof__(&name))(void *)next(#name))

static void *next(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    if (!p)
        abort();
    return p;
}

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("PLATEAU_FAULT"), *colon = text ? strchr(text, ':') : NULL;
    first = getpid();
    count = (atomic_ulong *)NEXT(mmap)(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ((void *)count == MAP_FAILED)
        abort();
    for (size_t i = 1; colon && i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == (size_t)(colon - text) && strncmp(names[i], text, strlen(names[i])) == 0)
            kind = (enum kind)i;
    nth = colon ? strtoul(colon + 1, NULL, 10) : 0;
    colon = colon ? strchr(colon + 1, ':') : NULL;
    halve = colon && strcmp(colon + 1, "short") == 0;
    fault = colon ? atoi(colon + 1) : 0;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("PLATEAU_FAULT_COUNT");
    unsigned long n = atomic_load(count);
    char text[32];
    if (getpid() != first || !path)
        return;
    int fd = NEXT(open)(path, O_WRONLY | O_CREAT | O_TRUNC, 0666), length = snprintf(text, sizeof text, "%lu\n", n);
    if (fd < 0 || NEXT(write)(fd, text, (size_t)length) != length)
        abort();
}

static bool fails(enum kind k)
{
    if (k != kind || !count || atomic_fetch_add(count, 1) + 1 != nth)
        return false;
    errno = fault;
    return true;
}

/* What the system tells of itself can be done without, and is asked for often. */
static bool is_file(const char *path)
{
    return strncmp(path, "/proc/", 6) != 0 && strncmp(path, "/sys/", 5) != 0; /* ports: Linux alone */
}

/* As the C library notes a failure. */
static size_t failed(FILE *f)
{
#ifdef __GLIBC__
    f->_flags |= 0x20;
#else
    (void)f;
#endif
    return 0;
}

/* One of the three, or memory (open_memstream), whose failures are those of allocations. */
static bool is_no_file(FILE *f)
{
    return f == stdin || f == stdout || f == stderr || fileno(f) < 0;
}

/* Large files have names of their own, where programs are built for them. */
#define OPEN_LIKE(name)                                                                                        \
    int name(const char *path, int flags, ...)                                                                 \
    {                                                                                                          \
        va_list args;                                                                                          \
        va_start(args, flags);                                                                                 \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;                                \
        va_end(args);                                                                                          \
        return is_file(path) && fails(OPEN) ? -1 : NEXT(name)(path, flags, mode);                              \
    }
#define OPENAT_LIKE(name)                                                                                      \
    int name(int dir, const char *path, int flags, ...)                                                        \
    {                                                                                                          \
        va_list args;                                                                                          \
        va_start(args, flags);                                                                                 \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;                                \
        va_end(args);                                                                                          \
        return is_file(path) && fails(OPEN) ? -1 : NEXT(name)(dir, path, flags, mode);                         \
    }
#define FOPEN_LIKE(name)                                                                                       \
    FILE *name(const char *path, const char *mode)                                                             \
    {                                                                                                          \
        return is_file(path) && fails(OPEN) ? NULL : NEXT(name)(path, mode);                                   \
    }
#define MMAP_LIKE(name, off)                                                                                   \
    void *name(void *at, size_t n, int prot, int flags, int fd, off offset)                                    \
    {                                                                                                          \
        return fails(MAP) ? MAP_FAILED : NEXT(name)(at, n, prot, flags, fd, offset);                           \
    }
#define TRUNCATE_LIKE(name, off)                                                                               \
    int name(int fd, off length)                                                                               \
    {                                                                                                          \
        return fails(WRITE) ? -1 : NEXT(name)(fd, length);                                                     \
    }
OPEN_LIKE(open)
OPEN_LIKE(open64)
OPENAT_LIKE(openat)
OPENAT_LIKE(openat64)
FOPEN_LIKE(fopen)
FOPEN_LIKE(fopen64)
MMAP_LIKE(mmap, off_t)
MMAP_LIKE(mmap64, off64_t)
TRUNCATE_LIKE(ftruncate, off_t)
TRUNCATE_LIKE(ftruncate64, off64_t)

FILE *fdopen(int fd, const char *mode)
{
    return fails(OPEN) ? NULL : NEXT(fdopen)(fd, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return fails(OPEN) ? -1 : NEXT(mkdir)(path, mode);
}

int pipe(int fds[2])
{
    return fails(OPEN) ? -1 : NEXT(pipe)(fds);
}

ssize_t read(int fd, void *buf, size_t n)
{
    return fd > 2 && fails(READ) ? -1 : NEXT(read)(fd, buf, n);
}

size_t fread(void *p, size_t size, size_t n, FILE *f)
{
    return !is_no_file(f) && fails(READ) ? failed(f) : NEXT(fread)(p, size, n, f);
}

ssize_t write(int fd, const void *buf, size_t n)
{
    if (fd <= 2 || !fails(WRITE))
        return NEXT(write)(fd, buf, n);
    return halve && n > 1 ? NEXT(write)(fd, buf, n / 2) : halve ? NEXT(write)(fd, buf, n) : -1;
}

/* Whether bytes that are put into a stream fill a buffer, so that the C library writes it. */
static bool fills(FILE *f, size_t bytes)
{
    enum { BUFFER = 4096, FILES = 1024 };
    static size_t sum[FILES];
    const size_t fd = (size_t)fileno(f) % FILES, before = sum[fd] / BUFFER;
    sum[fd] += bytes;
    return sum[fd] / BUFFER > before;
}

size_t fwrite(const void *p, size_t size, size_t n, FILE *f)
{
    return !halve && !is_no_file(f) && fills(f, size * n) && fails(WRITE) ? failed(f) : NEXT(fwrite)(p, size, n, f);
}

int fflush(FILE *f)
{
    return !halve && f && !is_no_file(f) && fails(WRITE) ? EOF : NEXT(fflush)(f);
}

int fsync(int fd)
{
    return fails(SYNC) ? -1 : NEXT(fsync)(fd);
}

int rename(const char *from, const char *to)
{
    return fails(RENAME) ? -1 : NEXT(rename)(from, to);
}

int link(const char *from, const char *to)
{
    return fails(RENAME) ? -1 : NEXT(link)(from, to);
}

int unlink(const char *path)
{
    return fails(RENAME) ? -1 : NEXT(unlink)(path);
}

/* What is closed is closed, whatever was lost by it. */
int close(int fd)
{
    bool bad = fd > 2 && fails(CLOSE);
    int result = NEXT(close)(fd);
    if (bad)
        errno = fault;
    return bad ? -1 : result;
}

int fclose(FILE *f)
{
    bool bad = !is_no_file(f) && fails(CLOSE);
    int result = NEXT(fclose)(f);
    if (bad)
        errno = fault;
    return bad ? EOF : result;
}

pid_t fork(void)
{
    return fails(FORK) ? -1 : NEXT(fork)();
}
