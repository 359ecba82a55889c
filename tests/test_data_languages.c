/* The languages: their windows under their own laws, floors, ranges of their numbers, and marks. */
#include "test.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_internal.h"
#include "data_checks.h"

enum { N = 4000 };

static void facts_floor(void)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = facts_spec();
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    if (!d)
        return;
    EXPECT_NEAR(data_floor(d), 0.683999, 5e-7);
    EXPECT(data_vocab(d) == 65 && data_ctx(d) == CTX && data_train_tokens(d) == 0);
    /* 4 H_eps = 7 E - H_K, so H_K follows from the floor without noise. */
    data_close(d);
    s.eps = 0;
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    EXPECT_NEAR(7 * data_floor(d), 3.187479, 5e-7);
    data_close(d);
}

/* The exact log-probability of generated windows averages to the floor. */
static void check_log_prob(const struct data *d)
{
    double sum = 0, sum2 = 0;
    size_t ctx = data_ctx(d);
    int32_t *x = malloc(2 * ctx * sizeof *x), *y = x + ctx;
    for (uint64_t i = 0; i < N; i++) {
        data_train(d, x, y, 3, i, 1);
        double nats = -data_log_prob(d, x, y) / (double)ctx;
        sum += nats;
        sum2 += nats * nats;
        for (size_t j = 1; j < ctx; j++)
            EXPECT_MSG(x[j] == y[j - 1] && y[j] >= 0 && (size_t)y[j] < data_vocab(d), "window %d",
                       (int)i);
    }
    double mean = sum / N, se = sqrt((sum2 / N - mean * mean) / N);
    EXPECT_NEAR(mean, data_floor(d), 5 * se);
    free(x);
}

static void facts_log_prob(void)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = facts_spec();
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    if (!d)
        return;
    check_log_prob(d);
    data_close(d);
}

/* The floor on the held-out set: its own windows under the true law, near the language's floor by the
 * sampling error, and nothing for text. */
static void eval_floor(void)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = facts_spec();
    s.eval_tokens = 1400 * CTX;
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    if (!d)
        return;
    size_t n = data_eval_windows(d);
    double sum = 0, sum2 = 0, floor;
    int32_t x[CTX], y[CTX];
    for (size_t i = 0; i < n; i++) {
        data_eval(d, x, y, i, 1);
        double nats = -data_log_prob(d, x, y) / CTX;
        sum += nats;
        sum2 += nats * nats;
    }
    double mean = sum / (double)n, se = sqrt((sum2 / (double)n - mean * mean) / (double)n);
    EXPECT_OK(data_eval_floor(&floor, d, NULL, &err));
    EXPECT_NEAR(floor, mean, 1e-12);
    EXPECT_NEAR(floor, data_floor(d), 4 * se);
    EXPECT(floor != data_floor(d));
    data_close(d);
}

static void facts_stateless(void)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = facts_spec();
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    if (d)
        check_stateless(d);
    data_close(d);
}

static void one_step_language(enum data_kind kind)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = data_spec_default();
    s.kind = kind;
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    if (!d)
        return;
    check_log_prob(d);
    check_stateless(d);
    data_close(d);
}

static void unigram(void)
{
    one_step_language(DATA_UNIGRAM);
}

static void graph_walk(void)
{
    one_step_language(DATA_GRAPH_WALK);
}

