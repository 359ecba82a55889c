/* A config as people and programs write it: what is taken is written as JSON that reads as the same, and plans runs. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "harness/config.h"
#include "harness/plan.h"

/* Written, read and written again: the same text, of the same hash. */
static void write_and_read(const struct config *c)
{
    char path[FILE_PATH_MAX], *text, *again;
    struct config back;
    struct err err = {0};
    uint64_t hash[2];
    FUZZ_CHECK(config_to_json(&text, c, false, &err) == OK, "%s", err.msg);
    fuzz_file(path, "again.json", text, strlen(text));
    config_init(&back);
    FUZZ_CHECK(config_load(&back, path, &err) == OK, "what was written is not read: %s", err.msg);
    FUZZ_CHECK(config_to_json(&again, &back, false, &err) == OK, "%s", err.msg);
    FUZZ_CHECK(strcmp(text, again) == 0, "written twice:\n%s\n%s", text, again);
    FUZZ_CHECK(config_hash(&hash[0], c, &err) == OK && config_hash(&hash[1], &back, &err) == OK && hash[0] == hash[1],
               "another hash");
    config_free(&back);
    free(text);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FILE_PATH_MAX];
    struct config c;
    struct plan p = {0};
    struct err err = {0};
    fuzz_file(path, "config.json", data, size);
    (void)config_is_one(path);
    config_init(&c);
    enum status st = config_load(&c, path, &err);
    fuzz_answer(st, &err);
    if (st == OK) {
        config_settle(&c);
        st = config_check(&c, &err);
        fuzz_answer(st, &err);
    }
    if (st == OK && c.train.lr_law.kind != LR_AUTO) {
        write_and_read(&c);
        st = config_has_grid(&c) ? plan_make(&p, &c, 65, 100000, &err) : plan_single(&p, &c, 65, 100000, &err);
        fuzz_answer(st, &err);
        plan_free(&p);
    }
    config_free(&c);
    return 0;
}
