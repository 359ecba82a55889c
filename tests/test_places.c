/* Processors with two kinds of cores: which are slow, by a made tree, and which process goes where. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/system.h"
#include "harness/places.h"

static void put(const char *root, const char *name, const char *text)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    struct err err;
    EXPECT_OK(file_mkdirs(path, &err));
    *slash = '/';
    FILE *f = fopen(path, "w");
    EXPECT(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void expect_slow(const char *root, const char *which)
{
    bool slow[8];
    char got[9] = "";
    system_slow_cores(slow, 8, root);
    for (int i = 0; i < 8; i++)
        got[i] = slow[i] ? 's' : 'f';
    EXPECT_MSG(strcmp(got, which) == 0, "%s: cores are %s, not %s", root, got, which);
}

static void kinds(void)
{
    char root[] = "plateau-cores.XXXXXX", name[64], path[128];
    EXPECT(mkdtemp(root));
    snprintf(path, sizeof path, "%s/none", root);
    expect_slow(path, "ffffffff");
    snprintf(path, sizeof path, "%s/hybrid", root);
    put(path, "cpu_core/cpus", "0-3\n");
    put(path, "cpu_atom/cpus", "4-5,7\n");
    expect_slow(path, "ffffssfs");
    snprintf(path, sizeof path, "%s/arm", root);
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "system/cpu/cpu%d/cpu_capacity", i);
        put(path, name, i < 4 ? "446\n" : i < 7 ? "871\n" : "1024\n");
    }
    expect_slow(path, "ssssffff");
    snprintf(path, sizeof path, "%s/odd", root);
    put(path, "cpu_atom/cpus", "6-4000000000,-3\n"); /* beyond what there is, and nonsense after it */
    expect_slow(path, "ffffffss");
    snprintf(path, sizeof path, "rm -r %s", root);
    EXPECT(system(path) == 0);
}

static void cores_here(void)
{
    struct system_cores c = system_cores();
    EXPECT(c.fast >= 1 && c.slow >= 0 && system_cores_all() == c.fast + c.slow);
    EXPECT(system_free_bytes() > 1e6); /* a test that runs has a megabyte */
}

static void expect_places(const char *which, const double *left, const int *threads, size_t n, int fast_cores)
{
    bool fast[8];
    char got[9] = "";
    places_pick(fast, left, threads, n, fast_cores);
    for (size_t i = 0; i < n; i++)
        got[i] = fast[i] ? 'f' : 's';
    EXPECT_MSG(strcmp(got, which) == 0, "%d fast cores: %s, not %s", fast_cores, got, which);
}

static void places(void)
{
    const double left[] = {3, 9, 1, 7, 5};
    const int ones[] = {1, 1, 1, 1, 1}, pairs[] = {2, 2, 1, 2, 1}, many[] = {1, 8, 1, 1, 1};
    expect_places("sfsfs", left, ones, 5, 2); /* the two longest */
    expect_places("sfsff", left, ones, 5, 3);
    expect_places("fffff", left, ones, 5, 8);
    expect_places("sfsff", left, pairs, 5, 5); /* 9 and 7 take four; the pair of 3 is not split for the fifth */
    expect_places("sfssf", left, pairs, 5, 3); /* no half of 7's pair on the third, but the one thread of 5 */
    expect_places("sfsss", left, many, 5, 4);  /* all four for the longest, which has more threads */
    expect_places("", left, ones, 0, 4);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"kinds", kinds},
        {"cores here", cores_here},
        {"places", places},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