/* Every text is as likely as every other: v m^nodes of them. */
static void hierarchy(void)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = data_spec_default();
    s.kind = DATA_HIERARCHY;
    s.symbols = s.rules = s.branching = s.depth = 2;
    enum { TEXTS = 16, DRAWS = 16000 };
    EXPECT(data_unit(&s) == 4);
    EXPECT_OK(data_open(&d, &s, 8, &err));
    if (!d)
        return;
    EXPECT_NEAR(data_floor(d), log(TEXTS) / 4, 1e-15);
    check_stateless(d);
    int32_t x[8], y[8];
    int count[256] = {0}, seen = 0;
    double chi2 = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        data_train(d, x, y, 5, i, 1);
        EXPECT(x[0] == 2 && x[1] == y[0]);
        EXPECT_NEAR(-data_log_prob(d, x, y) / 8, data_floor(d), 1e-14);
        count[y[0] + 2 * y[1] + 4 * y[2] + 8 * y[3]]++;
    }
    for (int i = 0; i < 256; i++) {
        seen += count[i] > 0;
        if (count[i])
            chi2 += pow(count[i] - (double)DRAWS / TEXTS, 2) / ((double)DRAWS / TEXTS);
    }
    EXPECT_MSG(seen == TEXTS, "%d different texts", seen);
    EXPECT_MSG(chi2 < 44.3, "chi-square %g with 15 degrees of freedom", chi2); /* p = 1e-4 */
    data_close(d);

    s = data_spec_default();
    s.kind = DATA_HIERARCHY;
    EXPECT_OK(data_open(&d, &s, data_unit(&s), &err));
    if (!d)
        return;
    int32_t u[16], v[16];
    data_train(d, u, v, 5, 0, 1);
    int breaks = 0; /* 4 of 16 tuples of a symbol pair are rules: most changes of one token break one */
    for (int32_t t = 0; t < 16; t++) {
        int32_t was = v[3];
        v[3] = t;
        breaks += isinf(data_log_prob(d, u, v)) != 0;
        v[3] = was;
    }
    EXPECT_MSG(breaks >= 8, "%d of 16 changes break a rule", breaks);
    data_close(d);
    s.rules = 17;
    EXPECT_ERR(data_open(&d, &s, 16, &err), E_CONFIG, "data.rules");
    s.rules = 4;
    EXPECT_ERR(data_open(&d, &s, 10, &err), E_CONFIG, "model.ctx=10");
    s.depth = 16;
    s.branching = 3;
    EXPECT_ERR(data_open(&d, &s, 16, &err), E_CONFIG, "data.depth");
}

/* A pair of source and symbol has exactly so many successors, each as likely, and other pairs have others. */
static void mix_successors(void)
{
    enum { B = 5, STEPS = 7, UNIT = 8, DRAWS = 20000 };
    struct err err;
    struct data *d = NULL;
    struct data_spec s = data_spec_default();
    s.kind = DATA_MARKOV_MIX;
    s.base = B;
    s.digits = 1;
    s.walk = STEPS;
    s.branches = 3;
    EXPECT_OK(data_open(&d, &s, UNIT, &err));
    if (!d)
        return;
    int32_t x[UNIT], y[UNIT];
    static int count[B][B][B];
    for (uint64_t i = 0; i < DRAWS; i++) {
        data_train(d, x, y, 5, i, 1);
        EXPECT(x[0] == B && x[1] == y[0]);
        for (int j = 2; j < UNIT; j++)
            count[y[0]][y[j - 1]][y[j]]++;
    }
    int sets[B * B], n_sets = 0;
    double chi2 = 0;
    for (int pair = 0; pair < B * B; pair++) {
        const int *of = count[pair / B][pair % B];
        int set = 0, n = 0, sum = 0, same = 0;
        for (int k = 0; k < B; k++) {
            set |= (of[k] > 0) << k;
            n += of[k] > 0;
            sum += of[k];
        }
        EXPECT_MSG(n == 3, "%d successors", n);
        for (int k = 0; k < B; k++)
            chi2 += of[k] ? pow(of[k] - sum / 3.0, 2) / (sum / 3.0) : 0;
        for (int k = 0; k < n_sets; k++)
            same |= sets[k] == set;
        if (!same)
            sets[n_sets++] = set;
    }
    EXPECT_MSG(n_sets >= 6, "%d different sets of 10", n_sets);
    EXPECT_MSG(chi2 < 96.1, "chi-square %g with 50 degrees of freedom", chi2); /* p = 1e-4 */
    int possible = 0;
    for (int32_t next = 0; next < B; next++) {
        y[UNIT - 1] = next;
        possible += isfinite(data_log_prob(d, x, y)) != 0;
    }
    EXPECT_MSG(possible == 3, "%d of 5 symbols may end a walk", possible);
    data_close(d);
}

