/* Other people's weights: config.json, then a line of "----", then safetensors or an llm.c file. Small models are filled
 * and run. */
#include <stdbool.h>

#include "fuzz.h"

#include "model/formats/hf.h"
#include "model/formats/tensor_open.h"
#include "model/gpt.h"

static void fill(const struct hf_model *m, const struct tensor_file *f)
{
    static struct kern k;
    struct gpt g;
    struct err err = {0};
    struct param_rules rules = param_rules_make(PARAM_STANDARD, 1, 1, 1, 1);
    int32_t x[2] = {0, 0};
    float logits[64];
    kern_init(&k, KERN_REF);
    enum status st = gpt_init_forward(&g, &m->shape, &rules, &k, 1, 1, &err);
    fuzz_answer(st, &err);
    if (st == OK) {
        st = hf_read_weights(&g, m, f, &err);
        fuzz_answer(st, &err);
    }
    if (st == OK)
        gpt_next_logits(&g, logits, x, m->shape.T < 2 ? m->shape.T : 2);
    gpt_free(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FILE_PATH_MAX], config[FILE_PATH_MAX];
    struct fuzz_input in = {data, size}, words = fuzz_part(&in, "\n----\n");
    struct tensor_file f;
    struct hf_model m;
    struct err err = {0};
    fuzz_file(config, "config.json", words.data, words.size);
    fuzz_file(path, "model.safetensors", in.data, in.size);
    enum status st = tensor_open(&f, path, &err);
    fuzz_answer(st, &err);
    if (st == OK) {
        st = hf_read_model(&m, &f, words.size && !f.whole ? config : NULL, &err);
        fuzz_answer(st, &err);
        /* no more than the file holds, within a constant */
        if (st == OK && m.shape.V <= 64 && m.shape.C <= 64 && m.shape.L <= 4 && m.shape.T <= 64)
            fill(&m, &f);
    }
    tensor_file_close(&f);
    return 0;
}
