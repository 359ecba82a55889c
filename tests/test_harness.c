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

static const struct test tests[] = {
    {"hash_is_that_of_the_first_version", hash_is_that_of_the_first_version},
    {"later_key_counts_where_it_is_set", later_key_counts_where_it_is_set},
    {"initial_weights_stay", initial_weights_stay},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
