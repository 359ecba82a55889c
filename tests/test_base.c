#include "test.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/count.h"
#include "base/each.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/seal.h"
#include "base/sha256.h"
#include "base/size.h"

static void sizes(void)
{
    size_t n = 7;
    EXPECT(size_mul(&n, 3, 5) && n == 15);
    EXPECT(!size_mul(&n, SIZE_MAX / 2 + 1, 2) && n == 15);
    EXPECT(!size_add(&n, SIZE_MAX, 1) && n == 15);
    EXPECT(size_mul(&n, SIZE_MAX, 0) && n == 0);
}

static void reserves(void)
{
    struct err err;
    int *items = NULL;
    size_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        size_t was = cap;
        EXPECT(size_reserve(&items, &cap, (size_t)i + 1, sizeof *items, "ints", &err) == OK && cap > (size_t)i);
        EXPECT(cap == was || cap >= 2 * was); /* seldom */
        if (!items)
            return;
        items[i] = i;
    }
    bool kept = true;
    for (int i = 0; i < 1000; i++)
        kept &= items[i] == i;
    EXPECT(kept);
    size_t was = cap;
    EXPECT(size_reserve(&items, &cap, SIZE_MAX / 2, sizeof *items, "ints", &err) == E_NOMEM && cap == was);
    EXPECT(size_reserve(&items, &cap, 3, sizeof *items, "ints", &err) == OK && cap == was && items[999] == 999);
    free(items);
}

static void arena(void)
{
    struct err err;
    struct arena plan = arena_plan();
    EXPECT(arena_take(&plan, 3, 4) == NULL);
    EXPECT(arena_floats(&plan, 17) == NULL);
    EXPECT(plan.used_bytes == 64 + 128);
    struct arena a;
    EXPECT_OK(arena_init(&a, plan.used_bytes, &err));
    float *x = arena_take(&a, 3, 4), *y = arena_floats(&a, 17);
    EXPECT((uintptr_t)x % ARENA_ALIGN == 0 && (uintptr_t)y % ARENA_ALIGN == 0);
    EXPECT((unsigned char *)y - (unsigned char *)x == 64);
    arena_free(&a);
    EXPECT(a.base == NULL && a.size_bytes == 0);
    EXPECT_ERR(arena_init(&a, SIZE_MAX / 2, &err), E_NOMEM, "out of memory");
}

static void errors(void)
{
    struct err err;
    EXPECT(err_set(&err, E_CONFIG, "d_model=%d", 3) == E_CONFIG);
    EXPECT(err_wrap(&err, "run %s", "abc") == E_CONFIG);
    EXPECT(strcmp(err.msg, "run abc: d_model=3") == 0);
    EXPECT(status_exit_code(E_CONFIG) == 2 && status_exit_code(E_IO) == 3);
    EXPECT(status_exit_code(E_INTERRUPTED) == 130 && status_exit_code(E_NUMERIC) == 1);
}

