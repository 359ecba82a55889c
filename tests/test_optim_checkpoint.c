/* Checkpoints of every optimiser: a state that goes on, of this version and of the oldest, and files that are refused. */
#include "optims.h"
#include "test.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "model/checkpoint.h"
#include "model/optim/optim.h"

static void resume(void)
{
    struct err err;
    char path[FILE_PATH_MAX];
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct optim_config c = config_of(kind);
        struct gpt_shape shape = small;
        c.soap_max_dim = 96;
        c.ema = kind % 2 ? 0.9 : 0;
        c.tail = kind % 3 ? 0.5 : 0;
        c.muon_block = 10, c.muon_period = 3;
        c.muon_precision = kind % 2 ? KERN_BF16 : KERN_FP32; /* muon, normuon */
        shape.n_expert = kind / 2 % 2 ? 3 : 0;
        FOR_ISA(k)
        {
            struct model a, b;
            struct checkpoint_meta meta = {.step = 4}, got;
            make(&a, &shape, &c, &k, 1);
            make(&b, &shape, &c, &k, 1);
            for (uint64_t step = 1; step <= 4; step++)
                train_step(&a, step, 0.01);
            EXPECT_OK(checkpoint_save(path, &a.g, &a.o, &meta, &err));
            EXPECT_OK(checkpoint_load(path, &b.g, &b.o, &got, &err));
            EXPECT(got.step == 4 && same_state(&a, &b));
            for (uint64_t step = 5; step <= 8; step++)
                EXPECT(train_step(&a, step, 0.01) == train_step(&b, step, 0.01));
            EXPECT_MSG(same_state(&a, &b), "%s does not go on as it was", optim_kinds[kind]->name);
            optim_reset(&b.o);
            for (size_t s = 0; s < optim_n_states(&b.o); s++)
                for (size_t i = 0; i < b.o.n_floats[s]; i++)
                    EXPECT(b.o.state[s][i] == 0);
            release(&a);
            release(&b);
        }
    }
}

/* A model of SMALL trained for a step by that kind, saved at path. */
static void save_one(const char *path, size_t kind, const struct kern *k)
{
    struct err err;
    struct model m;
    struct optim_config c = config_of(kind);
    const struct checkpoint_meta meta = {.step = 1, .config_hash = 5, .isa = "ref"};
    make(&m, &small, &c, k, 1);
    train_step(&m, 1, 0.01);
    EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
    release(&m);
}

/* The file is refused with that text by a model of that kind, of which nothing changes. o false: read without optimiser. */
static void refused(const char *path, size_t kind, bool o, const char *text, const struct kern *k)
{
    struct err err = {0};
    struct model m, before;
    struct optim_config c = config_of(kind);
    struct checkpoint_meta meta = {.step = 77};
    if (kind == 4)
        c.soap_max_dim = 12;
    make(&m, &small, &c, k, 1);
    make(&before, &small, &c, k, 1);
    EXPECT_ERR(checkpoint_load(path, &m.g, o ? &m.o : NULL, &meta, &err), E_DATA, text);
    EXPECT_MSG(strstr(err.msg, path), "'%s' does not name the file", err.msg);
    EXPECT(same_state(&m, &before) && meta.step == 77);
    release(&m);
    release(&before);
}

static uint32_t version_of(const char *data)
{
    uint32_t v;
    memcpy(&v, data + 8, sizeof v);
    return v;
}

/* AdamW's state is written as ever; another's is refused by name, and gives its weights to whoever wants them alone. */
static void checkpoint_kinds(void)
{
    struct err err;
    struct kern k;
    char path[FILE_PATH_MAX], *data;
    size_t size;
    kern_init(&k, KERN_REF);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct model m, other;
        struct optim_config c = config_of(kind), adamw = config_of(0);
        struct checkpoint_meta meta = {0};
        char text[128];
        save_one(path, kind, &k);
        EXPECT_OK(file_read(&data, &size, path, &err));
        EXPECT_MSG(version_of(data) == (kind == 0 ? 2 : 3), "%s is version %u", optim_kinds[kind]->name, version_of(data));
        free(data);
        snprintf(text, sizeof text, "was trained with %s, this run's train.optimizer is %s", optim_kinds[kind]->name,
                 optim_kinds[kind == 1 ? 0 : 1]->name);
        refused(path, kind == 1 ? 0 : 1, true, text, &k);
        make(&m, &small, &c, &k, 1);
        make(&other, &small, &adamw, &k, 1);
        train_step(&m, 1, 0.01);
        EXPECT_OK(checkpoint_load(path, &other.g, NULL, &meta, &err));
        EXPECT(meta.step == 1 && memcmp(m.g.w, other.g.w, m.g.tensors.n_flat * sizeof(float)) == 0);
        for (size_t i = 0; i < other.o.n_floats[0]; i++)
            EXPECT(other.o.state[0][i] == 0);
        release(&m);
        release(&other);
    }
    save_one(path, 4, &k);
    refused(path, 4, true, "its optimiser keeps 1728 numbers for qkvw", &k); /* that of a soap_max_dim of 12 keeps none */
}