/* Floor by hand: two equal ranks, then ln b for the first symbol and ln branches for each of the others. */
static void markov_mix(void)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = data_spec_default();
    s.kind = DATA_MARKOV_MIX;
    EXPECT(data_unit(&s) == 16);
    EXPECT_OK(data_open(&d, &s, 32, &err));
    if (!d)
        return;
    EXPECT_NEAR(data_floor(d), (3.187479 + log(64) + 12 * log(2)) / 16, 5e-7); /* H_K of zipf-facts */
    EXPECT(data_vocab(d) == 65);
    check_log_prob(d);
    check_stateless(d);
    data_close(d);
    s.base = s.branches = 2;
    s.digits = 1;
    s.exponent = 0;
    EXPECT_OK(data_open(&d, &s, 14, &err));
    EXPECT_NEAR(data_floor(d), log(2), 1e-15); /* of any window: all are as likely */
    uint64_t fingerprint = data_fingerprint(d);
    int32_t x[14], y[14];
    data_train(d, x, y, 5, 0, 1);
    EXPECT_NEAR(-data_log_prob(d, x, y) / 14, data_floor(d), 1e-14);
    data_close(d);
    s.branches = 1;
    EXPECT_OK(data_open(&d, &s, 14, &err));
    EXPECT_NEAR(data_floor(d), 2 * log(2) / 14, 1e-15);
    EXPECT(data_fingerprint(d) != fingerprint);
    data_train(d, x, y, 5, 0, 1);
    EXPECT_NEAR(-data_log_prob(d, x, y) / 14, data_floor(d), 1e-14);
    data_close(d);
    s.walk = 1;
    EXPECT_OK(data_open(&d, &s, 2, &err));
    EXPECT_NEAR(data_floor(d), log(2), 1e-15);
    data_close(d);
    s.branches = 3;
    EXPECT_ERR(data_open(&d, &s, 2, &err), E_CONFIG, "data.branches=3: expected 1 to 2");
    s = data_spec_default();
    s.kind = DATA_MARKOV_MIX;
    EXPECT_ERR(data_open(&d, &s, 63, &err), E_CONFIG, "nearest are 48 and 64");
    s.digits = 5;
    EXPECT_ERR(data_open(&d, &s, 18, &err), E_CONFIG, "data.digits=5");
}

/* A folder is not resumed with other data than it was begun with, so that these must stay. */
static void fingerprints_stay(void)
{
    static const uint64_t expected[DATA_N_KINDS] = {
        [DATA_ZIPF_FACTS] = 0xcffac772d59c5fb7, [DATA_GRAPH_WALK] = 0xb5da91e15056e856,
        [DATA_HIERARCHY] = 0x13a9455208067a0d, [DATA_UNIGRAM] = 0xed4632ade0b1d3b1,
        [DATA_MARKOV_MIX] = 0x4c0351dc9d4bec78,
    };
    for (int kind = 0; kind < DATA_N_KINDS; kind++) {
        if (data_kind_reads_files((enum data_kind)kind))
            continue;
        struct err err;
        struct data *d = NULL;
        struct data_spec s = data_spec_default();
        s.kind = (enum data_kind)kind;
        EXPECT_OK(data_open(&d, &s, data_unit(&s), &err));
        if (d)
            EXPECT_MSG(data_fingerprint(d) == expected[kind], "%s: %016llx", data_name(d),
                       (unsigned long long)data_fingerprint(d));
        data_close(d);
    }
}

