/* Files of tokens: formats, parts, faults, and what a large file costs. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/data_internal.h"
#include "data/tokenisers/bpe.h"
#include "data/tokens_parts.h"

enum { CTX = 30, N = 60000, VOCAB = 300 };

static const char *in_tmp(char *path, const char *name)
{
    struct err err;
    EXPECT_OK(file_join(path, FILE_PATH_MAX, test_tmpdir(), name, &err));
    return path;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    struct err err;
    EXPECT_OK(file_write_atomic(path, bytes, n, &err));
}

/* Tokens of a walk, so that windows differ. */
static void walk(int32_t *tokens, size_t n, int32_t vocab)
{
    struct rng r = rng_make(5, 0, 0, 0);
    for (size_t i = 0; i < n; i++)
        tokens[i] = (int32_t)((i ? tokens[i - 1] + (int32_t)rng_below(&r, 9) : 0) % vocab);
}

static size_t put(unsigned char *p, const int32_t *tokens, size_t n, size_t width)
{
    for (size_t i = 0; i < n * width; i++)
        p[i] = (unsigned char)((uint32_t)tokens[i / width] >> 8 * (i % width));
    return n * width;
}

/* The header of a .npy array of n elements. */
static size_t put_npy(unsigned char *p, unsigned version, const char *descr, size_t n)
{
    char dict[160];
    size_t in_front = version == 1 ? 10 : 12;
    int used = snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }", descr, n);
    size_t length = (in_front + (size_t)used + 1 + 63) / 64 * 64 - in_front;
    memset(dict + used, ' ', length - (size_t)used);
    dict[length - 1] = '\n';
    memcpy(p, "\x93NUMPY", 6);
    p[6] = (unsigned char)version;
    p[7] = 0;
    for (size_t i = 8; i < in_front; i++)
        p[i] = (unsigned char)(length >> 8 * (i - 8));
    memcpy(p + in_front, dict, length);
    return in_front + length;
}

static size_t put_llmc(unsigned char *p, int32_t magic, int32_t version, size_t n)
{
    const int32_t words[3] = {magic, version, (int32_t)n};
    memset(p, 0, 1024);
    put(p, words, 3, 4);
    return 1024;
}

static struct data_spec spec_of(const char *const *files, size_t n)
{
    struct data_spec s = data_spec_default();
    s.kind = DATA_TOKENS;
    s.files = files;
    s.n_files = n;
    s.eval_tokens = 3000;
    return s;
}

/* A hash of training windows of two epochs and of all held-out ones. */
static uint64_t windows_hash(const struct data_spec *s)
{
    struct err err;
    struct data *d = NULL;
    int32_t x[CTX], y[CTX];
    uint64_t h = 1;
    EXPECT_OK(data_open(&d, s, CTX, &err));
    if (!d)
        return 0;
    for (uint64_t i = 0; i < 2 * N / CTX; i++) {
        data_train(d, x, y, 3, i, 1);
        for (size_t j = 0; j < CTX; j++)
            h = rng_mix(h ^ (uint64_t)(x[j] + 1000 * y[j]));
    }
    for (size_t i = 0; i < data_eval_windows(d); i++) {
        data_eval(d, x, y, i, 1);
        for (size_t j = 0; j < CTX; j++)
            h = rng_mix(h ^ (uint64_t)(x[j] + 1000 * y[j]));
    }
    h = rng_mix(h ^ data_fingerprint(d) ^ data_train_tokens(d));
    EXPECT_OK(data_fault(d, &err));
    data_close(d);
    return h;
}

