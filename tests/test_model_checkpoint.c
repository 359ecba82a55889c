/* Checkpoints of a model and of an ensemble: what goes on from one goes on with the same bytes, and no damage is taken for
 * a checkpoint. */
#include "models.h"
#include "test.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/checkpoint.h"
#include "model/gpt.h"
#include "model/optim/optim.h"

static void checkpoint_path(char *path, const char *name)
{
    struct err err;
    EXPECT_OK(file_join(path, FILE_PATH_MAX, test_tmpdir(), name, &err));
}

static void checkpoint_resume(void)
{
    struct err err;
    char path[FILE_PATH_MAX];
    checkpoint_path(path, "checkpoint.bin");
    FOR_ISA(k)
    {
        struct model a, b;
        make_model(&a, &small, PARAM_COMPLETEP, &k, BATCH, 1);
        make_model(&b, &small, PARAM_COMPLETEP, &k, BATCH, 2);
        gpt_init_weights(&b.g, 99);
        for (uint64_t step = 1; step <= 3; step++)
            step_on(&a, step);
        struct checkpoint_meta meta = {3, 0xfedcba9876543210u, 4567, (double)NAN, 1.5, 2, 3, "avx2", 77}, got = {0};
        EXPECT_OK(checkpoint_save(path, &a.g, &a.o, &meta, &err));
        EXPECT_OK(checkpoint_load(path, &b.g, &b.o, &got, &err));
        EXPECT(got.step == 3 && strcmp(got.isa, "avx2") == 0 && got.log_checksum == 77 && got.config_hash == meta.config_hash);
        EXPECT(got.log_bytes == 4567 && isnan(got.loss));
        EXPECT(got.loss_sum == 1.5 && got.loss_steps == 2 && got.bad_steps == 3);
        EXPECT(same_state(&a, &b));
        for (uint64_t step = 4; step <= 6; step++)
            EXPECT(step_on(&a, step) == step_on(&b, step));
        EXPECT(same_state(&a, &b));
        meta.loss = 1.25;
        EXPECT_OK(checkpoint_save(path, &a.g, &a.o, &meta, &err));
        EXPECT_OK(checkpoint_load(path, &b.g, &b.o, &got, &err));
        EXPECT(got.loss == 1.25);
        free_model(&a);
        free_model(&b);
    }
    struct file_list list;
    EXPECT_OK(file_list_dir(&list, test_tmpdir(), &err));
    EXPECT_MSG(list.n == 1, "%zu files: a temporary one stayed", list.n);
    file_list_free(&list);
}

/* The file is refused with this text and nothing of the model or the meta data changes. */
static void expect_refused(const char *path, const char *data, size_t size, const char *text)
{
    struct err err;
    struct kern k;
    struct model g, before;
    struct checkpoint_meta meta = {5, 6, 7, 8, 9, 10, 11, "", 0};
    kern_init(&k, KERN_REF);
    make_model(&g, &small, PARAM_STANDARD, &k, 1, 1);
    make_model(&before, &small, PARAM_STANDARD, &k, 1, 1);
    if (data)
        EXPECT_OK(file_write_atomic(path, data, size, &err));
    EXPECT_ERR(checkpoint_load(path, &g.g, &g.o, &meta, &err), E_DATA, text);
    EXPECT_MSG(strstr(err.msg, path), "'%s' does not name the file", err.msg);
    EXPECT(same_state(&g, &before));
    EXPECT(meta.step == 5 && meta.config_hash == 6 && meta.log_bytes == 7 && meta.loss == 8);
    free_model(&g);
    free_model(&before);
}

