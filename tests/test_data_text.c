/* Texts: windows, what is held out, cuts and pieces, bytes as tokens, and the bigram that they are held against. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "data/baseline.h"
#include "data/pieces.h"
#include "data_checks.h"

static void put(char *path, const char *name, const void *bytes, size_t n)
{
    struct err err;
    EXPECT_OK(file_join(path, FILE_PATH_MAX, test_tmpdir(), name, &err));
    EXPECT_OK(file_write_atomic(path, bytes, n, &err));
}

static void text_windows(void)
{
    struct err err;
    struct data *d = NULL;
    char path[FILE_PATH_MAX], bytes[1000];
    struct rng *r = test_rng();
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)rng_below(r, 256);
    put(path, "a b.txt", bytes, sizeof bytes);
    const char *files[] = {path};
    struct data_spec s = data_spec_default();
    s.files = files;
    s.n_files = 1;
    s.heldout = DATA_HELDOUT_TAIL;
    EXPECT_OK(data_open(&d, &s, 10, &err));
    if (!d)
        return;
    EXPECT(data_train_tokens(d) == 900 && data_eval_windows(d) == 9 && isnan(data_floor(d)));
    EXPECT(strcmp(data_name(d), "a b.txt") == 0);
    check_stateless(d);
    /* Two epochs of 89 windows: each visits disjoint windows, all at one offset. */
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        int seen[900] = {0}, offset = -1;
        for (uint64_t i = 0; i < 89; i++) {
            int32_t x[10], y[10];
            data_train(d, x, y, 1, epoch * 89 + i, 1);
            int at = 0;
            for (int k = 0; at + 11 <= 900; at++) {
                for (k = 0; k < 10 && x[k] == (unsigned char)bytes[at + k]; k++)
                    ;
                if (k == 10)
                    break;
            }
            EXPECT(at + 11 <= 900 && y[9] == (unsigned char)bytes[at + 10]);
            offset = offset < 0 ? at % 10 : offset;
            EXPECT(at % 10 == offset && seen[at]++ == 0);
        }
    }
    data_close(d);
}

static void text_errors(void)
{
    struct err err;
    struct data *d;
    char path[FILE_PATH_MAX], missing[FILE_PATH_MAX];
    put(path, "short", "0123456789", 10);
    const char *files[] = {path, path};
    struct data_spec s = data_spec_default();
    s.files = files;
    EXPECT_ERR(data_open(&d, &s, 4, &err), E_CONFIG, "data.files");
    s.n_files = 2;
    EXPECT_ERR(data_open(&d, &s, 4, &err), E_DATA, "given twice");
    s.n_files = 1;
    EXPECT_ERR(data_open(&d, &s, 4, &err), E_DATA, "short: too short");
    put(path, "empty", "", 0);
    EXPECT_ERR(data_open(&d, &s, 4, &err), E_DATA, "empty is empty");
    EXPECT_OK(file_join(missing, sizeof missing, test_tmpdir(), "gone", &err));
    files[0] = missing;
    EXPECT_ERR(data_open(&d, &s, 4, &err), E_DATA, "gone");
}

/* By hand: in "aabab" a is followed by a once and by b twice, b by a once. So p(b|a) = 3/259, p(a|a) = 2/259,
 * p(a|b) = 2/257, p(b|b) = 1/257, and after a byte that was never seen everything has p = 1/256. */
static void bigram(void)
{
    static const unsigned char train[] = "aabab", high[] = {0xFF, 0x00, 0xFF, 0x00};
    struct err err;
    double nats;
    EXPECT_OK(baseline_bigram(&nats, train, 5, (const unsigned char *)"abba", 4, &err));
    EXPECT_NEAR(nats, 4.954406921, 1e-8); /* (ln 259/3 + ln 257/1 + ln 257/2) / 3 */
    EXPECT_OK(baseline_bigram(&nats, train, 5, (const unsigned char *)"aa", 2, &err));
    EXPECT_NEAR(nats, 4.863680881, 1e-8); /* ln 259/2 */
    EXPECT_OK(baseline_bigram(&nats, train, 5, (const unsigned char *)"xa", 2, &err));
    EXPECT_NEAR(nats, 5.545177444, 1e-8); /* ln 256 */
    EXPECT_OK(baseline_bigram(&nats, train, 1, (const unsigned char *)"ab", 2, &err));
    EXPECT_NEAR(nats, 5.545177444, 1e-8); /* one byte has no pair */
    EXPECT_OK(baseline_bigram(&nats, high, 4, high, 3, &err));
    /* 0xFF to 0: 3/258; 0 to 0xFF: 2/257 */
    EXPECT_NEAR(nats, (log(258 / 3.0) + log(257 / 2.0)) / 2, 1e-12);
}

