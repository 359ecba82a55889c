/* Config, hash, initial weights and plan: what a run's name and numbers hang on. config_keys.c is compiled in here, with a
 * key that nobody has: it borrows the place of model.aspect, which no hash sees. */
#define CONFIG_EXTRA_KEYS                                                                                              \
    {"model.pretend", T_DOUBLE, AT(model.aspect), 0.1, 1e4, 16, NULL, LATER, "a key of a later version"},
#include "../src/harness/config_keys.c"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "data/data.h"
#include "harness/curves.h"
#include "harness/memory.h"
#include "harness/plan.h"
#include "harness/results.h"
#include "harness/train.h"
#include "model/checkpoint.h"
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
    c.train.lr = 0.008, c.train.batch_tokens = 2016; /* its defaults */
    uint64_t h = hash_of(&c);
    EXPECT_MSG(h == 0xfc92135641d807d2, "the hash of the defaults is %016llx: every folder loses its runs", (unsigned long long)h);
    c.train.lr = 0.004;
    EXPECT(hash_of(&c) != h);
    c.train.lr = 0.008;
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
    EXPECT(config_keys_find("model.pretend") != NULL);
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
    uint64_t h = hash_bytes(HASH_SEED, g.w, g.tensors.n_flat * sizeof *g.w);
    gpt_free(&g);
    return h;
}
/* Initial weights as the first version drew them, whatever tensors have come since between them. */
static void initial_weights_stay(void)
{
    uint64_t small = weights_hash((struct gpt_shape){GPT_2 .V = 17, .T = 32, .C = 8, .L = 1, .NH = 1}, 1);
    uint64_t deep = weights_hash((struct gpt_shape){GPT_2 .V = 65, .T = 63, .C = 24, .L = 3, .NH = 3}, 7);
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
    const double own[] = {5040, 10080, 100800};
    for (size_t i = 0; i < 3; i++)
        EXPECT_NEAR(plan_own_tokens(&many, &many.trajectories[2], 2 + i), own[i], 1e-6);
    plan_free(&few);
    plan_free(&many);
}

/* What a growing batch says of steps and tokens against a walk step by step. */
static void batch_grows(void)
{
    static const struct batch some[] = {
        {.window = 63, .full = 2016},
        {.window = 63, .full = 2016, .from = 63, .ramp = 100000},
        {.window = 63, .full = 2016, .from = 1953, .ramp = 1},
        {.window = 32, .full = 1024, .from = 256, .ramp = 30000},
        {.window = 7, .full = 7000, .from = 7, .ramp = 12345},  /* grows by many windows a step */
        {.window = 1, .full = 3, .from = 1, .ramp = 2e3},
        {.window = 50, .full = 500, .from = 450, .ramp = 99999.5},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        const struct batch *b = &some[i];
        double seen = 0, before = 0;
        for (int64_t step = 0; step < 3000; step++) {
            double size = b->full;
            if (seen < b->ramp)
                size = b->from + b->window * floor((b->full - b->from) / b->window * seen / b->ramp);
            EXPECT_NEAR(batch_tokens(b, step), seen, 0);
            EXPECT_NEAR(batch_of_step(b, step), size, 0);
            EXPECT(size >= before && fmod(size, b->window) == 0);
            EXPECT(batch_steps(b, seen) == step && batch_steps(b, seen + size / 3) == step);
            EXPECT(batch_steps(b, seen + size) == step + 1);
            EXPECT_NEAR(batch_round(b, seen + 0.4 * size), step ? seen : size, 0);
            EXPECT_NEAR(batch_round(b, seen + 0.6 * size), seen + size, 0);
            EXPECT_NEAR(batch_floor(b, seen + 0.9 * size), step ? seen : size, 0);
            seen += size, before = size;
        }
        EXPECT_NEAR(before, b->full, 0);
    }
}

