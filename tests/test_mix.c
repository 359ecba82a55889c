/* A second source of training windows: how many come when, that each source is read as if it were alone, and what is refused. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/data_internal.h"

enum { CTX = 70, N = 4000 };

static struct data_spec facts(void)
{
    struct data_spec s = data_spec_default();
    s.kind = DATA_ZIPF_FACTS;
    return s;
}

/* zipf-facts with the second source, of data.seed 2, so mixed in. */
static struct data *open_mixed(struct data_mix m, size_t unique)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec first = facts(), second = facts();
    second.seed = 2;
    second.unique_tokens = unique;
    EXPECT_OK(data_open(&d, &first, CTX, &err));
    EXPECT_OK(data_mix_in(d, &second, &m, &err));
    return d;
}

/* Which source each of the first n windows is of, as true for the second: those of the first are all in order. */
static void sources(bool *second, const struct data *d, uint64_t seed, size_t n)
{
    struct data_spec first = facts();
    struct err err;
    struct data *alone = NULL;
    int32_t x[CTX], y[CTX], want[CTX];
    uint64_t next = 0;
    EXPECT_OK(data_open(&alone, &first, CTX, &err));
    for (uint64_t i = 0; i < n; i++) {
        data_train(d, x, y, seed, i, 1);
        data_train(alone, x, want, seed, next, 1);
        second[i] = memcmp(y, want, sizeof y) != 0;
        next += !second[i];
    }
    data_close(alone);
}

/* Integrals of weights, by hand and by small steps. */
static void tokens_of_weights(void)
{
    const struct data_mix flat = {.weight = 0.3}, ramp = {.weight = 0.9, .end_weight = 0.1, .tokens = 1000};
    EXPECT(data_mix_tokens(&(struct data_mix){0}, 1e9) == 0 && data_mix_tokens(&(struct data_mix){.weight = 1}, 1e9) == 1e9);
    EXPECT_REL(data_mix_tokens(&flat, 5000), 1500, 1e-12);
    EXPECT_REL(data_mix_tokens(&ramp, 1000), 500, 1e-12);
    EXPECT_REL(data_mix_tokens(&ramp, 3000), 500 + 200, 1e-12);
    for (double at = 0, sum = 0; at < 2000; at += 1) {
        double w = at + 0.5 < 1000 ? 0.9 - 0.8 * (at + 0.5) / 1000 : 0.1;
        sum += w;
        EXPECT_NEAR(data_mix_tokens(&ramp, at + 1), sum, 1e-6);
    }
}

/* At no time more than a window off, whatever the seed; other seeds begin elsewhere. */
static void shares(void)
{
    static bool second[2][N];
    const struct data_mix mixes[] = {{.weight = 0}, {.weight = 0.25}, {.weight = 1}, {.weight = 0.999},
                                     {.weight = 1, .end_weight = 0, .tokens = N / 2 * CTX},
                                     {.weight = 0.1, .end_weight = 0.7, .tokens = N / 3 * CTX + 5}};
    size_t moved = 0;
    for (size_t m = 0; m < sizeof mixes / sizeof *mixes; m++) {
        struct data *d = open_mixed(mixes[m], 0);
        for (uint64_t seed = 1; seed <= 2; seed++) {
            sources(second[seed - 1], d, seed, N);
            size_t count = 0;
            for (size_t i = 0; i < N; i++) {
                double want = data_mix_tokens(&mixes[m], (double)i * CTX) / CTX;
                EXPECT_MSG(fabs((double)count - want) <= 1, "mix %zu: %zu of the first %zu windows, expected %.1f", m, count, i,
                           want);
                count += second[seed - 1][i];
            }
        }
        moved += memcmp(second[0], second[1], N) != 0;
        data_close(d);
    }
    EXPECT_MSG(moved >= 2, "seeds move %zu of the mixtures", moved); /* two have one source alone, others may meet by chance */
}