static void counts(void)
{
    double v = -1;
    EXPECT(count_parse(&v, "250k") && v == 250e3);
    EXPECT(count_parse(&v, "4M") && v == 4e6);
    EXPECT(count_parse(&v, "1e13") && v == 1e13);
    EXPECT(count_parse(&v, "1.5B") && v == 1.5e9);
    EXPECT(count_parse(&v, "2T") && v == 2e12);
    EXPECT(count_parse(&v, "3P") && v == 3e15);
    EXPECT(count_parse(&v, "5G") && v == 5e9);
    EXPECT(count_parse(&v, "1.5B") && v == 1.5e9);
    static const char *const bad[] = {"", "-3", "nan", "inf", "0x10", "3q", "3kk", "k", "1e999", " 3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT_MSG(!count_parse(&v, bad[i]) && v == 1.5e9, "'%s' was taken for a count", bad[i]);
    EXPECT(count_parse_seconds(&v, "2h") && v == 7200);
    EXPECT(count_parse_seconds(&v, "15m") && v == 900);
    EXPECT(count_parse_seconds(&v, "15min") && v == 900);
    EXPECT(count_parse_seconds(&v, "1.5d") && v == 129600);
    EXPECT(!count_parse_seconds(&v, "1e307d") && !count_parse_seconds(&v, "15k") && v == 129600);
    char buf[32];
    EXPECT(strcmp(count_format(buf, sizeof buf, 262144), "262k") == 0);
    EXPECT(strcmp(count_format(buf, sizeof buf, 999600), "1M") == 0);
    EXPECT(strcmp(count_format(buf, sizeof buf, 1.5e9), "1.5B") == 0);
    EXPECT(strcmp(count_format(buf, sizeof buf, 2.5e12), "2.5T") == 0);
    EXPECT(strcmp(count_format(buf, sizeof buf, 7e15), "7P") == 0);
    EXPECT(strcmp(count_format(buf, sizeof buf, 0), "0") == 0);
    EXPECT(strcmp(count_format_exact(buf, sizeof buf, 4e6), "4M") == 0);
    EXPECT(strcmp(count_format_exact(buf, sizeof buf, 262144), "262144") == 0);
    EXPECT(strcmp(count_format_bytes(buf, sizeof buf, 999), "999 B") == 0);
    EXPECT(strcmp(count_format_bytes(buf, sizeof buf, 999.6), "1 kB") == 0);
    EXPECT(strcmp(count_format_bytes(buf, sizeof buf, 83.25e9), "83.2 GB") == 0);
    EXPECT(strcmp(count_format_bytes(buf, sizeof buf, 999.7e9), "1 TB") == 0);
    EXPECT(strcmp(count_format_seconds(buf, sizeof buf, 75), "1 min 15 s") == 0);
    EXPECT(strcmp(count_format_seconds(buf, sizeof buf, 7325), "2 h 02 min") == 0);
    EXPECT(strcmp(count_format_seconds(buf, sizeof buf, 3599.7), "1 h 00 min") == 0);
    EXPECT(strcmp(count_format_seconds(buf, sizeof buf, 99.5 * 3600), "99 h 30 min") == 0);
    EXPECT(strcmp(count_format_seconds(buf, sizeof buf, 100 * 3600), "4 d 04 h") == 0);
    EXPECT(strcmp(count_format_seconds(buf, sizeof buf, 1e9), "31.7 years") == 0);
    EXPECT(strcmp(count_format_seconds(buf, sizeof buf, 1e300), "3.17e+292 years") == 0);
}

static void rng(void)
{
    struct rng a = rng_make(1, RNG_DATA, 5, 0), b = rng_make(1, RNG_DATA, 6, 0);
    EXPECT(rng_u64(&a) != rng_u64(&b));
    double sum = 0, sum2 = 0;
    enum { N = 200000 };
    for (int i = 0; i < N; i++) {
        double z = rng_normal(&a);
        sum += z;
        sum2 += z * z;
    }
    /* Six standard errors of the mean and of the variance of a normal. */
    EXPECT_NEAR(sum / N, 0.0, 6 / 447.2);
    EXPECT_NEAR(sum2 / N, 1.0, 6 * 1.4142 / 447.2);
    int seen[3] = {0};
    for (int i = 0; i < 3000; i++)
        seen[rng_below(&a, 3)]++;
    for (int i = 0; i < 3; i++)
        EXPECT_NEAR(seen[i], 1000, 160);
}

static void hashes(void)
{
    EXPECT(hash_bytes(HASH_SEED, "abc", 3) != hash_bytes(HASH_SEED, "abd", 3));
    EXPECT(hash_bytes(HASH_SEED, "abc\0", 4) != hash_bytes(HASH_SEED, "abc", 3));
    static const struct {
        const char *text, *hash;
    } known[] = {
        /* FIPS 180-2 appendix B; the empty text; 64 bytes, a whole block */
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"0123456789012345678901234567890123456789012345678901234567890123",
         "9674d9e078535b7cec43284387a6ee39956188e735a85452b0050b55341cda56"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[SHA256_TEXT];
        sha256_text(text, known[i].text, strlen(known[i].text));
        EXPECT(strcmp(text, known[i].hash) == 0);
    }
    EXPECT(hash_bytes(HASH_SEED, "12345678", 8) != hash_bytes(HASH_SEED, "12345679", 8));
}

static void files(void)
{
    struct err err;
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    EXPECT_OK(file_join(dir, sizeof dir, test_tmpdir(), "a/b c", &err));
    EXPECT_OK(file_mkdirs(dir, &err));
    EXPECT_OK(file_mkdirs(dir, &err));
    EXPECT_OK(file_join(path, sizeof path, dir, "x", &err));
    EXPECT_OK(file_write_atomic(path, "one\0two", 7, &err));
    char *data;
    size_t size;
    EXPECT_OK(file_read(&data, &size, path, &err));
    EXPECT(size == 7 && memcmp(data, "one\0two", 8) == 0);
    free(data);
    struct file_list list;
    EXPECT_OK(file_list_dir(&list, dir, &err));
    EXPECT_MSG(list.n == 1, "%zu entries: the temporary file stayed", list.n);
    file_list_free(&list);
    EXPECT_ERR(file_mkdirs(path, &err), E_IO, "exists");
    EXPECT_ERR(file_read(&data, &size, dir, &err), E_DATA, "directory");
    EXPECT_OK(file_join(path, sizeof path, dir, "missing", &err));
    EXPECT_ERR(file_read(&data, &size, path, &err), E_DATA, "No such file");
    EXPECT_ERR(file_write_atomic("/dev/full/x", "", 0, &err), E_IO, "cannot write");
    /* a device is written to and stays one */
    struct stat sb;
    if (stat("/dev/full", &sb) == 0 && S_ISCHR(sb.st_mode)) {
        EXPECT_ERR(file_write_atomic("/dev/full", "x", 1, &err), E_IO, "No space left");
        EXPECT(stat("/dev/full", &sb) == 0 && S_ISCHR(sb.st_mode));
    }
    EXPECT(strcmp(file_basename("/a/b"), "b") == 0 && strcmp(file_basename("b"), "b") == 0);
}

/* Whatever byte of a sealed text is another, it is told; nothing that was cut or lost a byte holds. */
static void seals(void)
{
    static const char plain[] = "{\n\t\"a\":\t1,\n\t\"b\":\t{\n\t\t\"c\":\t2\n\t}\n}";
    struct err err;
    char *text = strdup(plain);
    uint64_t sum;
    EXPECT(seal_check(&sum, text, strlen(text)) == SEAL_NONE);
    EXPECT_OK(seal_add(&text, &err));
    size_t n = strlen(text);
    EXPECT(seal_check(&sum, text, n) == SEAL_HOLDS && strncmp(text, plain, sizeof plain - 3) == 0);
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ 1 << bit);
            EXPECT_MSG(seal_check(&sum, text, n) == SEAL_BROKEN, "bit %d of byte %zu of '%s'", bit, i, text);
            text[i] = (char)(text[i] ^ 1 << bit);
        }
    for (size_t i = 0; i < n; i++) {
        char *less = strdup(text);
        EXPECT(seal_check(&sum, text, i) != SEAL_HOLDS);
        memmove(less + i, less + i + 1, n - i);
        EXPECT_MSG(seal_check(&sum, less, n - 1) != SEAL_HOLDS, "without byte %zu", i);
        free(less);
    }
    free(text);
}