/* Of a text only its first bytes are left to train on. */
static void text_is_cut(void)
{
    struct err err;
    struct data *d = NULL;
    char path[FILE_PATH_MAX], bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i < 200 ? 'a' : 'b');
    put(path, "two halves", bytes, sizeof bytes);
    const char *files[] = {path};
    struct data_spec s = data_spec_default();
    s.files = files;
    s.n_files = 1;
    s.heldout = DATA_HELDOUT_TAIL;
    s.unique_tokens = 200;
    EXPECT_OK(data_open(&d, &s, 10, &err));
    if (!d)
        return;
    EXPECT(data_train_tokens(d) == 200 && data_eval_windows(d) == 9);
    for (uint64_t i = 0; i < 60; i++) {
        int32_t x[10], y[10];
        data_train(d, x, y, 1, i, 1);
        EXPECT(x[0] == 'a' && y[9] == 'a');
    }
    data_close(d);
    s.unique_tokens = 901;
    EXPECT_ERR(data_open(&d, &s, 10, &err), E_CONFIG, "data.unique_tokens=901: the training text has only 900 bytes");
    s.unique_tokens = 10;
    EXPECT_ERR(data_open(&d, &s, 10, &err), E_DATA, "too short, 10 training bytes");
}

/* Blocks lie in their own parts, whole and apart, and make up the total; those of everything are the parts. */
static void blocks(void)
{
    static const size_t cases[][3] = {{100, 10, 1}, {1000003, 100000, 24}, {4096, 4096, 1},
                                      {77, 77, 7},  {50000, 49999, 3},     {12, 5, 5}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        size_t size = cases[c][0], total = cases[c][1], n = cases[c][2], end = 0, sum = 0, least = size;
        for (size_t i = 0; i < n; i++) {
            struct piece b = pieces_block(size, total, n, i);
            EXPECT(b.at >= end && b.n >= total / n && b.n <= total / n + 1);
            least = i ? size_min(least, b.at - end) : least;
            end = b.at + b.n, sum += b.n;
        }
        EXPECT(sum == total && end <= size);
        if (total < size / 9)
            EXPECT(n == 1 || least >= 4 * total / n);
    }
    EXPECT(pieces_count(3, 4096) == 1 && pieces_count(8191, 4096) == 1 && pieces_count(8192, 4096) == 2);
}

enum { LONG_FILE = 100000, SHORT_FILE = 60 };

/* Bytes that tell where they stand: four to a number, each with its own two top bits. */
static char place_byte(size_t i)
{
    size_t g = i / 4, part = i % 4;
    return (char)(part << 6 | (g >> 6 * part & 63));
}

/* Where a window with its last target stands; -1 where it is not one stretch of the file. */
static long place_of(const int32_t *x, const int32_t *y, size_t ctx)
{
    size_t k = 0;
    while (x[k] >> 6 != 0)
        k++;
    long g = (x[k] & 63) | (long)(x[k + 1] & 63) << 6 | (long)(x[k + 2] & 63) << 12, at = 4 * g - (long)k;
    for (k = 0; k <= ctx && at >= 0; k++)
        if ((k < ctx ? x[k] : y[ctx - 1]) != (unsigned char)place_byte((size_t)at + k))
            return -1;
    return at;
}

