/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput, which is linked with libFuzzer
 * (scripts/fuzz) or with replay.c, a main that gives it the files of tests/fuzz/corpus/TARGET one after the other, as the
 * tests do. Input of any kind is an answer or one message: a target aborts where that does not hold. */
#ifndef PLATEAU_TESTS_FUZZ_H
#define PLATEAU_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path of a file of that name with these bytes, in a folder of this process's own, in memory where the system has such
 * a place; path: FILE_PATH_MAX bytes. */
void fuzz_file(char *path, const char *name, const void *data, size_t n);
/* The folder itself. */
const char *fuzz_dir(void);

/* Takes from the front of the input: a byte (0 at its end), or all up to the first `mark`, which is dropped; all that is
 * left where there is none. */
struct fuzz_input {
    const uint8_t *data;
    size_t size;
};
unsigned fuzz_byte(struct fuzz_input *in);
struct fuzz_input fuzz_part(struct fuzz_input *in, const char *mark);

/* Abort where cond does not hold, with words. */
#define FUZZ_CHECK(cond, ...) ((cond) ? (void)0 : fuzz_fail(__FILE__, __LINE__, __VA_ARGS__))
_Noreturn void fuzz_fail(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A reader's answer: OK, or bad input with a message. */
void fuzz_answer(enum status st, const struct err *err);

#endif