static void bad_specs(void)
{
    struct err err;
    struct data *d;
    struct data_spec s = facts_spec();
    EXPECT_ERR(data_open(&d, &s, 16, &err), E_CONFIG, "nearest are 14 and 21");
    EXPECT_ERR(data_open(&d, &s, 3, &err), E_CONFIG, "the nearest is 7");
    s.eps = (double)NAN;
    EXPECT_ERR(data_open(&d, &s, 14, &err), E_CONFIG, "data.eps");
    s = facts_spec();
    s.digits = 5;
    EXPECT_ERR(data_open(&d, &s, 9, &err), E_CONFIG, "data.digits");
}

/* The ends of every number's range are taken, what lies beyond is refused, whatever kind uses it. */
static void ranges(void)
{
    struct err err;
    struct data *d;
    static const struct {
        size_t offset, lo, hi;
        const char *name;
    } sizes[] = {
#define AT(name, lo, hi) {offsetof(struct data_spec, name), lo, hi, "data." #name "="}
        AT(eval_tokens, 1, 1000000000), AT(base, 2, 65536), AT(digits, 1, 24),     AT(values, 0, 64),
        AT(nodes, 3, 4096),             AT(degree, 2, 2048), AT(branching, 2, 16), AT(depth, 1, 16),
        AT(rules, 1, 10000),            AT(symbols, 2, 65536), AT(walk, 1, 1024), AT(branches, 1, 64),
#undef AT
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct data_spec s = data_spec_default();
        size_t *at = (size_t *)((char *)&s + sizes[i].offset);
        s.kind = DATA_UNIGRAM; /* which reads but two of them */
        s.symbols = 8;
        const size_t good[] = {sizes[i].lo, sizes[i].hi}, bad[] = {sizes[i].lo - 1, sizes[i].hi + 1};
        for (size_t j = 0; j < 2; j++) {
            *at = good[j];
            EXPECT_OK(data_open(&d, &s, 8, &err));
            data_close(d);
            *at = bad[j];
            EXPECT_ERR(data_open(&d, &s, 8, &err), E_CONFIG, sizes[i].name);
        }
    }
    struct data_spec s = data_spec_default();
    s.kind = DATA_UNIGRAM;
    s.exponent = (double)NAN;
    EXPECT_ERR(data_open(&d, &s, 8, &err), E_CONFIG, "data.exponent=");
    s.exponent = 10.5;
    EXPECT_ERR(data_open(&d, &s, 8, &err), E_CONFIG, "data.exponent=10.5: expected 0 to 10");
    s.exponent = 1;
    s.eps = -0.1;
    EXPECT_ERR(data_open(&d, &s, 8, &err), E_CONFIG, "data.eps=-0.1: expected 0 to 1");
}

/* A language that is cut to a corpus: four epochs hold each of its windows once, in orders of their own; other seeds and
 * larger budgets see the same corpus, the held-out set stays what it is, and without the cut nothing is drawn twice. */
static void language_repeats(void)
{
    enum { WINDOWS = 25, EPOCHS = 4 };
    struct err err;
    struct data *d = NULL, *whole = NULL;
    struct data_spec s = facts_spec();
    EXPECT_OK(data_open(&whole, &s, CTX, &err));
    s.unique_tokens = (WINDOWS - 1) * CTX + 1; /* whole windows */
    EXPECT_OK(data_open(&d, &s, CTX, &err));
    if (!d || !whole)
        return;
    EXPECT(data_train_tokens(d) == WINDOWS * CTX && data_train_tokens(whole) == 0);
    EXPECT(data_fingerprint(d) != data_fingerprint(whole) && data_floor(d) == data_floor(whole));
    int32_t x[CTX], first[WINDOWS][CTX], y[CTX];
    size_t moved = 0;
    for (uint64_t i = 0; i < WINDOWS; i++)
        data_train(d, x, first[i], 1, i, 1);
    for (uint64_t seed = 1; seed < 3; seed++)
        for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
            size_t seen[WINDOWS] = {0}, found = 0;
            for (uint64_t i = 0; i < WINDOWS; i++) {
                data_train(d, x, y, seed, epoch * WINDOWS + i, 1);
                for (size_t k = 0; k < WINDOWS; k++)
                    if (memcmp(y, first[k], sizeof y) == 0) {
                        found += seen[k]++ == 0;
                        moved += k != i;
                    }
            }
            EXPECT_MSG(found == WINDOWS, "epoch %d holds %zu of %d windows", (int)epoch, found, WINDOWS);
        }
    EXPECT(moved > (2 * EPOCHS - 1) * WINDOWS / 2);
    for (size_t i = 0; i < 3; i++) {
        int32_t z[CTX];
        data_eval(d, x, y, i, 1);
        data_eval(whole, x, z, i, 1);
        EXPECT(memcmp(y, z, sizeof y) == 0);
    }
    data_close(d);
    data_close(whole);
}

