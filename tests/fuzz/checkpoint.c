/* checkpoint.bin, into models of three kinds. The fuzzer's build takes any checksum (model/checkpoint.c), so that what lies
 * behind it is tried too. */
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"

#include "model/checkpoint.h"
#include "model/optim/optim.h"

enum { V = 3, T = 4, C = 4, L = 1, NH = 2 };

static void make(struct members *e, size_t kind, size_t n)
{
    static struct kern k;
    struct err err;
    struct gpt_shape shape = {GPT_2 .V = V, .T = T, .C = C, .L = L, .NH = NH};
    struct param_rules rules = param_rules_make(PARAM_STANDARD, C, L, C, L);
    struct optim_config o = {.kind = kind, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .clip = 1, .momentum = 0.95, .muon_steps = 5,
                             .muon_period = 1, .adam_lr_ratio = 1};
    shape.ensemble = n;
    kern_init(&k, KERN_REF);
    FUZZ_CHECK(members_init(e, &shape, &rules, &o, &k, 1, 1, &err) == OK, "%s", err.msg);
    members_begin(e, 1);
}

static void load(const char *path, struct members *e)
{
    struct checkpoint_meta meta;
    struct err err = {0};
    enum status st = checkpoint_load_all(path, e, &meta, &err);
    fuzz_answer(st, &err);
    if (st == OK)
        FUZZ_CHECK(memchr(meta.isa, '\0', sizeof meta.isa), "a name of kernels without end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct members plain, many, weights;
    static bool made;
    char path[FILE_PATH_MAX];
    struct checkpoint_meta meta;
    struct err err = {0};
    size_t vocab;
    if (!made) {
        make(&plain, OPTIM_FIRST, 1);
        make(&many, 1 + OPTIM_OTHER_muon, 2);
        weights = (struct members){.n = plain.n, .g = plain.g};
        made = true;
    }
    fuzz_file(path, "checkpoint.bin", data, size);
    fuzz_answer(checkpoint_peek(path, &meta, &err), &err);
    fuzz_answer(checkpoint_peek_vocab(path, &vocab, &err), &err);
    load(path, &plain);
    load(path, &many);
    load(path, &weights);
    return 0;
}