/* Marks the bytes of the held-out windows 1; returns how many windows are no text of the file. */
static size_t mark_held(char *mark, const struct data *d)
{
    int32_t x[64], y[64];
    size_t astray = 0, ctx = data_ctx(d);
    for (size_t i = 0; i < data_eval_windows(d); i++) {
        data_eval(d, x, y, i, 1);
        long at = place_of(x, y, ctx);
        astray += at < 0;
        for (size_t k = 0; k <= ctx && at >= 0; k++) {
            EXPECT(k == 0 || k == ctx || mark[at + (long)k] == 0);
            mark[at + (long)k] = 1;
        }
    }
    return astray;
}

/* Held-out blocks are spread over a long file: nothing that is trained on is held out, windows are text of one piece, an
 * epoch sees each place once, and all that is left is seen in the long run. */
static void text_spread(void)
{
    enum { WINDOW = 31, EPOCHS = 60 };
    struct err err;
    struct data *d = NULL, *tail = NULL;
    char path[FILE_PATH_MAX], *bytes = malloc(LONG_FILE), *mark = calloc(1, LONG_FILE), *seen = calloc(1, LONG_FILE);
    size_t quarters[4] = {0}, unseen = 0;
    int32_t x[WINDOW], y[WINDOW];
    for (size_t i = 0; i < LONG_FILE; i++)
        bytes[i] = place_byte(i);
    put(path, "long", bytes, LONG_FILE);
    const char *files[] = {path};
    struct data_spec s = data_spec_default();
    s.files = files;
    s.n_files = 1;
    EXPECT(s.heldout == DATA_HELDOUT_SPREAD);
    EXPECT_OK(data_open(&d, &s, WINDOW, &err));
    s.heldout = DATA_HELDOUT_TAIL;
    EXPECT_OK(data_open(&tail, &s, WINDOW, &err));
    EXPECT(data_train_tokens(d) == 9 * LONG_FILE / 10 && data_train_tokens(tail) == 9 * LONG_FILE / 10);
    EXPECT(data_fingerprint(d) != data_fingerprint(tail));
    check_stateless(d);
    EXPECT(mark_held(mark, d) == 0);
    EXPECT(data_eval_windows(d) >= LONG_FILE / 10 / WINDOW - 4); /* two blocks */
    for (size_t i = 0; i < LONG_FILE; i++)
        quarters[4 * i / LONG_FILE] += (size_t)mark[i];
    EXPECT(quarters[0] + quarters[1] > 4500 && quarters[2] + quarters[3] > 4500);
    uint64_t windows = 0;
    for (size_t end = 0; windows < 4000 && !end; windows++) { /* an epoch ends where a place comes again */
        data_train(d, x, y, 1, windows, 1);
        long at = place_of(x, y, WINDOW);
        EXPECT(at >= 0);
        end = at < 0 || seen[at];
        for (size_t k = 0; k < WINDOW && !end; k++)
            EXPECT(seen[at + (long)k]++ == 0);
    }
    windows--;
    EXPECT(windows >= 9 * LONG_FILE / 10 / WINDOW - 6 && windows <= 9 * LONG_FILE / 10 / WINDOW);
    for (uint64_t i = windows; i < EPOCHS * windows; i++) {
        data_train(d, x, y, 1, i, 1);
        long at = place_of(x, y, WINDOW);
        EXPECT(at >= 0);
        for (size_t k = 0; k <= WINDOW && at >= 0; k++) {
            EXPECT(mark[at + (long)k] == 0);
            seen[at + (long)k] = 1;
        }
    }
    for (size_t i = 0; i < LONG_FILE; i++)
        unseen += !seen[i] && !mark[i];
    EXPECT_MSG(unseen < LONG_FILE / 100, "%zu bytes are neither held out nor seen", unseen);
    data_close(d);
    data_close(tail);
    free(bytes), free(mark), free(seen);
}