/* What each item got, and who held each thread's place meanwhile. */
struct visits {
    _Atomic int times[300], holders[EACH_THREADS];
    _Atomic size_t shared, beyond;
};

static void visit(void *ctx, size_t i, size_t thread)
{
    struct visits *v = ctx;
    if (!(thread < EACH_THREADS)) {
        v->beyond++;
        return;
    }
    v->shared += v->holders[thread]++ != 0;
    v->times[i]++;
    for (volatile int k = 0; k < 100000; k++) /* long enough for another to come by */
        ;
    v->holders[thread]--;
}

/* Every item once, and a thread's place for one of them at a time. */
static void each(void)
{
    static struct visits v;
    EXPECT(each_threads(0) == 1 && each_threads(1) == 1 && each_threads(300) <= EACH_THREADS);
    each_run(0, visit, &v);
    each_run(1, visit, &v);
    EXPECT(v.times[0] == 1);
    v.times[0] = 0;
    each_run(300, visit, &v);
    for (size_t i = 0; i < 300; i++)
        EXPECT_MSG(v.times[i] == 1, "item %zu: %d times", i, v.times[i]);
    EXPECT(v.shared == 0 && v.beyond == 0);
}

static const struct test tests[] = {
    {"seals", seals}, {"each", each},
    {"sizes", sizes}, {"reserves", reserves}, {"arena", arena}, {"errors", errors}, {"counts", counts},
    {"rng", rng},     {"hashes", hashes}, {"files", files},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
