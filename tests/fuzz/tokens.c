/* A file of tokens of any format: symbols of its vocabulary, or one message. */
#include "fuzz.h"

#include "data/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FILE_PATH_MAX];
    const char *files[1] = {path};
    struct data_spec s = data_spec_default();
    struct data *d = NULL;
    struct err err = {0};
    int32_t x[8], y[8];
    fuzz_file(path, "tokens.bin", data, size);
    s.kind = DATA_TOKENS;
    s.files = files;
    s.n_files = 1;
    s.eval_tokens = 64;
    enum status st = data_open(&d, &s, 8, &err);
    fuzz_answer(st, &err);
    for (uint64_t i = 0; st == OK && i < 20; i++) {
        data_train(d, x, y, 1, i, 1);
        for (size_t j = 0; j < 8; j++)
            FUZZ_CHECK(x[j] >= 0 && y[j] >= 0 && (size_t)x[j] < data_vocab(d) && (size_t)y[j] < data_vocab(d),
                       "token %d of a vocabulary of %zu", (int)x[j], data_vocab(d));
    }
    data_close(d);
    return 0;
}