/* The same tokens in every format, and in shards of different ones, are the same windows and the same fingerprint. */
static void formats(void)
{
    int32_t *tokens = malloc(N * sizeof *tokens);
    unsigned char *p = malloc(4 * N + 2048);
    char path[FILE_PATH_MAX], more[2][FILE_PATH_MAX];
    const char *files[3] = {in_tmp(path, "t"), in_tmp(more[0], "u"), in_tmp(more[1], "v")};
    struct data_spec s = spec_of(files, 1), three = spec_of(files, 3);
    walk(tokens, N, VOCAB);
    write_file(path, p, put(p, tokens, N, 2));
    uint64_t want = windows_hash(&s);
    const struct {
        const char *descr;
        size_t width;
    } arrays[] = {{"<u2", 2}, {"<u4", 4}, {"<i4", 4}};
    for (size_t i = 0; i < 3; i++)
        for (unsigned version = 1; version <= 3; version++) {
            size_t n = put_npy(p, version, arrays[i].descr, N);
            write_file(path, p, n + put(p + n, tokens, N, arrays[i].width));
            EXPECT_MSG(windows_hash(&s) == want, "%s, version %u", arrays[i].descr, version);
        }
    for (size_t wide = 0; wide < 2; wide++) {
        put_llmc(p, wide ? 20240801 : 20240520, wide ? 7 : 1, N);
        write_file(path, p, 1024 + put(p + 1024, tokens, N, wide ? 4 : 2));
        EXPECT_MSG(windows_hash(&s) == want, "llm.c, wide %zu", wide);
    }
    put_llmc(p, 20240520, 1, 777);
    write_file(path, p, 1024 + put(p + 1024, tokens, 777, 2));
    size_t n = put_npy(p, 1, "<i4", 20001);
    write_file(more[0], p, n + put(p + n, tokens + 777, 20001, 4));
    write_file(more[1], p, put(p, tokens + 20778, N - 20778, 2));
    EXPECT(windows_hash(&three) == want);
    s.vocab = VOCAB;
    write_file(path, p, put(p, tokens, N, 2));
    EXPECT(windows_hash(&s) == want); /* what was counted before */
    free(tokens);
    free(p);
}

/* Bytes as tokens are the text: the same windows for each way of holding out and of cutting. */
static void as_text(void)
{
    static const size_t unique[] = {0, 20000};
    int32_t *tokens = malloc(N * sizeof *tokens);
    unsigned char *p = malloc(2 * N);
    char text[FILE_PATH_MAX], bin[FILE_PATH_MAX];
    const char *texts[] = {in_tmp(text, "t.txt")}, *bins[] = {in_tmp(bin, "t.bin")};
    walk(tokens, N, 256);
    for (size_t i = 0; i < N; i++)
        p[i] = (unsigned char)tokens[i];
    write_file(text, p, N);
    write_file(bin, p, put(p, tokens, N, 2));
    for (size_t i = 0; i < 4; i++) {
        struct err err;
        struct data *d[2] = {NULL, NULL};
        int32_t x[2][CTX], y[2][CTX];
        struct data_spec s = spec_of(bins, 1);
        s.heldout = i & 1 ? DATA_HELDOUT_TAIL : DATA_HELDOUT_SPREAD;
        s.unique_tokens = unique[i >> 1];
        EXPECT_OK(data_open(&d[0], &s, CTX, &err));
        s.kind = DATA_TEXT;
        s.files = texts;
        EXPECT_OK(data_open(&d[1], &s, CTX, &err));
        if (!d[0] || !d[1])
            break;
        EXPECT(data_train_tokens(d[0]) == data_train_tokens(d[1]) && data_eval_windows(d[0]) == data_eval_windows(d[1]));
        for (uint64_t j = 0; j < N / CTX * 2; j++) {
            for (size_t k = 0; k < 2; k++)
                data_train(d[k], x[k], y[k], 9, j, 1);
            EXPECT(memcmp(x[0], x[1], sizeof *x) == 0 && memcmp(y[0], y[1], sizeof *y) == 0);
        }
        for (size_t j = 0; j < data_eval_windows(d[0]); j++) {
            for (size_t k = 0; k < 2; k++)
                data_eval(d[k], x[k], y[k], j, 1);
            EXPECT(memcmp(x[0], x[1], sizeof *x) == 0 && memcmp(y[0], y[1], sizeof *y) == 0);
        }
        data_close(d[0]);
        data_close(d[1]);
    }
    free(tokens);
    free(p);
}

