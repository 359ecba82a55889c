#include "test.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "data/baseline.h"
#include "data/data_internal.h"
#include "data/pieces.h"

enum { CTX = 14, N = 4000 };

static struct data_spec facts_spec(void)
{
    struct data_spec s = data_spec_default();
    s.kind = DATA_ZIPF_FACTS;
    return s;
}

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

/* One call or many, the same windows; seeds and the held-out set differ. */
static void check_stateless(const struct data *d)
{
    size_t ctx = data_ctx(d), bytes = 4 * ctx * sizeof(int32_t);
    int32_t *m = malloc(6 * bytes), *x = m, *y = m + 4 * ctx, *x2 = m + 8 * ctx, *y2 = m + 12 * ctx;
    int32_t *z = m + 16 * ctx, *z2 = m + 20 * ctx;
    data_train(d, x, y, 5, 7, 4);
    for (uint64_t i = 4; i-- > 0;)
        data_train(d, x2 + i * ctx, y2 + i * ctx, 5, 7 + i, 1);
    EXPECT(memcmp(x, x2, bytes) == 0 && memcmp(y, y2, bytes) == 0);
    data_train(d, x2, z, 6, 7, 4);
    EXPECT(memcmp(y, z, bytes) != 0);
    size_t n = data_eval_windows(d) < 4 ? data_eval_windows(d) : 4;
    data_eval(d, x2, z, 0, n);
    data_eval(d, x2, z2, 0, n);
    EXPECT(memcmp(z, z2, n * ctx * sizeof *z) == 0 && memcmp(y, z, n * ctx * sizeof *z) != 0);
    free(m);
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

/* What is left to learn once n facts are known, against the sum written out. */
static void facts_excess(void)
{
    enum { K = 16 };
    struct err err;
    struct data *d = NULL;
    struct data_spec s = facts_spec();
    s.base = 4;
    s.digits = 2;
    s.values = 3;
    s.eps = 0.2;
    s.exponent = 1.3;
    EXPECT_OK(data_open(&d, &s, 5, &err));
    if (!d)
        return;
    double z = 0, learnt[K + 1], excess[K + 1], h = -0.85 * log(0.85) - 3 * 0.05 * log(0.05);
    for (int k = 1; k <= K; k++)
        z += pow(k, -1.3);
    for (int n = 0; n <= K; n++)
        learnt[n] = n;
    EXPECT_OK(data_excess(excess, d, learnt, K + 1, &err));
    for (int n = 0; n <= K; n++) {
        double sum = 0;
        for (int k = n + 1; k <= K; k++)
            sum += pow(k, -1.3) / z * 3 * (log(4) - h) / 5;
        EXPECT_NEAR(excess[n], sum, 1e-14);
    }
    const double odd[] = {2.25, -1, 1e9};
    double at[3];
    EXPECT_OK(data_excess(at, d, odd, 3, &err));
    EXPECT_NEAR(at[0], 0.75 * excess[2] + 0.25 * excess[3], 1e-14);
    EXPECT(at[1] == excess[0] && at[2] == 0);
    data_close(d);
}

/* The same of pairs: how often each comes is the sum over all windows, each with its probability. */
static void mix_excess(void)
{
    enum { B = 3, UNIT = 5, WINDOWS = 243, PAIRS = B * B };
    struct err err;
    struct data *d = NULL;
    struct data_spec s = data_spec_default();
    s.kind = DATA_MARKOV_MIX;
    s.base = B;
    s.digits = 1;
    s.walk = 4;
    EXPECT_OK(data_open(&d, &s, UNIT, &err));
    if (!d)
        return;
    double count[PAIRS] = {0}, learnt[PAIRS + 1], excess[PAIRS + 1], total = 0, left = 0;
    for (int w = 0; w < WINDOWS; w++) {
        int32_t y[UNIT], x[UNIT] = {0};
        for (int i = 0, rest = w; i < UNIT; i++, rest /= B)
            y[i] = rest % B;
        double p = exp(data_log_prob(d, x, y));
        total += p;
        for (int i = 1; i + 1 < UNIT; i++)
            count[y[0] * B + y[i]] += p;
    }
    EXPECT_NEAR(total, 1, 1e-13);
    for (int n = 0; n <= PAIRS; n++)
        learnt[n] = PAIRS - n; /* an order of the asker's */
    EXPECT_OK(data_excess(excess, d, learnt, PAIRS + 1, &err));
    EXPECT(excess[0] == 0);
    for (int n = 0; n < PAIRS; n++) {
        int rarest = -1;
        for (int i = 0; i < PAIRS; i++)
            if (count[i] >= 0 && (rarest < 0 || count[i] < count[rarest]))
                rarest = i;
        left += count[rarest] * log(1.5) / UNIT;
        count[rarest] = -1;
        EXPECT_NEAR(excess[n + 1], left, 1e-13);
    }
    EXPECT_NEAR(left, 3 * log(1.5) / UNIT, 1e-13);
    data_close(d);
}

static double slope(const double *y, double x0, double x1)
{
    return -log(y[1] / y[0]) / log(x1 / x0);
}

/* Far from the last fact the sum falls as theory says: with the facts that are known as a model's size, and as tokens
 * where those known are the 1/a-th power of them. */
static void excess_has_the_exponents(void)
{
    struct err err;
    struct data *d = NULL;
    struct data_spec s = facts_spec();
    struct data_theory t;
    double excess[2];
    s.exponent = 2;
    EXPECT_OK(data_open(&d, &s, 7, &err));
    if (!d)
        return;
    data_theory(&t, d);
    EXPECT_NEAR(t.size_exponent, 1, 1e-15);
    EXPECT_NEAR(t.data_exponent, 0.5, 1e-15);
    EXPECT(strstr(t.says, "tokens^-0.5 ") && strstr(t.source, "2102.04074"));
    EXPECT_OK(data_excess(excess, d, (const double[]){100, 1000}, 2, &err));
    EXPECT_NEAR(slope(excess, 100, 1000), t.size_exponent, 0.005);
    EXPECT_NEAR(slope(excess, 100 * 100, 1000 * 1000), t.data_exponent, 0.0025);
    data_close(d);
    s = data_spec_default();
    s.kind = DATA_MARKOV_MIX;
    s.base = 4;
    s.digits = 8;
    s.walk = 14;
    s.exponent = 2;
    EXPECT_OK(data_open(&d, &s, 22, &err));
    data_theory(&t, d);
    EXPECT_NEAR(t.size_exponent, 1, 1e-15);
    EXPECT_OK(data_excess(excess, d, (const double[]){400, 4000}, 2, &err));
    EXPECT_NEAR(slope(excess, 400, 4000), t.size_exponent, 0.01);
    data_close(d);
}

/* Each language says what is known of it; only facts have an excess. */
static void theories(void)
{
    static const struct {
        enum data_kind kind;
        double exponent;
        const char *says;
    } cases[] = {
        {DATA_ZIPF_FACTS, 1.5, "tokens^-0.3333"},  {DATA_ZIPF_FACTS, 1, "no power law"},
        {DATA_MARKOV_MIX, 1.5, "params^-0.5 "},    {DATA_GRAPH_WALK, 1.5, "none known"},
        {DATA_HIERARCHY, 1.5, "2048 texts, 3.277e+04 tokens"}, {DATA_UNIGRAM, 1.5, "nothing to scale"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        struct data *d = NULL;
        struct data_spec s = data_spec_default();
        struct data_theory t;
        double excess, none = 0;
        s.kind = cases[i].kind;
        s.exponent = cases[i].exponent;
        s.digits = 2;
        EXPECT_OK(data_open(&d, &s, data_unit(&s), &err));
        if (!d)
            return;
        data_theory(&t, d);
        EXPECT_MSG(strstr(t.says, cases[i].says), "%s: %s", data_name(d), t.says);
        bool facts = s.kind == DATA_ZIPF_FACTS || s.kind == DATA_MARKOV_MIX;
        EXPECT(isnan(t.data_exponent) == !(facts && s.exponent > 1));
        EXPECT_OK(data_excess(&excess, d, &none, 1, &err));
        EXPECT(isnan(excess) == !facts);
        data_close(d);
    }
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

static const struct test tests[] = {
    {"bytes_of_tokens", bytes_of_tokens},
    {"blocks", blocks}, {"text_spread", text_spread}, {"text_spread_short", text_spread_short},
    {"text_spread_cut", text_spread_cut},
    {"facts_floor", facts_floor},     {"facts_log_prob", facts_log_prob},
    {"eval_floor", eval_floor},
    {"facts_stateless", facts_stateless}, {"bad_specs", bad_specs},
    {"unigram", unigram},
    {"graph_walk", graph_walk},
    {"hierarchy", hierarchy},
    {"markov_mix", markov_mix},       {"mix_successors", mix_successors},
    {"fingerprints_stay", fingerprints_stay},
    {"facts_excess", facts_excess},   {"mix_excess", mix_excess},
    {"excess_has_the_exponents", excess_has_the_exponents}, {"theories", theories},
    {"text_windows", text_windows},   {"text_errors", text_errors},
    {"language_repeats", language_repeats}, {"text_is_cut", text_is_cut},
    {"bigram", bigram},               {"ranges", ranges},
    {"marks", marks},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