/* Budgets are whole steps of it, share their trunk, and part after whole steps. */
static void ramp_is_no_budgets_own(void)
{
    struct plan p;
    struct config c;
    struct err err;
    config_init(&c);
    const char *set[] = {"data.source=zipf-facts", "grid.models=[{\"d_model\":16,\"n_layer\":1}]",
                         "grid.tokens=[25200,50400,100800]", "train.batch_tokens=2016",
                         "train.batch_ramp_from=252", "train.batch_ramp_tokens=30k", "train.warmup_tokens=2k"};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        EXPECT_OK(config_set(&c, set[i], &err));
    EXPECT_OK(config_check(&c, &err));
    EXPECT_OK(plan_make(&p, &c, 65, 0, &err));
    EXPECT(p.n == 3 && p.n_trajectories == 1);
    struct batch b = config_batch(&c);
    for (size_t i = 0; i < p.n; i++) {
        double tokens = p.runs[i].cfg.train.tokens, asked = 25200 * (double)(1 << i);
        EXPECT_NEAR(tokens, batch_tokens(&b, batch_steps(&b, tokens)), 0);
        EXPECT_NEAR(tokens, asked, 1008);
    }
    plan_free(&p);
    EXPECT_OK(config_set(&c, "train.batch_ramp_from=100", &err));
    EXPECT_ERR(config_check(&c, &err), E_CONFIG, "train.batch_ramp_from=100 is not a multiple of model.ctx=63");
    config_free(&c);
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

/* The training flops of a token by hand: three times two for each weight of the products and for the scores. */
static double flops_of_token(double C, double L, double V, double T)
{
    return 3 * (2 * (12 * L * C * C + C * V) + 2 * L * C * (T + 1));
}

/* d16-l1 at a vocabulary of 65 and contexts of 63: 5360 parameters. A budget of compute buys whole steps. */
static void costs_of_a_run(void)
{
    struct config c;
    struct plan p;
    struct err err;
    const double token = flops_of_token(16, 1, 65, 63), budgets[] = {1e9, 3e9};
    config_init(&c);
    EXPECT_OK(config_set(&c, "train.batch_tokens=1008", &err));
    EXPECT_OK(config_set(&c, "grid.models=[{\"d_model\":16,\"n_layer\":1,\"n_head\":2}]", &err));
    EXPECT_OK(config_set(&c, "grid.flops=[1e9,3e9]", &err));
    EXPECT_OK(plan_make(&p, &c, 65, 50000, &err));
    EXPECT(p.n == 2);
    for (size_t i = 0; i < p.n; i++) {
        const struct run *r = &p.runs[i];
        double tokens = round(budgets[i] / token / 1008) * 1008;
        EXPECT_NEAR(r->cfg.train.tokens, tokens, 0);
        EXPECT_REL(r->flops, token * tokens, 1e-12);
        EXPECT_REL(r->flops_6nd, 6 * 5360 * tokens, 1e-12);
        EXPECT_REL(r->epochs, tokens / 50000, 1e-12);
    }
    plan_free(&p);
    config_free(&c);
}

/* Members of an ensemble count in size, FLOPs, memory and time, not in the warm-up; a teacher stands beside them, apart. */
static void costs_of_learning(void)
{
    struct plan one, three;
    struct kern k;
    struct teacher t = {.train_flops = 5};
    kern_init(&k, KERN_REF);
    plan_of(&one, "[50400,100800]", NULL);
    plan_of(&three, "[50400,100800]", "model.ensemble=3");
    const struct run *a = &one.runs[1], *b = &three.runs[1];
    EXPECT(b->params == 3 * a->params && b->params_matmul == 3 * a->params_matmul && b->flops == 3 * a->flops);
    EXPECT(b->flops_6nd == 3 * a->flops_6nd && b->cfg.train.warmup_tokens == a->cfg.train.warmup_tokens);
    EXPECT_REL(three.trajectories[0].cost, 3 * one.trajectories[0].cost, 1e-12);
    EXPECT_NEAR(memory_of_run(b, &k, 2), 3 * memory_of_run(a, &k, 2), 0);
    EXPECT(isnan(plan_teacher_flops(&three)) && !b->teacher && isnan(b->teacher_flops));
    double cost = three.trajectories[0].cost, bytes = memory_of_run(b, &k, 2), token = flops_of_token(32, 2, 65, 63);
    t.shape = a->shape, t.shape.C = 32, t.shape.L = 2, t.shape.NH = 4;
    plan_teach(&three, &t);
    EXPECT(b->teacher == &t && b->flops == 3 * a->flops);
    EXPECT_REL(b->teacher_flops, 3 * token / 3 * 100800, 1e-12);
    EXPECT_REL(plan_teacher_flops(&three), b->teacher_flops, 1e-15);
    EXPECT_REL(three.trajectories[0].cost, cost + 3 * plan_eval_tokens(plan_cost(&t.shape)), 1e-12);
    EXPECT(memory_of_run(b, &k, 2) >= bytes + (double)gpt_bytes(&t.shape, &k, 1, 2));
    plan_free(&one);
    plan_free(&three);
}

/* The planner's shapes have the size that was asked for, and the aspect where sizes allow it. */
static void plan_shape_is_near(void)
{
    struct config c;
    config_init(&c);
    c.model.ctx = 64;
    for (double want = 3e5; want < 3e8; want *= 3) {
        struct config_shape s = plan_shape(want, &c, 256);
        double C = (double)s.d_model, L = (double)s.n_layer;
        double params = (256 + 64) * C + 12 * L * C * C + 13 * L * C + 2 * C;
        EXPECT_MSG(fabs(log(params / want)) < 0.1, "%g parameters, %g asked for", params, want);
        EXPECT_MSG(fabs(log(C / L / c.model.aspect)) < 0.3, "d_model %g, %g layers", C, L);
        EXPECT(s.n_head * c.model.head_size == s.d_model);
    }
    config_free(&c);
}

enum { CTX = 16, EVERY = 5, BATCH = 64, TOKENS = 1280 };

/* A corpus of four letters, and the plan of one run on it, which borrows the config's strings. */
static void tiny_run(struct plan *p, struct data **d, struct config *c)
{
    struct err err;
    char bytes[4000], path[FILE_PATH_MAX], set[FILE_PATH_MAX + 32];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = "abcd"[rng_below(test_rng(), 4)];
    CHECK(file_join(path, sizeof path, test_tmpdir(), "corpus", &err) == OK);
    CHECK(file_write_atomic(path, bytes, sizeof bytes, &err) == OK);
    config_init(c);
    snprintf(set, sizeof set, "data.files=[\"%s\"]", path);
    EXPECT_OK(config_set(c, set, &err));
    static const char *const more[] = {"data.source=text",       "model.ctx=16",     "model.d_model=8",
                                       "model.n_layer=1",        "train.tokens=1280", "train.batch_tokens=64",
                                       "train.log_every=5"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        EXPECT_OK(config_set(c, more[i], &err));
    struct data_spec spec = config_data_spec(c);
    CHECK(data_open(d, &spec, CTX, &err) == OK);
    CHECK(plan_single(p, c, data_vocab(*d), data_train_tokens(*d), &err) == OK);
}

/* Mean loss of each held-out window under the weights that a run ended with: their mean, and its standard error. */
static void evaluate_again(double *loss, double *se, const struct run *r, const struct data *d, const char *dir)
{
    struct kern k;
    struct gpt g;
    struct optim optim;
    struct optim_config optim_config = config_optim(&r->cfg);
    struct err err;
    struct checkpoint_meta meta;
    char path[FILE_PATH_MAX];
    struct param_rules rules = config_param_rules(&r->cfg);
    double n = (double)data_eval_windows(d), sum = 0, sum2 = 0;
    kern_init(&k, KERN_REF);
    CHECK(gpt_init(&g, &r->shape, &rules, &k, BATCH / CTX, 1, &err) == OK);
    EXPECT_OK(file_join(path, sizeof path, dir, "checkpoint.bin", &err));
    CHECK(optim_init(&optim, &optim_config, &g, &err) == OK);
    EXPECT_OK(checkpoint_load(path, &g, &optim, &meta, &err));
    for (size_t i = 0; i < data_eval_windows(d); i++) {
        int32_t x[CTX], y[CTX];
        float l[CTX];
        double mean = 0;
        data_eval(d, x, y, i, 1);
        gpt_losses(&g, l, x, y, 1);
        for (size_t j = 0; j < CTX; j++)
            mean += (double)l[j] / CTX;
        sum += mean;
        sum2 += mean * mean;
    }
    *loss = sum / n;
    *se = sqrt((sum2 - sum * sum / n) / (n - 1) / n);
    optim_free(&optim);
    gpt_free(&g);
}

/* The loss of the first step: that of the initial weights on the first batch. */
static double first_loss(const struct run *r, const struct data *d)
{
    struct kern k;
    struct gpt g;
    struct err err;
    int32_t x[BATCH], y[BATCH];
    struct param_rules rules = config_param_rules(&r->cfg);
    kern_init(&k, KERN_REF);
    CHECK(gpt_init(&g, &r->shape, &rules, &k, BATCH / CTX, 1, &err) == OK);
    gpt_init_weights(&g, r->cfg.train.seed);
    data_train(d, x, y, r->cfg.train.seed, 0, BATCH / CTX);
    double loss = gpt_forward_backward(&g, x, y);
    gpt_free(&g);
    return loss;
}

/* What a run leaves behind, in result.json and in its log, against what its weights and its config say. */
static void result_of_a_run(void)
{
    static const volatile sig_atomic_t go_on = 0;
    const struct train_options o = {.isa = KERN_REF, .threads = 1, .stop = &go_on};
    struct plan p;
    struct config c;
    struct data *d;
    struct err err;
    struct run_row row;
    struct curves all;
    char dir[FILE_PATH_MAX];
    bool found = false;
    double loss, se;
    tiny_run(&p, &d, &c);
    const struct run *r = &p.runs[0];
    const double token = flops_of_token(8, 1, 256, CTX);
    EXPECT_OK(train_trajectory(&p, &p.trajectories[0], d, test_tmpdir(), &o, &err));
    EXPECT_OK(file_join(dir, sizeof dir, test_tmpdir(), r->name, &err));
    EXPECT_OK(run_row_read(&row, &found, dir, &err));
    EXPECT(found && strcmp(row.status, "done") == 0);
    evaluate_again(&loss, &se, r, d, dir);
    EXPECT_REL(row.loss, loss, 1e-6);
    EXPECT_REL(row.loss_se, se, 1e-4);
    EXPECT_REL(row.bpb, loss / log(2), 1e-6);
    EXPECT_REL(row.flops, token * TOKENS, 1e-12);
    EXPECT_REL(row.flops_6nd, 6 * row.params * TOKENS, 1e-12);
    EXPECT_NEAR(row.tokens, TOKENS, 0);
    EXPECT_NEAR(row.warmup_tokens, 256, 0); /* a fifth of the run: it has more parameters than that */
    EXPECT_REL(row.epochs, TOKENS / 3600.0, 1e-12);
    EXPECT_OK(curves_read(&all, test_tmpdir(), &err));
    EXPECT(all.n == 1 && all.items[0].n == 1 + TOKENS / BATCH / EVERY);
    for (size_t i = 0; all.n == 1 && i < all.items[0].n; i++) {
        double tokens = i ? (double)(BATCH * EVERY) * (double)i : BATCH;
        EXPECT_NEAR(all.items[0].tokens[i], tokens, 0);
        EXPECT_REL(all.items[0].flops[i], token * tokens, 1e-8);
    }
    if (all.n == 1) {
        EXPECT_REL(all.items[0].loss[0], first_loss(r, d), 1e-6);
        EXPECT_NEAR(all.items[0].budget_tokens, TOKENS, 0);
        EXPECT_NEAR(all.items[0].final_loss, row.loss, 0);
        EXPECT_NEAR(all.items[0].params, r->params, 0);
    }
    curves_free(&all);
    plan_free(&p);
    config_free(&c);
    data_close(d);
}

/* A file below test_tmpdir(), with the folders that it takes. */
static void write_below(const char *dir, const char *name, const char *text)
{
    char folder[FILE_PATH_MAX], path[FILE_PATH_MAX];
    struct err err;
    EXPECT_OK(file_join(folder, sizeof folder, test_tmpdir(), dir, &err));
    EXPECT_OK(file_mkdirs(folder, &err));
    EXPECT_OK(file_join(path, sizeof path, folder, name, &err));
    EXPECT_OK(file_write_atomic(path, text, strlen(text), &err));
}

static double left_in_groups(const char *own)
{
    char path[FILE_PATH_MAX], root[FILE_PATH_MAX];
    struct err err;
    write_below("", "own", own);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "own", &err));
    EXPECT_OK(file_join(root, sizeof root, test_tmpdir(), "groups", &err));
    return memory_of_groups(path, root);
}

