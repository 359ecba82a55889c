/* What in a protocol can move a law, on runs of which it is known. */
#include "test.h"

#include <math.h>
#include <string.h>

#include "fit/verdict/protocol.h"

enum { MAX = 64 };

struct runs {
    double params[MAX], tokens[MAX], loss[MAX], lr[MAX], batch[MAX], warmup[MAX];
    struct protocol_in in;
};

static void add(struct runs *r, double params, double tokens, double lr, double batch, double loss)
{
    size_t i = r->in.n++;
    r->params[i] = params, r->tokens[i] = tokens, r->lr[i] = lr, r->batch[i] = batch, r->loss[i] = loss;
    r->warmup[i] = 0.02 * tokens;
    struct protocol_in *in = &r->in;
    in->params = r->params, in->tokens = r->tokens, in->loss = r->loss;
    in->lr = r->lr, in->batch = r->batch, in->warmup = r->warmup;
}

/* Three sizes at three budgets with nothing to say but that one rate was used. */
static void grid(struct runs *r, double loss)
{
    *r = (struct runs){.in = {.cooldown = (double)NAN, .noise = (double)NAN}};
    for (int n = 0; n < 3; n++)
        for (int d = 0; d < 3; d++)
            add(r, 1e4 * pow(4, n), 1e7 * pow(4, d), 0.004, 256, loss - 0.1 * n - 0.1 * d);
}