static void checkpoint_damage(void)
{
    struct err err;
    struct kern k;
    struct model g;
    char path[FILE_PATH_MAX], *data;
    size_t size;
    struct checkpoint_meta meta = {1, 2, 3, 4, 5, 6, 7, "", 0};
    kern_init(&k, KERN_REF);
    make_model(&g, &small, PARAM_STANDARD, &k, BATCH, 1);
    step_on(&g, 1);
    checkpoint_path(path, "c.bin");
    expect_refused(path, NULL, 0, "No such file");
    EXPECT_OK(checkpoint_save(path, &g.g, &g.o, &meta, &err));
    EXPECT_OK(file_read(&data, &size, path, &err));
    enum { HEADER = 136 };
    EXPECT(size == HEADER + 3 * 4 * (size_t)gpt_params(&small) + 8);
    for (size_t i = 0; i < size; i += i < HEADER || i + 9 > size ? 1 : 9973) {
        data[i] ^= 0x10;
        expect_refused(path, data, size,
                       i < 8 ? "no plateau checkpoint" : i < 12 ? "version" : i < 56 ? "shape" : "damaged");
        data[i] ^= 0x10;
    }
    const size_t cuts[] = {0, 7, HEADER - 1, HEADER, HEADER + 5, size / 2, size - 8, size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
        expect_refused(path, data, cuts[i], cuts[i] < 8 ? "no plateau checkpoint" : "cut short");
    data[size] = 'x'; /* over the '\0' that file_read adds */
    expect_refused(path, data, size + 1, "too long");
    free(data);
    free_model(&g);
    const struct gpt_shape others[] = {{GPT_2 .V = 18, .T = 12, .C = 24, .L = 3, .NH = 3},
                                       {GPT_2 .V = 17, .T = 12, .C = 24, .L = 3, .NH = 4}};
    for (int i = 0; i < 2; i++) {
        make_model(&g, &others[i], PARAM_STANDARD, &k, BATCH, 1);
        EXPECT_OK(checkpoint_save(path, &g.g, &g.o, &meta, &err));
        expect_refused(path, NULL, 0, "another shape");
        free_model(&g);
    }
    make_model(&g, &small, PARAM_STANDARD, &k, BATCH, 1);
    checkpoint_path(path, "no/such/folder");
    EXPECT_ERR(checkpoint_save(path, &g.g, &g.o, &meta, &err), E_IO, "no/such/folder");
    free_model(&g);
}

/* An ensemble: counts of all members, the first of which is the model alone; its loss is that of the mean distribution; and a
 * checkpoint of all. */
static void ensembles(void)
{
    enum { N = 3, TOKENS = BATCH * 12 };
    const struct gpt_shape s = {GPT_2 SMALL, .ensemble = N};
    struct param_rules rules = param_rules_make(PARAM_STANDARD, s.C, s.L, s.C, s.L);
    struct gpt_count one = gpt_count(&small), all = gpt_count(&s);
    struct members a, b;
    struct kern k;
    struct err err;
    struct checkpoint_meta meta = {.step = 3}, got = {0};
    float loss[TOKENS], own[N * TOKENS];
    int32_t x[TOKENS], y[TOKENS];
    char path[FILE_PATH_MAX];
    EXPECT(all.params == N * one.params && all.params_nonembd == N * one.params_nonembd);
    EXPECT(all.params_matmul == N * one.params_matmul && all.flops == N * one.flops);
    kern_init(&k, kern_isa_best());
    EXPECT_OK(members_init(&a, &s, &rules, &adam, &k, BATCH, 1, &err));
    EXPECT_OK(members_init(&b, &s, &rules, &adam, &k, BATCH, 1, &err));
    EXPECT(members_bytes(&s, &adam, &k, BATCH, 1) == N * (double)(a.g->arena.size_bytes + a.optim->arena.size_bytes));
    EXPECT(members_seed(7, 0) == 7 && members_seed(7, 1) != members_seed(7, 2) && members_seed(7, 1) != members_seed(8, 1));
    members_begin(&a, 7);
    members_begin(&b, 8);
    struct gpt alone;
    make(&alone, &small, PARAM_STANDARD, &k, BATCH, 1);
    EXPECT(same_floats(alone.w, a.g[0].w, alone.tensors.n_flat));
    EXPECT(!same_floats(a.g[1].w, a.g[2].w, alone.tensors.n_flat) && !same_floats(a.g[1].w, a.g[0].w, alone.tensors.n_flat));
    gpt_free(&alone);
    for (size_t i = 0; i < N; i++)
        for (int step = 1; step <= 3; step++) {
            batch(x, y, &small, BATCH, 10 * i + (uint64_t)step);
            gpt_forward_backward(&a.g[i], x, y);
            optim_step(&a.optim[i], &a.g[i], 0.01, step);
        }
    members_losses(&a, loss, own, x, y, BATCH);
    for (size_t t = 0; t < TOKENS; t++) {
        double p = 0;
        for (size_t i = 0; i < N; i++)
            p += exp(-(double)own[i * TOKENS + t]) / N;
        EXPECT_REL((double)loss[t], -log(p), 1e-6);
    }
    gpt_losses(&a.g[1], loss, x, y, BATCH);
    EXPECT(same_floats(loss, own + TOKENS, TOKENS));
    checkpoint_path(path, "ensemble.bin");
    EXPECT_OK(checkpoint_save_all(path, &a, &meta, &err));
    EXPECT_OK(checkpoint_load_all(path, &b, &got, &err));
    EXPECT(got.step == 3);
    for (size_t i = 0; i < N; i++) {
        const struct model ma = {a.g[i], a.optim[i]}, mb = {b.g[i], b.optim[i]};
        EXPECT_MSG(same_state(&ma, &mb), "member %zu is not restored", i);
    }
    EXPECT_ERR(checkpoint_load(path, &b.g[0], &b.optim[0], &got, &err), E_DATA, "holds 3 models, not 1");
    EXPECT_OK(checkpoint_save(path, &a.g[0], &a.optim[0], &meta, &err));
    EXPECT_ERR(checkpoint_load_all(path, &b, &got, &err), E_DATA, "holds 1 model, not 3");
    members_free(&a);
    members_free(&b);
}

/* Whatever byte of an ensemble's file is another, it is refused. */
static void ensemble_damage(void)
{
    const struct gpt_shape s = {GPT_2 .V = 5, .T = 4, .C = 8, .L = 1, .NH = 2, .ensemble = 2};
    struct param_rules rules = param_rules_make(PARAM_STANDARD, s.C, s.L, s.C, s.L);
    struct members a;
    struct kern k;
    struct err err;
    struct checkpoint_meta meta = {.step = 1};
    char path[FILE_PATH_MAX], *data;
    size_t size;
    kern_init(&k, KERN_REF);
    EXPECT_OK(members_init(&a, &s, &rules, &adam, &k, 1, 1, &err));
    members_begin(&a, 1);
    checkpoint_path(path, "damaged.bin");
    EXPECT_OK(checkpoint_save_all(path, &a, &meta, &err));
    EXPECT_OK(file_read(&data, &size, path, &err));
    for (size_t i = 0; i < size; i += i < 400 || i + 9 > size ? 1 : 97) {
        data[i] ^= 0x10;
        EXPECT_OK(file_write_atomic(path, data, size, &err));
        EXPECT_MSG(checkpoint_load_all(path, &a, &meta, &err) == E_DATA, "byte %zu of %zu", i, size);
        data[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < size; cut += cut < 200 ? 7 : 777) {
        EXPECT_OK(file_write_atomic(path, data, cut, &err));
        EXPECT_MSG(checkpoint_load_all(path, &a, &meta, &err) == E_DATA, "cut to %zu", cut);
    }
    free(data);
    members_free(&a);
}

static const struct test tests[] = {
    {"checkpoint_resume", checkpoint_resume},
    {"checkpoint_damage", checkpoint_damage},
    {"ensembles", ensembles},
    {"ensemble_damage", ensemble_damage},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
