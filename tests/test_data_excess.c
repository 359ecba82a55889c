/* What is left to learn of a language once so much is known, and the exponents that theory gives it. */
#include "test.h"

#include <math.h>
#include <string.h>

#include "data/data_internal.h"
#include "data_checks.h"

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

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"facts_excess", facts_excess},
        {"mix_excess", mix_excess},
        {"excess_has_the_exponents", excess_has_the_exponents},
        {"theories", theories},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
