#include "wrap.h"

#include <errno.h>
#include <string.h>

#include "test.h"

static _Atomic size_t count, bytes; /* of all threads */
static size_t fail_at = WRAP_NONE;
static bool all_after;

void wrap_fail(size_t i, bool on)
{
    count = bytes = 0;
    fail_at = i;
    all_after = on;
}

size_t wrap_stop(void)
{
    fail_at = WRAP_NONE;
    return count;
}

size_t wrap_bytes(void)
{
    return bytes;
}

#ifdef WRAP_MALLOC
bool wrap_works(void)
{
    return true;
}

static bool refused(size_t n)
{
    bytes += n;
    size_t i = count++;
    return fail_at != WRAP_NONE && (i == fail_at || (all_after && i > fail_at));
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
int __real_posix_memalign(void **p, size_t align, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
int __wrap_posix_memalign(void **p, size_t align, size_t n);

void *__wrap_malloc(size_t n)
{
    return refused(n) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refused(n * size) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return refused(n) ? NULL : __real_realloc(p, n);
}

int __wrap_posix_memalign(void **p, size_t align, size_t n)
{
    return refused(n) ? ENOMEM : __real_posix_memalign(p, align, n);
}

char *__wrap_strdup(const char *s)
{
    return refused(strlen(s) + 1) ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    size_t length = strnlen(s, n);
    return refused(length + 1) ? NULL : __real_strndup(s, length);
}
#else
bool wrap_works(void)
{
    test_skip("this linker cannot wrap malloc");
    return false;
}
#endif
