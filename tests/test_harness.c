/* Config, hash, initial weights and plan: what a run's name and numbers hang on. config.c is compiled in here, with a
 * key that nobody has: it borrows the place of model.aspect, which no hash sees. */
#define CONFIG_EXTRA_KEYS                                                                                              \
    {"model.pretend", T_DOUBLE, AT(model.aspect), 0.1, 1e4, 16, NULL, LATER, "a key of a later version"},
#include "../src/harness/config.c"

#include "harness/plan.h"
#include "test.h"

static uint64_t hash_of(struct config *c)
{
    uint64_t h = 0;
    struct err err;
    CHECK(config_hash(&h, c, &err) == OK);
    return h;
}

static void hash_is_that_of_the_first_version(void)
{
    struct config c;
    config_init(&c);
    uint64_t h = hash_of(&c);
    EXPECT_MSG(h == 0xfc92135641d807d2, "the hash of the defaults is %016llx: every folder loses its runs", (unsigned long long)h);
    c.train.lr = 0.004;
    EXPECT(hash_of(&c) != h);
    config_init(&c);
    c.train.log_every = 7;
    EXPECT(hash_of(&c) == h);
}

/* The pretended key is in the table of this test: at its default it changes no hash, elsewhere it does. */
static void later_key_counts_where_it_is_set(void)
{
    struct config c, with;
    struct err err;
    char text[256];
    config_init(&c);
    config_init(&with);
    EXPECT(find_key("model.pretend") != NULL);
    EXPECT_OK(config_set(&with, "model.pretend=16", &err));
    EXPECT(hash_of(&with) == hash_of(&c));
    EXPECT_OK(config_set(&with, "model.pretend=17", &err));
    uint64_t h17 = hash_of(&with);
    EXPECT(h17 != hash_of(&c));
    EXPECT_OK(config_set(&with, "model.pretend=18", &err));
    EXPECT(hash_of(&with) != h17 && hash_of(&with) != hash_of(&c));
    EXPECT_OK(config_diff(text, sizeof text, &c, &with, &err));
    EXPECT_MSG(strstr(text, "model.pretend 16 -> 18"), "%s", text);
}

static uint64_t weights_hash(struct gpt_shape s, uint64_t seed)
{
    struct gpt g;
    struct kern k;
    struct err err;
    struct param_rules rules = param_rules_make(PARAM_COMPLETEP, s.C, s.L, 64, 2);
    kern_init(&k, KERN_REF);
    CHECK(gpt_init(&g, &s, &rules, &k, 1, 1, &err) == OK);
    gpt_init_weights(&g, seed);
    uint64_t h = hash_bytes(HASH_SEED, g.w, g.n_flat * sizeof *g.w);
    gpt_free(&g);
    return h;
}
/* Initial weights as the first version drew them, whatever tensors have come since between them. */
static void initial_weights_stay(void)
{
    uint64_t small = weights_hash((struct gpt_shape){.V = 17, .T = 32, .C = 8, .L = 1, .NH = 1}, 1);
    uint64_t deep = weights_hash((struct gpt_shape){.V = 65, .T = 63, .C = 24, .L = 3, .NH = 3}, 7);
    EXPECT_MSG(small == 0xa822a64e748e9c87, "%016llx", (unsigned long long)small);
    EXPECT_MSG(deep == 0xcc8a667eadaacb87, "%016llx", (unsigned long long)deep);
}

/* A sweep of one size and these budgets. */
static void plan_of(struct plan *p, const char *budgets, const char *more)
{
    struct config c;
    struct err err;
    char set[128];
    config_init(&c);
    snprintf(set, sizeof set, "grid.tokens=%s", budgets);
    EXPECT_OK(config_set(&c, "train.batch_tokens=1008", &err));
    EXPECT_OK(config_set(&c, "grid.models=[{\"d_model\":16,\"n_layer\":1,\"n_head\":2}]", &err));
    EXPECT_OK(config_set(&c, set, &err));
    if (more)
        EXPECT_OK(config_set(&c, more, &err));
    EXPECT_OK(plan_make(p, &c, 65, 0, &err));
    config_free(&c);
}

/* 5360 parameters: five steps of 1008, where a fifth of the budget is no less. */
static void warmup_is_the_runs_own(void)
{
    struct plan few, many;
    plan_of(&few, "[100800]", NULL);
    plan_of(&many, "[2016,10080,25200,50400,100800]", NULL);
    const double want[] = {1008, 2016, 5040, 5040, 5040};
    EXPECT(many.n == 5 && few.n == 1);
    for (size_t i = 0; i < many.n; i++)
        EXPECT_NEAR(many.runs[i].cfg.train.warmup_tokens, want[i], 0);
    EXPECT(strcmp(few.runs[0].name, many.runs[4].name) == 0);
    EXPECT(strcmp(few.runs[0].trunk, many.runs[4].trunk) == 0);
    /* The two small ones stand alone, the others share a trunk: 25200 and 50400 throw away a cooldown of a fifth. */
    EXPECT(many.n_trajectories == 3);
    EXPECT(many.trajectories[2].first == 2 && many.trajectories[2].n == 3);
    EXPECT_NEAR(many.tokens_separate, 188496, 0);
    EXPECT_NEAR(many.trajectories[2].tokens, 100800 + 5040 + 10080, 1008);
    plan_free(&few);
    plan_free(&many);
}

/* Folders of the first version: a tenth of the smallest budget that they had, whatever the grid holds now. */
static void old_warmup_is_kept(void)
{
    struct plan p;
    plan_of(&p, "[10080,50400,100800]", "grid.warmup_tokens=50400");
    EXPECT_NEAR(p.runs[0].cfg.train.warmup_tokens, 2016, 0);
    EXPECT_NEAR(p.runs[1].cfg.train.warmup_tokens, 5040, 0);
    EXPECT_NEAR(p.runs[2].cfg.train.warmup_tokens, 5040, 0);
    plan_free(&p);
    plan_of(&p, "[100800,201600]", "grid.warmup_tokens=100800");
    EXPECT_NEAR(p.runs[1].cfg.train.warmup_tokens, 10080, 0);
    plan_free(&p);
}

static void long_warmup_is_refused(void)
{
    struct plan p;
    struct err err;
    plan_of(&p, "[20160,1008000]", "train.warmup_tokens=20160");
    EXPECT_ERR(plan_check_warmup(&p, &err), E_CONFIG, "train.warmup_tokens=20160 is not below the 20160 tokens of run d16-l1");
    plan_free(&p);
    plan_of(&p, "[1008,21168]", NULL); /* a run of one step has one step of warm-up */
    EXPECT_OK(plan_check_warmup(&p, &err));
    plan_free(&p);
}

static const struct test tests[] = {
    {"hash_is_that_of_the_first_version", hash_is_that_of_the_first_version},
    {"later_key_counts_where_it_is_set", later_key_counts_where_it_is_set},
    {"initial_weights_stay", initial_weights_stay},
    {"warmup_is_the_runs_own", warmup_is_the_runs_own},
    {"old_warmup_is_kept", old_warmup_is_kept},
    {"long_warmup_is_refused", long_warmup_is_refused},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