static void refused(const char *path, const void *bytes, size_t n, size_t vocab, const char *why)
{
    struct err err;
    struct data *d = NULL;
    const char *files[] = {path};
    struct data_spec s = spec_of(files, 1);
    s.vocab = vocab;
    write_file(path, bytes, n);
    EXPECT_ERR(data_open(&d, &s, CTX, &err), E_DATA, why);
    EXPECT_MSG(strstr(err.msg, path) != NULL, "no file in '%s'", err.msg);
    data_close(d);
}

static void faults(void)
{
    int32_t *tokens = malloc(N * sizeof *tokens);
    unsigned char *p = calloc(4 * N + 2048, 1);
    char path[FILE_PATH_MAX];
    in_tmp(path, "bad.bin");
    walk(tokens, N, VOCAB);
    size_t bytes = put(p, tokens, N, 2);
    refused(path, p, bytes - 1, 0, "119999 bytes, an odd number");
    refused(path, p, bytes, VOCAB - 1, "beyond data.vocab=299");
    tokens[5000] = 40000;
    bytes = put(p, tokens, N, 2);
    refused(path, p, bytes, VOCAB, "token 5000 is 40000, beyond data.vocab=300");
    memset(p, 'x', 4096);
    refused(path, p, 4096, 0, "it holds text, not tokens");
    walk(tokens, N, VOCAB);
    put(p + 1024, tokens, 3000, 2);
    put_llmc(p, 20240520, 1, 3000);
    refused(path, p, 800, 0, "800 bytes, where the header");
    refused(path, p, 7023, 0, "it was cut off");
    refused(path, p, 7026, 0, "it goes on");
    put_llmc(p, 20240520, 2, 3000);
    refused(path, p, 7024, 0, "version 2 of an llm.c shard");
    put_llmc(p, 20240801, 1, 3000);
    refused(path, p, 7024, 0, "version 1 of an llm.c shard");
    put_llmc(p, 20240521, 1, 3000);
    refused(path, p, 7024, 0, "not its magic: 20240521");
    put_llmc(p, 12, 1, 3000);
    refused(path, p, 7024, 0, "not its magic: 12");
    put_llmc(p, 20240328, 2, 3000);
    refused(path, p, 7024, 0, "it holds a tokeniser");
    put_llmc(p, 20240520, 1, (size_t)-5);
    refused(path, p, 7024, 0, "its header says that it holds -5 tokens");
    size_t n = put_npy(p, 1, "<u2", 3000);
    put(p + n, tokens, 3000, 2);
    refused(path, p, n + 5999, 0, "it was cut off");
    refused(path, p, n + 6001, 0, "it goes on");
    refused(path, p, n - 1, 0, "bytes, and");
    refused(path, p, 9, 0, "within the header of a .npy");
    p[6] = 4;
    refused(path, p, n + 6000, 0, "version 4 of .npy");
    n = put_npy(p, 1, "<f4", 3000);
    refused(path, p, n + 12000, 0, "an array of '<f4'");
    n = put_npy(p, 1, ">u2", 3000);
    refused(path, p, n + 6000, 0, "an array of '>u2'");
    n = put_npy(p, 2, "<i4", 3000);
    tokens[7] = -3;
    put(p + n, tokens, 3000, 4);
    refused(path, p, n + 12000, 0, "token 7 is below 0");
    n = put_npy(p, 1, "<u2", 3000);
    memcpy(strchr((char *)p + 10, '('), "(30,100),", 9);
    refused(path, p, n + 6000, 0, "an array of 2 dimensions");
    free(tokens);
    free(p);
}

static void paths(void)
{
    struct err err;
    struct data *d = NULL;
    char path[FILE_PATH_MAX], absent[FILE_PATH_MAX];
    const char *files[] = {path};
    struct data_spec s = spec_of(files, 1);
    snprintf(path, sizeof path, "%s", test_tmpdir());
    EXPECT_ERR(data_open(&d, &s, CTX, &err), E_DATA, "is a folder");
    in_tmp(path, "empty.bin");
    write_file(path, "", 0);
    EXPECT_ERR(data_open(&d, &s, CTX, &err), E_DATA, "is empty");
    in_tmp(path, "none_*.bin");
    EXPECT_ERR(data_open(&d, &s, CTX, &err), E_DATA, "no file has such a name");
    in_tmp(path, "none.bin");
    EXPECT_ERR(data_open(&d, &s, CTX, &err), E_DATA, "No such file");
    write_file(path, "\1\0\2\0", 4);
    EXPECT_ERR(data_open(&d, &s, CTX, &err), E_DATA, "too short");
    s.tokeniser = in_tmp(absent, "absent.json");
    EXPECT_ERR(data_open(&d, &s, CTX, &err), E_DATA, "data.tokeniser: ");
}

