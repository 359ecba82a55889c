/* A table of other people's runs, in every format that is read: rows of finite numbers, or one message. The first byte says
 * which file name and which options. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"

#include "fit/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"t.csv", "t.json", "t.tex", "t.md", "t.txt", "t.jsonl", "t.csv.gz", "t.json.gz"};
    static const char *const columns[] = {"loss=loss"}, *const scales[] = {"params=1e6"}, *const where[] = {"N>0"};
    struct fuzz_input in = {data, size};
    unsigned how = fuzz_byte(&in);
    const struct fit_read_options opt = {.column = columns, .n_column = how >> 3 & 1, .scale = scales, .n_scale = how >> 4 & 1,
                                         .where = where, .n_where = how >> 5 & 1, .drop_missing = how >> 6 & 1,
                                         .x = how >> 7 ? "N" : NULL};
    struct fit_table t;
    struct err err = {0};
    enum status st = fit_table_read_text(&t, names[how & 7], (const char *)in.data, in.size, &opt, &err);
    fuzz_answer(st, &err);
    FUZZ_CHECK(st != OK || t.n > 0, "a table without rows");
    for (size_t i = 0; st == OK && i < t.n; i++)
        for (int c = 0; c < FIT_N_COLUMNS; c++)
            FUZZ_CHECK(!isinf(t.col[c][i]) && t.trunk[i] < t.n_trunks, "row %zu holds what is no number", i);
    fit_table_free(&t);
    return 0;
}