/* Short files lose a tenth each, and their pieces go together where a window is longer. */
static void text_spread_short(void)
{
    enum { FILES = 20, WINDOW = 33 };
    struct err err;
    struct data *d = NULL;
    char paths[FILES][FILE_PATH_MAX], name[16], bytes[SHORT_FILE];
    const char *files[FILES];
    size_t counts[FILES] = {0};
    for (size_t i = 0; i < FILES; i++) {
        memset(bytes, (int)i, sizeof bytes);
        snprintf(name, sizeof name, "part%02zu", i);
        put(paths[i], name, bytes, sizeof bytes);
        files[i] = paths[i];
    }
    struct data_spec s = data_spec_default();
    s.files = files;
    s.n_files = FILES;
    EXPECT_OK(data_open(&d, &s, WINDOW, &err));
    if (!d)
        return;
    EXPECT(data_train_tokens(d) == FILES * SHORT_FILE * 9 / 10 && data_eval_windows(d) == (FILES * SHORT_FILE / 10 - 1) / WINDOW);
    for (size_t i = 0; i < data_eval_windows(d); i++) {
        int32_t x[WINDOW], y[WINDOW];
        data_eval(d, x, y, i, 1);
        for (size_t k = 0; k < WINDOW; k++)
            counts[x[k]]++;
    }
    for (size_t i = 0; i < FILES; i++)
        EXPECT(counts[i] <= SHORT_FILE / 10);
    data_close(d);
}

/* unique_tokens are spread over the corpus too; all of them are what there is without the cut. */
static void text_spread_cut(void)
{
    struct err err;
    struct data *d = NULL, *whole = NULL;
    char path[FILE_PATH_MAX], *bytes = malloc(LONG_FILE);
    size_t halves[2] = {0};
    int32_t x[20], y[20];
    for (size_t i = 0; i < LONG_FILE; i++)
        bytes[i] = i < LONG_FILE / 2 ? 'a' : 'b';
    put(path, "halves", bytes, LONG_FILE);
    const char *files[] = {path};
    struct data_spec s = data_spec_default();
    s.files = files;
    s.n_files = 1;
    s.unique_tokens = 10000;
    EXPECT_OK(data_open(&d, &s, 20, &err));
    EXPECT(data_train_tokens(d) == 10000);
    for (uint64_t i = 0; i < 498; i++) {
        data_train(d, x, y, 1, i, 1);
        halves[x[0] == 'b']++;
        EXPECT(x[0] == y[19]); /* no window from one block into the next */
    }
    EXPECT(halves[0] > 200 && halves[1] > 200);
    data_close(d);
    s.unique_tokens = 90000;
    EXPECT_OK(data_open(&d, &s, 20, &err));
    s.unique_tokens = 0;
    EXPECT_OK(data_open(&whole, &s, 20, &err));
    EXPECT(data_fingerprint(d) == data_fingerprint(whole));
    data_close(d), data_close(whole);
    free(bytes);
}

/* A byte stands for itself; a language's symbol for no text. */
static void bytes_of_tokens(void)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = facts_spec();
    char path[FILE_PATH_MAX], text[200];
    const char *files[] = {path};
    int32_t *tokens;
    size_t n = 9;
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    EXPECT(data_token_bytes(d, 3, &n) == NULL && n == 0);
    EXPECT_ERR(data_encode(&tokens, &n, d, "ab", 2, &err), E_DATA, "nothing says how a text becomes its tokens");
    data_close(d);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 7);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "t.txt", &err));
    EXPECT_OK(file_write_atomic(path, text, sizeof text, &err));
    s = data_spec_default();
    s.files = files;
    s.n_files = 1;
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    EXPECT(data_token_bytes(d, 256, &n) == NULL && data_token_bytes(d, -1, &n) == NULL && n == 0);
    for (int32_t i = 0; i < 256; i++) {
        const unsigned char *b = data_token_bytes(d, i, &n);
        EXPECT(b && n == 1 && *b == i);
    }
    EXPECT_OK(data_encode(&tokens, &n, d, "a\xff\0", 3, &err));
    EXPECT(n == 3 && tokens[0] == 'a' && tokens[1] == 255 && tokens[2] == 0);
    free(tokens);
    data_close(d);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"bytes_of_tokens", bytes_of_tokens},
        {"blocks", blocks},
        {"text_spread", text_spread},
        {"text_spread_short", text_spread_short},
        {"text_spread_cut", text_spread_cut},
        {"text_windows", text_windows},
        {"text_errors", text_errors},
        {"text_is_cut", text_is_cut},
        {"bigram", bigram},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