/* The second source's corpus is gone through epoch by epoch; windows hang on nothing but their index. */
static void second_in_epochs(void)
{
    enum { WINDOWS = 20, EPOCHS = 5 };
    static bool second[WINDOWS * EPOCHS * 4];
    struct data *d = open_mixed((struct data_mix){.weight = 0.25}, WINDOWS * CTX);
    int32_t x[3 * CTX], y[3 * CTX], all[WINDOWS * EPOCHS * 4][CTX], seen[WINDOWS][CTX];
    size_t n = sizeof second, distinct = 0, found = 0;
    sources(second, d, 1, n);
    for (size_t i = n; i-- > 0;)
        data_train(d, x, all[i], 1, i, 1);
    for (size_t i = 0; i + 3 <= n; i += 3) {
        data_train(d, x, y, 1, i, 3);
        EXPECT(memcmp(y, all[i], sizeof y) == 0);
    }
    for (size_t i = 0; i < n; i++) {
        if (!second[i])
            continue;
        bool new = true;
        for (size_t j = 0; j < distinct; j++)
            new = new && memcmp(seen[j], all[i], sizeof all[i]) != 0;
        EXPECT_MSG(new == (found < WINDOWS), "window %zu of the second source is %s", found, new ? "new" : "an old one");
        if (new && distinct < WINDOWS)
            memcpy(seen[distinct++], all[i], sizeof all[i]);
        found++;
    }
    EXPECT(distinct == WINDOWS && found >= WINDOWS * EPOCHS - 1);
    EXPECT_REL(data_second_passes(d, (double)n * CTX), EPOCHS, 1e-12);
    EXPECT(isnan(data_passes(d, 1e6)));
    data_close(d);
}

/* The held-out set, the floor and the vocabulary are the first's; the fingerprint and the name tell of both. */
static void what_stays(void)
{
    struct err err;
    struct data *alone = NULL;
    struct data_spec s = facts();
    int32_t x[CTX], y[CTX], z[CTX];
    const struct data_mix half = {.weight = 0.5}, ramp = {.weight = 0.5, .end_weight = 0.5, .tokens = 10};
    EXPECT_OK(data_open(&alone, &s, CTX, &err));
    struct data *d = open_mixed(half, 0), *same = open_mixed(half, 0), *other = open_mixed(ramp, 0), *cut = open_mixed(half, CTX);
    EXPECT(data_floor(d) == data_floor(alone) && data_vocab(d) == data_vocab(alone));
    EXPECT(data_eval_windows(d) == data_eval_windows(alone) && data_train_tokens(d) == 0);
    for (size_t i = 0; i < 5; i++) {
        data_eval(alone, x, y, i, 1);
        data_eval(d, x, z, i, 1);
        EXPECT(memcmp(y, z, sizeof y) == 0);
    }
    EXPECT(data_fingerprint(d) == data_fingerprint(same) && data_fingerprint(d) != data_fingerprint(alone));
    EXPECT(data_fingerprint(d) != data_fingerprint(other) && data_fingerprint(d) != data_fingerprint(cut));
    EXPECT(strcmp(data_name(d), "zipf-facts+zipf-facts") == 0);
    EXPECT(data_second(alone) == NULL && data_second(d) != NULL);
    struct data *all[] = {alone, d, same, other, cut};
    for (size_t i = 0; i < 5; i++)
        data_close(all[i]);
}

static void put(char *path, const char *name, const void *bytes, size_t n)
{
    struct err err;
    EXPECT_OK(file_join(path, FILE_PATH_MAX, test_tmpdir(), name, &err));
    EXPECT_OK(file_write_atomic(path, bytes, n, &err));
}