/* A file of 10 GB with nothing in it but its last token. */
static void large(void)
{
    struct err err;
    struct data *d = NULL;
    char path[FILE_PATH_MAX];
    const char *files[] = {in_tmp(path, "large.bin")};
    struct data_spec s = spec_of(files, 1);
    struct rusage before, after;
    int32_t x[CTX], y[CTX];
    const size_t size = 10000000000;
    if (test_emulated()) {
        test_skip("an emulator keeps a word for each page of 10 GB, and looks at all of them");
        return;
    }
    FILE *f = fopen(path, "wb");
    if (!f || fseeko(f, (off_t)size - 2, SEEK_SET) != 0 || fwrite("\7\1", 1, 2, f) != 2 || fclose(f) != 0) {
        test_skip("no sparse file of 10 GB can be made here");
        return;
    }
    s.vocab = 300;
    getrusage(RUSAGE_SELF, &before);
    double began = clock_now_s();
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    double took = clock_now_s() - began;
    if (!d)
        return;
    for (uint64_t i = 0; i < 2000; i++)
        data_train(d, x, y, 1, i, 1);
    EXPECT_OK(data_fault(d, &err));
    getrusage(RUSAGE_SELF, &after);
    EXPECT_MSG(after.ru_maxrss - before.ru_maxrss < 60000, "%ld kB more", after.ru_maxrss - before.ru_maxrss);
    EXPECT_MSG(took < 20, "%.1f s", took);
    printf("    10 GB: %.2f s, %ld kB\n", took, after.ru_maxrss - before.ru_maxrss);
    EXPECT(data_train_tokens(d) == size / 2 - size / 20);
    data_close(d);
    s.heldout = DATA_HELDOUT_TAIL;
    s.vocab = 263; /* its last token is looked at, with the other places */
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    data_close(d);
    unlink(path);
}

/* Beyond the vocabulary where nobody looked: named when it is drawn. */
static void found_late(void)
{
    struct err err;
    struct data *d = NULL;
    char path[FILE_PATH_MAX];
    const char *files[] = {in_tmp(path, "late.bin")};
    struct data_spec s = spec_of(files, 1);
    int32_t x[CTX], y[CTX];
    unsigned char many[8192];
    FILE *f = fopen(path, "wb");
    memset(many, 1, sizeof many); /* 257 */
    for (int i = 0; i < 400 && f; i++) /* in the gaps of what is looked at */
        if (fseeko(f, (off_t)i * 1000000 + 500000, SEEK_SET) != 0 || fwrite(many, 1, sizeof many, f) != sizeof many)
            break;
    if (!f || fseeko(f, 400000000, SEEK_SET) != 0 || fwrite("\7\0", 1, 2, f) != 2 || fclose(f) != 0) {
        test_skip("no sparse file can be made here");
        return;
    }
    s.vocab = 257;
    s.heldout = DATA_HELDOUT_TAIL;
    s.eval_tokens = 60;
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    if (!d)
        return;
    enum status st = OK;
    for (uint64_t i = 0; i < 20000 && st == OK; i++) {
        data_train(d, x, y, 1, i, 1);
        for (size_t j = 0; j < CTX; j++)
            EXPECT(x[j] >= 0 && x[j] < 257 && y[j] >= 0 && y[j] < 257);
        st = data_fault(d, &err);
    }
    EXPECT(st == E_DATA && strstr(err.msg, "late.bin") && strstr(err.msg, "is 257, beyond data.vocab=257"));
    data_close(d);
    unlink(path);
}