static void limits_of_groups(void)
{
    EXPECT(isinf(memory_of_groups("/none", "/none")));
    EXPECT(isinf(left_in_groups("0::/a/b\n")));
    /* version 2: the group's own limit is none, that of the one above counts, less what is in use and no cache */
    write_below("groups/a/b", "memory.max", "max\n");
    write_below("groups/a", "memory.max", "1000000\n");
    EXPECT(left_in_groups("0::/a/b\n") == 1000000);
    write_below("groups/a", "memory.current", "300000\n");
    EXPECT(left_in_groups("0::/a/b\n") == 700000);
    write_below("groups/a", "memory.stat", "anon 5\ninactive_file 100000\nactive_file 7\n");
    EXPECT(left_in_groups("0::/a/b\n") == 800000);
    write_below("groups/a/b", "memory.max", "2000\n");
    EXPECT(left_in_groups("0::/a/b\n") == 2000);
    EXPECT(left_in_groups("0::/a") == 800000);
    /* a path that is not seen from within a container: the root is its group */
    EXPECT(isinf(left_in_groups("0::/docker/1\n")));
    write_below("groups", "memory.max", "5000\n");
    EXPECT(left_in_groups("0::/docker/1\n") == 5000);
    EXPECT(left_in_groups("0::/\n") == 5000);
    /* more in use than the limit allows */
    write_below("groups", "memory.current", "6000\n");
    EXPECT(left_in_groups("0::/\n") == 0);
    /* version 1: a tree of its own, named in a list; other trees do not count */
    write_below("groups/memory/c", "memory.limit_in_bytes", "900\n");
    write_below("groups/memory/c", "memory.usage_in_bytes", "500\n");
    write_below("groups/memory/c", "memory.stat", "inactive_file 1\ntotal_inactive_file 200\n");
    EXPECT(left_in_groups("5:cpuset:/c\n9:cpu,memory:/c/d\n") == 600);
    EXPECT(isinf(left_in_groups("5:cpuset,memoryx:/c\n1:name=systemd:/c\nnonsense\n\n")));
}