/* Of a text that is mixed in all bytes are trained on; one whose end is held out elsewhere is refused. */
static void texts(void)
{
    enum { BYTES = 1000, T = 10 };
    struct err err;
    struct data *d = NULL;
    char a[FILE_PATH_MAX], b[FILE_PATH_MAX], bytes[BYTES];
    bool seen[256] = {false};
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = 'a';
    put(a, "first", bytes, BYTES);
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (char)(i < BYTES - 60 ? 'b' : 'c'); /* what would be held out */
    put(b, "second", bytes, BYTES);
    const char *first[] = {a}, *second[] = {b}, *both[] = {b, a};
    struct data_spec s = data_spec_default(), t = s;
    s.files = first, t.files = second, s.n_files = t.n_files = 1;
    EXPECT_OK(data_open(&d, &s, T, &err));
    t.files = both, t.n_files = 2;
    EXPECT_ERR(data_mix_in(d, &t, &(struct data_mix){.weight = 0.5}, &err), E_DATA, "whose held-out part would be trained on");
    EXPECT(data_second(d) == NULL);
    t.files = second, t.n_files = 1;
    EXPECT_OK(data_mix_in(d, &t, &(struct data_mix){.weight = 0.5}, &err));
    EXPECT(data_n_files(d) == 2 && strcmp(data_file_at(d, 1)->path, b) == 0 && !data_file_at(d, 1)->val);
    EXPECT(data_train_tokens(data_second(d)) == BYTES && data_eval_windows(data_second(d)) == 0);
    EXPECT_REL(data_passes(d, 3600), 2, 1e-12);
    EXPECT_REL(data_second_passes(d, 3600), 1.8, 1e-12);
    for (uint64_t i = 0; i < 400; i++) {
        int32_t x[T], y[T];
        data_train(d, x, y, 1, i, 1);
        seen[x[0]] = seen[y[T - 1]] = true;
    }
    EXPECT(seen['a'] && seen['b'] && seen['c']);
    data_close(d);
    /* with a file to hold out, the first's files are trained on whole, and so may be the second's */
    s.val_files = second, s.n_val_files = 1, t.files = first;
    EXPECT_OK(data_open(&d, &s, T, &err));
    EXPECT_OK(data_mix_in(d, &t, &(struct data_mix){.weight = 0.5}, &err));
    data_close(d);
    EXPECT_OK(data_open(&d, &s, T, &err));
    t.files = second;
    EXPECT_ERR(data_mix_in(d, &t, &(struct data_mix){.weight = 0.5}, &err), E_DATA, "held-out part");
    data_close(d);
}

static void refused(void)
{
    struct err err;
    struct data *d = NULL;
    const struct data_mix half = {.weight = 0.5};
    struct data_spec s = facts(), t = facts();
    EXPECT_OK(data_open(&d, &s, 28, &err));
    t.base = 63;
    EXPECT_ERR(data_mix_in(d, &t, &half, &err), E_CONFIG, "data.mix_source zipf-facts has 64 symbols, data.source zipf-facts 65");
    t = facts(), t.values = 5;
    EXPECT_ERR(data_mix_in(d, &t, &half, &err), E_CONFIG, "data.mix_");
    EXPECT(strstr(err.msg, "model.ctx=28"));
    t = facts(), t.kind = DATA_TEXT;
    EXPECT_ERR(data_mix_in(d, &t, &half, &err), E_CONFIG, "no file or folder");
    t.kind = DATA_MARKOV_MIX, t.walk = 11; /* another language with as many symbols */
    EXPECT_OK(data_mix_in(d, &t, &half, &err));
    EXPECT(strcmp(data_name(d), "zipf-facts+markov-mix") == 0);
    data_close(d);
}

/* What is not in a corpus against the facts that really are not. */
static void unseen(void)
{
    enum { UNIT = 7 };
    struct err err;
    struct data *d = NULL;
    struct data_spec s = facts();
    double want = 0, got = 0;
    s.base = 8, s.unique_tokens = 200 * UNIT; /* 512 facts */
    EXPECT_OK(data_open(&d, &s, UNIT, &err));
    EXPECT_OK(data_unseen(&want, d, &err));
    double *gain = malloc(512 * sizeof *gain);
    CHECK(gain);
    EXPECT_OK(d->source->gains(gain, d, &err));
    data_close(d);
    for (uint64_t trial = 1; trial <= 200; trial++) {
        bool known[513] = {false};
        int32_t x[UNIT], y[UNIT];
        s.seed = trial;
        EXPECT_OK(data_open(&d, &s, UNIT, &err));
        for (uint64_t i = 0; i < 200; i++) {
            data_train(d, x, y, 1, i, 1);
            known[1 + y[0] * 64 + y[1] * 8 + y[2]] = true;
        }
        for (size_t k = 1; k <= 512; k++)
            got += known[k] ? 0 : gain[k - 1] / 200;
        data_close(d);
    }
    EXPECT_REL(got, want, 0.02);
    s.unique_tokens = 0;
    EXPECT_OK(data_open(&d, &s, UNIT, &err));
    EXPECT_OK(data_unseen(&want, d, &err));
    EXPECT(isnan(want));
    data_close(d);
    free(gain);
}

static const struct test tests[] = {
    {"tokens_of_weights", tokens_of_weights}, {"shares", shares}, {"second_in_epochs", second_in_epochs},
    {"what_stays", what_stays},               {"texts", texts},   {"refused", refused},
    {"unseen", unseen},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
