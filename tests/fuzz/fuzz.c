#include "fuzz.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[FILE_PATH_MAX];

static void remove_dir(void)
{
    struct file_list list = {0};
    char path[FILE_PATH_MAX];
    if (file_list_dir(&list, dir, NULL) == OK)
        for (size_t i = 0; i < list.n; i++)
            if (file_join(path, sizeof path, dir, list.names[i], NULL) == OK)
                unlink(path);
    file_list_free(&list);
    rmdir(dir);
}

const char *fuzz_dir(void)
{
    if (dir[0])
        return dir;
    const char *tmp = getenv("TMPDIR"), *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* ports: either */
    snprintf(dir, sizeof dir, "%s/plateau-fuzz-XXXXXX", tmp ? tmp : memory);
    if (!mkdtemp(dir)) {
        perror(dir);
        exit(1);
    }
    atexit(remove_dir);
    return dir;
}

void fuzz_file(char *path, const char *name, const void *data, size_t n)
{
    struct err err;
    if (file_join(path, FILE_PATH_MAX, fuzz_dir(), name, &err) == OK) {
        FILE *f = fopen(path, "wb");
        if (f && (n == 0 || fwrite(data, 1, n, f) == n) && fclose(f) == 0)
            return;
    }
    fprintf(stderr, "cannot write %s\n", path); /* no finding: the disk is full, say */
    _exit(1);
}

unsigned fuzz_byte(struct fuzz_input *in)
{
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->data++;
}

struct fuzz_input fuzz_part(struct fuzz_input *in, const char *mark)
{
    size_t n = strlen(mark), at = 0;
    while (at + n <= in->size && memcmp(in->data + at, mark, n) != 0)
        at++;
    bool found = at + n <= in->size;
    struct fuzz_input part = {in->data, found ? at : in->size};
    in->data += found ? at + n : in->size;
    in->size -= found ? at + n : in->size;
    return part;
}

void fuzz_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void fuzz_answer(enum status st, const struct err *err)
{
    FUZZ_CHECK(st == OK || st == E_DATA || st == E_CONFIG || st == E_USAGE, "status %d: %s", (int)st, err->msg);
    FUZZ_CHECK(st == OK || (err->msg[0] != '\0' && strlen(err->msg) < sizeof err->msg), "status %d without a message", (int)st);
}