/* A result as it was written before runs could vary more than a grid's own keys: its checksum still holds. */
static void result_of_before(void)
{
    static const char text[] =
    "{\n"
    "\t\"run\":\t\"d16-l2-t250k-s1-d1bfe66b\",\n"
    "\t\"status\":\t\"done\",\n"
    "\t\"data\":\t\"zipf-facts\",\n"
    "\t\"d_model\":\t16,\n"
    "\t\"n_layer\":\t2,\n"
    "\t\"n_head\":\t2,\n"
    "\t\"ctx\":\t63,\n"
    "\t\"vocab\":\t65,\n"
    "\t\"params\":\t8640,\n"
    "\t\"params_nonembd\":\t6592,\n"
    "\t\"params_matmul\":\t7632,\n"
    "\t\"tokens\":\t249984,\n"
    "\t\"flops\":\t13847113728,\n"
    "\t\"flops_6nd\":\t12959170560,\n"
    "\t\"batch_tokens\":\t252,\n"
    "\t\"lr\":\t0.002,\n"
    "\t\"seed\":\t1,\n"
    "\t\"trunk\":\t\"d16-l2-s1-427b11f0\",\n"
    "\t\"loss\":\t1.2065149370188828,\n"
    "\t\"loss_se\":\t0.012327880364160515,\n"
    "\t\"bpb\":\tnull,\n"
    "\t\"wall_s\":\t0.80200101200171048,\n"
    "\t\"tokens_per_s\":\t311676.54189827421,\n"
    "\t\"epochs\":\tnull,\n"
    "\t\"warmup_tokens\":\t8568,\n"
    "\t\"isa\":\t\"avx2\",\n"
    "\t\"data_fingerprint\":\t\"cffac772d59c5fb7\",\n"
    "\t\"log_bytes\":\t9003,\n"
    "\t\"log_checksum\":\t\"f1aee46362a837f3\",\n"
    "\t\"checksum_wall_s\":\t\"e2dc77465eb95931\",\n"
    "\t\"checksum\":\t\"9bcae325c89fdd28\"\n"
    "}\n";
    struct run_row row;
    struct err err;
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    bool found = false;
    EXPECT_OK(file_join(dir, sizeof dir, test_tmpdir(), "d16-l2-t250k-s1-d1bfe66b", &err));
    EXPECT_OK(file_mkdirs(dir, &err));
    EXPECT_OK(file_join(path, sizeof path, dir, "result.json", &err));
    EXPECT_OK(file_write_atomic(path, text, strlen(text), &err));
    EXPECT_OK(run_row_read(&row, &found, dir, &err));
    EXPECT(found && strcmp(row.status, "done") == 0 && row.varied[0] == '\0');
    /* and with a varied key it is another row */
    snprintf(row.varied, sizeof row.varied, "order_seed=2");
    EXPECT_OK(run_row_write(path, &row, &err));
    EXPECT_OK(run_row_read(&row, &found, dir, &err));
    EXPECT(found && strcmp(row.varied, "order_seed=2") == 0);
}