/* Marks against the law itself: in a language's own text the share that is right is the best one, and of a text that somebody
 * changed a mark is wrong wherever the law says that it cannot be. */
static void marks(void)
{
    static const enum data_kind kinds[] = {DATA_ZIPF_FACTS, DATA_GRAPH_WALK, DATA_HIERARCHY, DATA_MARKOV_MIX, DATA_UNIGRAM};
    enum { WINDOWS = 300, LONG = 64 };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct data_spec s = data_spec_default();
        struct data *d = NULL;
        struct err err;
        s.kind = kinds[k];
        s.base = 8, s.digits = 2, s.eps = 0.2, s.walk = 6, s.rules = 2;
        size_t unit = data_unit(&s), ctx = LONG / unit * unit, judged = 0, right = 0, caught = 0, broken = 0;
        int32_t x[LONG], y[LONG];
        EXPECT_OK(data_open(&d, &s, ctx, &err));
        struct data_marks m = data_marks(d);
        EXPECT((m.what != NULL) == (kinds[k] != DATA_UNIGRAM));
        EXPECT((data_start(d) == (int32_t)data_vocab(d) - 1) == (kinds[k] != DATA_GRAPH_WALK && kinds[k] != DATA_UNIGRAM));
        for (uint64_t w = 0; w < WINDOWS; w++) {
            data_train(d, x, y, 3, w, 1);
            EXPECT(data_start(d) < 0 || x[0] == data_start(d));
            for (size_t i = 0; i < ctx; i++) {
                enum data_mark mark = data_mark(d, x, y, i);
                judged += mark != DATA_FREE;
                right += mark == DATA_RIGHT;
            }
            y[rng_below(test_rng(), ctx)] = (int32_t)rng_below(test_rng(), data_vocab(d) - (data_start(d) >= 0));
            for (size_t i = 1; i < ctx; i++)
                x[i] = y[i - 1];
            bool wrong = false;
            for (size_t i = 0; i < ctx; i++)
                wrong = wrong || data_mark(d, x, y, i) == DATA_WRONG;
            if (m.what && m.best == 1)
                EXPECT_MSG(wrong == (isinf(data_log_prob(d, x, y)) != 0), "%s: window %d", data_name(d), (int)w);
            caught += wrong;
            broken += isinf(data_log_prob(d, x, y)) != 0;
            if (data_start(d) >= 0) {
                y[1] = data_start(d);
                EXPECT(data_mark(d, x, y, 1) == DATA_WRONG);
            }
        }
        double n = (double)judged, p = m.best;
        EXPECT((judged > 0) == (m.what != NULL) && caught >= broken);
        if (m.what)
            EXPECT_NEAR((double)right / n, p, 5 * sqrt(p * (1 - p) / n));
        data_close(d);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"facts_floor", facts_floor},
        {"facts_log_prob", facts_log_prob},
        {"eval_floor", eval_floor},
        {"facts_stateless", facts_stateless},
        {"bad_specs", bad_specs},
        {"unigram", unigram},
        {"graph_walk", graph_walk},
        {"hierarchy", hierarchy},
        {"markov_mix", markov_mix},
        {"mix_successors", mix_successors},
        {"fingerprints_stay", fingerprints_stay},
        {"language_repeats", language_repeats},
        {"ranges", ranges},
        {"marks", marks},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