/* The sentence of a rule; NULL where it is silent. */
static const struct protocol_said *said(const struct runs *r, const char *name)
{
    static struct protocol_said all[PROTOCOL_RULES];
    size_t n = protocol_say(all, &r->in);
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static bool says(const struct runs *r, const char *name, bool measured, const char *text)
{
    const struct protocol_said *s = said(r, name);
    return s && s->measured == measured && strstr(s->text, text) != NULL && !strstr(s->text, "nan") && !strstr(s->text, "inf");
}

static void one_rate(void)
{
    struct runs r;
    struct protocol_said all[PROTOCOL_RULES];
    grid(&r, (double)NAN);
    EXPECT(says(&r, "rate", false, "one rate, 0.004, for all sizes"));
    EXPECT(protocol_say(all, &r.in) == 1);
    grid(&r, 3);
    EXPECT(says(&r, "rate", false, "vary train.lr"));
    r.loss[8] = r.loss[5] + 0.2; /* the largest size at the largest budget is worse than the next */
    EXPECT(says(&r, "rate", true, "at D = 160M the loss rises with size, from 2.7 at N = 40k to 2.9 at N = 160k"));
    r.in.noise = 0.2;
    EXPECT(says(&r, "rate", false, "one rate"));
    for (size_t i = 0; i < r.in.n; i++)
        r.lr[i] = (double)NAN; /* a table that does not say */
    EXPECT(!said(&r, "rate"));
    for (size_t i = 0; i < r.in.n; i++)
        r.lr[i] = 0.02 / sqrt(r.params[i] / 1e4); /* a law of rates: one a cell */
    EXPECT(!said(&r, "rate"));
}

/* A folder that machines of several kinds have trained. */
static void several_isas(void)
{
    struct runs r;
    grid(&r, 3);
    r.in.isas = 1, r.in.isa_runs = "9 with avx2";
    EXPECT(!said(&r, "isa"));
    r.in.isas = 2, r.in.isa_runs = "5 with avx2 and 4 with avx512";
    EXPECT(says(&r, "isa", true, "with 2 instruction sets (5 with avx2 and 4 with avx512)"));
    EXPECT(says(&r, "isa", true, "--isa pins one"));
}

/* Bowls in log lr about a rate that falls with size: the best of each cell, and what one for all costs, by hand. */
static void several_rates(void)
{
    struct runs r = {.in = {.cooldown = (double)NAN, .noise = 0.001}};
    static const double rates[] = {0.001, 0.002, 0.004, 0.008, 0.016};
    for (int n = 0; n < 3; n++)
        for (int k = 0; k < 5; k++)
            add(&r, 1e4 * pow(4, n), 1e7, rates[k], 256, 3 - 0.1 * n + 0.01 * (k - 3 + n) * (k - 3 + n));
    EXPECT(says(&r, "rate", true, "the best rate is 0.002 at N = 160k, D = 10M and 0.008 at N = 10k, D = 10M; 0.004 for all costs "
                                  "up to 0.01 of loss"));
    EXPECT(!strstr(said(&r, "rate")->text, "last of those tried"));
    r.in.noise = 0.1; /* nothing of that is more than chance */
    EXPECT(!said(&r, "rate"));
    for (size_t i = 0; i < r.in.n; i++)
        r.loss[i] = 3 + r.lr[i];
    EXPECT(says(&r, "rate", true, "in 3 of 3 cells it is the last of those tried"));
}

static void batches(void)
{
    struct runs r;
    grid(&r, (double)NAN);
    EXPECT(!said(&r, "batch"));
    for (size_t i = 0; i < r.in.n; i++)
        r.batch[i] = 20000;
    EXPECT(says(&r, "batch", false, "a batch of 20000 tokens makes 500 steps of the smallest budget"));
    grid(&r, 3);
    for (size_t i = 0; i < 9; i++)
        add(&r, r.params[i], r.tokens[i], r.lr[i], 4096, r.loss[i] + 0.3);
    EXPECT(says(&r, "batch", true, "the best batch is 256"));
}

static void ratios(void)
{
    struct runs r = {.in = {.cooldown = (double)NAN, .noise = (double)NAN}};
    for (int n = 0; n < 4; n++)
        add(&r, 1e5 * pow(2, n), 2e6 * pow(2, n), 0.004, 256, (double)NAN);
    EXPECT(says(&r, "ratio", true, "one ratio of tokens to parameters, 20: size and data cannot be told apart"));
    r.tokens[3] *= 1.5;
    EXPECT(!said(&r, "ratio"));
    for (int n = 0; n < 4; n++)
        r.params[n] = 1e5, r.tokens[n] = 2e6; /* one size: another matter */
    EXPECT(!said(&r, "ratio"));
}

static void edges(void)
{
    struct runs r;
    double lo[] = {6, 60}, hi[] = {40, 300}, budget[] = {1e12, 1e13};
    grid(&r, (double)NAN);
    r.in.budget = budget, r.in.ratio_lo = lo, r.in.ratio_hi = hi, r.in.n_budgets = 2;
    EXPECT(says(&r, "edge", false, "at 1e+13 flops the sizes get 60 to 300 tokens a parameter: the best size is likely larger"));
    lo[1] = 10;
    EXPECT(!said(&r, "edge"));
    r.in.n_budgets = 0, r.in.minima = 4, r.in.at_edge = 3;
    EXPECT(says(&r, "edge", true, "3 of 4 IsoFLOP minima lie at the edge"));
    r.in.at_edge = 0;
    EXPECT(!said(&r, "edge"));
}

static void short_runs(void)
{
    struct runs r;
    grid(&r, (double)NAN);
    EXPECT(!said(&r, "budget") && !said(&r, "warmup"));
    r.tokens[2] = 20 * 256, r.warmup[2] = 4 * 256, r.in.cooldown = 0.2;
    EXPECT(says(&r, "budget", true, "1 run has fewer than 100 steps (the shortest 20, 4 of them warm-up and 4 cooldown)"));
    EXPECT(says(&r, "warmup", false, "the warm-up takes 2 to 20 % of a run; 1 run is below five tokens a parameter"));
    grid(&r, (double)NAN);
    r.warmup[3] = 0.7 * r.tokens[3];
    EXPECT(says(&r, "budget", true, "1 run warms up for more than half of its tokens"));
    for (size_t i = 0; i < r.in.n; i++)
        r.warmup[i] = 0.1 * r.tokens[i];
    EXPECT(says(&r, "warmup", false, "the warm-up takes 10 % of every run"));
    EXPECT(!said(&r, "budget"));
}

static const struct test tests[] = {
    {"one_rate", one_rate}, {"several_rates", several_rates}, {"batches", batches},
    {"ratios", ratios},     {"edges", edges},                 {"short_runs", short_runs},
    {"several_isas", several_isas},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
