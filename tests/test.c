#include "test.h"

#include <dirent.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

static struct {
    const char *name;
    int failures;
    bool skipped;
    uint64_t seed;
    struct rng rng;
    char tmpdir[512];
} cur;

void test_fail(const char *file, int line, const char *fmt, ...)
{
    if (++cur.failures > 20)
        return; /* one broken kernel need not print a page per element */
    printf("  FAIL %s %s:%d: ", cur.name, file, line);
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
}

void test_skip(const char *why)
{
    cur.skipped = true;
    printf("  SKIP %s: %s\n", cur.name, why);
}

bool test_failed(void)
{
    return cur.failures > 0;
}

bool test_slow(void)
{
    const char *slow = getenv("TEST_SLOW");
    return slow && slow[0];
}

bool test_emulated(void)
{
    const char *emulator = getenv("TEST_EMULATOR");
    return emulator && emulator[0];
}

struct rng *test_rng(void)
{
    return &cur.rng;
}

const char *test_tmpdir(void)
{
    if (cur.tmpdir[0] == '\0') {
        const char *base = getenv("TMPDIR");
        snprintf(cur.tmpdir, sizeof cur.tmpdir, "%s/plateau test XXXXXX", base ? base : "/tmp");
        CHECK(mkdtemp(cur.tmpdir) != NULL);
    }
    return cur.tmpdir;
}

static int remove_entry(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
    (void)sb, (void)flag, (void)ftw;
    return remove(path);
}

static void remove_tmpdir(void)
{
    if (cur.tmpdir[0] != '\0')
        nftw(cur.tmpdir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    cur.tmpdir[0] = '\0';
}

const char *test_shared(void)
{
    static char dir[4096];
    const char *env = getenv("PLATEAU_SHARED");
    snprintf(dir, sizeof dir, "%s", env ? env : SOURCE_ROOT "/../shared");
    return access(dir, R_OK) == 0 ? dir : NULL;
}

/* Of this process and of all it has waited for. */
static double processor_ms(void)
{
    struct tms t;
    times(&t);
    return (double)(t.tms_utime + t.tms_stime + t.tms_cutime + t.tms_cstime) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

int test_main(int argc, char **argv, const struct test *tests, size_t n)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    const char *seed = getenv("TEST_SEED");
    cur.seed = seed ? strtoull(seed, NULL, 0) : 1;
    int passed = 0, failed = 0, skipped = 0;
    for (size_t i = 0; i < n; i++) {
        if (only && !strstr(tests[i].name, only))
            continue;
        cur.name = tests[i].name;
        cur.failures = 0;
        cur.skipped = false;
        cur.rng = rng_make(cur.seed, RNG_TEST, 0, 0);
        double began = processor_ms();
        tests[i].fn();
        double used = processor_ms() - began;
        remove_tmpdir();
        if (cur.failures)
            failed++;
        else if (cur.skipped)
            skipped++;
        else
            passed++;
        const char *how = cur.failures ? "failed" : cur.skipped ? "skipped" : "ok";
        printf("  %s %s (%.0f ms of the processor)\n", how, cur.name, used);
        fflush(stdout);
    }
    printf("seed %llu\ntests: %d passed, %d failed, %d skipped\n", (unsigned long long)cur.seed,
           passed, failed, skipped);
    if (failed)
        return 1;
    return passed == 0 && skipped > 0 ? 77 : 0;
}

size_t test_descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}
