/* A tokeniser of any format, and text cut by it: tokens that it has, or one message. */
#include <stdlib.h>

#include "fuzz.h"

#include "data/tokenisers/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char text[] = "ab ab\xff abab <end>";
    char path[FILE_PATH_MAX];
    struct tokeniser t;
    struct id_list ids = {0};
    struct err err = {0};
    fuzz_file(path, "tokeniser", data, size);
    enum status st = tokeniser_read(&t, path, &err);
    fuzz_answer(st, &err);
    struct encoder e = {.t = &t};
    if (st == OK && !t.unfit) {
        FUZZ_CHECK(encoder_run(&ids, &e, text, sizeof text, &err) == OK, "%s", err.msg);
        for (size_t i = 0; i < ids.n; i++)
            FUZZ_CHECK(ids.items[i] >= 0 && (size_t)ids.items[i] < t.n, "token %d of %zu", (int)ids.items[i], t.n);
    }
    encoder_free(&e);
    free(ids.items);
    tokeniser_free(&t);
    return 0;
}