/* A file of version 1, made from one of version 2: a shorter header, and the checksum of that. */
static void checkpoint_oldest(void)
{
    struct err err;
    struct kern k;
    struct model m, old;
    struct optim_config c = config_of(0);
    struct checkpoint_meta meta = {.step = 1, .config_hash = 5}, got;
    char path[FILE_PATH_MAX], *data;
    size_t size, gone = 24, at = 112;
    kern_init(&k, KERN_REF);
    make(&m, &small, &c, &k, 1);
    make(&old, &small, &c, &k, 1);
    train_step(&m, 1, 0.01);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
    EXPECT_OK(file_read(&data, &size, path, &err));
    EXPECT(version_of(data) == 2);
    memmove(data + at, data + at + gone, size - at - gone);
    data[8] = 1;
    uint64_t sum = hash_bytes(HASH_SEED, data, at);
    for (int array = 0; array < 3; array++)
        for (size_t i = 0; i < m.g.tensors.n; i++)
            for (size_t l = 0; l < m.g.tensors.list[i].n; l++) {
                size_t n = tensor_size(&m.g.tensors.list[i]) * sizeof(float);
                sum = hash_bytes(sum, data + at, n);
                at += n;
            }
    memcpy(data + at, &sum, sizeof sum);
    EXPECT(at + sizeof sum == size - gone);
    EXPECT_OK(file_write_atomic(path, data, size - gone, &err));
    EXPECT_OK(checkpoint_load(path, &old.g, &old.o, &got, &err));
    EXPECT(same_state(&m, &old) && got.step == 1 && got.config_hash == 5 && got.isa[0] == '\0');
    free(data);
    release(&m);
    release(&old);
}

/* Any damage to a file of version 3 is seen, with an optimiser and without. */
static void checkpoint_damage(void)
{
    struct err err;
    struct kern k;
    char path[FILE_PATH_MAX], *data;
    size_t size;
    enum { HEADER = 136, HEAD = 24, RECORD = 128, LIST = HEADER + HEAD + 16 * RECORD };
    kern_init(&k, KERN_REF);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    save_one(path, 1, &k);
    EXPECT_OK(file_read(&data, &size, path, &err));
    for (size_t i = 12; i < size && !test_failed(); i += i < HEADER + HEAD + 2 * RECORD || i + 9 > size ? 7
                                                         : i < LIST                                     ? 97
                                                                                                        : 9973) {
        data[i] ^= 0x10;
        EXPECT_OK(file_write_atomic(path, data, size, &err));
        refused(path, 1, i % 2, "", &k);
        data[i] ^= 0x10;
    }
    const size_t cuts[] = {HEADER - 1, HEADER + 3, HEADER + HEAD, LIST - 1, LIST, size / 2, size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        EXPECT_OK(file_write_atomic(path, data, cuts[i], &err));
        refused(path, 1, i % 2, "cut short", &k);
    }
    /* sizes whose product is small again in 64 bits, under a checksum that nobody can have made */
    const uint64_t huge = (uint64_t)1 << 63;
    memcpy(data + HEADER + HEAD + 48, &huge, sizeof huge);
    EXPECT_OK(file_write_atomic(path, data, size, &err));
    refused(path, 1, true, "damaged: its tensors are larger than any file", &k);
    free(data);
}

/* A file whose tensors are not this model's names the first that differs. */
static void checkpoint_tensors(void)
{
    struct err err;
    struct kern k;
    struct model m;
    struct optim_config c = config_of(0);
    struct checkpoint_meta meta = {.step = 1};
    char path[FILE_PATH_MAX], *data;
    size_t size;
    kern_init(&k, KERN_REF);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    static const struct {
        const char *from, *to, *text;
    } names[] = {{"wpe", "wqe", "has a tensor wqe that this model has not"},
                 {"lnfb", NULL, "has no tensor lnfb, which this model has"}};
    for (int i = 0; i < 2; i++) {
        make(&m, &small, &c, &k, 1);
        for (size_t j = 0; j < m.g.tensors.n; j++)
            if (strcmp(m.g.tensors.list[j].name, names[i].from) == 0 && names[i].to)
                m.g.tensors.list[j].name = names[i].to;
        m.g.tensors.n -= names[i].to == NULL; /* the last one */
        EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
        EXPECT_OK(file_read(&data, &size, path, &err));
        EXPECT(version_of(data) == 3);
        free(data);
        refused(path, 0, i, names[i].text, &k);
        EXPECT_OK(checkpoint_load(path, &m.g, &m.o, &meta, &err)); /* that model reads its own */
        release(&m);
    }
    make(&m, &small, &c, &k, 1);
    m.g.tensors.list[15].cols--;
    EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
    refused(path, 0, true, "its tensor lnfb is 1 x 23 in 1 layers, this model's is 1 x 24 in 1", &k);
    /* in another order, what counts is the name */
    m.g.tensors.list[15].cols++;
    struct tensor last = m.g.tensors.list[15];
    m.g.tensors.list[15] = m.g.tensors.list[14], m.g.tensors.list[14] = last;
    memset(m.g.w + last.offset, 0x41, tensor_size(&last) * sizeof(float));
    EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
    struct model straight;
    make(&straight, &small, &c, &k, 1);
    EXPECT_OK(checkpoint_load(path, &straight.g, &straight.o, &meta, &err));
    EXPECT(memcmp(straight.g.w, m.g.w, m.g.tensors.n_flat * sizeof(float)) == 0);
    release(&straight);
    release(&m);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"resume", resume},
        {"checkpoint_kinds", checkpoint_kinds},
        {"checkpoint_oldest", checkpoint_oldest},
        {"checkpoint_damage", checkpoint_damage},
        {"checkpoint_tensors", checkpoint_tensors},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
