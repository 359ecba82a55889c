/* The test harness: a test is a function registered in a table; a check that fails prints where and
 * why and the test goes on. A binary exits 0 when all passed, 77 when every test was skipped, 1
 * otherwise, and closes with a line "tests: N passed, N failed, N skipped" that scripts/test adds up.
 *
 * Checks are written so that NaN fails. Random tests draw from test_rng(), whose seed is printed and
 * can be set with TEST_SEED; it is reset for each test. */
#ifndef PLATEAU_TESTS_TEST_H
#define PLATEAU_TESTS_TEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rng.h"
#include "base/status.h"

struct test {
    const char *name;
    void (*fn)(void);
};

int test_main(int argc, char **argv, const struct test *tests, size_t n);

void test_fail(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Mark the running test as skipped (visible in the output) and say why; return from it afterwards. */
void test_skip(const char *why);
/* True once a check of the running test has failed: to leave long loops early. */
bool test_failed(void);
struct rng *test_rng(void);

/* In builds where every step is slow (tests/meson.build says which): the same case on less. */
bool test_slow(void);
/* The test runs by an emulator of another kind of machine, whose memory and calls to the system are not this program's alone. */
bool test_emulated(void);

/* A fresh empty folder below $TMPDIR, removed when the test ends. */
const char *test_tmpdir(void);
/* Open descriptors of this process, by /proc and so with the one that it takes to look; 0 where there is none. */
size_t test_descriptors(void);
/* The folder of shared public tables and corpora ($PLATEAU_SHARED, or ../shared beside the source
 * tree), or NULL where it is absent. */
const char *test_shared(void);

#define EXPECT(cond)                                                                               \
    do {                                                                                           \
        if (!(cond))                                                                               \
            test_fail(__FILE__, __LINE__, "%s", #cond);                                            \
    } while (0)

#define EXPECT_MSG(cond, ...)                                                                      \
    do {                                                                                           \
        if (!(cond))                                                                               \
            test_fail(__FILE__, __LINE__, __VA_ARGS__);                                            \
    } while (0)

/* |got - want| <= tol */
#define EXPECT_NEAR(got, want, tol)                                                                \
    do {                                                                                           \
        double got_ = (got), want_ = (want), tol_ = (tol);                                         \
        double diff_ = got_ - want_ < 0 ? want_ - got_ : got_ - want_;                             \
        if (!(diff_ <= tol_))                                                                      \
            test_fail(__FILE__, __LINE__, "%s = %.12g, expected %.12g within %.3g", #got, got_,    \
                      want_, tol_);                                                                \
    } while (0)

/* |got - want| <= rel * |want| */
#define EXPECT_REL(got, want, rel)                                                                 \
    do {                                                                                           \
        double w_ = (want);                                                                        \
        EXPECT_NEAR(got, w_, (rel) * (w_ < 0 ? -w_ : w_));                                         \
    } while (0)

#define EXPECT_OK(call)                                                                            \
    do {                                                                                           \
        enum status s_ = (call);                                                                   \
        if (s_ != OK)                                                                              \
            test_fail(__FILE__, __LINE__, "%s returned %d: %s", #call, (int)s_, err.msg);          \
    } while (0)

/* The call fails with this code and the message contains this text. Uses a local `struct err err`. */
#define EXPECT_ERR(call, want_code, text)                                                          \
    do {                                                                                           \
        enum status s_ = (call);                                                                   \
        if (s_ != (want_code) || !strstr(err.msg, text))                                           \
            test_fail(__FILE__, __LINE__, "%s returned %d '%s', expected %d with '%s'", #call,     \
                      (int)s_, err.msg, (int)(want_code), text);                                   \
    } while (0)

#endif