/* "key from>to ..." of two configs that differ from the defaults in these settings, each with blanks between. */
static const char *differing(char out[400], const char *const *from, const char *const *to)
{
    struct config c[2];
    struct config_differences d;
    struct err err;
    for (int side = 0; side < 2; side++) {
        config_init(&c[side]);
        for (const char *const *set = side ? to : from; *set; set++)
            EXPECT_OK(config_set(&c[side], *set, &err));
    }
    EXPECT_OK(config_differences(&d, &c[0], &c[1], &err));
    out[0] = '\0';
    for (size_t i = 0; i < d.n; i++) {
        size_t used = strlen(out);
        snprintf(out + used, 400 - used, "%s%s %s>%s", i ? ", " : "", d.items[i].key, d.items[i].from, d.items[i].to);
    }
    config_differences_free(&d);
    config_free(&c[0]);
    config_free(&c[1]);
    return out;
}

static void what_sweeps_differ_in(void)
{
    static const struct {
        const char *from[4], *to[4], *expected;
    } cases[] = {
        {{NULL}, {NULL}, ""},
        {{"train.lr=0.008"}, {"train.lr=0.004", "model.norm=rmsnorm"},
         "model.norm \"layernorm\">\"rmsnorm\", train.lr 0.008>0.004"},
        /* grids, seeds, what is written down, how rates are searched and how is fitted: none moves a law */
        {{"grid.tokens=[1e6]", "train.seed=1", "fit.bootstrap=10"}, {"grid.tokens=[2e6]", "train.seed=2", "train.log_every=7"}, ""},
        {{"train.lr=auto"}, {"train.lr=auto", "search.start=0.02"}, ""},
        {{"train.lr=auto"}, {"train.lr=0.004"}, "train.lr \"auto\">0.004"},
        {{NULL}, {"data.epochs=4"}, "data.epochs 0>4"},
        /* what a preset sets is the preset; what was changed since is not */
        {{NULL}, {"model.preset=llama"}, "model.preset \"gpt2\">\"llama\""},
        {{NULL}, {"model.preset=llama", "model.position=alibi"},
         "model.preset \"gpt2\">\"llama\", model.position \"learned\">\"alibi\""},
        {{NULL}, {"model.preset=llama", "model.ensemble=4"}, "model.preset \"gpt2\">\"llama\", model.ensemble 1>4"},
        /* of a file that is not split into parts nothing is held out in blocks or at its end */
        {{"data.heldout=spread"}, {"data.heldout=tail"}, ""},
        {{NULL}, {"train.teacher=runs/a", "train.teacher_weights=77"}, "train.teacher \"\">\"runs/a\""},
        {{"train.teacher_weights=7"}, {"train.teacher_weights=77"}, "train.teacher_weights 7>77"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[400];
        EXPECT_MSG(strcmp(differing(out, cases[i].from, cases[i].to), cases[i].expected) == 0, "%zu: %s", i, out);
    }
}

static const struct test tests[] = {
    {"hash_is_that_of_the_first_version", hash_is_that_of_the_first_version},
    {"later_key_counts_where_it_is_set", later_key_counts_where_it_is_set},
    {"what_sweeps_differ_in", what_sweeps_differ_in},
    {"initial_weights_stay", initial_weights_stay},
    {"warmup_is_the_runs_own", warmup_is_the_runs_own},
    {"batch_grows", batch_grows},
    {"ramp_is_no_budgets_own", ramp_is_no_budgets_own},
    {"old_warmup_is_kept", old_warmup_is_kept},
    {"long_warmup_is_refused", long_warmup_is_refused},
    {"costs_of_a_run", costs_of_a_run},
    {"costs_of_learning", costs_of_learning},
    {"plan_shape_is_near", plan_shape_is_near},
    {"result_of_a_run", result_of_a_run},
    {"result_of_before", result_of_before},
    {"limits_of_groups", limits_of_groups},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