/* Blocks of a part are of it, ascend and never touch what is held out. */
static void parts(void)
{
    for (size_t size = 500; size < 3000000; size = size * 7 / 2 + 13) {
        struct part train = {0}, held = {0};
        struct err err;
        struct data_spec s = data_spec_default();
        s.unique_tokens = size > 100000 ? size / 3 : 0;
        EXPECT_OK(parts_make(&train, &held, size, &s, CTX, &err));
        EXPECT(held.total == size / 10 && train.total == (s.unique_tokens ? s.unique_tokens : size - size / 10));
        for (size_t i = 0, j = 0; i < train.n; i++) {
            const struct stretch *a = &train.items[i];
            EXPECT(a->at + a->n <= size && a->start == (i ? a[-1].start + a[-1].n : 0) && (i == 0 || a->at >= a[-1].at + a[-1].n));
            for (; j < held.n && held.items[j].at + held.items[j].n <= a->at; j++)
                ;
            EXPECT(j == held.n || held.items[j].at >= a->at + a->n);
        }
        part_free(&train);
        part_free(&held);
    }
}

static enum status learn_from(struct tokeniser *t, const char *text, size_t n_merges, struct err *err)
{
    struct pretokens w = {0};
    *t = (struct tokeniser){0};
    enum status st = pretokens_count(&w, (const unsigned char *)text, strlen(text), err);
    if (st == OK)
        st = bpe_learn(t, &w, n_merges, err);
    pretokens_free(&w);
    return st;
}

/* Bits per byte of tokens of a known length, and none where one has no bytes. */
static void bytes_per_token(void)
{
    struct err err;
    struct tokeniser t;
    struct data *d = NULL;
    int32_t tokens[2000], *ids;
    unsigned char p[4000];
    char path[FILE_PATH_MAX], json[FILE_PATH_MAX];
    const char *files[] = {in_tmp(path, "t.bin")};
    size_t n;
    struct data_spec s = spec_of(files, 1);
    EXPECT_OK(learn_from(&t, "abab abab", 2, &err)); /* 256: ab, 257: abab */
    EXPECT_OK(tokeniser_add(&t, "<|end|>", 7, true, &err));
    EXPECT_OK(tokeniser_write(&t, in_tmp(json, "tokenizer.json"), &err));
    tokeniser_free(&t);
    for (size_t i = 0; i < 2000; i++)
        tokens[i] = 255 + (int32_t)(i % 4); /* 1, 2, 4 and 0 bytes */
    write_file(path, p, put(p, tokens, 2000, 2));
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    if (!d)
        return;
    EXPECT(data_vocab(d) == 259);
    EXPECT_NEAR(data_bytes_per_token(d), 7.0 / 4, 0.1);
    EXPECT(data_token_bytes(d, 258, &n) != NULL && n == 0);
    const unsigned char *b = data_token_bytes(d, 257, &n);
    EXPECT(b && n == 4 && memcmp(b, "abab", 4) == 0);
    EXPECT_OK(data_encode(&ids, &n, d, "ababab", 6, &err));
    EXPECT(n == 2 && ids[0] == 257 && ids[1] == 256);
    free(ids);
    data_close(d);
    s.vocab = 300; /* padded */
    tokens[1990] = 280;
    write_file(path, p, put(p, tokens, 2000, 2));
    s.heldout = DATA_HELDOUT_TAIL;
    s.eval_tokens = 1000;
    EXPECT_OK(data_open(&d, &s, 9, &err));
    EXPECT(d && isnan(data_bytes_per_token(d)));
    data_close(d);
    s.vocab = 0;
    EXPECT_ERR(data_open(&d, &s, CTX, &err), E_DATA, "token 1990 is 280, beyond the 259 tokens of");
    s.tokeniser = "none";
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    EXPECT(d && data_vocab(d) == 281 && isnan(data_bytes_per_token(d)));
    data_close(d);
}

static const struct test tests[] = {
    {"formats", formats}, {"as_text", as_text}, {"faults", faults},         {"paths", paths},
    {"large", large},     {"found_late", found_late}, {"parts", parts}, {"bytes_per_token", bytes_per_token},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
